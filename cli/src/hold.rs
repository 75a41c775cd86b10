//! Holding players as an operator: for what writes records as they are, of
//! whatever type they may be.

use std::{sync::Arc, time::Duration};

use playerdata::{
    Clock as _, Error, Fence, IdSource as _, Incarnation, PlayerId, RandomIds, Revision, ServerId,
    SessionId, SlotName, SystemClock, UnixMillis, WriteId,
    backend::{
        Acquisition, Backend, Body, Claim, Claimant, Effect, KeepPolicy, Keeping, Lock, Notice,
        NoticeKind, Opened, Opening, Renewal, Stamp, WriteOutcome,
    },
};
use tokio::task::JoinHandle;

use crate::{
    desk::{Desk, operator},
    failure::Failure,
    output,
};

/// How often a write whose answer was lost is looked after.
const ATTEMPTS: usize = 3;

/// A server of the operator's, whose lease lives until it leaves.
pub(crate) struct Presence {
    id: ServerId,
    backend: Arc<dyn Backend>,
    heartbeat: JoinHandle<()>,
}

impl Presence {
    pub(crate) async fn begin(desk: &Desk) -> Result<Self, Failure> {
        let id = ServerId {
            name: operator(),
            incarnation: Incarnation::starting_at(SystemClock.now(), RandomIds.next_id()),
        };
        let expiry = desk.settings.lock_expiry;
        let renewed = desk.backend.renew_lease(&id, expiry);
        if let Renewal::Superseded { by } = desk.ask("take a lease", renewed).await? {
            let server = id.name;
            return Err(Error::Superseded { server, by }.into());
        }
        let backend = Arc::clone(&desk.backend);
        let every = desk.settings.heartbeat_interval;
        let heartbeat = tokio::spawn(beat(Arc::clone(&backend), id.clone(), every, expiry));
        Ok(Self {
            id,
            backend,
            heartbeat,
        })
    }

    /// Gives up the lease.
    pub(crate) async fn leave(self) {
        self.heartbeat.abort();
        if let Err(error) = self.backend.drop_lease(&self.id).await {
            let why = output::chain(&error);
            output::message(&format!("note: the lease lapses by itself: {why}\n"));
        }
    }
}

/// Renews a lease until it is aborted. Should it lapse all the same, and
/// somebody take a player, then the store refuses what is written.
async fn beat(backend: Arc<dyn Backend>, id: ServerId, every: Duration, expiry: Duration) {
    loop {
        tokio::time::sleep(every).await;
        if let Err(error) = backend.renew_lease(&id, expiry).await {
            let why = output::chain(&error);
            output::message(&format!("note: the lease could not be renewed: {why}\n"));
        }
    }
}

/// A player held.
pub(crate) struct Hold<'a> {
    desk: &'a Desk,
    player: PlayerId,
    session: SessionId,
    fence: Fence,
    claims: u64,
}

impl<'a> Hold<'a> {
    /// Takes a player whom nobody holds, or only a server that is dead; or
    /// anybody, if that is said.
    pub(crate) async fn take(
        desk: &'a Desk,
        presence: &Presence,
        player: &PlayerId,
        steal: bool,
    ) -> Result<Self, Failure> {
        let session = SessionId::from_uuid(RandomIds.next_id());
        let claimant = Claimant {
            session,
            server: presence.id.clone(),
            at: SystemClock.now(),
        };
        let acquire = async |replacing| {
            let acquired = desk.backend.acquire(player, &claimant, replacing);
            desk.ask("take the player", acquired).await
        };
        let mut acquired = acquire(None).await?;
        let mut from = None;
        if let Acquisition::Held { holder } = &acquired
            && (steal || !desk.is_live(holder).await?)
        {
            from = Some(holder.clone());
            acquired = acquire(Some(holder.session)).await?;
        }
        let fence = match acquired {
            Acquisition::Acquired { fence } => fence,
            Acquisition::Held { holder } => {
                return Err(Failure::Held(player.clone(), Box::new(holder)));
            }
        };
        let hold = Self {
            desk,
            player: player.clone(),
            session,
            fence,
            claims: 0,
        };
        if let Some(lock) = from {
            hold.tell(&lock, presence).await;
        }
        Ok(hold)
    }

