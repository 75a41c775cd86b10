//! When each turn of the autosave interval comes.

use std::time::Duration;

use tokio::time::Instant;

use crate::Settings;

/// How long a turn lasts at the least, so that short intervals stay cheap.
const MIN_TURN: Duration = Duration::from_millis(20);
/// How many turns an interval has at most.
const MAX_TURNS: u128 = 256;
const NANOS_PER_SEC: u128 = 1_000_000_000;

/// What part of an interval a turn may come early by.
const EARLY: u32 = 16;

/// Turns are counted on and on from the start of the manager; a cycle is as
/// many of them as the interval has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timetable {
    start: Instant,
    interval: Duration,
    turns: u32,
    force_every: u32,
}

impl Timetable {
    pub(crate) fn new(settings: &Settings, start: Instant) -> Self {
        Self {
            start,
            interval: settings.autosave_interval,
            turns: turns_of(settings.autosave_interval),
            force_every: settings.force_save_every,
        }
    }

    /// The turn that it is now.
    pub(crate) fn current(&self, now: Instant) -> u64 {
        let since_start = now.saturating_duration_since(self.start).as_nanos();
        let turn = since_start * u128::from(self.turns) / self.interval.as_nanos();
        u64::try_from(turn).unwrap_or(u64::MAX)
    }

    /// When a turn begins; `None` if that is beyond what a clock can show.
    pub(crate) fn begin(&self, turn: u64) -> Option<Instant> {
        let elapsed = u128::from(turn).checked_mul(self.interval.as_nanos())?;
        // Rounded up to a nanosecond, so that `current` at this time is `turn`.
        let nanos = elapsed / u128::from(self.turns) + 1;
        let secs = u64::try_from(nanos / NANOS_PER_SEC).ok()?;
        let since_start = Duration::new(secs, u32::try_from(nanos % NANOS_PER_SEC).ok()?);
        self.start.checked_add(since_start)
    }

    /// Whether a turn belongs to a cycle that writes every open slot (A6).
    pub(crate) fn is_forced(&self, turn: u64) -> bool {
        let cycle = turn / u64::from(self.turns) + 1;
        self.force_every > 0 && cycle.is_multiple_of(u64::from(self.force_every))
    }

    /// The first turn from `from` on that has work: one with changed slots is
    /// at most a cycle away, one of a forced cycle may be further.
    pub(crate) fn next_due(
        &self,
        from: u64,
        has_changed: impl Fn(u64) -> bool,
        has_open: impl Fn(u64) -> bool,
    ) -> Option<u64> {
        let changed = (from..from + u64::from(self.turns)).find(|&turn| has_changed(turn));
        let forced = self.forced_turns(from).find(|&turn| has_open(turn));
        changed.into_iter().chain(forced).min()
    }

    /// The turns of forced cycles from `from` on: what is left of the cycle
    /// that it is in, and all of the next one.
    fn forced_turns(&self, from: u64) -> impl Iterator<Item = u64> + use<> {
        let (turns, every) = (u64::from(self.turns), u64::from(self.force_every));
        let this_cycle = from / turns;
        let left = if self.is_forced(from) {
            from..(this_cycle + 1) * turns
        } else {
            0..0
        };
        let next = if every > 0 {
            let cycle = (this_cycle + 2).next_multiple_of(every) - 1;
            cycle * turns..(cycle + 1) * turns
        } else {
            0..0
        };
        left.chain(next)
    }

    /// The turns of forced cycles from `from` on and before `to`; of those that
    /// the same slots have, the latest only.
    pub(crate) fn skipped_forced_turns(
        &self,
        from: u64,
        to: u64,
    ) -> impl Iterator<Item = u64> + use<> {
        let (turns, every) = (u64::from(self.turns), u64::from(self.force_every));
        // The last forced cycle that begins before `to`.
        let last_cycle = if every > 0 && from < to {
            ((to - 1) / turns + 1) / every * every
        } else {
            0 // cycles counted from 1: none
        };
        let last = last_cycle.saturating_sub(1) * turns..(last_cycle * turns).min(to);
        // What that has not reached yet was in the one before, if ever.
        let before = match last_cycle.checked_sub(every) {
            Some(cycle) if cycle > 0 => last.end - every * turns..cycle * turns,
            _ => 0..0,
        };
        before.chain(last).filter(move |turn| *turn >= from)
    }

    /// The turns from `from` on that may be brought forward to the current one.
    /// Those of a forced cycle are not among them: these are for many slots.
    pub(crate) fn early(&self, from: u64, current: u64) -> impl Iterator<Item = u64> + use<> {
        let timetable = *self;
        let last = current + u64::from(self.turns / EARLY);
        (from..=last).take_while(move |&turn| !timetable.is_forced(turn))
    }

    /// How late a turn can be made up for: what is older is due once only.
    pub(crate) fn oldest_to_make_up_for(&self, current: u64) -> u64 {
        current.saturating_sub(u64::from(self.turns))
    }
}

