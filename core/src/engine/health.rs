//! Whether a server is fit to take players, for a probe.

use std::time::Duration;

use super::Engine;
use crate::{
    GameDocument, Incarnation,
    backend::{Hazard, HazardKind},
    state::Moment,
};

/// How a manager is, as far as it knows without asking the store.
///
/// ```
/// use playerdata_core::{Health, LeaseHealth};
///
/// fn readiness(health: &Health) -> (u16, &'static str) {
///     match health.lease {
///         _ if health.is_ready() => (200, "ready"),
///         LeaseHealth::Lapsed => (503, "the store has not answered for a while"),
///         _ => (503, "no new players here"),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// The server's sign of life in the store.
    pub lease: LeaseHealth,
    /// How many sessions it holds or is about to.
    pub sessions: usize,
    /// What the store could lose, as of the last heartbeat.
    pub hazards: Vec<Hazard>,
    /// Whether a shutdown has begun.
    pub is_shutting_down: bool,
    accepted: Vec<HazardKind>,
}

/// What a manager knows of its lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeaseHealth {
    /// Nobody may take the players.
    Live {
        /// For how long that is certain, if no heartbeat succeeds.
        lapses_in: Duration,
    },
    /// No heartbeat has succeeded for `lock_expiry`: other servers may take the
    /// players. Until they do, saves go on.
    Lapsed,
    /// A later process runs under this server's name.
    Superseded {
        /// The later incarnation.
        by: Incarnation,
    },
}

impl Health {
    /// Whether new players should be sent here: the lease is live, no shutdown
    /// has begun, and the store has no fatal hazard that was not accepted. What
    /// a readiness probe asks.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let refused =
            |hazard: &Hazard| hazard.kind.is_fatal() && !self.accepted.contains(&hazard.kind);
        let live = matches!(self.lease, LeaseHealth::Live { .. });
        live && !self.is_shutting_down && !self.hazards.iter().any(refused)
    }

    /// Whether the process is worth keeping: it is not superseded. What a
    /// liveness probe asks. Restarting does not help while the store is down.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        !matches!(self.lease, LeaseHealth::Superseded { .. })
    }
}

impl<D: GameDocument> Engine<D> {
    /// How the manager is, as it knows already.
    pub(crate) fn health(&self) -> Health {
        let lease = {
            let watch = self.lease.lock();
            let now = Moment::now(&*self.clock);
            let lapses_in = watch.lapses_in(self.settings.lock_expiry, now);
            match watch.superseded_by() {
                Some(by) => LeaseHealth::Superseded { by },
                None if lapses_in.is_zero() => LeaseHealth::Lapsed,
                None => LeaseHealth::Live { lapses_in },
            }
        };
        Health {
            lease,
            sessions: self.registry.len(),
            hazards: self.events.hazards(),
            is_shutting_down: self.gate.is_shut(),
            accepted: self.hazards.accepted().to_vec(),
        }
    }
}
