//! What this server knows of its own lease.

use std::time::Duration;

use tokio::time::Instant;

use crate::Incarnation;

/// When the lease was last renewed, and whether it can be.
#[derive(Debug)]
pub(crate) struct LeaseWatch {
    renewed_at: Instant,
    superseded_by: Option<Incarnation>,
}

impl LeaseWatch {
    pub(crate) fn renewed(at: Instant) -> Self {
        Self {
            renewed_at: at,
            superseded_by: None,
        }
    }

    /// Notes a renewal that was asked for at `at`: the store counts from
    /// then at the earliest.
    pub(crate) fn note_renewed(&mut self, at: Instant) {
        self.renewed_at = self.renewed_at.max(at);
    }

    /// Notes that a later incarnation is running; returns whether it is news.
    pub(crate) fn note_superseded(&mut self, by: Incarnation) -> bool {
        self.superseded_by.replace(by).is_none()
    }

    pub(crate) fn superseded_by(&self) -> Option<Incarnation> {
        self.superseded_by
    }

    /// How long the lease is live for certain; zero if it may have lapsed.
    pub(crate) fn lapses_in(&self, lock_expiry: Duration) -> Duration {
        lock_expiry.saturating_sub(self.renewed_at.elapsed())
    }
}