/// How many turns an interval is divided into.
pub(crate) fn turns_of(interval: Duration) -> u32 {
    let turns = (interval.as_millis() / MIN_TURN.as_millis()).clamp(1, MAX_TURNS);
    u32::try_from(turns).expect("clamped to 256")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timetable(interval_ms: u64, force_every: u32) -> Timetable {
        let settings = Settings {
            autosave_interval: Duration::from_millis(interval_ms),
            force_save_every: force_every,
            ..Settings::default()
        };
        Timetable::new(&settings, Instant::now())
    }

    #[tokio::test]
    async fn a_turn_begins_when_it_becomes_the_current_one() {
        for interval_ms in [1, 19, 20, 61, 1_000, 30_000, 86_400_000] {
            let timetable = timetable(interval_ms, 4);
            // 2^32 milliseconds are 50 days.
            for turn in (0..2_000).chain([1_000_000, (1 << 32) + 5]) {
                let begin = timetable.begin(turn).unwrap();
                assert_eq!(timetable.current(begin), turn, "{interval_ms} ms");
            }
        }
    }

    #[tokio::test]
    async fn a6_the_last_of_every_so_many_cycles_is_forced() {
        let timetable = timetable(200, 4); // 10 turns
        let forced: Vec<_> = (0..100).filter(|&turn| timetable.is_forced(turn)).collect();
        assert_eq!(forced, (30..40).chain(70..80).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a6_the_forced_turns_that_were_slept_through_are_known_once_each() {
        let timetable = timetable(200, 4); // 10 turns, forced: 30..40, 70..80
        let skipped = |from, to| {
            let turns = timetable.skipped_forced_turns(from, to);
            turns.collect::<Vec<_>>()
        };
        assert!(skipped(0, 30).is_empty());
        assert_eq!(skipped(0, 33), [30, 31, 32]);
        assert_eq!(skipped(35, 60), [35, 36, 37, 38, 39]);
        assert_eq!(skipped(0, 75), (35..40).chain(70..75).collect::<Vec<_>>());
        assert_eq!(skipped(38, 73), [38, 39, 70, 71, 72]);
        assert_eq!(skipped(0, 1_000_000_069).len(), 10);
        assert!(skipped(40, 40).is_empty());
        assert!(skipped(41, 40).is_empty());
    }

    #[tokio::test]
    async fn a6_without_forced_cycles_none_was_slept_through() {
        let timetable = timetable(200, 0);
        assert_eq!(timetable.skipped_forced_turns(0, 1_000).count(), 0);
    }

    #[tokio::test]
    async fn e11_a_turn_that_no_clock_will_show_has_no_time() {
        let settings = Settings {
            autosave_interval: Duration::MAX,
            ..Settings::default()
        };
        let timetable = Timetable::new(&settings, Instant::now());
        assert_eq!(timetable.current(Instant::now()), 0);
        assert_eq!(timetable.begin(255), None);
    }

    #[tokio::test]
    async fn a1_with_nothing_changed_and_nothing_open_no_turn_is_due() {
        let timetable = timetable(200, 4);
        assert_eq!(timetable.next_due(0, |_| false, |_| false), None);
    }

    #[tokio::test]
    async fn a1_a_clean_slot_is_due_in_the_forced_cycle_only() {
        let seventh = |turn| turn % 10 == 7;
        let timetable = timetable(200, 4);
        assert_eq!(timetable.next_due(0, |_| false, seventh), Some(37));
        assert_eq!(timetable.next_due(37, |_| false, seventh), Some(37));
        assert_eq!(timetable.next_due(38, |_| false, seventh), Some(77));
    }

    #[tokio::test]
    async fn a8_a_changed_slot_is_due_in_its_own_turn() {
        let third = |turn| turn % 10 == 3;
        let timetable = timetable(200, 0);
        assert_eq!(timetable.next_due(0, third, |_| true), Some(3));
        assert_eq!(timetable.next_due(4, third, |_| true), Some(13));
    }

    #[tokio::test]
    async fn a8_turns_come_early_by_a_sixteenth_of_the_interval_and_not_those_of_a_forced_cycle() {
        let timetable = timetable(30_000, 2); // 256 turns, forced: 256..512
        let early = |from, current| timetable.early(from, current).collect::<Vec<_>>();
        assert_eq!(early(4, 3), (4..=19).collect::<Vec<_>>());
        assert_eq!(early(10, 3), (10..=19).collect::<Vec<_>>());
        assert_eq!(early(250, 249), (250..256).collect::<Vec<_>>());
        assert!(early(256, 255).is_empty());
        assert!(early(300, 299).is_empty());
        assert_eq!(early(512, 511), (512..=527).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a8_of_a_short_interval_no_turn_comes_early() {
        let timetable = timetable(200, 0); // 10 turns
        assert_eq!(timetable.early(4, 3).count(), 0);
    }
}
