//! What a save costs the server.

mod support;

use std::collections::BTreeMap;

use support::{Game, TestServer, connect, options};

/// Calls by command since the statistics were reset.
async fn calls(server: &TestServer) -> BTreeMap<String, u64> {
    let stats: String = server.ask(&["INFO", "commandstats"]).await;
    let line = |line: &str| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        Some((name.to_owned(), rest.split(',').next()?.parse().ok()?))
    };
    stats.lines().filter_map(line).collect()
}

#[tokio::test]
#[cfg_attr(no_redis_server, ignore = "no redis-server or valkey-server")]
async fn a_thousand_saves_are_a_thousand_sets_and_nothing_else() {
    let server = TestServer::start(&["--appendfsync", "no"]).await;
    let backend = connect(&[server.url()], &options()).await;
    let mut games = Vec::new();
    for player in 0..10 {
        games.push(Game::start(&backend, &player.to_string()).await);
    }
    server.ask::<()>(&["CONFIG", "RESETSTAT"]).await;
    for round in 0..100 {
        for game in &mut games {
            game.save(&backend, &format!("round {round}")).await;
        }
    }
    let mut calls = calls(&server).await;
    assert_eq!(calls.remove("set"), Some(1_000));
    // What the test itself asks, and its connections' greetings.
    calls.retain(|name, _| {
        !matches!(
            name.as_str(),
            "config|resetstat" | "info" | "client|setinfo"
        )
    });
    assert_eq!(calls, BTreeMap::new());
}
