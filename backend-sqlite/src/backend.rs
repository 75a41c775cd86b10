//! The backend itself: each method hands its operation to a thread.

use std::{path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use playerdata_core::{
    Clock, LetterId, PlayerId, Revision, ServerId, ServerName, SessionId, SlotName, TradeId,
    WriteId,
    backend::{
        Acquisition, Admission, Backend, BackendError, Body, Claim, Claimant, Effect, Erasure,
        ErrorKind, Hazard, KeepPolicy, Keeping, KnownLetter, Letter, LetterPosition, Limits, Lock,
        Notice, Notification, Opening, Party, PlayersCursor, PlayersPage, Posting, Record, Release,
        Renewal, Result, SlotSummary, Stamp, Verdict, VersionSummary, WaitingLetter, WriteOutcome,
    },
};
use tokio::sync::watch;

use crate::{
    MaintenanceError, OpenError, SqliteOptions, checkpoint::Traces, job::Queue, lease, lock, mail,
    maintenance::OpenDatabase, players, slot, trade, version,
};

/// A [`Backend`] on an SQLite database.
///
/// Clones share the database and its threads. The threads end when the last
/// clone is dropped, after they have finished what they had accepted; to wait
/// for that, call [`close`](Self::close).
#[derive(Clone, Debug)]
pub struct SqliteBackend {
    writes: Queue,
    reads: Queue,
    clock: Arc<dyn Clock>,
    traces: Traces,
    /// `None` in memory.
    place: Option<Arc<OpenDatabase>>,
    /// Closed when the last thread has ended.
    end: watch::Receiver<()>,
}

impl SqliteBackend {
    pub(crate) fn new(
        writes: Queue,
        reads: Queue,
        clock: Arc<dyn Clock>,
        traces: Traces,
        place: Option<Arc<OpenDatabase>>,
        end: watch::Receiver<()>,
    ) -> Self {
        Self {
            writes,
            reads,
            clock,
            traces,
            place,
            end,
        }
    }

    /// Opens the database at `path`, which is made if it is missing, with the
    /// defaults of [`SqliteOptions`].
    ///
    /// It waits for the disk; see [`SqliteOptions::open`].
    ///
    /// # Errors
    ///
    /// [`OpenError`]: missing directory, no database, read-only, and so on.
    pub fn open(path: impl AsRef<Path>) -> std::result::Result<Self, OpenError> {
        SqliteOptions::new(path).open()
    }

    /// Opens a database in memory, that lives as long as the backend and its
    /// clones. A second client of it is a clone.
    ///
    /// # Errors
    ///
    /// [`OpenError`], if memory or a thread can't be had.
    pub fn open_in_memory() -> std::result::Result<Self, OpenError> {
        SqliteOptions::in_memory().open()
    }

    /// Copies the database, as it is at one moment, into a new file at `path`,
    /// while it is in use: savers are not held up. The copy has no free pages,
    /// is checked (`integrity_check`) and synced to the disk, and only then
    /// has its name. It holds everything but the log: one file.
    ///
    /// While it runs, the write-ahead log can't be begun again, and grows by
    /// what is saved meanwhile.
    ///
    /// `docs/sqlite.md` says how to restore it.
    ///
    /// # Errors
    ///
    /// [`MaintenanceError`]. What is at `path` already is never touched.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops waiting; the copy is finished nevertheless.
    pub async fn backup_to(
        &self,
        path: impl AsRef<Path>,
    ) -> std::result::Result<(), MaintenanceError> {
        let path = path.as_ref().to_owned();
        let place = self.place()?;
        place.run(move |place, db| place.back_up(db, &path)).await
    }

    /// Reads the whole database and says what is wrong with it, a line each:
    /// nothing if it is sound. Savers are not held up. It takes as long as
    /// reading the file does.
    ///
    /// It finds damaged pages and rows that break the tables' rules
    /// (`integrity_check`), and claims of sessions that do not hold their
    /// player. It does not decode documents.
    ///
    /// # Errors
    ///
    /// [`MaintenanceError`], if it can't be done.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn check(&self) -> std::result::Result<Vec<String>, MaintenanceError> {
        self.place()?.run(OpenDatabase::check).await
    }

    /// Gives the room of what was erased back to the disk, and says how many
    /// bytes that was. Without it, the file keeps the room for what is saved
    /// later.
    ///
    /// It moves some pages at a time; savers hardly notice. A file that an
    /// earlier version made is written as a whole the first time: no other
    /// call that writes gets through meanwhile, and the disk needs room for
    /// the log of it.
    ///
    /// # Errors
    ///
    /// [`MaintenanceError`]. What was moved until then stays so.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops waiting; the shrinking is finished
    /// nevertheless.
    pub async fn shrink(&self) -> std::result::Result<u64, MaintenanceError> {
        self.place()?.run(OpenDatabase::shrink).await
    }

    fn place(&self) -> std::result::Result<Arc<OpenDatabase>, MaintenanceError> {
        self.place.clone().ok_or(MaintenanceError::InMemory)
    }

    /// Closes the database for all clones: finishes what was accepted, moves
    /// the write-ahead log into the file, and waits until that is done and
    /// the file is let go. What is asked afterwards is refused.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: once it has begun to wait, the database closes also if
    /// nobody waits. Calling again waits as well.
    pub async fn close(&self) {
        self.writes.close().await;
        self.reads.close().await;
        let mut end = self.end.clone();
        while end.changed().await.is_ok() {}
    }
}

