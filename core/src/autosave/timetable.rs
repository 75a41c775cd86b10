//! When each turn of the autosave interval comes.

use std::time::Duration;

use tokio::time::Instant;

use crate::Settings;

/// How long a turn lasts at the least, so that short intervals stay cheap.
const MIN_TURN: Duration = Duration::from_millis(20);
/// How many turns an interval has at the most.
const MAX_TURNS: u128 = 256;

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

    /// When a turn begins.
    pub(crate) fn begin(&self, turn: u64) -> Instant {
        let cycles = u32::try_from(turn / u64::from(self.turns)).unwrap_or(u32::MAX);
        let within = u32::try_from(turn % u64::from(self.turns)).unwrap_or_default();
        // Rounded up to a nanosecond, so that `current` at this time is `turn`.
        let offset = self.interval * within / self.turns + Duration::from_nanos(1);
        self.start + self.interval.saturating_mul(cycles) + offset
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
            for turn in (0..2_000).chain([1_000_000]) {
                let begin = timetable.begin(turn);
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
}
