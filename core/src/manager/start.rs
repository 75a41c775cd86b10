//! Starting a session: taking the lock, or getting it from who has it.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{lease::Moment, registry::Occupied};
use crate::{
    EndReason, Error, Fence, GameDocument, PlayerId, Session, SessionId,
    backend::{Acquisition, Claimant, Effect, Lock, Notice, NoticeKind},
    error::Chain,
    manager::Shared,
    session::{SessionCore, SessionState},
};

/// What to do when another server holds the player.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnConflict {
    /// Ask the holder, who saves and releases; take over at once if its lease
    /// lapses meanwhile; fail with [`Error::PlayerHeld`] at the end.
    HandOver {
        /// How long to wait. The holder hears of it at its next heartbeat.
        within: Duration,
    },
    /// Fail with [`Error::PlayerHeld`], unless the holder's lease has lapsed.
    Fail,
    /// Take the player at once. What the holder has not saved is lost, and
    /// what it saves from then on is refused.
    Steal,
}

impl Default for OnConflict {
    /// Hand-over within 20 seconds.
    fn default() -> Self {
        Self::HandOver {
            within: Duration::from_secs(20),
        }
    }
}

/// Between two looks at a lock that is to be handed over.
const FIRST_LOOK: Duration = Duration::from_millis(50);
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Replacements lost to somebody quicker before a start gives up.
const MAX_REPLACEMENTS: usize = 16;

impl<D: GameDocument> Shared<D> {
    /// Starts a session. Runs as a task of its own: if nobody waits for the
    /// result, the handle in it is dropped and ends the session.
    pub(crate) async fn start(
        self: Arc<Self>,
        player: PlayerId,
        on_conflict: OnConflict,
    ) -> Result<Session<D>, Error> {
        let id = SessionId::from_uuid(self.ids.next_id());
        loop {
            self.check_may_start()?;
            match self.registry.reserve(&player, id) {
                Ok(place) => {
                    self.ensure_lease().await?;
                    let fence = self.take_lock(&player, id, on_conflict).await?;
                    let core = SessionCore::new(player.clone(), id, fence);
                    let state = Arc::new(SessionState::new(core));
                    place.fill(Arc::clone(&state));
                    self.debug(|| tracing::debug!(%player, session = %id, %fence, "lock taken"));
                    return Ok(Session::new(state, Arc::clone(&self)));
                }
                Err(Occupied::Closed) => return Err(Error::ShuttingDown),
                Err(Occupied::Starting(over)) => over.cancelled().await,
                Err(Occupied::Live(session)) => {
                    let ended = Arc::clone(&self).end(session, EndReason::Restarted).await;
                    match ended.map_err(|error| *error.cause) {
                        Ok(()) | Err(Error::SessionLost { .. }) => {}
                        Err(error) => return Err(error),
                    }
                }
            }
        }
    }

    fn check_may_start(&self) -> Result<(), Error> {
        if self.stop.is_cancelled() {
            return Err(Error::ShuttingDown);
        }
        self.hazards.check()?;
        match self.lease.lock().superseded_by() {
            Some(by) => Err(Error::Superseded {
                server: self.server.name.clone(),
                by,
            }),
            None => Ok(()),
        }
    }

    /// Renews a lease that may have lapsed: a lock taken without one could be
    /// replaced at once.
    async fn ensure_lease(self: &Arc<Self>) -> Result<(), Error> {
        let now = Moment::now(&*self.clock);
        let lapses_in = self.lease.lock().lapses_in(self.settings.lock_expiry, now);
        if lapses_in.is_zero() {
            self.beat().await?;
        }
        Ok(())
    }

    /// Acquires the player's lock, and leaves nothing behind if that fails (L8).
    async fn take_lock(
        &self,
        player: &PlayerId,
        session: SessionId,
        on_conflict: OnConflict,
    ) -> Result<Fence, Error> {
        let claimant = Claimant {
            session,
            server: self.server.clone(),
            at: self.clock.now(),
        };
        let result = self.contend(player, &claimant, on_conflict).await;
        if let Err(Error::StoreUnavailable(failure) | Error::StoreFailed(failure)) = &result
            && failure.effect() == Effect::Possible
        {
            self.note_orphan(player, session);
        }
        result
    }

