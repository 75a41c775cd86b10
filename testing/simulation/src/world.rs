//! What a run is made of.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use fastrand::Rng;
use parking_lot::Mutex;
use playerdata_core::{
    ClaimNumber, IdSource, Incarnation, PlayerId, SequentialIds, ServerId, ServerName, SessionId,
    Settings, SlotName, UnixMillis, WriteId,
    backend::{Acquisition, Backend, BackendError, Body, Claim, Claimant, Encoding, Stamp},
};
use playerdata_faults::{FaultyBackend, Odds};
use tokio::time::Instant;

use crate::{
    Rule,
    clock::DriftingClock,
    ground::{Ground, Kind, Wrap},
    holdings,
    ledger::Ledger,
    process::Process,
    shop::Shop,
};

pub(crate) struct World {
    pub(crate) ledger: Ledger,
    pub(crate) settings: Settings,
    pub(crate) store_clock: Arc<DriftingClock>,
    /// Players to whom everything happens, deletions and erasures included.
    pub(crate) players: Vec<PlayerId>,
    /// Players who have dealings with each other.
    pub(crate) traders: Vec<PlayerId>,
    /// Players of whom earlier versions are put back.
    pub(crate) put_back: Vec<PlayerId>,
    pub(crate) shop: Shop,
    /// What stands between a manager and its way to the store.
    pub(crate) seam: Wrap,
    pub(crate) odds: Odds,
    /// When the faults stop and everybody goes home.
    pub(crate) ends_at: Instant,
    ground: Ground,
    processes: Mutex<Vec<Arc<Process>>>,
    last_process: AtomicU32,
    rng: Mutex<Rng>,
}

impl World {
    /// A store with some players in it, and nobody there yet.
    pub(crate) async fn new(
        seed: u64,
        rules: Vec<Rule>,
        kind: &Kind,
        seam: Wrap,
    ) -> Result<Self, BackendError> {
        let mut rng = Rng::with_seed(seed);
        let settings = settings(&mut rng);
        let store_clock = Arc::new(DriftingClock::new());
        let ledger = Ledger::new(rules, store_clock.clone());
        let (ground, store) = Ground::new(kind, store_clock.clone(), &ledger);
        let players: Vec<_> = (1..=rng.u64(1..=3)).map(PlayerId::from).collect();
        for player in &players {
            put_what_was_there(&*store, &ledger, player, &mut rng).await?;
        }
        let traders: Vec<_> = (11..=rng.u64(12..=13)).map(PlayerId::from).collect();
        let put_back: Vec<_> = (21..=rng.u64(20..=21)).map(PlayerId::from).collect();
        ledger.step(|state| {
            traders.iter().for_each(|player| state.trades(player));
            put_back
                .iter()
                .for_each(|player| state.may_be_put_back(player));
        });
        let odds = match rng.u8(0..6) {
            0 => Odds::none(),
            1 => Odds::bad_day(),
            2 | 3 => Odds::disaster(),
            _ => echoes(),
        };
        Ok(Self {
            ledger,
            settings,
            store_clock,
            players,
            traders,
            put_back,
            shop: Shop::default(),
            seam,
            odds,
            ends_at: Instant::now() + Duration::from_secs(rng.u64(30..=110)),
            ground,
            processes: Mutex::default(),
            last_process: AtomicU32::new(0),
            rng: Mutex::new(rng),
        })
    }

    /// The way of one more process to the store, as yet without faults.
    pub(crate) fn connect(&self) -> FaultyBackend {
        self.ground.connect(|| self.fork())
    }

    /// Ends what faults the store has of its own.
    pub(crate) fn calm(&self) {
        self.ground.calm();
    }

    /// Everybody but newcomers.
    pub(crate) fn everybody(&self) -> impl Iterator<Item = &PlayerId> {
        let put_back = self.put_back.iter().chain(&self.traders);
        self.players.iter().chain(put_back)
    }

    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= self.ends_at
    }

    pub(crate) fn next_process(&self) -> u32 {
        self.last_process.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A seed for something that draws on its own.
    pub(crate) fn fork(&self) -> u64 {
        self.rng.lock().u64(..)
    }

    pub(crate) fn add(&self, process: Arc<Process>) {
        self.processes.lock().push(process);
    }

    /// Every server there ever was.
    pub(crate) fn processes(&self) -> Vec<Arc<Process>> {
        self.processes.lock().clone()
    }

    /// The servers that are running.
    pub(crate) fn up(&self) -> Vec<Arc<Process>> {
        let processes = self.processes.lock();
        processes
            .iter()
            .filter(|process| process.is_up())
            .cloned()
            .collect()
    }
}

