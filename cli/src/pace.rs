//! Asking a store for no more than so much a second.

use std::{
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

/// Turns that are handed out at a steady rate, to whoever asks.
pub(crate) struct Turns {
    /// So many a second; without it, any number.
    rate: Option<NonZeroU32>,
    next: Mutex<Instant>,
}

impl Turns {
    pub(crate) fn new(rate: Option<NonZeroU32>) -> Self {
        let next = Mutex::new(Instant::now());
        Self { rate, next }
    }

    /// As many as are taken at once by whoever would like `many`: never more
    /// than a second has.
    pub(crate) fn at_once(&self, many: u32) -> u32 {
        self.rate.map_or(many, |rate| many.min(rate.get()))
    }

    /// Waits for this many of them.
    pub(crate) async fn take(&self, many: u32) {
        if let Some(turn) = self.turn(many, Instant::now()) {
            sleep_until(turn).await;
        }
    }

    /// When it is their turn; what nobody took before is not saved up.
    fn turn(&self, many: u32, now: Instant) -> Option<Instant> {
        let rate = self.rate?;
        // Nothing panics while it is held.
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = (*next).max(now);
        *next = turn + Duration::from_secs(many.into()) / rate.get();
        Some(turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_come_at_the_rate_and_what_was_not_used_is_not_saved_up() {
        let turns = Turns::new(NonZeroU32::new(10));
        assert_eq!((turns.at_once(1_000), turns.at_once(3)), (10, 3));
        let now = Instant::now();
        let after = |many, now: Instant| turns.turn(many, now).unwrap() - now;
        for tenth in 0..20 {
            assert_eq!(after(1, now), Duration::from_millis(tenth * 100));
        }
        let later = now + Duration::from_secs(100);
        assert_eq!(after(10, later), Duration::ZERO);
        assert_eq!(after(10, later), Duration::from_secs(1));
        assert_eq!(Turns::new(None).turn(u32::MAX, now), None);
    }
}