    async fn contend(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        on_conflict: OnConflict,
    ) -> Result<Fence, Error> {
        let mut holder = match self.store.acquire(player, claimant, None).await? {
            Acquisition::Acquired { fence } => return Ok(fence),
            Acquisition::Held { holder } => holder,
        };
        let mut wait = match on_conflict {
            OnConflict::HandOver { within } => Some(HandOver::new(within)),
            OnConflict::Fail | OnConflict::Steal => None,
        };
        let mut replacements = 0;
        loop {
            self.debug(|| tracing::debug!(%player, %holder, ?on_conflict, "lock refused"));
            let replacing = self.may_replace(player, &holder, on_conflict).await?;
            if replacing.is_some() {
                replacements += 1;
            } else {
                let Some(wait) = &mut wait else {
                    return Err(held(player, holder));
                };
                if !self.await_hand_over(player, &holder, wait).await? {
                    return Err(held(player, holder));
                }
            }
            match self.store.acquire(player, claimant, replacing).await? {
                Acquisition::Acquired { fence } => {
                    if replacing.is_some() {
                        self.tell_taken(player, &holder).await;
                    }
                    return Ok(fence);
                }
                Acquisition::Held { holder } if replacements > MAX_REPLACEMENTS => {
                    return Err(held(player, holder));
                }
                Acquisition::Held { holder: now } => holder = now,
            }
        }
    }

    /// The session to replace, if its lock may be (L2): its server's lease
    /// was seen lapsed or superseded, the caller steals, or the lock is one
    /// of this very manager's without a session behind it.
    async fn may_replace(
        &self,
        player: &PlayerId,
        holder: &Lock,
        on_conflict: OnConflict,
    ) -> Result<Option<SessionId>, Error> {
        if holder.server == self.server && !self.registry.knows(player, holder.session) {
            return Ok(Some(holder.session));
        }
        if on_conflict == OnConflict::Steal || !self.store.lease_is_live(&holder.server).await? {
            return Ok(Some(holder.session));
        }
        Ok(None)
    }

    /// Asks the holder for the player and waits a little. Returns false at
    /// the end of the time.
    async fn await_hand_over(
        &self,
        player: &PlayerId,
        holder: &Lock,
        wait: &mut HandOver,
    ) -> Result<bool, Error> {
        let now = Instant::now();
        if now >= wait.until {
            return Ok(false);
        }
        if wait.asked.is_none_or(|(session, at)| {
            session != holder.session || now >= at + self.settings.heartbeat_interval
        }) {
            // Asked anew every heartbeat, for the case that a notice was lost.
            wait.asked = Some((holder.session, now));
            self.tell(player, holder, NoticeKind::HandOver).await;
        }
        let next_look = wait.until.min(Instant::now() + wait.pause);
        wait.pause = (wait.pause * 2).min(LOOK_EVERY);
        tokio::select! {
            biased; // a simulation repeats itself
            () = self.stop.cancelled() => Err(Error::ShuttingDown),
            () = tokio::time::sleep_until(next_look) => Ok(true),
        }
    }

    /// Tells the former holder, who otherwise finds out at its next save (E2).
    pub(super) async fn tell_taken(&self, player: &PlayerId, former: &Lock) {
        if former.server != self.server {
            self.tell(player, former, NoticeKind::Taken).await;
        }
    }

    /// Notices are a courtesy: whoever does not get one finds out later, and
    /// who waits for an answer asks again.
    pub(super) async fn tell(&self, player: &PlayerId, holder: &Lock, kind: NoticeKind) {
        let notice = Notice {
            player: player.clone(),
            session: holder.session,
            kind,
            from: self.server.clone(),
        };
        match self.store.notify(&holder.server.name, &notice).await {
            Ok(outcome) => self.debug(|| {
                tracing::debug!(%player, server = %holder.server, ?kind, ?outcome, "notice sent");
            }),
            Err(error) => {
                tracing::warn!(%player, error = %Chain(&error), "a notice could not be sent");
            }
        }
    }
}

/// A hand-over that is being waited for.
struct HandOver {
    until: Instant,
    pause: Duration,
    /// Who was asked last, and when.
    asked: Option<(SessionId, Instant)>,
}

impl HandOver {
    fn new(within: Duration) -> Self {
        Self {
            until: Instant::now() + within,
            pause: FIRST_LOOK,
            asked: None,
        }
    }
}

fn held(player: &PlayerId, holder: Lock) -> Error {
    Error::PlayerHeld {
        player: player.clone(),
        holder,
    }
}
