//! The backend itself: each method is one step on one file, taken on a thread
//! that may wait for the disk.

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use playerdata_core::{
    Clock, IdSource, LetterId, PlayerId, RandomIds, Revision, ServerId, ServerName, SessionId,
    SlotName, TradeId, WriteId,
    backend::{
        Acquisition, Backend, Body, Claim, Claimant, Effect, Erasure, KeepPolicy, Keeping,
        KnownLetter, Letter, LetterPosition, Limits, Lock, Notice, Notification, Opening, Party,
        PlayersCursor, PlayersPage, Posting, Record, Release, Renewal, Result, SlotSummary, Stamp,
        Verdict, VersionSummary, WaitingLetter, WriteOutcome,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    sync::oneshot::{self, Sender},
    task::spawn_blocking,
};

use crate::{
    error::{content_gone, foreign_cursor, no_answer, too_large},
    file::{Contents, StateFile, names},
    lease::Server,
    player::Player,
    trade::Trade,
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

    fn trade(&self, trade: TradeId) -> StateFile {
        StateFile::of(&self.root, "trades", &trade.to_string())
    }

    fn contents(&self) -> Contents {
        Contents::of(&self.root)
    }
}

/// What a cursor of this store begins with.
const CURSOR: &str = "after:";

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
        let (file, contents) = (self.player(player), self.contents());
        let erased = blocking(move |caller| {
            let (outcome, letters) = file.change(|| !caller.is_closed(), Player::erase)?;
            contents.remove(letters)?;
            Ok(outcome)
        });
        erased.await
    }

    async fn post(&self, player: &PlayerId, slot: &SlotName, letter: &Letter) -> Result<Posting> {
        let (file, contents) = (self.player(player), self.contents());
        let (slot, letter, clock) = (slot.clone(), letter.clone(), self.clock.clone());
        let content = RandomIds.next_id();
        let posted = blocking(move |caller| {
            contents.write(content, &letter.content)?;
            let step = |player: &mut Player| player.post(&slot, &letter, content, clock.now());
            let posted = file.change(|| !caller.is_closed(), step);
            let unnamed = match &posted {
                Ok(outcome) => !matches!(outcome, Posting::Posted { .. }),
                Err(error) => error.effect() == Effect::None,
            };
            if unnamed {
                contents.remove([content])?;
            }
            posted
        });
        posted.await
    }

    async fn letters(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        after: Option<LetterPosition>,
        limit: usize,
    ) -> Result<Vec<WaitingLetter>> {
        let (file, contents, slot) = (self.player(player), self.contents(), slot.clone());
        let read = blocking(move |_| {
            let waiting = |after, limit| {
                let player = file.read::<Player>()?;
                Ok(player.waiting(&slot, after, limit))
            };
            let mut letters = Vec::new();
            for letter in waiting(after, limit)? {
                match contents.read(letter.content)? {
                    Some(content) => letters.push(letter.with(content)),
                    // Somebody has just taken it out, or it is damaged.
                    None => {
                        let still = waiting(None, usize::MAX)?;
                        if still.iter().any(|still| still.content == letter.content) {
                            return Err(content_gone());
                        }
                    }
                }
            }
            Ok(letters)
        });
        read.await
    }

    async fn discard(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        let (file, contents) = (self.player(player), self.contents());
        let (slot, id, clock) = (slot.clone(), id.clone(), self.clock.clone());
        let discarded = blocking(move |caller| {
            let step = |player: &mut Player| player.discard(&slot, &id, posting, clock.now());
            contents.remove(file.change(|| !caller.is_closed(), step)?)
        });
        discarded.await
    }

    async fn settle(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        let (slot, id, clock) = (slot.clone(), id.clone(), self.clock.clone());
        let step = move |player: &mut Player| player.settle(&slot, &id, posting, clock.now());
        change(self.player(player), step).await
    }

    async fn known_letters(
        &self,
        player: &PlayerId,
        after: Option<(&SlotName, &LetterId)>,
        limit: usize,
    ) -> Result<Vec<KnownLetter>> {
        let after = after.map(|(slot, id)| (slot.clone(), id.clone()));
        let step = move |player: &Player| player.known_letters(after.as_ref(), limit);
        look(self.player(player), step).await
    }

    async fn decide(&self, trade: TradeId, verdict: Verdict) -> Result<Verdict> {
        let clock = self.clock.clone();
        let step = move |trade: &mut Trade| trade.decide(verdict, clock.now());
        change(self.trade(trade), step).await
    }

    async fn forget_decision(&self, trade: TradeId, party: Party) -> Result<()> {
        let clock = self.clock.clone();
        let step = move |trade: &mut Trade| trade.forget(party, clock.now());
        change(self.trade(trade), step).await
    }

    async fn keep_version(&self, claim: &Claim, policy: KeepPolicy) -> Result<Keeping> {
        let (own, clock) = (claim.clone(), self.clock.clone());
        let step = move |player: &mut Player| player.keep_version(&own, policy, clock.now());
        change(self.player(&claim.player), step).await
    }

    async fn versions(&self, player: &PlayerId, slot: &SlotName) -> Result<Vec<VersionSummary>> {
        let slot = slot.clone();
        let step = move |player: &Player| player.versions_of(&slot);
        look(self.player(player), step).await
    }

    async fn version(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        revision: Revision,
    ) -> Result<Option<Record>> {
        let slot = slot.clone();
        let step = move |player: &Player| player.version(&slot, revision);
        look(self.player(player), step).await
    }

    async fn players(&self, after: Option<&PlayersCursor>, limit: usize) -> Result<PlayersPage> {
        let after = match after {
            None => Some(""),
            Some(after) => after.as_str().strip_prefix(CURSOR),
        };
        let after = after.ok_or_else(foreign_cursor)?.to_owned();
        let root = self.root.clone();
        let listed = blocking(move |_| {
            let names = names(&root, "players", &after, limit)?;
            let next = names.last().filter(|_| names.len() == limit);
            let next = next.map(|last| PlayersCursor::new(format!("{CURSOR}{last}")));
            let mut players = Vec::new();
            for name in names {
                let file = StateFile::of(&root, "players", &name);
                // A file that was made by a lock alone is nobody's.
                if file.read::<Player>()?.has_anything()
                    && let Ok(player) = PlayerId::new(&name)
                {
                    players.push(player);
                }
            }
            Ok(PlayersPage { players, next })
        });
        listed.await
    }
}
