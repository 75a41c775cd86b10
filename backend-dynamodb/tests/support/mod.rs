//! What the tests share: a table of their own, clients whose wire can fail,
//! and short ways to make ids and writes.
#![allow(dead_code, unreachable_pub)] // each test file uses a part of it
#![allow(clippy::unwrap_used)] // what a test can't go on without

pub mod process;
pub mod scenes;
pub mod wire;

use std::{collections::BTreeMap, sync::Arc, thread, time::Duration};

use aws_sdk_dynamodb::{Client, config::Builder, types::AttributeValue};
use bytes::Bytes;
use playerdata_core::{
    ClaimNumber, Fence, IdSource, Incarnation, ManualClock, PlayerId, RandomIds, Revision,
    ServerId, ServerName, SessionId, SlotName, UnixMillis, WriteId,
    backend::{
        Acquisition, Backend, Body, Claim, Claimant, Encoding, Opened, Opening, Stamp, WriteOutcome,
    },
};
use playerdata_dynamodb::{DynamoDbBackend, DynamoDbOptions};
use playerdata_dynamodb_emulator::Endpoint;
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
            let told = |value: AttributeValue| match value {
                AttributeValue::Ss(mut set) => {
                    set.sort();
                    format!("{set:?}")
                }
                other => format!("{other:?}"),
            };
            items.push(item.map(|(name, value)| (name, told(value))).collect());
        }
        items.sort();
        items
    }
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

/// When tests begin, by their clock.
pub const NOW: UnixMillis = UnixMillis::new(1_800_000_000_000);

pub fn player(name: &str) -> PlayerId {
    PlayerId::new(name).unwrap()
}

pub fn slot(name: &str) -> SlotName {
    SlotName::new(name).unwrap()
}

/// The server of that number.
pub fn server(number: u128) -> ServerId {
    ServerId {
        name: ServerName::new(format!("server-{number}")).unwrap(),
        incarnation: Incarnation::from_uuid(Uuid::from_u128(number)),
    }
}

/// The session of that number.
pub fn session(number: u128) -> SessionId {
    SessionId::from_uuid(Uuid::from_u128(number))
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

/// The write of that number on a base.
pub fn stamp(base: u64, write: u128) -> Stamp {
    Stamp {
        base: Revision::new(base),
        write_id: WriteId::from_uuid(Uuid::from_u128(write)),
        at: NOW,
    }
}

pub fn body(bytes: impl Into<Bytes>) -> Body {
    Body {
        schema: 1,
        encoding: Encoding::Json,
        bytes: bytes.into(),
    }
}

/// Takes the player, who must be free, or `replacing`'s.
pub async fn acquired(
    backend: &DynamoDbBackend,
    player: &PlayerId,
    claimant: &Claimant,
    replacing: Option<SessionId>,
) -> Fence {
    match backend.acquire(player, claimant, replacing).await.unwrap() {
        Acquisition::Acquired { fence } => fence,
        Acquisition::Held { holder } => panic!("held by {holder}"),
    }
}

/// Opens a slot that must be open to the claim.
pub async fn opened(backend: &DynamoDbBackend, claim: &Claim) -> Opened {
    match backend.open(claim).await.unwrap() {
        Opening::Opened(opened) => opened,
        other => panic!("{claim}: {other:?}"),
    }
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
