//! Holding a player as an operator, for what writes records as they are, of
//! whatever type and time they may be: copies from store to store.

use std::time::Duration;

use playerdata::{
    ClaimNumber, Clock as _, Error, Fence, IdSource as _, PlayerId, RandomIds, Revision, SessionId,
    SessionManager, SlotName, SystemClock, UnixMillis, WriteId,
    backend::{
        Acquisition, BackendError, Body, Claim, Claimant, Effect, KeepPolicy, Keeping, Lock,
        Opened, Opening, Stamp, WriteOutcome,
    },
};
use serde_json::Value;

use crate::{desk::Desk, failure::Failure};

/// How often a write whose answer was lost is looked after.
const ATTEMPTS: usize = 3;

/// A player held.
pub(crate) struct Hold<'a> {
    pub(crate) desk: &'a Desk,
    pub(crate) player: PlayerId,
    session: SessionId,
    fence: Fence,
    claims: u64,
}

impl<'a> Hold<'a> {
    /// Takes a player whom nobody holds, or only a server that is dead. The
    /// lock lives with the lease of the operator's server.
    pub(crate) async fn take(
        desk: &'a Desk,
        server: &SessionManager<Value>,
        player: &PlayerId,
    ) -> Result<Self, Failure> {
        let session = SessionId::from_uuid(RandomIds.next_id());
        let claimant = Claimant {
            session,
            server: server.server().clone(),
            at: SystemClock.now(),
        };
        let acquire = async |replacing| {
            let acquired = desk.backend.acquire(player, &claimant, replacing);
            desk.ask("take the player", acquired).await
        };
        let mut acquired = acquire(None).await?;
        if let Acquisition::Held { holder } = &acquired
            && !desk.is_live(holder).await?
        {
            acquired = acquire(Some(holder.session)).await?;
        }
        match acquired {
            Acquisition::Acquired { fence } => Ok(Self {
                desk,
                player: player.clone(),
                session,
                fence,
                claims: 0,
            }),
            Acquisition::Held { holder } => Err(Failure::Held(player.clone(), Box::new(holder))),
        }
    }

    fn claim(&self, slot: &SlotName) -> Claim {
        Claim {
            player: self.player.clone(),
            session: self.session,
            fence: self.fence,
            slot: slot.clone(),
            number: ClaimNumber::new(self.claims),
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
        self.write(slot, base, at, async |desk, claim, stamp| {
            desk.backend.save(claim, stamp, body).await
        })
        .await
    }

    /// Empties a slot.
    pub(crate) async fn delete(
        &mut self,
        slot: &SlotName,
        base: Revision,
    ) -> Result<Revision, Failure> {
        let now = SystemClock.now();
        self.write(slot, base, now, async |desk, claim, stamp| {
            desk.backend.delete(claim, stamp).await
        })
        .await
    }

    async fn write(
        &mut self,
        slot: &SlotName,
        mut base: Revision,
        at: UnixMillis,
        send: impl AsyncFn(&Desk, &Claim, &Stamp) -> Result<WriteOutcome, BackendError>,
    ) -> Result<Revision, Failure> {
        let write_id = WriteId::from_uuid(RandomIds.next_id());
        for attempt in 1.. {
            let stamp = Stamp { base, write_id, at };
            let claim = self.claim(slot);
            let sent = send(self.desk, &claim, &stamp);
            let failure = match self.desk.ask("write the slot", sent).await {
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

    /// Keeps what the slot has as a version; the oldest of too many goes.
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
