//! What a script is made of: steps that are chosen blindly, and mean
//! something whatever came before them.

use bytes::Bytes;
use playerdata_core::{
    UnixMillis,
    backend::{Body, Encoding, NoticeKind, Party, Verdict},
};
use proptest::{collection::vec, prelude::*, sample::select};

/// One call through one of the two clients.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) client: usize,
    pub(super) action: Action,
}

/// What is done. Few players, slots, sessions and servers, so that steps meet.
#[derive(Clone, Debug)]
pub(super) enum Action {
    Acquire(Who, Replacing),
    Release(Who),
    Holder(Player),
    /// Under a number greater than all of its session before.
    Open(Who, SlotIndex),
    OpenAgain(EarlierClaim),
    Save(EarlierClaim, Body, UnixMillis),
    Delete(EarlierClaim, UnixMillis),
    /// The last write under a claim is sent again.
    RepeatWrite(EarlierClaim),
    /// A write under a claim that is not its last arrives again.
    LateWrite(EarlierClaim),
    View(Player, SlotIndex),
    List(Player),
    Erase(Player),
    RenewLease(Server),
    DropLease(Server),
    LeaseIsLive(Server),
    Notify(Server, Who, NoticeKind),
    Post(Player, SlotIndex, Mail),
    Letters(Player, SlotIndex, usize),
    Discard(Player, SlotIndex, Mail),
    Settle(Player, SlotIndex, Mail),
    Decide(Trade, Verdict),
    ForgetDecision(Trade, Party),
    /// This many stay, and if not `always`, only the first one is kept.
    KeepVersion {
        claim: EarlierClaim,
        most: u32,
        always: bool,
    },
    Versions(Player, SlotIndex),
    Version(Player, SlotIndex, u64),
    Players,
    /// Time passes: a lease outlives one such wait, and not two.
    Wait,
}

/// A player, by number.
pub(super) type Player = usize;
/// A slot, by number.
pub(super) type SlotIndex = usize;
/// A claim that was opened before, counted from the last one back.
pub(super) type EarlierClaim = usize;

/// A trade, by number.
pub(super) type Trade = u128;

/// A letter: its id by number, and which of a few letters of that id it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mail {
    pub(super) id: usize,
    pub(super) posting: usize,
}

/// How many there are of each.
pub(super) const PLAYERS: usize = 2;
pub(super) const SLOTS: usize = 3;
pub(super) const SESSIONS: usize = 4;
pub(super) const SERVERS: usize = 2;
const INCARNATIONS: u64 = 2;

/// A session of a player.
#[derive(Clone, Copy, Debug)]
pub(super) enum Who {
    /// The one that holds the player, if one does, or else the first.
    Holder(Player),
    /// One of a few, whatever has become of it.
    Session(Player, usize),
}

impl Who {
    pub(super) fn player(self) -> Player {
        match self {
            Self::Holder(player) | Self::Session(player, _) => player,
        }
    }
}

/// Whom a claimant names.
#[derive(Clone, Copy, Debug)]
pub(super) enum Replacing {
    Nobody,
    Holder,
    Session(usize),
}

/// A start of a server: its name, and which incarnation of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Server {
    pub(super) name: usize,
    pub(super) incarnation: u64,
}

/// Scripts of up to `longest` steps. Those that send old writes again are
/// for stores that compare a write's base.
pub(super) fn scripts(longest: usize, late_writes: bool) -> impl Strategy<Value = Vec<Step>> {
    let action = prop_oneof![
        8 => locks(),
        12 => slots(late_writes),
        4 => looks(),
        5 => leases(),
        6 => mail(),
        2 => trades(),
        4 => versions(),
    ];
    let step = (0..2_usize, action).prop_map(|(client, action)| Step { client, action });
    vec(step, 1..=longest)
}

fn locks() -> impl Strategy<Value = Action> {
    let replacing = prop_oneof![
        2 => Just(Replacing::Nobody),
        2 => Just(Replacing::Holder),
        1 => (0..SESSIONS).prop_map(Replacing::Session),
    ];
    let claimant = (0..PLAYERS, 0..SESSIONS).prop_map(|(player, n)| Who::Session(player, n));
    prop_oneof![
        5 => (claimant, replacing).prop_map(|(who, replacing)| Action::Acquire(who, replacing)),
        2 => who().prop_map(Action::Release),
        2 => (0..PLAYERS).prop_map(Action::Erase),
    ]
}

