//! Which saves also look whether the player's lock is still there.

use std::{
    fmt,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use playerdata_core::PlayerId;
use tokio::time::Instant;

use crate::keys::{HASH_SLOTS, hash_slot};

/// When players were looked at last. A save touches nothing but its value, so
/// it goes on when somebody deletes the player's hash: now and then one has to
/// look.
///
/// Players with the same hash slot share a place, so that neither the memory
/// for it nor the number of looks grows with the players: of very many, each is
/// looked at less often.
pub(crate) struct Looks {
    began_at: Instant,
    every_millis: u32,
    /// In milliseconds since the beginning, which start again after 49 days.
    last: Box<[AtomicU32]>,
}

impl fmt::Debug for Looks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Looks")
            .field("every_millis", &self.every_millis)
            .finish_non_exhaustive()
    }
}

impl Looks {
    pub(crate) fn new(every: Duration) -> Self {
        Self {
            began_at: Instant::now(),
            every_millis: u32::try_from(every.as_millis()).unwrap_or(u32::MAX),
            last: (0..HASH_SLOTS).map(|_| AtomicU32::new(0)).collect(),
        }
    }

    /// Whether the present save is to look; if so, the next one is not.
    pub(crate) fn is_due(&self, player: &PlayerId) -> bool {
        // The remainder is what counts.
        self.is_due_at(player, self.began_at.elapsed().as_millis() as u32)
    }

    fn is_due_at(&self, player: &PlayerId, now: u32) -> bool {
        let place = &self.last[usize::from(hash_slot(player.as_str()))];
        let last = place.load(Ordering::Relaxed);
        let (order, other) = (Ordering::Relaxed, Ordering::Relaxed);
        now.wrapping_sub(last) >= self.every_millis
            && place.compare_exchange(last, now, order, other).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s13_a_player_is_looked_at_once_in_a_while_for_ever() {
        let looks = Looks::new(Duration::from_secs(60));
        let (one, other) = (PlayerId::from(1), PlayerId::from(2));
        assert!(!looks.is_due_at(&one, 59_999), "it was opened just now");
        let mut now = 0_u32;
        // For longer than the milliseconds last.
        for _ in 0..60 {
            now = now.wrapping_add(24 * 60 * 60 * 1_000);
            assert!(looks.is_due_at(&one, now));
            assert!(!looks.is_due_at(&one, now));
            assert!(looks.is_due_at(&other, now));
            now = now.wrapping_add(59_999);
            assert!(!looks.is_due_at(&one, now));
        }
        assert!(!Looks::new(Duration::MAX).is_due_at(&one, now));
        let always = Looks::new(Duration::ZERO);
        assert!(always.is_due(&one) && always.is_due(&one));
    }
}
