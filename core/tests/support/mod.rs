//! What the tests of managers share: a store that fails on demand, servers on
//! it, and time that passes only while everybody waits.
#![allow(clippy::unwrap_used)] // what a test can't go on without
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "a module of several tests, none of which uses all of it"
)]

use std::{sync::Arc, time::Duration};

use playerdata_core::{
    Builder, ClaimNumber, Clock, Document, Error, Event, Events, OnConflict, PlayerId, Revision,
    ServerName, Session, SessionManager, Settings, Slot, SlotName, UnixMillis,
    backend::{Backend, Body, Claim, Encoding, Record, Stamp},
};
use playerdata_memory::MemoryBackend;
use serde_json::Value;
use tokio::time::Instant;

pub use playerdata_faults::{Fault, FaultyBackend, Operation as Op, When};

/// The time of day, told by the runtime's paused clock, so that leases lapse
/// when a test lets time pass.
#[derive(Debug)]
pub struct RuntimeClock {
    origin: Instant,
}

impl RuntimeClock {
    pub fn new() -> Self {
        Self {
            origin: Instant::now(),
        }
    }
}

impl Clock for RuntimeClock {
    fn now(&self) -> UnixMillis {
        UnixMillis::new(1_700_000_000_000).saturating_add(self.origin.elapsed())
    }
}

/// One store and the servers on it.
pub struct World {
    /// The way of its servers to the store.
    pub store: Arc<FaultyBackend>,
    /// The store itself, past all faults.
    pub memory: MemoryBackend,
    pub clock: Arc<RuntimeClock>,
}

impl World {
    pub fn new() -> Self {
        let clock = Arc::new(RuntimeClock::new());
        let memory = MemoryBackend::with_clock(clock.clone());
        Self::on(memory, clock)
    }

    pub fn on(memory: MemoryBackend, clock: Arc<RuntimeClock>) -> Self {
        let store = Arc::new(FaultyBackend::new(Arc::new(memory.clone())));
        store.record_calls();
        Self {
            store,
            memory,
            clock,
        }
    }

    /// How many calls were about a player: all but a server's sign of life.
    pub fn calls_about_players(&self) -> usize {
        let calls = self.store.calls();
        calls.iter().filter(|call| call.player.is_some()).count()
    }

    pub fn builder(&self, name: &str) -> Builder<Document> {
        SessionManager::builder(self.store.clone())
            .server_name(ServerName::new(name).unwrap())
            .clock(self.clock.clone())
    }

    pub async fn server(&self, name: &str) -> SessionManager {
        self.builder(name).start().await.unwrap()
    }

    pub async fn server_with(
        &self,
        name: &str,
        change: impl FnOnce(&mut Settings),
    ) -> SessionManager {
        let mut settings = Settings::default();
        change(&mut settings);
        self.builder(name).settings(settings).start().await.unwrap()
    }

    /// What the store has, read past all faults.
    pub async fn record(&self, player: &PlayerId, slot: &str) -> Option<Record> {
        let slot = SlotName::new(slot).unwrap();
        self.memory.view(player, &slot).await.unwrap()
    }

    /// The JSON of the document in it; `Null` if there is nothing.
    pub async fn stored(&self, player: &PlayerId, slot: &str) -> Value {
        let mut stored = self.stored_whole(player, slot).await;
        if let Some(stored) = stored.as_object_mut() {
            stored.shift_remove("$playerdata");
        }
        stored
    }

    /// All of its JSON, with what is kept beside the document.
    pub async fn stored_whole(&self, player: &PlayerId, slot: &str) -> Value {
        match self.record(player, slot).await {
            Some(record) => serde_json::from_slice(&record.body.bytes).unwrap(),
            None => Value::Null,
        }
    }

    pub async fn is_locked(&self, player: &PlayerId) -> bool {
        self.memory.holder(player).await.unwrap().is_some()
    }
}

