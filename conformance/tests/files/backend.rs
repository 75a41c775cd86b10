//! The backend itself: each method is one step on one file, taken on a thread
//! that may wait for the disk.

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use playerdata_core::{
    Clock, PlayerId, ServerId, ServerName, SessionId, SlotName,
    backend::{
        Acquisition, Backend, Body, Claim, Claimant, Erasure, Limits, Lock, Notice, Notification,
        Opening, Record, Release, Renewal, Result, SlotSummary, Stamp, WriteOutcome,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    sync::oneshot::{self, Sender},
    task::spawn_blocking,
};

use crate::{
    error::{no_answer, too_large},
    file::StateFile,
    lease::Server,
    player::Player,
};

const MAX_BODY_BYTES: usize = 128 * 1024;

/// A directory as a store, for any number of processes of one machine.
///
/// An acknowledged change is on the disk: it survives a loss of power as far
/// as the disk does what it says. Leases lapse by the machine's clock. Nothing
/// is tidied up: every player and every server name keeps a file.
#[derive(Clone, Debug)]
pub(crate) struct FilesBackend {
    root: PathBuf,
    clock: Arc<dyn Clock>,
}

impl FilesBackend {
    /// A store in a directory that is there.
    pub(crate) fn new(root: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> Self {
        let root = root.into();
        Self { root, clock }
    }

    fn player(&self, player: &PlayerId) -> StateFile {
        StateFile::of(&self.root, "players", player.as_str())
    }

    fn server(&self, server: &ServerName) -> StateFile {
        StateFile::of(&self.root, "servers", server.as_str())
    }
}

/// Changes the state in a file.
///
/// A caller who gives up before its turn has come changes nothing; what it
/// sends next would otherwise be overtaken by what it gave up.
async fn change<S: DeserializeOwned + Default + Serialize, T: Send + 'static>(
    file: StateFile,
    step: impl FnOnce(&mut S) -> T + Send + 'static,
) -> Result<T> {
    blocking(move |caller| file.change(|| !caller.is_closed(), step)).await
}

/// Reads the state in a file.
async fn look<S: DeserializeOwned + Default, T: Send + 'static>(
    file: StateFile,
    step: impl FnOnce(&S) -> T + Send + 'static,
) -> Result<T> {
    blocking(move |_| Ok(step(&file.read()?))).await
}

/// Runs what may wait for the disk on a thread for such things, and to its
/// end, whether or not somebody still waits for the answer.
async fn blocking<T: Send + 'static>(
    run: impl FnOnce(&Sender<Result<T>>) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (caller, answer) = oneshot::channel();
    spawn_blocking(move || {
        let outcome = run(&caller);
        // Nobody to answer is not a failure: the caller has gone.
        let _ = caller.send(outcome);
    });
    answer.await.unwrap_or_else(|_| Err(no_answer()))
}

#[async_trait]
impl Backend for FilesBackend {
    fn name(&self) -> &'static str {
        "files"
    }

    fn limits(&self) -> Limits {
        Limits::new(MAX_BODY_BYTES)
    }

    async fn renew_lease(&self, server: &ServerId, ttl: Duration) -> Result<Renewal> {
        let (id, clock) = (server.clone(), self.clock.clone());
        let step = move |server: &mut Server| server.renew(&id, ttl, clock.now());
        change(self.server(&server.name), step).await
    }

    async fn drop_lease(&self, server: &ServerId) -> Result<()> {
        let id = server.clone();
        let step = move |server: &mut Server| server.drop_lease(&id);
        change(self.server(&server.name), step).await
    }

    async fn lease_is_live(&self, server: &ServerId) -> Result<bool> {
        let (id, clock) = (server.clone(), self.clock.clone());
        let step = move |server: &Server| server.is_live(&id, clock.now());
        look(self.server(&server.name), step).await
    }

    async fn acquire(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
    ) -> Result<Acquisition> {
        let claimant = claimant.clone();
        let step = move |player: &mut Player| player.acquire(&claimant, replacing);
        change(self.player(player), step).await
    }

    async fn release(&self, player: &PlayerId, session: SessionId) -> Result<Release> {
        let step = move |player: &mut Player| player.release(session);
        change(self.player(player), step).await
    }

    async fn holder(&self, player: &PlayerId) -> Result<Option<Lock>> {
        let step = |player: &Player| player.lock.clone();
        look(self.player(player), step).await
    }

    async fn notify(&self, server: &ServerName, notice: &Notice) -> Result<Notification> {
        let notice = notice.clone();
        let step = move |server: &mut Server| server.notify(notice);
        change(self.server(server), step).await
    }

    async fn open(&self, claim: &Claim) -> Result<Opening> {
        let own = claim.clone();
        let step = move |player: &mut Player| player.open(&own);
        change(self.player(&claim.player), step).await
    }

    async fn save(&self, claim: &Claim, stamp: &Stamp, body: &Body) -> Result<WriteOutcome> {
        if body.bytes.len() > MAX_BODY_BYTES {
            return Err(too_large(body.bytes.len(), MAX_BODY_BYTES));
        }
        let (own, stamp, body) = (claim.clone(), *stamp, body.clone());
        let step = move |player: &mut Player| player.write(&own, &stamp, Some(&body));
        change(self.player(&claim.player), step).await
    }

    async fn delete(&self, claim: &Claim, stamp: &Stamp) -> Result<WriteOutcome> {
        let (own, stamp) = (claim.clone(), *stamp);
        let step = move |player: &mut Player| player.write(&own, &stamp, None);
        change(self.player(&claim.player), step).await
    }

    async fn view(&self, player: &PlayerId, slot: &SlotName) -> Result<Option<Record>> {
        let slot = slot.clone();
        let step = move |player: &Player| player.view(&slot);
        look(self.player(player), step).await
    }

    async fn list(&self, player: &PlayerId) -> Result<Vec<SlotSummary>> {
        look(self.player(player), Player::list).await
    }

    async fn erase(&self, player: &PlayerId) -> Result<Erasure> {
        change(self.player(player), Player::erase).await
    }
}