fn slots(late_writes: bool) -> impl Strategy<Value = Action> {
    prop_oneof![
        5 => (who(), 0..SLOTS).prop_map(|(who, slot)| Action::Open(who, slot)),
        1 => claim().prop_map(Action::OpenAgain),
        6 => (claim(), body(), time()).prop_map(|(claim, body, at)| Action::Save(claim, body, at)),
        2 => (claim(), time()).prop_map(|(claim, at)| Action::Delete(claim, at)),
        1 => claim().prop_map(Action::RepeatWrite),
        u32::from(late_writes) => claim().prop_map(Action::LateWrite),
    ]
}

fn looks() -> impl Strategy<Value = Action> {
    prop_oneof![
        (0..PLAYERS).prop_map(Action::Holder),
        (0..PLAYERS, 0..SLOTS).prop_map(|(player, slot)| Action::View(player, slot)),
        (0..PLAYERS).prop_map(Action::List),
    ]
}

fn leases() -> impl Strategy<Value = Action> {
    let kind = select(vec![NoticeKind::HandOver, NoticeKind::Taken]);
    prop_oneof![
        3 => server().prop_map(Action::RenewLease),
        1 => server().prop_map(Action::DropLease),
        2 => server().prop_map(Action::LeaseIsLive),
        2 => (server(), who(), kind)
            .prop_map(|(server, who, kind)| Action::Notify(server, who, kind)),
        2 => Just(Action::Wait),
    ]
}

fn mail() -> impl Strategy<Value = Action> {
    let slot = || (0..PLAYERS, 0..SLOTS);
    let letter = || {
        let numbers = (0..3_usize, 0..2_usize);
        numbers.prop_map(|(id, posting)| Mail { id, posting })
    };
    prop_oneof![
        4 => (slot(), letter()).prop_map(|((player, slot), mail)| Action::Post(player, slot, mail)),
        3 => (slot(), 0..4_usize)
            .prop_map(|((player, slot), limit)| Action::Letters(player, slot, limit)),
        3 => (slot(), letter())
            .prop_map(|((player, slot), mail)| Action::Discard(player, slot, mail)),
        1 => (slot(), letter())
            .prop_map(|((player, slot), mail)| Action::Settle(player, slot, mail)),
    ]
}

fn trades() -> impl Strategy<Value = Action> {
    let verdict = select(vec![Verdict::Commit, Verdict::Abort]);
    let party = select(vec![Party::First, Party::Second]);
    prop_oneof![
        3 => (0..2_u128, verdict).prop_map(|(trade, verdict)| Action::Decide(trade, verdict)),
        1 => (0..2_u128, party).prop_map(|(trade, party)| Action::ForgetDecision(trade, party)),
    ]
}

fn versions() -> impl Strategy<Value = Action> {
    let keep = (claim(), 0..3_u32, any::<bool>());
    prop_oneof![
        4 => keep.prop_map(|(claim, most, always)| Action::KeepVersion { claim, most, always }),
        2 => (0..PLAYERS, 0..SLOTS).prop_map(|(player, slot)| Action::Versions(player, slot)),
        1 => (0..PLAYERS, 0..SLOTS, 0..5_u64)
            .prop_map(|(player, slot, revision)| Action::Version(player, slot, revision)),
        2 => Just(Action::Players),
    ]
}

fn who() -> impl Strategy<Value = Who> {
    prop_oneof![
        3 => (0..PLAYERS).prop_map(Who::Holder),
        1 => (0..PLAYERS, 0..SESSIONS).prop_map(|(player, n)| Who::Session(player, n)),
    ]
}

/// Mostly the last one, and now and then one that may be long dead.
fn claim() -> impl Strategy<Value = EarlierClaim> {
    prop_oneof![2 => Just(0), 1 => 1..8_usize]
}

fn server() -> impl Strategy<Value = Server> {
    (0..SERVERS, 0..INCARNATIONS).prop_map(|(name, incarnation)| Server { name, incarnation })
}

/// Any order of times: clocks of servers differ.
fn time() -> impl Strategy<Value = UnixMillis> {
    (0..1_000_u64).prop_map(|millis| UnixMillis::new(1_700_000_000_000 + millis))
}

fn body() -> impl Strategy<Value = Body> {
    let bytes = prop_oneof![
        6 => vec(any::<u8>(), 0..24),
        1 => vec(select(vec![0, b'\n', b'"', 0xff]), 0..8),
        1 => (any::<u8>(), 2_000..6_000_usize).prop_map(|(byte, length)| vec![byte; length]),
    ];
    let encoding = select(vec![Encoding::Json, Encoding::JsonZstd]);
    (1..4_u32, encoding, bytes).prop_map(|(schema, encoding, bytes)| Body {
        schema,
        encoding,
        bytes: Bytes::from(bytes),
    })
}