#[async_trait]
impl Backend for SqliteBackend {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn limits(&self) -> Limits {
        Limits::new(slot::MAX_BODY_BYTES)
    }

    /// Whether the files are still the ones at their path, and on a local disk.
    async fn hazards(&self) -> Result<Vec<Hazard>> {
        let Some(place) = self.place.clone() else {
            return Ok(Vec::new());
        };
        let hazards = place.aside(OpenDatabase::hazards).await;
        hazards.map_err(|error| {
            let what = "looking at the database's files";
            BackendError::new(ErrorKind::Unavailable, Effect::None, what).with_source(error)
        })
    }

    async fn renew_lease(&self, server: &ServerId, ttl: Duration) -> Result<Renewal> {
        let (id, clock) = (server.clone(), Arc::clone(&self.clock));
        self.writes
            .run(move |db| lease::renew(db, &id, ttl, clock.now()))
            .await
            .map_err(|fault| fault.during(format_args!("renewing the lease of {server}")))
    }

    async fn drop_lease(&self, server: &ServerId) -> Result<()> {
        let (id, clock) = (server.clone(), Arc::clone(&self.clock));
        self.writes
            .run(move |db| lease::drop_lease(db, &id, clock.now()))
            .await
            .map_err(|fault| fault.during(format_args!("dropping the lease of {server}")))
    }

    async fn lease_is_live(&self, server: &ServerId) -> Result<bool> {
        let (id, clock) = (server.clone(), Arc::clone(&self.clock));
        self.reads
            .run(move |db| lease::left(db, &id, clock.now()))
            .await
            .map(|left| left.is_some())
            .map_err(|fault| fault.during(format_args!("reading the lease of {server}")))
    }

    async fn acquire(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
    ) -> Result<Acquisition> {
        let (id, who) = (player.clone(), claimant.clone());
        self.writes
            .run(move |db| lock::acquire(db, &id, &who, replacing))
            .await
            .map_err(|fault| {
                let session = claimant.session;
                fault.during(format_args!(
                    "locking player {player} for session {session}"
                ))
            })
    }

    async fn acquire_and_open(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
        slot: &SlotName,
    ) -> Result<Admission> {
        let (id, who, name) = (player.clone(), claimant.clone(), slot.clone());
        self.writes
            .run(move |db| lock::acquire_and_open(db, &id, &who, replacing, &name))
            .await
            .map_err(|fault| {
                let session = claimant.session;
                fault.during(format_args!(
                    "locking player {player} for session {session}, and opening {slot}"
                ))
            })
    }

    async fn release(&self, player: &PlayerId, session: SessionId) -> Result<Release> {
        let id = player.clone();
        self.writes
            .run(move |db| lock::release(db, &id, session))
            .await
            .map_err(|fault| {
                fault.during(format_args!(
                    "releasing player {player} of session {session}"
                ))
            })
    }

