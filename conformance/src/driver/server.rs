//! A game server, as a backend sees it.

use playerdata_core::{
    PlayerId, ServerId, SessionId, SlotName,
    backend::{Acquisition, Claimant},
};

use super::{Client, RawSession, RawSlot};
use crate::Rule;

/// One start of a server, on one of the fixture's clients.
#[derive(Clone, Debug)]
pub struct GameServer {
    /// The client it uses.
    pub client: Client,
    /// Its name and incarnation.
    pub id: ServerId,
}

impl GameServer {
    /// Somebody who wants a player for a new session of this server.
    #[must_use]
    pub fn claimant(&self) -> Claimant {
        let world = self.client.world();
        Claimant {
            session: SessionId::from_uuid(world.ids().next_id()),
            server: self.id.clone(),
            at: world.time(),
        }
    }

    /// Takes a player whom nobody holds.
    pub async fn join(&self, player: &PlayerId) -> RawSession {
        self.acquire(player, None).await
    }

    /// Takes a player from the session `old`, or whom nobody holds.
    pub async fn take_over(&self, player: &PlayerId, old: SessionId) -> RawSession {
        self.acquire(player, Some(old)).await
    }

    /// Takes a player who is free, or whose holder is named, and opens a slot
    /// with the lock, or by itself if the store leaves that out.
    pub async fn enter(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        replacing: Option<SessionId>,
    ) -> (RawSession, RawSlot) {
        let entered = self.try_enter(player, slot, replacing).await;
        entered.unwrap_or_else(|| self.refused())
    }

    /// The same, of a player whom somebody else may have.
    pub async fn try_enter(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        replacing: Option<SessionId>,
    ) -> Option<(RawSession, RawSlot)> {
        let (client, claimant) = (&self.client, self.claimant());
        let admission = client.acquire_and_open(player, &claimant, replacing, slot);
        let admission = admission.await;
        let Acquisition::Acquired { fence } = admission.acquisition() else {
            return None;
        };
        let opened = admission.opened(player, claimant.session, slot);
        let opened = opened.map(|(claim, opened)| RawSlot::new(client, claim, opened.clone()));
        let session = RawSession::new(client.clone(), player.clone(), claimant, fence);
        let session = session.with_a_claim();
        let slot = match opened {
            Some(slot) => slot,
            None => session.open(slot).await,
        };
        Some((session, slot))
    }

    fn refused(&self) -> ! {
        let what = "a player who is free, or whose holder is named, can be taken";
        self.client.world().fail(Rule::L2, what)
    }

    async fn acquire(&self, player: &PlayerId, replacing: Option<SessionId>) -> RawSession {
        let claimant = self.claimant();
        match self.client.acquire(player, &claimant, replacing).await {
            Acquisition::Acquired { fence } => {
                RawSession::new(self.client.clone(), player.clone(), claimant, fence)
            }
            Acquisition::Held { .. } => self.refused(),
        }
    }
}
