//! What happens exactly once, beside the ordinary saves that it is made of: a
//! change with a key, a letter, a transfer, a trade. On SQLite, so that the
//! disk is in it.

use std::{sync::Arc, time::Duration};

use playerdata_core::{
    Document, DocumentError, IdSource, Letter, Parcel, RandomIds, Session, SessionManager,
    Settings, Slot, TradeOutcome, Transferred, backend::Backend,
};
use playerdata_faults::{FaultyBackend, Operation};
use playerdata_memory::MemoryBackend;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::{
    documents::Standard,
    harness,
    report::{Aim, Row, Unit},
    shares::work_in_shares,
    store,
    timing::{by_turns, nanos_each},
};

/// How much of everything.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Players with an open slot, all of whom save at the same time.
    pub players: u64,
    /// Rounds of ours and the limits by turns.
    pub rounds: usize,
    /// How often every player saves in a round.
    pub rounds_each: u64,
}

/// Far longer than what is measured in real time.
const INTERVAL: Duration = Duration::from_hours(24);

/// A manager with open slots, whose autosave does not come round.
struct Players {
    manager: SessionManager,
    slots: Vec<(Session, Slot)>,
}

impl Players {
    async fn gather(backend: Arc<dyn Backend>, standard: Standard, count: u64) -> Self {
        let mut settings = Settings::default();
        settings.autosave_interval = INTERVAL;
        settings.force_save_every = 0;
        // So that a slot has one key and not one of every round.
        settings.idempotency_memory = Duration::from_millis(1);
        let document = serde_json::to_value(standard.document());
        if let Ok(Value::Object(document)) = document {
            settings.default_data = document;
        }
        let builder = SessionManager::builder(backend).settings(settings);
        let manager = builder.start().await.expect("the store is there");
        let mut slots = Vec::new();
        for player in 0..count {
            let session = manager.start_session(player).await;
            let session = session.expect("nobody else holds the player");
            let slot = session.load_slot("Slot1").await.expect("the slot is new");
            slot.save().await.expect("the store is there");
            slots.push((session, slot));
        }
        Self { manager, slots }
    }

    /// Has everybody do something so often, all at once. Returns nanoseconds
    /// each time.
    async fn all<W>(&self, rounds: u64, work: impl Fn(Slot) -> W + Clone + Send + 'static) -> f64
    where
        W: Future<Output = ()> + Send + 'static,
    {
        let slots: Vec<_> = self.slots.iter().map(|(_, slot)| slot.clone()).collect();
        self.each(slots, rounds, work).await
    }

    /// The same with any things that are done something with.
    async fn each<T: Clone + Send + Sync + 'static, W>(
        &self,
        things: Vec<T>,
        rounds: u64,
        work: impl Fn(T) -> W + Clone + Send + 'static,
    ) -> f64
    where
        W: Future<Output = ()> + Send + 'static,
    {
        let count = things.len();
        let (took, _) = work_in_shares(things, count, |share, _| {
            let work = work.clone();
            async move {
                for _ in 0..rounds {
                    for thing in &share {
                        work(thing.clone()).await;
                    }
                }
                share
            }
        })
        .await;
        nanos_each(took, count as u64 * rounds)
    }

    /// Two slots each that have nobody else to trade with.
    fn pairs(&self) -> Vec<(SessionManager, Slot, Slot)> {
        let pairs = self.slots.as_chunks::<2>().0.iter();
        let pairs =
            pairs.map(|[(_, one), (_, other)]| (self.manager.clone(), one.clone(), other.clone()));
        pairs.collect()
    }
}

fn earn(document: &mut Document) -> Result<(), DocumentError> {
    document.increment("Currency", 1).map(drop)
}

async fn save(slot: &Slot) {
    slot.save().await.expect("the disk has room");
}

async fn change_and_save(slot: Slot) {
    slot.try_modify(earn).expect("there is room for more");
    save(&slot).await;
}

async fn change_once_and_save(slot: Slot) {
    let key = RandomIds.next_id().to_string();
    let once = slot.apply_once(key, earn).expect("it is the only key");
    assert!(once.is_applied(), "the key is fresh");
    save(&slot).await;
}

/// Sends a letter to an open slot, and returns when the gift was taken and all
/// is stored.
async fn send_and_take((manager, slot): (SessionManager, Slot)) {
    let id = RandomIds.next_id().to_string();
    let letter = Letter::new(id.clone(), Parcel::new().amount("Currency", 1));
    let letter = letter.expect("a GUID is an id");
    let sent = manager.send(slot.player().clone(), "Slot1", letter).await;
    sent.expect("the mailbox has room");
    while slot.claim_gift(&id).is_err() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    save(&slot).await;
}