    async fn holder(&self, player: &PlayerId) -> Result<Option<Lock>> {
        let id = player.clone();
        self.reads
            .run(move |db| lock::holder(db, &id))
            .await
            .map_err(|fault| fault.during(format_args!("reading the lock of player {player}")))
    }

    async fn notify(&self, server: &ServerName, notice: &Notice) -> Result<Notification> {
        let (name, message) = (server.clone(), notice.clone());
        let clock = Arc::clone(&self.clock);
        self.writes
            .run(move |db| lease::notify(db, &name, &message, clock.now()))
            .await
            .map_err(|fault| {
                let player = &notice.player;
                fault.during(format_args!(
                    "notifying server {server} about player {player}"
                ))
            })
    }

    async fn open(&self, claim: &Claim) -> Result<Opening> {
        let own = claim.clone();
        // Whoever holds a claim ends with the machine, so that nobody asks for it
        // after a loss of power. And what is read is on the disk: it was written
        // before the session's lock was, for which the disk was synced.
        self.writes
            .run_unsynced(move |db| slot::open(db, &own))
            .await
            .map_err(|fault| fault.during(format_args!("opening {claim}")))
    }

    async fn save(&self, claim: &Claim, stamp: &Stamp, body: &Body) -> Result<WriteOutcome> {
        let during = |fault: crate::error::Fault| fault.during(format_args!("saving {claim}"));
        slot::check_size(body).map_err(during)?;
        let (own, stamp, body) = (claim.clone(), *stamp, body.clone());
        self.writes
            .run(move |db| slot::write(db, &own, &stamp, Some(&body)))
            .await
            .map_err(during)
    }

    async fn delete(&self, claim: &Claim, stamp: &Stamp) -> Result<WriteOutcome> {
        let (own, stamp) = (claim.clone(), *stamp);
        self.writes
            .run(move |db| slot::write(db, &own, &stamp, None))
            .await
            .map_err(|fault| fault.during(format_args!("deleting {claim}")))
    }

    async fn view(&self, player: &PlayerId, slot: &SlotName) -> Result<Option<Record>> {
        let (id, name) = (player.clone(), slot.clone());
        self.reads
            .run(move |db| slot::view(db, &id, &name))
            .await
            .map_err(|fault| fault.during(format_args!("viewing {slot} of player {player}")))
    }

    async fn list(&self, player: &PlayerId) -> Result<Vec<SlotSummary>> {
        let id = player.clone();
        self.reads
            .run(move |db| slot::list(db, &id))
            .await
            .map_err(|fault| fault.during(format_args!("listing the slots of player {player}")))
    }

    async fn erase(&self, player: &PlayerId) -> Result<Erasure> {
        let (id, traces) = (player.clone(), self.traces.clone());
        self.writes
            .run(move |db| {
                // Whatever is left of them afterwards, the log has it too.
                traces.leave();
                lock::erase(db, &id)
            })
            .await
            .map_err(|fault| fault.during(format_args!("erasing player {player}")))
    }

    async fn post(&self, player: &PlayerId, slot: &SlotName, letter: &Letter) -> Result<Posting> {
        let (id, name, own) = (player.clone(), slot.clone(), letter.clone());
        let clock = Arc::clone(&self.clock);
        self.writes
            .run(move |db| mail::post(db, &id, &name, &own, clock.now()))
            .await
            .map_err(|fault| {
                let id = &letter.id;
                fault.during(format_args!("posting letter {id} to {player}/{slot}"))
            })
    }

    async fn letters(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        after: Option<LetterPosition>,
        limit: usize,
    ) -> Result<Vec<WaitingLetter>> {
        let (id, name) = (player.clone(), slot.clone());
        self.reads
            .run(move |db| mail::letters(db, &id, &name, after, limit))
            .await
            .map_err(|fault| fault.during(format_args!("reading the mailbox of {player}/{slot}")))
    }

    async fn discard(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        let (of, name, letter) = (player.clone(), slot.clone(), id.clone());
        let clock = Arc::clone(&self.clock);
        self.writes
            .run(move |db| mail::discard(db, &of, &name, &letter, posting, clock.now()))
            .await
            .map_err(|fault| {
                fault.during(format_args!("discarding letter {id} of {player}/{slot}"))
            })
    }

