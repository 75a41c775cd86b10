//! Two servers on one store, killed again and again while they trade.

#![allow(clippy::unwrap_used)] // what a test can't go on without

use std::{io::Write as _, thread, time::Duration};

use playerdata::prelude::*;
use playerdata_process::{Folder, Process, Store, example};
use rustix::process::Signal;
use tokio::runtime::Runtime;

const PLAYERS: [u64; 4] = [1, 2, 3, 4];
/// Trades and transfers that are typed between two kills, at each server.
const BATCH: u64 = 5;
/// 200 trades and transfers.
const KILLS: u64 = 20;
/// How long after an answer a server is killed, at most: longer than a trade
/// takes, and about as long as a start.
const LATEST: Duration = Duration::from_millis(40);
/// How often everybody is loaded until nothing is on its way any more, at most.
const ROUNDS: usize = 20;

/// Numbers that look drawn, the same for the same seed (SplitMix64).
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// A server, the players it has, and how many of its answers are to come.
struct Server {
    name: &'static str,
    players: [u64; 2],
    process: Process,
    to_come: u64,
}

impl Server {
    fn start(folder: &Folder, url: &str, name: &'static str, players: [u64; 2]) -> Self {
        let mut command = folder.command(example("trading"));
        command
            .args(players.map(|player| player.to_string()))
            .env("PLAYERDATA_STORE", url)
            .env("PLAYERDATA_SERVER", name)
            .env("PLAYERDATA_HEARTBEAT_INTERVAL", "200ms");
        Self {
            name,
            players,
            process: Process::start(&mut command),
            to_come: 1, // that it is ready
        }
    }

    /// Types a batch at it, every key a new one.
    fn type_batch(&mut self, drawn: &mut Drawn, kill: u64) {
        for number in 0..BATCH {
            let key = format!("{}-{kill}-{number}", self.name);
            let coins = 1 + drawn.below(20);
            let line = if drawn.below(2) == 0 {
                format!("trade {key} {coins} 1")
            } else {
                // Any of the others: the numbers go round.
                let to = 1 + (self.players[0] + drawn.below(3)) % 4;
                format!("transfer {key} {to} {coins}")
            };
            writeln!(self.process.input(), "{line}").expect("the server reads its input");
        }
        self.to_come += BATCH;
    }

    /// How many of the next answers are about a trade or a transfer.
    fn answers(&mut self, answers: u64) -> usize {
        self.to_come -= answers;
        let answers = (0..answers).map(|_| self.process.answer());
        answers.filter(|answer| is_done(answer)).count()
    }
}

fn is_done(answer: &str) -> bool {
    ["traded", "sent", "on its way"].contains(&answer)
}

/// What all players have: coins, loaves and swords, once nothing is on its way.
async fn wealth(manager: &SessionManager) -> [u64; 3] {
    for _ in 0..ROUNDS {
        let mut have = [0; 3];
        for player in PLAYERS {
            let steal = OnConflict::Steal;
            let session = manager.start_session_with(player, steal).await.unwrap();
            let slot = session.load_slot("Slot1").await.unwrap();
            let gifts = |player: &Document| player.gift_bank().ids().map(str::to_owned).collect();
            let gifts: Vec<_> = slot.read(gifts);
            for gift in gifts {
                slot.claim_gift(&gift).unwrap();
            }
            have[0] += slot.get::<u64>("Currency").unwrap();
            have[1] += slot.count_item("Bread");
            have[2] += slot.count_item("Starter Sword");
            slot.save().await.unwrap();
            session.end().await.unwrap();
        }
        if at_rest(manager).await {
            return have;
        }
    }
    panic!("something is still on its way");
}

/// Whether there is nothing but documents: no gift, letter, outbox or escrow.
async fn at_rest(manager: &SessionManager) -> bool {
    let slot = SlotName::new("Slot1").unwrap();
    for player in PLAYERS.map(PlayerId::from) {
        let record = manager.view(&player, &slot).await.unwrap().unwrap();
        let document = manager.decode(&player, &slot, &record).unwrap();
        let beside = manager.decode_beside(&player, &slot, &record).unwrap();
        let letters = manager.letters(&player, &slot, None, 1).await.unwrap();
        let members = ["letters", "outbox", "settling", "escrow", "acted"];
        let busy = members.iter().any(|member| beside.get(member).is_some());
        let gifts = document["GiftBank"].as_object().unwrap();
        if busy || !letters.is_empty() || !gifts.is_empty() {
            return false;
        }
    }
    true
}

/// Plays the test on the store at `url`, with moments of this seed.
fn totals_hold(folder: &Folder, url: &str, seed: u64) {
    let runtime = Runtime::new().expect("a runtime can be made");
    let total = async || {
        let manager = playerdata::builder(url).await.unwrap();
        let manager = manager.start().await.unwrap();
        let wealth = wealth(&manager).await;
        let report = manager.shutdown(Duration::from_secs(10)).await;
        assert!(report.is_complete(), "{report:?}");
        wealth
    };
    let before = runtime.block_on(total());

    let mut drawn = Drawn(seed);
    let mut servers = [("one", [1, 2]), ("two", [3, 4])]
        .map(|(name, players)| Server::start(folder, url, name, players));
    let mut done = 0;
    for kill in 0..KILLS {
        for server in &mut servers {
            server.type_batch(&mut drawn, kill);
        }
        let [a, b] = &mut servers;
        let (victim, other) = if drawn.below(2) == 0 { (a, b) } else { (b, a) };
        // Before it is ready, or between any two of the batch.
        let answered = drawn.below(victim.to_come);
        done += victim.answers(answered);
        let micros = drawn.below(u64::try_from(LATEST.as_micros()).expect("it is short"));
        #[expect(clippy::disallowed_methods, reason = "it waits for nothing")]
        thread::sleep(Duration::from_micros(micros));
        victim.process.signal(Signal::KILL);
        let ended = victim.process.ended();
        assert_eq!(ended.code, None, "{seed}, {kill}: {ended:#?}");
        done += ended.answers.iter().filter(|line| is_done(line)).count();
        *victim = Server::start(folder, url, victim.name, victim.players);
        done += other.answers(other.to_come);
    }
    for mut server in servers {
        server.process.signal(Signal::KILL);
        server.process.ended();
    }
    let after = runtime.block_on(total());
    assert_eq!(after, before, "seed {seed}, {done} done");
    assert!(done >= 50, "seed {seed}: only {done} are done");
}

#[test]
fn p4_totals_hold_on_sqlite_whenever_a_server_is_killed() {
    let folder = Folder::on(Store::sqlite());
    let url = format!("sqlite:{}", folder.path().join("game.db").display());
    totals_hold(&folder, &url, 1);
}

#[cfg(any(feature = "redis", feature = "dynamodb"))]
fn totals_hold_at(store: Store, seed: u64) {
    let folder = Folder::on(store);
    let url = folder.store().address().expect("it is a server").to_owned();
    totals_hold(&folder, &url, seed);
}

#[cfg(feature = "redis")]
#[test]
fn p4_totals_hold_on_redis_whenever_a_server_is_killed() {
    totals_hold_at(Store::redis(), 2);
}

#[cfg(feature = "redis")]
#[test]
fn p4_totals_hold_on_a_cluster_whenever_a_server_is_killed() {
    totals_hold_at(Store::redis_cluster(), 3);
}

#[cfg(feature = "dynamodb")]
#[test]
fn p4_totals_hold_on_dynamodb_whenever_a_server_is_killed() {
    totals_hold_at(Store::dynamodb(), 4);
}
