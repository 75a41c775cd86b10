//! A game server, as a backend sees it.

use playerdata_core::{
    PlayerId, ServerId, SessionId,
    backend::{Acquisition, Claimant},
};

use super::{Client, RawSession};
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

    async fn acquire(&self, player: &PlayerId, replacing: Option<SessionId>) -> RawSession {
        let claimant = self.claimant();
        match self.client.acquire(player, &claimant, replacing).await {
            Acquisition::Acquired { fence } => {
                RawSession::new(self.client.clone(), player.clone(), claimant, fence)
            }
            Acquisition::Held { .. } => self.client.world().fail(
                Rule::L2,
                "a player who is free, or whose holder is named, can be taken",
            ),
        }
    }
}