    async fn settle(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        let (of, name, letter) = (player.clone(), slot.clone(), id.clone());
        let clock = Arc::clone(&self.clock);
        self.writes
            .run(move |db| mail::settle(db, &of, &name, &letter, posting, clock.now()))
            .await
            .map_err(|fault| fault.during(format_args!("settling letter {id} of {player}/{slot}")))
    }

    async fn known_letters(
        &self,
        player: &PlayerId,
        after: Option<(&SlotName, &LetterId)>,
        limit: usize,
    ) -> Result<Vec<KnownLetter>> {
        let of = player.clone();
        let after = after.map(|(slot, id)| (slot.clone(), id.clone()));
        self.reads
            .run(move |db| mail::known(db, &of, after.as_ref(), limit))
            .await
            .map_err(|fault| fault.during(format_args!("listing the letters of {player}")))
    }

    async fn decide(&self, trade: TradeId, verdict: Verdict) -> Result<Verdict> {
        let clock = Arc::clone(&self.clock);
        self.writes
            .run(move |db| trade::decide(db, trade, verdict, clock.now()))
            .await
            .map_err(|fault| fault.during(format_args!("deciding trade {trade}")))
    }

    async fn forget_decision(&self, trade: TradeId, party: Party) -> Result<()> {
        let clock = Arc::clone(&self.clock);
        self.writes
            .run(move |db| trade::forget(db, trade, party, clock.now()))
            .await
            .map_err(|fault| fault.during(format_args!("forgetting trade {trade}")))
    }

    async fn keep_version(&self, claim: &Claim, policy: KeepPolicy) -> Result<Keeping> {
        let (own, clock) = (claim.clone(), Arc::clone(&self.clock));
        self.writes
            .run(move |db| version::keep(db, &own, policy, clock.now()))
            .await
            .map_err(|fault| fault.during(format_args!("keeping a version under {claim}")))
    }

    async fn versions(&self, player: &PlayerId, slot: &SlotName) -> Result<Vec<VersionSummary>> {
        let (id, name) = (player.clone(), slot.clone());
        self.reads
            .run(move |db| version::versions(db, &id, &name))
            .await
            .map_err(|fault| fault.during(format_args!("listing the versions of {player}/{slot}")))
    }

    async fn version(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        revision: Revision,
    ) -> Result<Option<Record>> {
        let (id, name) = (player.clone(), slot.clone());
        self.reads
            .run(move |db| version::version(db, &id, &name, revision))
            .await
            .map_err(|fault| {
                fault.during(format_args!(
                    "reading version {revision} of {player}/{slot}"
                ))
            })
    }

    async fn players(&self, after: Option<&PlayersCursor>, limit: usize) -> Result<PlayersPage> {
        let after = after.cloned();
        self.reads
            .run(move |db| players::page(db, after.as_ref(), limit))
            .await
            .map_err(|fault| fault.during(format_args!("listing the players")))
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use crate::{Durability, SqliteOptions, error::Fault};

    /// What SQLite calls it.
    const NORMAL: i64 = 1;
    const FULL: i64 = 2;

    fn level(db: &Connection) -> std::result::Result<i64, Fault> {
        Ok(db.query_row("PRAGMA synchronous", [], |row| row.get(0))?)
    }

    /// The level within the transactions of one who needs a sync, one who does
    /// not, and both again.
    async fn levels(durability: Durability) -> [i64; 4] {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions::new(folder.path().join("players.db")).durability(durability);
        let backend = options.open().unwrap();
        let queue = &backend.writes;
        let levels = [
            queue.run(level).await.unwrap(),
            queue.run_unsynced(level).await.unwrap(),
            queue.run(level).await.unwrap(),
            queue.run_unsynced(level).await.unwrap(),
        ];
        backend.close().await;
        levels
    }

    #[tokio::test]
    async fn s1_the_disk_is_synced_for_all_that_has_to_outlast_a_loss_of_power() {
        assert_eq!(levels(Durability::Full).await, [FULL, NORMAL, FULL, NORMAL]);
    }

    #[tokio::test]
    async fn a_database_that_was_opened_without_syncs_has_none() {
        assert_eq!(levels(Durability::Normal).await, [NORMAL; 4]);
    }
}
