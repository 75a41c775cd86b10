//! Starting a session: taking the lock, or getting it from who has it.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Engine;
use crate::{
    ClaimNumber, EndReason, Error, Fence, GameDocument, PlayerId, SessionId, SlotName,
    backend::{Acquisition, Admission, Claimant, Effect, Lock, Notice, NoticeKind, Opened},
    clock::Jitter,
    excerpt::Chain,
    metrics,
    state::{Held, Moment, Occupied, Reservation, SessionCore, SessionState, SlotState},
};

/// What to do when another server holds the player.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = std::sync::Arc::new(playerdata_memory::MemoryBackend::new());
/// # let manager = playerdata_core::SessionManager::builder(backend.clone()).start().await?;
/// use playerdata_core::{Error, OnConflict};
///
/// # let _holds_the_player = manager.start_session(4711_u64).await?;
/// # let backend = backend.clone();
/// # let manager = playerdata_core::SessionManager::builder(backend).start().await?;
/// match manager.start_session_with(4711_u64, OnConflict::Fail).await {
///     Ok(_session) => println!("welcome"),
///     Err(Error::PlayerHeld { holder, .. }) => println!("still on {}", holder.server.name),
///     Err(error) => return Err(error.into()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnConflict {
    /// A hand-over, for as long as the lease of the holder, as it is when it is
    /// first seen, can still live, and a heartbeat longer. So whoever waits for
    /// a player of a crashed server gets the player.
    #[default]
    Wait,
    /// Ask the holder, who saves and releases; take over at once if its lease
    /// lapses meanwhile; fail with [`Error::PlayerHeld`] at the end.
    HandOver {
        /// How long to wait; [`Duration::MAX`] means no limit. The holder hears
        /// of it at its next heartbeat.
        within: Duration,
    },
    /// Fail with [`Error::PlayerHeld`], unless the holder's lease has lapsed.
    Fail,
    /// Take the player at once. What the holder has not saved is lost, and
    /// what it saves from then on is refused.
    Steal,
}

/// What to do with a session of the player that this manager has itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Former {
    End,
    Spare,
}

/// Between two looks at a lock that is to be handed over: a part of the time
/// that was waited already, within these limits, and up to a quarter longer, so
/// that a crowd does not look at once.
const WAITED_PART: u32 = 8;
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// After a lease was to lapse, that it surely has.
const LAPSED: Duration = Duration::from_millis(10);
/// Replacements lost to somebody quicker before a start gives up.
const MAX_REPLACEMENTS: usize = 16;

impl<D: GameDocument> Engine<D> {
    /// Starts a session. Runs as a task of its own: if nobody waits for the
    /// result, what it holds is dropped and ends the session. A start that
    /// is given up stops wherever it is.
    pub(crate) async fn start(
        self: Arc<Self>,
        player: PlayerId,
        on_conflict: OnConflict,
        given_up: CancellationToken,
    ) -> Result<Held<D>, Error> {
        let taken = self.take_unless(&given_up, &player, on_conflict, None);
        Ok(taken.await?.held)
    }

    /// Starts a session and loads a slot, which is opened together with the
    /// lock where the store can do that. If the slot can't be loaded, the
    /// session is ended (L8). What is loaded for nobody ends with its handles.
    pub(crate) async fn start_and_load(
        self: Arc<Self>,
        player: PlayerId,
        name: SlotName,
        on_conflict: OnConflict,
        given_up: CancellationToken,
    ) -> Result<(Held<D>, Arc<SlotState<D>>), Error> {
        let taken = self.take_unless(&given_up, &player, on_conflict, Some(&name));
        let Taken { held, opened } = taken.await?;
        // From here on it is a load, which is not stopped half-way (E7).
        match self.load_opened(&held.state, &name, opened).await {
            Ok(slot) => Ok((held, slot)),
            Err(error) => {
                let state = Arc::clone(&held.state);
                if let Err(end) = self.end(state, EndReason::Dropped).await {
                    // Tried again when its last handle goes: this one, unless somebody has
                    // looked the session up meanwhile.
                    tracing::warn!(%player, error = %Chain(&end), "a session that could not load lingers");
                }
                Err(error)
            }
        }
    }

