//! What the tests share: a table of their own, clients whose wire can fail,
//! and short ways to make ids and writes.
#![allow(dead_code, unreachable_pub, unused_imports)] // each test file uses a part of it
#![allow(clippy::unwrap_used)] // what a test can't go on without

pub mod process;
pub mod scenes;
pub mod wire;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    thread,
    time::Duration,
};

use aws_sdk_dynamodb::{Client, config::Builder, types::AttributeValue};
use bytes::Bytes;
use playerdata_core::{
    ClaimNumber, Fence, IdSource, LetterId, ManualClock, PlayerId, RandomIds, Revision, ServerId,
    SlotName, TradeId, WriteId,
    backend::{Backend, Claim, Claimant, KeepPolicy, Letter, Posting, Retention, WriteOutcome},
};
use playerdata_dynamodb::{DynamoDbBackend, DynamoDbOptions};
use playerdata_dynamodb_emulator::Endpoint;
pub use playerdata_raw_session::{NOW, acquired, body, opened, session, slot, stamp};
use uuid::Uuid;

use self::wire::Wire;

/// A table of its own for one test, removed with it.
pub struct Store {
    pub table: String,
    pub clock: Arc<ManualClock>,
    endpoint: Endpoint,
}

impl Store {
    /// An empty table.
    pub async fn open() -> Self {
        let store = Self::without_table();
        let backend = store.backend();
        backend.create_table().await.unwrap();
        store
    }

    /// A place for a table that is not there yet.
    pub fn without_table() -> Self {
        Self {
            table: format!("playerdata-test-{}", RandomIds.next_id()),
            clock: Arc::new(ManualClock::starting_at(NOW)),
            endpoint: Endpoint::open(),
        }
    }

    pub fn endpoint(&self) -> &str {
        self.endpoint.url()
    }

    /// The SDK's configuration, on a wire that can fail.
    pub fn config(&self, wire: &Wire) -> Builder {
        self.endpoint.config().http_client(wire.clone())
    }

    /// A client of the SDK.
    pub fn client(&self) -> Client {
        Client::from_conf(self.config(&Wire::new()).build())
    }

    pub fn options(&self) -> DynamoDbOptions {
        DynamoDbOptions::new(&self.table)
            .clock(self.clock.clone())
            .max_clock_skew(Duration::ZERO)
    }

    /// A backend with a client of its own.
    pub fn backend(&self) -> DynamoDbBackend {
        self.backend_on(&Wire::new())
    }

    /// A backend whose calls go through this wire.
    pub fn backend_on(&self, wire: &Wire) -> DynamoDbBackend {
        DynamoDbBackend::from_config(self.config(wire).build(), self.options()).unwrap()
    }

    /// Everything in the table, in a fixed order, to compare.
    pub async fn dump(&self) -> Vec<BTreeMap<String, String>> {
        let mut pages = self
            .client()
            .scan()
            .table_name(&self.table)
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut items = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.unwrap().into_iter();
            items.push(item.map(|(name, value)| (name, told(value))).collect());
        }
        items.sort();
        items
    }
}

impl Store {
    /// The attributes of the item of that player whose sort key is that.
    pub async fn item(&self, player: &PlayerId, sort: &str) -> Option<Item> {
        let request = self.client().get_item().table_name(&self.table);
        let request = request.set_key(Some(key_of(player, sort)));
        request.consistent_read(true).send().await.unwrap().item
    }

    /// Puts another value into an attribute of it.
    pub async fn damage(&self, player: &PlayerId, sort: &str, attribute: &str) {
        let mut item = self.item(player, sort).await.unwrap();
        item.insert(attribute.to_owned(), AttributeValue::Bool(true));
        let request = self.client().put_item().table_name(&self.table);
        request.set_item(Some(item)).send().await.unwrap();
    }

    /// The sort keys of everything of a player.
    pub async fn keys(&self, player: &PlayerId) -> Vec<String> {
        let request = self.client().query().table_name(&self.table);
        let found = request
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(format!("player#{player}")))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let items: Vec<Item> = found.try_collect().await.unwrap();
        let sort = |item: Item| item["sk"].as_s().unwrap().clone();
        items.into_iter().map(sort).collect()
    }
}

/// An item as the SDK has it.
pub type Item = HashMap<String, AttributeValue>;

fn key_of(player: &PlayerId, sort: &str) -> Item {
    HashMap::from([
        (
            "pk".to_owned(),
            AttributeValue::S(format!("player#{player}")),
        ),
        ("sk".to_owned(), AttributeValue::S(sort.to_owned())),
    ])
}