    /// Tells the server that was taken from, so that it does not only notice at
    /// its next save.
    async fn tell(&self, lock: &Lock, presence: &Presence) {
        let notice = Notice {
            player: self.player.clone(),
            session: lock.session,
            kind: NoticeKind::Taken,
            from: presence.id.clone(),
        };
        let told = self.desk.backend.notify(&lock.server.name, &notice);
        if let Err(error) = self.desk.ask("notify the server", told).await {
            output::message(&format!("note: {}\n", output::chain(&error)));
        }
    }

    fn claim(&self, slot: &SlotName) -> Claim {
        Claim {
            player: self.player.clone(),
            session: self.session,
            fence: self.fence,
            slot: slot.clone(),
            number: playerdata::ClaimNumber::new(self.claims),
        }
    }

    /// Opens a slot, which kills whatever was under way there.
    pub(crate) async fn open(&mut self, slot: &SlotName) -> Result<Opened, Failure> {
        self.claims += 1;
        let claim = self.claim(slot);
        let opened = self.desk.backend.open(&claim);
        match self.desk.ask("open the slot", opened).await? {
            Opening::Opened(opened) => Ok(opened),
            Opening::Lost { holder } => Err(self.lost(holder)),
            Opening::Overtaken => Err(self.lost(None)),
        }
    }

    /// Writes a body over what the slot had when it was opened.
    pub(crate) async fn save(
        &mut self,
        slot: &SlotName,
        base: Revision,
        at: UnixMillis,
        body: &Body,
    ) -> Result<Revision, Failure> {
        let write_id = WriteId::from_uuid(RandomIds.next_id());
        let mut base = base;
        for attempt in 1.. {
            let stamp = Stamp { base, write_id, at };
            let claim = self.claim(slot);
            let saved = self.desk.backend.save(&claim, &stamp, body);
            let failure = match self.desk.ask("write the slot", saved).await {
                Ok(WriteOutcome::Written { revision }) => return Ok(revision),
                Ok(WriteOutcome::Lost { holder }) => return Err(self.lost(holder)),
                Ok(WriteOutcome::Overtaken) => self.lost(None),
                Err(failure) => failure,
            };
            let in_doubt = match &failure {
                Failure::Store { source, .. } => source.effect() == Effect::Possible,
                Failure::Silent { .. } => true,
                _ => false,
            };
            if !in_doubt || attempt == ATTEMPTS {
                return Err(failure);
            }
            // Opening it shows whether the write was applied.
            let opened = self.open(slot).await?;
            if opened.last_write == Some(write_id) {
                return Ok(opened.revision);
            }
            base = opened.revision;
        }
        unreachable!("the last attempt returns")
    }

    /// Keeps what the slot has as a version, beside all that are kept.
    pub(crate) async fn keep(&self, slot: &SlotName, most: u32) -> Result<(), Failure> {
        let policy = KeepPolicy {
            most,
            min_age: Duration::ZERO,
        };
        let claim = self.claim(slot);
        let kept = self.desk.backend.keep_version(&claim, policy);
        match self.desk.ask("keep a version", kept).await? {
            Keeping::Lost { holder } => Err(self.lost(holder)),
            Keeping::Kept { .. } | Keeping::Recent | Keeping::Nothing => Ok(()),
        }
    }

    fn lost(&self, holder: Option<Lock>) -> Failure {
        let (player, session) = (self.player.clone(), self.session);
        Failure::from(Error::SessionLost {
            player,
            session,
            holder,
        })
    }

    /// Lets the player go. If the store is away, the lock lapses with the
    /// lease.
    pub(crate) async fn release(self) -> Result<(), Failure> {
        let released = self.desk.backend.release(&self.player, self.session);
        self.desk.ask("let the player go", released).await?;
        Ok(())
    }
}