    async fn take_unless(
        self: &Arc<Self>,
        given_up: &CancellationToken,
        player: &PlayerId,
        on_conflict: OnConflict,
        slot: Option<&SlotName>,
    ) -> Result<Taken<D>, Error> {
        tokio::select! {
            biased;
            () = given_up.cancelled() => Err(Error::SessionEnded { player: player.clone() }),
            taken = self.take(player, on_conflict, Former::End, slot) => taken,
        }
    }

    /// Starts a session without giving up. It can be dropped at any time: an
    /// acquisition that is under way then is undone.
    pub(super) async fn take(
        self: &Arc<Self>,
        player: &PlayerId,
        on_conflict: OnConflict,
        former: Former,
        slot: Option<&SlotName>,
    ) -> Result<Taken<D>, Error> {
        let id = SessionId::from_uuid(self.ids.next_id());
        loop {
            self.check_may_start()?;
            match self.registry.reserve(player, id) {
                Ok(place) => return self.take_place(place, player, id, on_conflict, slot).await,
                Err(Occupied::Closed) => return Err(Error::ShuttingDown),
                Err(Occupied::Starting(over)) => over.cancelled().await,
                Err(Occupied::Live(session)) if former == Former::Spare => {
                    let core = &session.core;
                    let holder = Lock {
                        session: core.id,
                        server: self.server.clone(),
                        fence: core.fence,
                        since: core.since,
                    };
                    return Err(held(player, holder));
                }
                Err(Occupied::Live(session)) => self.end_former(session, on_conflict).await?,
            }
        }
    }

    async fn take_place(
        self: &Arc<Self>,
        place: Reservation<'_, D>,
        player: &PlayerId,
        id: SessionId,
        on_conflict: OnConflict,
        slot: Option<&SlotName>,
    ) -> Result<Taken<D>, Error> {
        self.ensure_lease().await?;
        let claimant = Claimant {
            session: id,
            server: self.server.clone(),
            at: self.clock.now(),
        };
        let mut acquiring = Acquiring {
            engine: self,
            player,
            claimant,
            slot,
            opened: None,
            open: false,
        };
        let fence = self.contend(&mut acquiring, on_conflict).await?;
        let (since, gate) = (acquiring.claimant.at, Arc::clone(&self.gate));
        let with_lock = slot.and_then(|_| ClaimNumber::with_lock(fence));
        let core = SessionCore::new(player.clone(), id, fence, since, gate, with_lock);
        let state = Arc::new(SessionState::new(core, self.end_dropped()));
        place.fill(Arc::clone(&state));
        acquiring.open = false;
        metrics::session_started(self.registry.len());
        self.debug(|| tracing::debug!(%player, session = %id, %fence, "lock taken"));
        Ok(Taken {
            held: Held::of(&state),
            opened: acquiring.opened.take(),
        })
    }