/// Sessions of new players, whose documents are stored already.
pub async fn settled(manager: &SessionManager, players: u64) -> Vec<(Session, Slot)> {
    let mut all = Vec::new();
    for number in 0..players {
        let session = manager.start_session(number).await.unwrap();
        let slot = session.load_slot("Slot1").await.unwrap();
        all.push((session, slot));
    }
    for (_, slot) in &all {
        slot.save().await.unwrap();
    }
    all
}

/// A session of player 1, whose document is stored.
pub async fn stored_slot(world: &World) -> (SessionManager, Session, Slot) {
    let manager = world.server("a").await;
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.save().await.unwrap();
    (manager, session, slot)
}

/// The same, with a change that is not stored.
pub async fn playing(world: &World) -> (SessionManager, Session, Slot) {
    let (manager, session, slot) = stored_slot(world).await;
    slot.set("Currency", 7).unwrap();
    (manager, session, slot)
}

/// The slot of a player, whoever else holds them.
pub async fn steal(manager: &SessionManager, player: u64) -> Result<(Session, Slot), Error> {
    let steal = OnConflict::Steal;
    let session = manager.start_session_with(player, steal).await?;
    let slot = session.load_slot("Slot1").await?;
    Ok((session, slot))
}

/// A player of a test.
pub fn player(number: u64) -> PlayerId {
    PlayerId::from(number)
}

/// Puts a body into the store, as another version of the game might have.
pub async fn put(world: &World, player: &PlayerId, schema: u32, bytes: &[u8]) {
    let other = world.server("other").await;
    let session = other.start_session(player.clone()).await.unwrap();
    let replaced = world.record(player, "Slot1").await;
    let claim = Claim {
        player: player.clone(),
        session: session.id(),
        fence: session.fence(),
        slot: SlotName::new("Slot1").unwrap(),
        number: ClaimNumber::new(1),
    };
    world.memory.open(&claim).await.unwrap();
    let stamp = Stamp {
        base: replaced.map(|record| record.revision).unwrap_or_default(),
        write_id: "00000000-0000-4000-8000-000000000001".parse().unwrap(),
        at: UnixMillis::new(0),
    };
    let body = Body {
        schema,
        encoding: Encoding::Json,
        bytes: bytes::Bytes::copy_from_slice(bytes),
    };
    world.memory.save(&claim, &stamp, &body).await.unwrap();
    session.end().await.unwrap();
    other.shutdown(Duration::from_secs(1)).await;
}

/// Lets time pass.
pub async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

pub async fn pass_secs(secs: u64) {
    pass(Duration::from_secs(secs)).await;
}

pub async fn pass_ms(millis: u64) {
    pass(Duration::from_millis(millis)).await;
}

/// The events that wait.
pub fn drain(events: &mut Events) -> Vec<Event> {
    std::iter::from_fn(|| events.try_next()).collect()
}

/// How many of the events are of a kind.
pub fn count(events: &[Event], is: impl Fn(&Event) -> bool) -> usize {
    events.iter().filter(|event| is(event)).count()
}

/// Waits for an event of a kind; the runner's limit on the whole test bounds it.
pub async fn wait_for(events: &mut Events, is: impl Fn(&Event) -> bool) -> Event {
    let limit = Duration::from_secs(600);
    let found = tokio::time::timeout(limit, async {
        loop {
            let event = events.next().await.expect("the manager is there");
            if is(&event) {
                return event;
            }
        }
    });
    found.await.expect("the event comes within ten minutes")
}

/// How long something took on the paused clock.
pub async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let began = Instant::now();
    let result = work.await;
    (result, began.elapsed())
}

/// Polls a future a few times, as far as it gets without time passing, and
/// drops it.
pub async fn begin_and_drop<T>(work: impl Future<Output = T>) {
    let mut work = Box::pin(work);
    for _ in 0..3 {
        assert!(futures::poll!(&mut work).is_pending(), "nothing to drop");
        tokio::task::yield_now().await;
    }
}
