//! A line to the server that is full of large values.

use crate::support;

use std::time::Duration;

use futures::future::join_all;
use playerdata_core::backend::{Backend, Renewal, WriteOutcome};
use support::{Proxy, RawSession, TestServer, connect, impatient, options};
use tokio::time::Instant;

/// 32 saves of 1 MiB at 8 MB/s take longer than one may take: the time that
/// they wait for each other is not the server's.
#[tokio::test]
async fn e6_heartbeats_and_saves_get_through_a_line_full_of_large_saves() {
    let server = TestServer::start(&["--appendonly", "no"]).await;
    let backend = connect(&[server.url()], &options()).await;
    let mut games = Vec::new();
    for player in 0..32 {
        games.push(RawSession::start(&backend, player.to_string()).await);
    }
    let proxy = Proxy::to(server.port()).await;
    // The same names, by the narrow line.
    let mut narrow = impatient();
    narrow
        .namespace
        .clone_from(&backend_namespace(&games, &server).await);
    let backend = connect(&[proxy.url()], &narrow).await;
    proxy.throttle(8_000_000);

    let large = "x".repeat(1024 * 1024);
    let start = Instant::now();
    let saves = async {
        let saves = join_all(games.iter().map(|game| game.try_save(&backend, &large)));
        (saves.await, start.elapsed())
    };
    let id = games[0].claimant.server.clone();
    let heartbeats = async {
        let mut slowest = Duration::ZERO;
        for _ in 0..10 {
            let start = Instant::now();
            let renewed = backend.renew_lease(&id, Duration::from_secs(60)).await;
            assert!(
                matches!(renewed, Ok(Renewal::Renewed { .. })),
                "{renewed:?}"
            );
            slowest = slowest.max(start.elapsed());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        slowest
    };
    let ((saves, all_saves), slowest) = tokio::join!(saves, heartbeats);
    let failed: Vec<_> = saves.iter().filter(|saved| saved.is_err()).collect();
    assert!(failed.is_empty(), "{} of 32: {:?}", failed.len(), failed[0]);
    for saved in saves {
        assert!(
            matches!(saved, Ok(WriteOutcome::Written { .. })),
            "{saved:?}"
        );
    }
    assert!(
        slowest < all_saves / 2,
        "a heartbeat took {slowest:?}, all saves {all_saves:?}"
    );
}

/// The namespace that the games are in.
async fn backend_namespace(games: &[RawSession], server: &TestServer) -> String {
    let player = format!("*:{{{}}}", games[0].claim.player);
    let keys: Vec<String> = server.ask(&["KEYS", &player]).await;
    let (namespace, _) = keys[0].split_once(":{").expect("it is a player's");
    namespace.to_owned()
}
