//! What this server knows of its own lease.

use std::time::Duration;

use tokio::time::Instant;

use crate::{Clock, Incarnation, UnixMillis};

/// A moment by two clocks. The monotonic one never jumps, but stands still
/// while the machine sleeps; the time of day goes on, but may be set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    monotonic: Instant,
    time_of_day: UnixMillis,
}

impl Moment {
    pub(crate) fn now(clock: &dyn Clock) -> Self {
        Self {
            monotonic: Instant::now(),
            time_of_day: clock.now(),
        }
    }

    /// How long ago `earlier` was by the clock that says more. A time of day
    /// that was set makes that too much at worst, so that a lease is taken for
    /// lapsed too early; never too little (L10).
    pub(crate) fn since(self, earlier: Self) -> Duration {
        let millis = self.time_of_day.get();
        let by_day = Duration::from_millis(millis.saturating_sub(earlier.time_of_day.get()));
        let monotonic = self.monotonic.saturating_duration_since(earlier.monotonic);
        monotonic.max(by_day)
    }
}

/// When the lease was last renewed, and whether it can be.
#[derive(Debug)]
pub(crate) struct LeaseWatch {
    renewed_at: Moment,
    superseded_by: Option<Incarnation>,
    /// Whether a renewal got no answer that may have brought notices.
    notices_in_doubt: bool,
}

impl LeaseWatch {
    pub(crate) fn renewed(at: Moment) -> Self {
        Self {
            renewed_at: at,
            superseded_by: None,
            notices_in_doubt: false,
        }
    }

    /// Notes that notices may have got lost.
    pub(crate) fn doubt_notices(&mut self) {
        self.notices_in_doubt = true;
    }

    /// Whether notices may have got lost since this was last asked.
    pub(crate) fn take_doubt_about_notices(&mut self) -> bool {
        std::mem::take(&mut self.notices_in_doubt)
    }

    /// Notes a renewal that was asked for at `at`: the store counts from
    /// then at the earliest.
    pub(crate) fn note_renewed(&mut self, at: Moment) {
        if at.monotonic >= self.renewed_at.monotonic {
            self.renewed_at = at;
        }
    }

    /// Notes that a later incarnation is running; returns whether it is news.
    pub(crate) fn note_superseded(&mut self, by: Incarnation) -> bool {
        self.superseded_by.replace(by).is_none()
    }

    pub(crate) fn superseded_by(&self) -> Option<Incarnation> {
        self.superseded_by
    }

    /// How long ago it was renewed.
    pub(crate) fn age(&self, now: Moment) -> Duration {
        now.since(self.renewed_at)
    }

    /// How long the lease is live for certain; zero if it may have lapsed.
    pub(crate) fn lapses_in(&self, lock_expiry: Duration, now: Moment) -> Duration {
        lock_expiry.saturating_sub(self.age(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ManualClock;

    const EXPIRY: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn l10_a_lease_lapses_by_whichever_clock_says_more() {
        let clock = ManualClock::starting_at(UnixMillis::new(1_000_000));
        let mut lease = LeaseWatch::renewed(Moment::now(&clock));
        let left = |lease: &LeaseWatch| lease.lapses_in(EXPIRY, Moment::now(&clock)).as_secs();
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(left(&lease), 50, "the time of day stands still");
        clock.advance(Duration::from_secs(25));
        assert_eq!(left(&lease), 35, "the machine slept for 15 s");
        clock.set(UnixMillis::new(0));
        assert_eq!(left(&lease), 50, "the time of day was set back");
        lease.note_renewed(Moment::now(&clock));
        assert_eq!(left(&lease), 60);
        clock.set(UnixMillis::new(2_000_000));
        assert_eq!(left(&lease), 0, "set forward: too early, and no harm");
    }
}