async fn trade((manager, one, other): (SessionManager, Slot, Slot)) {
    let key = RandomIds.next_id().to_string();
    let gold = || Parcel::new().amount("Currency", 1);
    let traded = manager.trade(key, (&one, gold()), (&other, gold())).await;
    assert_eq!(traded.expect("both have gold"), TradeOutcome::Traded);
}

async fn save_both((_, one, other): (SessionManager, Slot, Slot)) {
    tokio::join!(change_and_save(one), change_and_save(other));
}

/// A change with a key, and the save of it, beside the same without a key.
///
/// # Panics
///
/// If the disk fails.
#[must_use]
pub fn keys(runtime: &Runtime, standard: Standard, effort: Effort) -> Row {
    let folder = tempfile::tempdir().expect("the disk has room");
    let backend = store::sqlite::backend(runtime, &folder.path().join("once.db"));
    let players = runtime.block_on(Players::gather(backend, standard, effort.players));
    let rounds = effort.rounds_each;
    let mut ours = || runtime.block_on(players.all(rounds, change_once_and_save));
    let mut limit = || runtime.block_on(players.all(rounds, change_and_save));
    let [ours, limits] = by_turns(effort.rounds, [&mut ours, &mut limit]);
    Row::measured(
        format!(
            "SQLite: `apply_once` on {} and save, {} in flight",
            standard.name(),
            effort.players
        ),
        "the same change without a key, and save",
        Unit::Nanos,
        [&ours, &limits],
        Some(Aim::AtLeast(1.0 / 1.05)),
    )
}

/// A letter from its sending until it is stored, and a trade, beside the saves
/// of ordinary changes.
///
/// # Panics
///
/// If the disk fails.
#[must_use]
pub fn mail_and_trades(runtime: &Runtime, effort: Effort) -> [Row; 2] {
    let folder = tempfile::tempdir().expect("the disk has room");
    let backend = store::sqlite::backend(runtime, &folder.path().join("mail.db"));
    let players = runtime.block_on(Players::gather(backend, Standard::A, effort.players));
    let rounds = effort.rounds_each;
    let slots = players.slots.iter();
    let to: Vec<_> = slots
        .map(|(_, slot)| (players.manager.clone(), slot.clone()))
        .collect();
    let mut letters = || runtime.block_on(players.each(to.clone(), rounds, send_and_take));
    let mut saves = || runtime.block_on(players.all(rounds, change_and_save));
    let [letters, single] = by_turns(effort.rounds, [&mut letters, &mut saves]);
    let pairs = players.pairs();
    let mut trades = || runtime.block_on(players.each(pairs.clone(), rounds, trade));
    let mut both = || runtime.block_on(players.each(pairs.clone(), rounds, save_both));
    let [trades, both] = by_turns(effort.rounds, [&mut trades, &mut both]);
    let row = |what, against, figures| Row::measured(what, against, Unit::Nanos, figures, None);
    [
        row(
            format!(
                "SQLite: a letter to an open slot, sent, taken and saved, {} at once",
                effort.players
            ),
            "a change of A, and save",
            [&letters, &single],
        ),
        row(
            format!("SQLite: a trade of two A, {} at once", pairs.len()),
            "a change of each, and save",
            [&trades, &both],
        ),
    ]
}

/// The most writes that a transfer is meant to take.
const WRITES: f64 = 6.0;

/// What writes.
const WRITING: [Operation; 5] = [
    Operation::Save,
    Operation::Post,
    Operation::Discard,
    Operation::Settle,
    Operation::Notify,
];

/// The writes of a transfer, from the document that it leaves to the store's
/// having nothing more to do for it, on virtual time, so that the documents are
/// saved when their turn comes.
///
/// # Panics
///
/// If the memory fails.
#[must_use]
pub fn transfer() -> Row {
    let wire = FaultyBackend::new(Arc::new(MemoryBackend::new()));
    let writes = harness::paused_runtime().block_on(async {
        let players = Players::gather(Arc::new(wire.clone()), Standard::A, 2).await;
        let [(_giver, from), (_receiver, to)] = &players.slots[..] else {
            unreachable!("there are two");
        };
        wire.record_calls();
        let parcel = Parcel::new().item("Bread", 1);
        let sent = from.transfer("gift-1", parcel, to.player().clone(), "Slot1");
        assert_eq!(sent.await.expect("there is bread"), Transferred::Sent);
        tokio::time::sleep(2 * INTERVAL).await;
        assert!(to.read(|document| !document.gift_bank().is_empty()));
        let counts = WRITING.map(|operation| wire.count(operation));
        counts.iter().sum::<usize>() as f64
    });
    Row::measured(
        "writes of a transfer, end to end".to_owned(),
        "the most that it is meant to take",
        Unit::Writes,
        [&[writes], &[WRITES]],
        Some(Aim::AtLeast(1.0)),
    )
}
