//! Whether what game code changes can still be saved (E8).

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{Error, Incarnation, ServerName};

const OPEN: u8 = 0;
const SUPERSEDED: u8 = 1;
const SHUTTING_DOWN: u8 = 2;
const GONE: u8 = 3;

/// Looked at before every change, by all sessions of a manager.
///
/// A runtime can be dropped, or be there without anybody who runs it: then no
/// save is ever made, and sooner or later another server has the player. That
/// is seen by the heartbeat: it runs much more often than a lease lapses, so
/// one that has not run for that long does not run at all.
#[derive(Debug)]
pub(crate) struct Gate {
    server: ServerName,
    lock_expiry: Duration,
    state: AtomicU8,
    shut: AtomicBool,
    superseded_by: OnceLock<Incarnation>,
    /// Cancelled with the state `GONE`, for those who wait.
    gone: CancellationToken,
    began: Instant,
    /// When the heartbeat was last seen to run, in milliseconds.
    alive_at: AtomicU64,
    /// Until when that is recent enough for certain, by a clock that is quick to
    /// read and a few milliseconds late, in its ticks. Only past that the one
    /// is looked at that counts, and that a test can pause.
    recent_until: AtomicU64,
}

/// The time by the quick clock, in its ticks.
fn quick_now() -> u64 {
    coarsetime::Instant::now_without_cache_update().as_ticks()
}

impl Gate {
    pub(crate) fn new(server: ServerName, lock_expiry: Duration) -> Self {
        let gate = Self {
            server,
            lock_expiry,
            state: AtomicU8::new(OPEN),
            shut: AtomicBool::new(false),
            superseded_by: OnceLock::new(),
            gone: CancellationToken::new(),
            began: Instant::now(),
            alive_at: AtomicU64::new(0),
            recent_until: AtomicU64::new(0),
        };
        gate.note_alive();
        gate
    }

    /// Whether a change can still be saved; otherwise why not.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match self.state.load(Ordering::Acquire) {
            OPEN if self.is_alive() => Ok(()),
            SUPERSEDED => Err(self.superseded()),
            SHUTTING_DOWN => Err(Error::ShuttingDown),
            _ => Err(Error::RuntimeGone),
        }
    }

    fn is_alive(&self) -> bool {
        if quick_now() < self.recent_until.load(Ordering::Relaxed) {
            return true;
        }
        let silent = self
            .now()
            .saturating_sub(self.alive_at.load(Ordering::Relaxed));
        u128::from(silent) <= self.lock_expiry.as_millis()
    }

    fn superseded(&self) -> Error {
        match self.superseded_by.get() {
            Some(&by) => Error::Superseded {
                server: self.server.clone(),
                by,
            },
            None => Error::ShuttingDown, // not said of a gate in this state
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Notes that the heartbeat runs.
    pub(crate) fn note_alive(&self) {
        self.alive_at.store(self.now(), Ordering::Relaxed);
        // Half of the time that counts, so that it does not matter how late it is.
        let recent = (self.lock_expiry / 2).min(Duration::from_secs(3_600));
        let recent = coarsetime::Duration::from(recent).as_ticks();
        self.recent_until
            .store(quick_now().saturating_add(recent), Ordering::Relaxed);
    }

    /// No changes from here on: a later incarnation can take every player.
    pub(crate) fn note_superseded(&self, by: Incarnation) {
        if self.superseded_by.set(by).is_ok() {
            self.state.fetch_max(SUPERSEDED, Ordering::AcqRel);
        }
    }

    /// No changes from here on; returns whether that is news.
    pub(crate) fn shut(&self) -> bool {
        self.state.fetch_max(SHUTTING_DOWN, Ordering::AcqRel);
        !self.shut.swap(true, Ordering::AcqRel)
    }

    pub(crate) fn is_shut(&self) -> bool {
        self.shut.load(Ordering::Acquire)
    }

    /// Nobody is left to save anything.
    pub(crate) fn note_gone(&self) {
        self.state.fetch_max(GONE, Ordering::AcqRel);
        self.gone.cancel();
    }

    /// Returns once nobody is left to save anything.
    pub(crate) async fn gone(&self) {
        self.gone.cancelled().await;
    }
}