/// A network that repeats itself: every second request comes again, when it
/// does the most harm.
fn echoes() -> Odds {
    let mut odds = Odds::bad_day();
    odds.duplicate = 0.5;
    odds.hang_then_apply = 0.03;
    odds.latest = Duration::from_secs(40);
    odds
}

/// Short times, so that much happens, and not the same in every run.
fn settings(rng: &mut Rng) -> Settings {
    let mut settings = Settings::default();
    settings.autosave_interval = Duration::from_secs([2, 6, 20][rng.usize(0..3)]);
    settings.force_save_every = rng.u32(0..=3);
    settings.heartbeat_interval = Duration::from_secs(2);
    settings.operation_timeout = Duration::from_secs(2);
    settings.lock_expiry = Duration::from_secs(rng.u64(6..=12));
    settings.save_attempts = rng.u32(1..=4);
    settings.compress_from_bytes = [0, 16][rng.usize(0..2)];
    settings.version_interval = Duration::from_secs([1, 15, 3_600][rng.usize(0..3)]);
    settings.versions_kept = [2, 8][rng.usize(0..2)];
    settings.max_idempotency_keys = [12, 1_000, 1_000][rng.usize(0..3)];
    settings.max_concurrent_saves = [1, 64][rng.usize(0..2)];
    settings.default_data = holdings::default_data();
    settings
}

pub(crate) fn slot_name(name: &str) -> SlotName {
    SlotName::new(name).expect("the simulation's slot names are valid")
}

pub(crate) fn server_name(number: usize) -> ServerName {
    ServerName::new(format!("server-{number}")).expect("the simulation's server names are valid")
}

/// Slots from before the run: of an older schema, of a newer one, and one
/// that nobody can read.
async fn put_what_was_there(
    store: &dyn Backend,
    ledger: &Ledger,
    player: &PlayerId,
    rng: &mut Rng,
) -> Result<(), BackendError> {
    let old = holdings::of_schema_1().to_string();
    let there = [
        ("Slot1", 1, Bytes::from(old)),
        (
            "Newer",
            holdings::SCHEMA + 1,
            Bytes::from_static(b"{\"Change\": [0]}"),
        ),
        (
            "Broken",
            holdings::SCHEMA,
            Bytes::from_static(b"{\"Change\": "),
        ),
    ];
    for (slot, schema, bytes) in there {
        if rng.u8(0..3) > 0 {
            continue;
        }
        let encoding = Encoding::Json;
        let body = Body {
            schema,
            encoding,
            bytes,
        };
        let slot = slot_name(slot);
        put(store, player, &slot, &body, rng).await?;
        if let Some(record) = store.view(player, &slot).await? {
            ledger.step(|state| state.begins_with(player, &slot, &record));
        }
    }
    Ok(())
}

async fn put(
    store: &dyn Backend,
    player: &PlayerId,
    slot: &SlotName,
    body: &Body,
    rng: &mut Rng,
) -> Result<(), BackendError> {
    let id = uuid::Builder::from_random_bytes(rng.u128(..).to_be_bytes()).into_uuid();
    let at = UnixMillis::new(0);
    let session = SessionId::from_uuid(id);
    let claimant = Claimant {
        session,
        server: ServerId {
            name: server_name(0),
            incarnation: Incarnation::starting_at(at, id),
        },
        at,
    };
    let Acquisition::Acquired { fence } = store.acquire(player, &claimant, None).await? else {
        return Ok(()); // somebody plays already
    };
    let claim = Claim {
        player: player.clone(),
        session,
        fence,
        slot: slot.clone(),
        number: ClaimNumber::new(1),
    };
    let stamp = Stamp {
        base: playerdata_core::Revision::new(0),
        write_id: WriteId::from_uuid(SequentialIds::default().next_id()),
        at,
    };
    store.open(&claim).await?;
    store.save(&claim, &stamp, body).await?;
    store.release(player, session).await?;
    Ok(())
}
