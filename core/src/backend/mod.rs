//! The store's side: what a backend is asked to do, and promises.

mod client;
mod deadline;
mod error;
mod failure;
mod forward;
mod hazard;
mod lock;
mod mail;
mod operation;
mod players;
mod slot;
mod trade;
mod version;

use std::{fmt, time::Duration};

use async_trait::async_trait;

pub(crate) use client::{Client, pauses};
pub use deadline::deadline;
pub(crate) use deadline::{Deadline, within};
pub use error::{BackendError, Effect, ErrorKind};
pub use failure::StoreFailure;
pub use hazard::{Hazard, HazardKind};
pub use lock::{
    Acquisition, Admission, Claimant, Erasure, Lock, Notice, NoticeKind, Notification, Release,
    Renewal,
};
pub use mail::{
    KnownLetter, LETTER_MEMORY, Letter, LetterPosition, MAX_LETTER_BYTES, MAX_LETTERS,
    MAX_SENDER_BYTES, Posting, Retention, WaitingLetter,
};
pub use operation::Operation;
pub use players::{PlayersCursor, PlayersPage};
pub use slot::{Claim, Opened, Opening, Record, SlotSummary, Stamp, WriteOutcome};
pub use trade::{Party, VERDICT_MEMORY, Verdict};
pub use version::{KeepPolicy, Keeping, VersionSummary};

use crate::{
    ClaimNumber, LetterId, PlayerId, Revision, ServerId, ServerName, SessionId, SlotName, TradeId,
    WriteId,
};
pub use crate::{
    codec::{Body, Encoding},
    settings::DEFAULT_OPERATION_TIMEOUT,
};

/// What the store's side of things returns: an outcome, or that the store
/// failed.
pub type Result<T> = std::result::Result<T, BackendError>;

/// The most notices that wait for one server.
pub const MAX_NOTICES: usize = 1_000;

/// How long a store remembers, at the least, which incarnation of a server
/// name was the latest, counted from the end of its lease.
pub const INCARNATION_MEMORY: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What a store takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest body of a record, in bytes: just this many are taken, with
    /// the longest names, and one more is [`ErrorKind::TooLarge`].
    pub max_body_bytes: usize,
}

impl Limits {
    /// The limits of a store that takes bodies of up to `max_body_bytes`.
    #[must_use]
    pub const fn new(max_body_bytes: usize) -> Self {
        Self { max_body_bytes }
    }
}

