//! How many saves a second, against plain `SET`s of the same bytes through the
//! same client: 64 in flight on one connection.
//!
//! ```sh
//! REDIS_SERVER_BIN=$(scripts/redis-server.sh) \
//!     cargo run --release -p playerdata-redis --example redis_throughput
//! ```
//!
//! Short rounds of both take turns; each pair gives a ratio, and the median of
//! those is what counts, for it bears other work on the machine.

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Duration;

use futures::future::join_all;
use playerdata_core::backend::{Backend, Body, Encoding, WriteOutcome};
use playerdata_redis::{RedisBackend, redis};
use redis::{AsyncConnectionConfig, Client, IntoConnectionInfo as _, aio::MultiplexedConnection};
use support::{RawSession, TestServer, connect, options};
use tokio::time::Instant;

const IN_FLIGHT: usize = 64;
const ROUNDS: usize = 101;
const WRITES_PER_ROUND: usize = IN_FLIGHT * 50;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let log = ["--appendfsync", "everysec"];
    for (settings, what) in [
        (["--appendonly", "no"], "without a log"),
        (log, "with a log"),
    ] {
        let server = TestServer::start(&settings).await;
        for (document, bytes) in [("A", 346), ("B compressed", 2_600), ("B", 18_700)] {
            let [plain, guarded, ratio] = measure(&server, bytes).await;
            println!(
                "{what}, {document} ({bytes} bytes): \
                 plain SET {plain:.0}/s, save {guarded:.0}/s, ratio {ratio:.3}"
            );
        }
    }
}

/// The medians of plain `SET`s a second, of saves a second, and of the ratio.
async fn measure(server: &TestServer, bytes: usize) -> [f64; 3] {
    let backend = connect(&[server.url()], &options()).await;
    let connection = plain_connection(server).await;
    let mut games = Vec::new();
    for player in 0..IN_FLIGHT {
        games.push(RawSession::start(&backend, player.to_string()).await);
    }
    let mut rounds = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let plain = round(games.iter().map(|game| set(&connection, game, bytes))).await;
        let guarded = round(games.iter_mut().map(|game| save(&backend, game, bytes))).await;
        for (rates, rate) in rounds.iter_mut().zip([plain, guarded, guarded / plain]) {
            rates.push(rate);
        }
    }
    rounds.map(median)
}

/// The same settings as the backend's own connection.
async fn plain_connection(server: &TestServer) -> MultiplexedConnection {
    let info = server
        .url()
        .into_connection_info()
        .expect("the URL is fine");
    let tcp = info.tcp_settings().clone().set_nodelay(true);
    let client = Client::open(info.set_tcp_settings(tcp)).expect("the URL is fine");
    let config = AsyncConnectionConfig::new()
        .set_response_timeout(Some(Duration::from_secs(2)))
        .set_pipeline_buffer_size(1_024);
    let connection = client.get_multiplexed_async_connection_with_config(&config);
    connection.await.expect("the server takes connections")
}

async fn round<F: Future<Output = ()>>(writers: impl Iterator<Item = F>) -> f64 {
    let start = Instant::now();
    join_all(writers).await;
    WRITES_PER_ROUND as f64 / start.elapsed().as_secs_f64()
}

/// As many bytes as the guarded value has, header and key included.
async fn set(connection: &MultiplexedConnection, game: &RawSession, body_bytes: usize) {
    const HEADER_BYTES: usize = 76;
    let key = format!(
        "{}:plain:{}:{}",
        "x".repeat(40),
        game.claim.player,
        game.id()
    );
    let value = vec![b'x'; HEADER_BYTES + body_bytes];
    let mut connection = connection.clone();
    for _ in 0..WRITES_PER_ROUND / IN_FLIGHT {
        let mut command = redis::cmd("SET");
        command.arg(&key).arg(&value);
        let answer = command.exec_async(&mut connection).await;
        answer.expect("the server takes writes");
    }
}

async fn save(backend: &RedisBackend, game: &mut RawSession, bytes: usize) {
    let body = Body {
        schema: 1,
        encoding: Encoding::Json,
        bytes: vec![b'x'; bytes].into(),
    };
    let claim = game.claim.clone();
    let mut stamp = game.stamp();
    for _ in 0..WRITES_PER_ROUND / IN_FLIGHT {
        let outcome = backend.save(&claim, &stamp, &body).await;
        match outcome.expect("the server takes writes") {
            WriteOutcome::Written { revision } => stamp.base = revision,
            refused => panic!("{refused:?}"),
        }
    }
    game.revision = stamp.base;
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