impl Drop for Store {
    fn drop(&mut self) {
        if self.endpoint.is_emulated() {
            return;
        }
        // Not in the runtime of the test, which may be gone or be stuck.
        let (client, table) = (self.client(), self.table.clone());
        let removing = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let removed = runtime.block_on(client.delete_table().table_name(&table).send());
            if let Err(error) = removed {
                eprintln!("table {table} is left behind: {error:?}");
            }
        });
        removing.join().ok();
    }
}

/// A value as text, sets and maps in a fixed order.
fn told(value: AttributeValue) -> String {
    match value {
        AttributeValue::Ss(mut set) => {
            set.sort();
            format!("{set:?}")
        }
        AttributeValue::L(list) => {
            let list: Vec<_> = list.into_iter().map(told).collect();
            format!("{list:?}")
        }
        AttributeValue::M(map) => {
            let map = map.into_iter().map(|(name, value)| (name, told(value)));
            format!("{:?}", map.collect::<BTreeMap<_, _>>())
        }
        other => format!("{other:?}"),
    }
}

pub fn player(name: &str) -> PlayerId {
    PlayerId::new(name).unwrap()
}

/// The server of that number.
pub fn server(number: u128) -> ServerId {
    playerdata_raw_session::server(&format!("server-{number}"), number)
}

/// The session of that number, on the server of that number.
pub fn claimant(number: u128) -> Claimant {
    Claimant {
        session: session(number),
        server: server(number),
        at: NOW,
    }
}

/// A claim under the player's first lock.
pub fn claim(player: &PlayerId, session_number: u128, slot_name: &str, number: u64) -> Claim {
    Claim {
        player: player.clone(),
        session: session(session_number),
        fence: Fence::new(1),
        slot: slot(slot_name),
        number: ClaimNumber::new(number),
    }
}

/// The same under the lock as it stands, whoever has it.
pub async fn claim_now(
    backend: &DynamoDbBackend,
    player: &PlayerId,
    session_number: u128,
    slot_name: &str,
    number: u64,
) -> Claim {
    let holder = backend.holder(player).await.unwrap();
    Claim {
        fence: holder.map_or(Fence::new(1), |holder| holder.fence),
        ..claim(player, session_number, slot_name, number)
    }
}

pub fn letter_id(name: &str) -> LetterId {
    LetterId::new(name).unwrap()
}

/// The posting of that number.
pub fn posting(number: u128) -> WriteId {
    WriteId::from_uuid(Uuid::from_u128(number))
}

/// A letter that is remembered for a time, under the posting of that number.
pub fn letter(id: &str, number: u128) -> Letter {
    Letter {
        id: letter_id(id),
        posting: posting(number),
        sender: "shop".to_owned(),
        sent_at: NOW,
        retention: Retention::Timed,
        content: Bytes::from(format!("{{\"posting\":{number}}}")),
    }
}

/// The same, and it is remembered until it is settled.
pub fn letter_until_settled(id: &str, number: u128) -> Letter {
    Letter {
        retention: Retention::UntilSettled,
        ..letter(id, number)
    }
}

/// Posts a letter that must be new, to a slot of a player that nobody holds.
pub async fn posted(backend: &DynamoDbBackend, player: &PlayerId, slot: &SlotName, one: &Letter) {
    let posting = backend.post(player, slot, one).await.unwrap();
    assert!(matches!(posting, Posting::Posted { .. }), "{posting:?}");
}

/// The letters that wait for a slot.
pub async fn waiting(backend: &DynamoDbBackend, player: &PlayerId, slot: &SlotName) -> Vec<Letter> {
    let letters = backend.letters(player, slot, None, usize::MAX).await;
    let letters = letters.unwrap().into_iter();
    letters.map(|waiting| waiting.letter).collect()
}

/// Keeps a version whenever there is something new, and the last three.
pub const KEEP_ALWAYS: KeepPolicy = KeepPolicy {
    most: 3,
    min_age: Duration::ZERO,
};

/// The trade of that number.
pub fn trade(number: u128) -> TradeId {
    TradeId::from_uuid(Uuid::from_u128(number))
}

/// The outcome of a write that was applied on that base.
pub fn written(base: u64) -> WriteOutcome {
    WriteOutcome::Written {
        revision: Revision::new(base + 1),
    }
}

/// Whether a write was refused because the lock is lost.
pub fn is_lost(outcome: &WriteOutcome) -> bool {
    matches!(outcome, WriteOutcome::Lost { .. })
}