/// A store of players' locks, leases and slots.
///
/// The trait holds only what needs the store's own atomicity. Timeouts,
/// retries, hand-over, encoding and everything else that can be built on top
/// is built on top, once, in this crate. It is object-safe and used as
/// `Arc<dyn Backend>`.
///
/// Many calls are under way at once, of one player too: saves of several slots,
/// while somebody else asks for the lock. They are polled on the threads of the
/// asynchronous runtime, so what blocks goes elsewhere. The core bounds each in
/// time, by dropping its future; [`deadline`] says when.
///
/// `docs/writing-a-backend.md` leads from an empty crate to a backend that
/// passes the conformance suite.
///
/// The outcomes of the methods can be matched completely, and what is stored
/// can be made field by field: neither is `#[non_exhaustive]`, since a new
/// outcome or field is a new contract, which every backend has to keep.
///
/// # Contract
///
/// To ensure correctness, every implementation must keep these, whatever the
/// number of processes, threads and clients on the store. The conformance
/// suite checks them.
///
/// - **One atomic step.** Each method takes effect at one point in time
///   between call and return, or not at all. Where a store needs several
///   steps (say, to withdraw more claims than fit in a transaction), the
///   method returns only when all are done, a crash in between leaves a
///   state from which the next call goes on, and no rule is broken meanwhile.
/// - **At most one holder**. `acquire` writes the lock only if there is
///   none, or if it is the one named by `replacing`, or the claimant's own.
/// - **The fence grows**: by at least one with every new acquisition,
///   through releases, deletions, erasures and restarts. So it is kept of
///   every player who was ever locked.
/// - **A dead claim is dead**. Once `acquire` returned to another
///   session, or `release` returned, nothing under the old lock succeeds, on
///   any slot, however late it arrives, and also if the same session acquires
///   again. No lock means lost.
/// - **A claim number counts**. Opening a slot under a number kills the
///   session's claims with lower numbers on it. A late call with a lower
///   number changes nothing. Numbers are compared within one lock: the next
///   session counts from the start.
/// - **Revisions count**: each applied write makes its base's successor,
///   and is applied only on its base. Callers send a write only on the base
///   that they were given. A store that compares the base in the write passes
///   the suite's group `checked_base`; one that does not has to be sure that
///   its client never sends a write twice.
/// - **What is acknowledged is there**: the next `open` or `view` through
///   any client returns it, or something newer.
/// - **Names are exact**: players, slots and servers whose names differ in one
///   byte, or in capitals, are different ones; no name is a number or a
///   pattern. They are compared and sorted by their bytes.
/// - **Times of callers decide nothing**. They are kept as they came, be
///   they absurd: all of 64 bits. Only leases lapse, by the store's clock if it
///   has one.
/// - **Numbers are what they are**: a claim number, a fence or a revision
///   beyond what the store can hold is never cut down or wrapped. It is
///   compared as it is, or refused with [`ErrorKind::Rejected`] and no effect.
/// - **Renewing a lease touches no lock**, and a superseded incarnation
///   never renews, for as long as the store remembers ([`INCARNATION_MEMORY`]).
/// - **Bodies are opaque**: kept byte for byte, from none to the limit.
///
/// # Errors
///
/// A lost race is an outcome, never an error. A [`BackendError`] is about the
/// store, and says what the caller does next ([`ErrorKind`]) and whether the
/// operation may have been applied ([`Effect`]). An implementation that does
/// not know says [`Effect::Possible`]; so does one of several steps whose first
/// was taken, and one that sent a request again after an attempt that may have
/// been applied, whatever the last answer was. A stored value that can't be
/// read is [`ErrorKind::Corrupt`] and stays as it is. A record of which no more
/// is known than that it is there is given by [`open`](Backend::open) and
/// [`view`](Backend::view) as its bytes with [`Encoding::Unknown`], so that it
/// can be shown and replaced.
///
/// Where the store only says that its condition failed, the implementation
/// reads why. The reason may have changed by then, and is given as it was read;
/// the refusal stands.
///
/// # Cancel safety and idempotency
///
/// Dropping the future of any method may leave the operation applied or not,
/// as if its answer were lost, and never half applied. What is on its way to
/// the store by then may still arrive, as requests do in a network. What only
/// waits for its turn in this process (in a queue, for a connection, for a
/// guard) is withdrawn.
///
/// A client library's own resending inside a method must not change what the
/// method means: neither may a write that won look lost, nor an older write
/// land on a newer one. What calling a method *again* does is said at each.
///
/// # Wrappers
///
/// A backend that wraps another (to inject faults, count, or trace) forwards
/// every method, those with a default included, with the same arguments, and
/// adds no behaviour of its own to outcomes. [`forward_backend!`] writes these
/// methods.
///
/// [`forward_backend!`]: crate::forward_backend
#[async_trait]
pub trait Backend: fmt::Debug + Send + Sync + 'static {
    /// A short name for logs and errors, such as `sqlite`.
    fn name(&self) -> &'static str;

    /// What the store takes. Constant during the life of the backend.
    fn limits(&self) -> Limits;

    /// How the store's own settings could lose what it acknowledges, as they
    /// are now: what an operator may have set elsewhere, or forgotten to set,
    /// and not what the program chose itself when it made the backend. A
    /// manager asks when it starts, and reports what it finds to its listeners.
    ///
    /// A store that does not show its settings has a [`HazardKind::Unknown`],
    /// which is not an error. By default there is none.
    ///
    /// # Errors
    ///
    /// As the store fails, and never with a possible effect.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    async fn hazards(&self) -> Result<Vec<Hazard>> {
        Ok(Vec::new())
    }

    /// Extends or creates the lease of `server`, so that it lapses `ttl` from
    /// now whatever was left of it, and drains the notices for its name. A
    /// lease that lapsed or was dropped is renewed like any other.
    ///
    /// A greater incarnation of the name (as GUIDs are ordered, by their bytes)
    /// supersedes the one on record, whether that one's lease is live or not; a
    /// lesser one gets [`Renewal::Superseded`] and changes nothing, drains
    /// nothing, for as long as the store remembers the greater one, dropped and
    /// lapsed leases included.
    ///
    /// Any `ttl` can be asked for. It is kept to the millisecond (a fraction
    /// may count as none, or as a whole one), and not to the second; the
    /// greatest there are, up to [`Duration::MAX`], last as long as the store
    /// can count.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] or [`ErrorKind::Rejected`]. If the effect is
    /// possible, drained notices may be lost; the caller finds out otherwise
    /// what they said.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe except for notices, which may be lost. Calling again renews
    /// again. An implementation that sends it again by itself after an attempt
    /// that may have been applied would lose them without a word: it fails
    /// instead.
    async fn renew_lease(&self, server: &ServerId, ttl: Duration) -> Result<Renewal>;

    /// Ends the lease of `server` and forgets notices that wait for it, if it
    /// is this incarnation's; otherwise it changes nothing. The incarnation
    /// stays remembered.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. Calling again changes nothing, but may forget notices that
    /// came in between.
    async fn drop_lease(&self, server: &ServerId) -> Result<()>;

    /// Whether the lease of exactly this incarnation of the server is live:
    /// renewed, not dropped, not superseded, not lapsed. A server that was
    /// never seen has none.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    async fn lease_is_live(&self, server: &ServerId) -> Result<bool>;

    /// Writes the player's lock for `claimant`, if there is none, or if the one
    /// there is that of the session `replacing`. The claimant's own lock stays
    /// as it is, with its fence and its claims, whatever `replacing` says.
    ///
    /// Replacing a lock kills all claims made under it before the call
    /// returns. `replacing` does not need to hold the lock any more: if
    /// the player is free, it stops nobody, and if a third session has come
    /// in between, that one is the holder.
    ///
    /// Precondition: the caller has seen the lease of the replaced lock's
    /// server lapsed or superseded, or steals on purpose. The backend
    /// does not check it.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. Calling again with the same session while it holds the lock
    /// returns `Acquired` with the same fence, and the lock stays as it is,
    /// with its `since`. It returns only once the claims of whoever was
    /// replaced are dead, also if another copy of the call is the one that
    /// kills them. A dropped call that was on its way may arrive after a
    /// release that was sent later, by another connection: who gives the player
    /// up releases until nobody holds them. A session that was released
    /// meanwhile, and asks again, gets a new lock under a new fence.
    async fn acquire(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
    ) -> Result<Acquisition>;

    /// Takes the lock like [`acquire`](Self::acquire), and if that gives the
    /// claimant a new lock, may open `slot` in the same step, as
    /// [`open`](Self::open) does under [`ClaimNumber::with_lock`]: for a player
    /// who comes to play, that is one trip to the store instead of two.
    ///
    /// Whether the slot is opened as well is up to the store, case by case. It
    /// is not if the claimant holds the lock already, nor if there is anything
    /// about the slot that `open` would answer with an error: the lock is
    /// acquired then, nothing else is changed, and whoever opens the slot next
    /// gets the error. The default opens nothing, which leaves each of the two
    /// calls its own time limit and its own attempts: override it if the store
    /// does both in one request.
    ///
    /// # Errors
    ///
    /// Those of [`acquire`](Self::acquire). With [`Effect::Possible`] the lock
    /// may be the claimant's, and the slot may be open; a release ends both.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, and safe to call again, like [`acquire`](Self::acquire).
    /// Calling again while the session holds the lock opens nothing and kills
    /// no claim. A late copy, after the session was released, makes a new lock
    /// and perhaps a claim, but none that the session ever had.
    async fn acquire_and_open(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
        slot: &SlotName,
    ) -> Result<Admission> {
        let _ = slot;
        let acquisition = self.acquire(player, claimant, replacing).await?;
        Ok(acquisition.into())
    }

    /// Removes the player's lock if it is this session's, and kills its
    /// claims before the call returns.
    ///
    /// Of several calls for one session at once, exactly one ends it and is
    /// answered `Released`; none, if a take-over ends it first. The others, and
    /// one that finds the half-done release of another (in a store that
    /// takes several steps), are answered `NotHeld`, though only once the
    /// claims are dead and the lock is gone, if need be by their own doing. The
    /// one exception is a call whose own earlier attempt may have been applied
    /// (an answer was lost inside the client): it may say `Released`, or fail
    /// with [`Effect::Possible`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. Calling again, after a call that was cut off too, leaves
    /// the session released; once it is, the answer is `NotHeld` and nothing
    /// is changed.
    ///
    /// It names no fence, on purpose: a late copy of `acquire` may have locked
    /// the player for the session again, under a fence that nobody knows of,
    /// and that lock has to go as well. For the same reason a session that was
    /// given up is not acquired again by its caller: a late copy of the release
    /// would end it.
    async fn release(&self, player: &PlayerId, session: SessionId) -> Result<Release>;

    /// Releases the lock like [`release`](Self::release), with a hint of what the
    /// session has open: `claims` are its slots, each with the number of its
    /// claim.
    ///
    /// The hint saves a store that keeps claims apart from the lock the look for
    /// them, and changes nothing but the time that the call takes. Claims that
    /// the hint leaves out are killed all the same, and those in it that are
    /// dead, or never were, are passed over. The default ignores the hint.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, and safe to call again, like [`release`](Self::release).
    async fn release_knowing(
        &self,
        player: &PlayerId,
        session: SessionId,
        claims: &[(SlotName, ClaimNumber)],
    ) -> Result<Release> {
        let _ = claims;
        self.release(player, session).await
    }

    /// The player's lock, if there is one. In a store that takes several steps
    /// to end a session, the session holds the player until its last claim is
    /// dead.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    async fn holder(&self, player: &PlayerId) -> Result<Option<Lock>>;

    /// Queues a notice for the next renewal of any incarnation of `server`,
    /// whether it has a lease, or was ever seen, or not.
    ///
    /// A notice is drained once, after those that were queued before it,
    /// whatever is in it: one whose call had returned before the other's began.
    /// Just
    /// [`MAX_NOTICES`] can wait. One that nobody drained for as long as
    /// [`INCARNATION_MEMORY`] may be forgotten.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. Calling again queues a second one, which does no harm.
    async fn notify(&self, server: &ServerName, notice: &Notice) -> Result<Notification>;

    /// Checks that the player's lock is the claim's, session **and** fence,
    /// makes the claim the slot's only one, and reads the slot, and whether
    /// letters wait for it. It is not a write: the revision stays, and a slot that
    /// was never written is in no list.
    ///
    /// The lock comes first: who does not hold it is `Lost`, whatever the
    /// number. A session that holds it under another fence than the claim's
    /// does not hold the claim's lock: others may have had the player in
    /// between. Claims on the player's other slots stay alive.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. Calling again with the same claim returns the slot as it
    /// is then, and keeps the claim alive.
    async fn open(&self, claim: &Claim) -> Result<Opening>;

    /// Writes `body` to the claim's slot, checked against the claim in the
    /// same write. The server's lease is not looked at.
    ///
    /// A session that does not hold the lock is `Lost`; one that does, with a
    /// claim that is dead or was never opened, or with a base that is not the
    /// slot's revision if the store compares it, is `Overtaken`.
    ///
    /// Preconditions: the claim was opened; `stamp.base` is the revision that
    /// the opening or the last write under the claim gave; there is no other
    /// write under the claim under way; after an error with
    /// [`Effect::Possible`] the slot is opened again under a greater number
    /// before anything else is sent, also before the same write is.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLarge`] (never with a possible effect) for a body over
    /// the limit; otherwise as the store fails.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe in that nothing is half written; the claim is in doubt then,
    /// as after an error with a possible effect. A repetition of the same write
    /// under the live claim (the same base and write id, sent by a client
    /// library for instance) returns what the first one would have and changes
    /// nothing. Under a dead claim it is refused like any other write; only a
    /// call that sent the request before, itself, and finds its own write id in
    /// the slot says that it was `Written`.
    async fn save(&self, claim: &Claim, stamp: &Stamp, body: &Body) -> Result<WriteOutcome>;

    /// Empties the claim's slot, also one that is empty. It counts as a write:
    /// the revision grows, the write id is the last write's, and the claim
    /// stays alive, so that the slot can be saved again.
    ///
    /// Preconditions, errors and cancel safety are those of
    /// [`save`](Self::save).
    async fn delete(&self, claim: &Claim, stamp: &Stamp) -> Result<WriteOutcome>;

    /// Reads a slot without the lock: the last acknowledged record, or one
    /// that is being acknowledged; `None` if there is none.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    async fn view(&self, player: &PlayerId, slot: &SlotName) -> Result<Option<Record>>;

    /// The player's slots that hold a record, all of them, sorted by name as
    /// [`SlotName`]s compare, read without the lock. A store that reads in
    /// pages may show each slot as of another moment of the call.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    async fn list(&self, player: &PlayerId) -> Result<Vec<SlotSummary>>;

    /// Removes everything of the player but the fence, unless somebody holds
    /// the player: what slots held, their revisions, and that they were ever
    /// opened, their versions, their mailboxes and the ids these remember.
    /// Notices about the player may go as well, and may still come. Verdicts on
    /// trades stay: the other party may need them.
    ///
    /// A session that starts meanwhile finds all of it or nothing.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. Calling again finds nothing to remove.
    async fn erase(&self, player: &PlayerId) -> Result<Erasure>;

    /// Puts a letter into the mailbox of a slot, whoever holds the player, and
    /// also if nobody does and nothing is known of the player.
    ///
    /// A letter whose id waits in the mailbox, or is remembered there, is
    /// [`Posting::AlreadyPosted`] and changes nothing, also in a full mailbox.
    /// Just [`MAX_LETTERS`] wait; one more is [`Posting::Full`], and none is
    /// ever dropped for another.
    ///
    /// The holder that is answered is the lock as it stands when the letter is
    /// in the mailbox, or later.
    ///
    /// Precondition: content and sender keep their bounds, which the caller has
    /// checked.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. Calling again with the same letter changes nothing if the
    /// first call was applied, and says `AlreadyPosted` with its own posting.
    async fn post(&self, player: &PlayerId, slot: &SlotName, letter: &Letter) -> Result<Posting>;

    /// Reads the letters that wait in the mailbox of a slot, in order of
    /// arrival: at most `limit`, from the first one after the position `after`,
    /// or from the first one. Fewer than `limit` are all there are.
    ///
    /// A letter whose `post` had returned before another's was called comes
    /// before it. A discarded letter is never among them. One that was settled
    /// may be shown with the retention that it was posted with.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    async fn letters(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        after: Option<LetterPosition>,
        limit: usize,
    ) -> Result<Vec<WaitingLetter>>;

    /// Takes the letter of that id and posting out of the mailbox, and
    /// remembers its id for [`LETTER_MEMORY`] from now at the least, so that no
    /// late copy of it is taken in again; one with
    /// [`Retention::UntilSettled`] that is not settled yet, for ever.
    ///
    /// Another letter, one of another posting, or none, stays as it is. The
    /// lock is not looked at: whoever calls has the letter in a record already.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. Calling again changes nothing, but may make the memory last
    /// from then on.
    async fn discard(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()>;

    /// Says of a letter with [`Retention::UntilSettled`] that its sender will
    /// not post it again. It stays in the mailbox if it waits; its id stays
    /// remembered for [`LETTER_MEMORY`] from now at the least, for copies of
    /// `post` that are late.
    ///
    /// Another letter, one of another posting, or none, stays as it is.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. Calling again changes nothing, but may make the memory last
    /// from then on.
    async fn settle(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()>;

    /// Lists the letters that the player's mailboxes know, of all slots, sorted
    /// by slot and then by id: those that wait, and those that were discarded
    /// and whose ids are remembered. At most `limit` come, from the first one
    /// after the slot and id `after`, or from the first one; fewer than `limit`
    /// are all there are. It is read without the lock.
    ///
    /// Whatever a mailbox knows throughout the call is among them; what is
    /// posted, discarded or settled meanwhile is shown as it was before or
    /// after. An id whose time is over may be shown for as long as the store
    /// has not forgotten it.
    ///
    /// It is for moving a player to another store, which has to refuse what
    /// this one refuses.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    async fn known_letters(
        &self,
        player: &PlayerId,
        after: Option<(&SlotName, &LetterId)>,
        limit: usize,
    ) -> Result<Vec<KnownLetter>>;

    /// Writes a verdict on a trade if there is none, and returns the one that
    /// stands, whoever wrote it: every caller gets the same answer.
    ///
    /// [`Verdict::Abort`] may be forgotten [`VERDICT_MEMORY`] after it was
    /// written, and not before, whoever has acted on it: by then nobody asks for
    /// anything else, so that it would only be written again. Otherwise it would stay for
    /// ever of each trade that one party never came to be in.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. Calling again, with whichever verdict, returns the one that
    /// stands.
    async fn decide(&self, trade: TradeId, verdict: Verdict) -> Result<Verdict>;

    /// Says that one party's document has acted on the verdict and is saved.
    /// When both have, the verdict may be forgotten after [`VERDICT_MEMORY`],
    /// and not before: a late caller gets the same answer as everybody. While
    /// one has not, [`Verdict::Commit`] stays, however long that takes.
    ///
    /// Without a verdict it changes nothing.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. Calling again changes nothing, but may make the memory last
    /// from then on.
    async fn forget_decision(&self, trade: TradeId, party: Party) -> Result<()>;

    /// Keeps a copy of what the claim's slot holds now, as the version of its
    /// revision, and removes the oldest versions over `policy.most`.
    ///
    /// The lock has to be the claim's, session **and** fence, as for
    /// [`open`](Self::open); otherwise it is [`Keeping::Lost`], also after an
    /// erasure. Whether the claim itself is alive does not matter. The copy is
    /// of one record, bytes, write id, time and all: never of half of one.
    /// Deleting a slot leaves its versions; only [`erase`](Self::erase) removes
    /// them otherwise.
    ///
    /// A version that was kept of the same revision before stays, with its
    /// `kept_at`.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. Calling again keeps what the slot holds then.
    async fn keep_version(&self, claim: &Claim, policy: KeepPolicy) -> Result<Keeping>;

    /// The kept versions of a slot, newest revision first, read without the
    /// lock.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    async fn versions(&self, player: &PlayerId, slot: &SlotName) -> Result<Vec<VersionSummary>>;

    /// The kept version of that revision as it was stored, read without the
    /// lock; `None` if there is none.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    async fn version(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        revision: Revision,
    ) -> Result<Option<Record>>;

    /// A page of the players that something is stored of, in the store's own
    /// order, from the beginning or from where an earlier page ended.
    ///
    /// Who has a record, a waiting letter or a version throughout a listing
    /// from the first page to the last is in it, at least once, whatever
    /// happens meanwhile. Who never had anything, or was erased and has had
    /// nothing since before the listing began, is not. At most `limit` players
    /// come at a time, and the memory of one call is bounded by that, not by
    /// the number of players: a page may have fewer, or none, with more to
    /// come.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rejected`] for a cursor that this store did not make.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    async fn players(&self, after: Option<&PlayersCursor>, limit: usize) -> Result<PlayersPage>;
}