    /// Ends the session that this manager itself has of the player. One that
    /// can't be saved is given up only for a thief, and what it has is kept.
    async fn end_former(
        self: &Arc<Self>,
        session: Arc<SessionState<D>>,
        on_conflict: OnConflict,
    ) -> Result<(), Error> {
        let player = &session.core.player;
        let end = Arc::clone(self).end(Arc::clone(&session), EndReason::Restarted);
        // In a task of its own, since it must not be dropped half-way.
        let ended = self.run_to_the_end(player, "ending the former session", end);
        let error = match ended.await?.map_err(|error| *error.cause) {
            Ok(()) | Err(Error::SessionLost { .. }) => return Ok(()),
            Err(error) => error,
        };
        if on_conflict != OnConflict::Steal || error.is_transient() || session.is_closed() {
            return Err(error);
        }
        let (engine, former) = (Arc::clone(self), Arc::clone(&session));
        let give_up = async move {
            let released = Arc::clone(&engine).abandon(Arc::clone(&former)).await;
            engine.leave_behind(former.unsaved(&error));
            released
        };
        self.run_to_the_end(player, "giving up the former session", give_up)
            .await?
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

    /// Gets the player's lock, from who has it if need be.
    async fn contend(
        self: &Arc<Self>,
        acquiring: &mut Acquiring<'_, D>,
        on_conflict: OnConflict,
    ) -> Result<Fence, Error> {
        let player = acquiring.player;
        let mut holder = match acquiring.acquire(None).await? {
            Acquisition::Acquired { fence } => return Ok(fence),
            Acquisition::Held { holder } => holder,
        };
        let mut wait = Waiting::new(on_conflict);
        let mut replacements = 0;
        loop {
            self.debug(|| tracing::debug!(%player, %holder, ?on_conflict, "lock refused"));
            let replacing = match self.protection(player, &holder, on_conflict).await? {
                None => {
                    replacements += 1;
                    Some(holder.session)
                }
                Some(left) => {
                    let Some(wait) = &mut wait else {
                        return Err(held(player, holder));
                    };
                    match self.await_hand_over(player, &holder, left, wait).await? {
                        None => None,
                        Some(now) => {
                            holder = now;
                            continue;
                        }
                    }
                }
            };
            match acquiring.acquire(replacing).await? {
                Acquisition::Acquired { fence } => {
                    if replacing.is_some() {
                        self.notify_taken(player, holder);
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

    /// For how long a lock may not be replaced, as far as is known (L2).
    /// `None` if it may: its server's lease was seen lapsed or superseded, the
    /// caller steals, or it is one of this very manager's without a session.
    async fn protection(
        &self,
        player: &PlayerId,
        holder: &Lock,
        on_conflict: OnConflict,
    ) -> Result<Option<Duration>, Error> {
        let is_orphan =
            holder.server == self.server && !self.registry.knows(player, holder.session);
        if is_orphan || on_conflict == OnConflict::Steal {
            return Ok(None);
        }
        let is_live = self.store.lease_is_live(&holder.server).await?;
        Ok(is_live.then_some(self.settings.lock_expiry))
    }

    /// Asks the holder for the player, waits a little, and looks who has the
    /// player then. It only reads: a lock that somebody holds is not a reason
    /// to write.
    async fn await_hand_over(
        &self,
        player: &PlayerId,
        holder: &Lock,
        left: Duration,
        wait: &mut Waiting,
    ) -> Result<Option<Lock>, Error> {
        let heartbeat = self.settings.heartbeat_interval;
        let now = Instant::now();
        wait.see(holder, now, left.saturating_add(heartbeat));
        if wait.is_over(now) {
            return Err(held(player, holder.clone()));
        }
        if wait.has_to_ask(now, heartbeat) {
            self.notify(player, holder, NoticeKind::HandOver).await;
        }
        let next_look = wait.next_look(now, left, &self.jitter);
        tokio::select! {
            biased; // a simulation repeats itself
            () = self.stop.cancelled() => return Err(Error::ShuttingDown),
            () = tokio::time::sleep_until(next_look) => {}
        }
        Ok(self.store.holder(player).await?)
    }

    /// Notifies the former holder, who otherwise finds out at its next save
    /// (E2). Nobody waits for it.
    fn notify_taken(self: &Arc<Self>, player: &PlayerId, former: Lock) {
        if former.server != self.server {
            let (engine, player) = (Arc::clone(self), player.clone());
            self.runtime.spawn(async move {
                engine.notify(&player, &former, NoticeKind::Taken).await;
            });
        }
    }

    /// Notices are a courtesy: whoever does not get one finds out later, and
    /// who waits for an answer asks again.
    pub(crate) async fn notify(&self, player: &PlayerId, holder: &Lock, kind: NoticeKind) {
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

/// A session that was started.
pub(super) struct Taken<D: GameDocument> {
    pub(super) held: Held<D>,
    /// The slot that was opened together with the lock, if it was.
    opened: Option<Opened>,
}

/// A lock that is being acquired. If nobody waits for the answer any more, it
/// may be there without a session: then it has to go (L8).
struct Acquiring<'a, D: GameDocument> {
    engine: &'a Arc<Engine<D>>,
    player: &'a PlayerId,
    claimant: Claimant,
    /// What is to be opened with it.
    slot: Option<&'a SlotName>,
    /// What was.
    opened: Option<Opened>,
    /// Whether the store may have it, and nobody knows.
    open: bool,
}

impl<D: GameDocument> Acquiring<'_, D> {
    async fn acquire(&mut self, replacing: Option<SessionId>) -> Result<Acquisition, Error> {
        let store = &self.engine.store;
        self.open = true;
        let acquired = match self.slot {
            None => store.acquire(self.player, &self.claimant, replacing).await,
            Some(slot) => {
                let acquire = store.acquire_and_open(self.player, &self.claimant, replacing, slot);
                acquire.await.map(|admission| self.note(admission))
            }
        };
        self.open = matches!(&acquired, Ok(Acquisition::Acquired { .. }));
        if let Err(failure) = &acquired
            && failure.effect() == Effect::Possible
        {
            self.engine.note_orphan(self.player, self.claimant.session);
        }
        Ok(acquired?)
    }

    /// Keeps what was opened.
    fn note(&mut self, admission: Admission) -> Acquisition {
        match admission {
            Admission::Acquired { fence, opened } => {
                self.opened = opened;
                Acquisition::Acquired { fence }
            }
            Admission::Held { holder } => Acquisition::Held { holder },
        }
    }
}

impl<D: GameDocument> Drop for Acquiring<'_, D> {
    fn drop(&mut self) {
        if self.open {
            self.engine.note_orphan(self.player, self.claimant.session);
            self.engine.background.wake.notify_one();
        }
    }
}

/// A hand-over that is being waited for.
struct Waiting {
    /// Whether it lasts as long as a lease of the holder's can live.
    for_lease: bool,
    /// `None` without a limit.
    until: Option<Instant>,
    since: Instant,
    holder: Option<SessionId>,
    /// When the holder is to be asked again, and after which pause then.
    ask_at: Instant,
    ask_after: Duration,
}

impl Waiting {
    /// How a start waits; `None` if it does not.
    fn new(on_conflict: OnConflict) -> Option<Self> {
        let now = Instant::now();
        let (for_lease, until) = match on_conflict {
            OnConflict::Wait => (true, Some(now)),
            OnConflict::HandOver { within } => (false, now.checked_add(within)),
            OnConflict::Fail | OnConflict::Steal => return None,
        };
        Some(Self {
            for_lease,
            until,
            since: now,
            holder: None,
            ask_at: now,
            ask_after: Duration::ZERO,
        })
    }

    /// Notes who has the player. One who was not seen before is asked at once.
    fn see(&mut self, holder: &Lock, now: Instant, at_most: Duration) {
        if self.holder == Some(holder.session) {
            return;
        }
        self.holder = Some(holder.session);
        self.ask_at = now;
        self.ask_after = Duration::ZERO;
        if self.for_lease {
            self.until = now.checked_add(at_most);
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now >= until)
    }

    /// Whether the holder is to be asked now: again, and less and less often,
    /// for the case that a notice was lost, or that its last save failed.
    fn has_to_ask(&mut self, now: Instant, heartbeat: Duration) -> bool {
        let has_to = now >= self.ask_at;
        if has_to {
            self.ask_after = self.ask_after.saturating_mul(2).max(heartbeat);
            self.ask_at = now + self.ask_after;
        }
        has_to
    }

    /// When to look again: after a pause, at the end, or when the lease is to
    /// have lapsed, if nobody renews it.
    fn next_look(&self, now: Instant, left: Duration, jitter: &Jitter) -> Instant {
        let waited = now.duration_since(self.since);
        let pause = (waited / WAITED_PART).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        let pause = jitter.lengthen(pause).min(left.saturating_add(LAPSED));
        let next = now + pause;
        self.until.map_or(next, |until| next.min(until))
    }
}

fn held(player: &PlayerId, holder: Lock) -> Error {
    Error::PlayerHeld {
        player: player.clone(),
        holder,
    }
}
