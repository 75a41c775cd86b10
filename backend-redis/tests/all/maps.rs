//! Nodes of a Cluster that are wrong about it.

use crate::support;

use std::time::Duration;

use playerdata_core::backend::Backend as _;
use playerdata_redis::RedisBackend;
use support::{RawSession, TestCluster, TestServer, connect, options};
use tokio::time::sleep;

async fn play(backend: &RedisBackend, players: std::ops::Range<u32>) {
    for player in players {
        let mut game = RawSession::start(backend, player.to_string()).await;
        game.save(backend, "first").await;
        game.release(backend).await;
    }
}

/// A node that was removed, and is still up, knows nobody and says so.
#[tokio::test]
async fn an_empty_map_is_not_believed() {
    let cluster = TestCluster::start().await;
    let removed = TestServer::start(&["--cluster-enabled", "yes"]).await;
    let mut urls = cluster.urls();
    urls.insert(0, removed.url());
    // It is the first to answer, for all the others are slow.
    cluster.nodes.iter().for_each(TestServer::freeze);
    let thawing = async {
        sleep(Duration::from_millis(300)).await;
        cluster.nodes.iter().for_each(TestServer::thaw);
    };
    let options = options();
    let asking = async {
        let backend = connect(&urls, &options).await;
        let held = backend.holder(&RawSession::of("4711").claim.player).await;
        assert_eq!(held.expect("the others know"), None);
        backend
    };
    let (backend, ()) = tokio::join!(asking, thawing);
    play(&backend, 0..10).await;
}

/// A node that lost its disk, after a replica of its has taken over.
#[tokio::test]
async fn a_node_without_a_cluster_is_not_asked_for_its_former_players() {
    let mut cluster = TestCluster::start().await;
    let replica = cluster.grow().await;
    let owner = cluster.owner_of("{4711}").await;
    let id = cluster.id(owner).await;
    let follow = ["CLUSTER", "REPLICATE", &id];
    cluster.nodes[replica].ask::<()>(&follow).await;
    cluster.nodes[owner].is_replicated("{4711}probe").await;
    let mut options = options();
    options.min_replicas = 1;
    let confirmed = connect(&cluster.urls(), &options).await;
    let mut game = RawSession::start(&confirmed, "4711").await;
    game.save(&confirmed, "before").await;
    options.min_replicas = 0;
    let backend = connect(&cluster.urls(), &options).await;
    assert_eq!(game.stored(&backend).await.as_deref(), Some("before"));

    cluster.nodes[owner].kill();
    cluster.take_over(replica).await;
    cluster.nodes[owner].restart_empty().await;
    // `CLUSTERDOWN Hash slot not served`, for ever.
    assert_eq!(game.stored(&backend).await.as_deref(), Some("before"));
    game.save(&backend, "after").await;
}

#[tokio::test]
async fn a_busy_node_is_not_taken_for_a_single_server() {
    let cluster = TestCluster::start().await;
    let busy = &cluster.nodes[0];
    busy.ask::<()>(&["CONFIG", "SET", "lua-time-limit", "20"])
        .await;
    let mut connection = busy.connection().await;
    let script = tokio::spawn(async move {
        let mut endless = redis_cmd("EVAL");
        endless.arg("while true do end").arg(0);
        endless.query_async::<()>(&mut connection).await
    });
    support::until("the node is busy", || async {
        busy.refusal(&["PING"])
            .await
            .is_some_and(|said| said.starts_with("BUSY"))
    })
    .await;
    let ending = async {
        sleep(Duration::from_millis(200)).await;
        busy.ask::<()>(&["SCRIPT", "KILL"]).await;
    };
    let urls = [busy.url()];
    let options = options();
    let (backend, ()) = tokio::join!(connect(&urls, &options), ending);
    drop(script.await);
    play(&backend, 0..10).await;
}

fn redis_cmd(name: &str) -> playerdata_redis::redis::Cmd {
    playerdata_redis::redis::cmd(name)
}

#[tokio::test]
async fn a_node_that_tells_nothing_is_found_out_by_its_first_redirection() {
    let cluster = TestCluster::start().await;
    for node in &cluster.nodes {
        let rights = ["ACL", "SETUSER", "default", "-info"];
        node.ask::<()>(&rights).await;
    }
    let rights = [
        "ACL", "SETUSER", "shy", "on", ">secret", "~*", "+@all", "-info", "-cluster",
    ];
    for node in &cluster.nodes {
        node.ask::<()>(&rights).await;
    }
    let port = cluster.nodes[0].port();
    let url = format!("redis://shy:secret@127.0.0.1:{port}");
    let backend = connect(&[url], &options()).await;
    for node in &cluster.nodes {
        let rights = ["ACL", "SETUSER", "shy", "+cluster"];
        node.ask::<()>(&rights).await;
    }
    play(&backend, 0..10).await;
}

#[tokio::test]
async fn one_url_names_several_nodes_and_a_dead_one_is_no_hindrance() {
    let cluster = TestCluster::start().await;
    let [a, b, c] = [0, 1, 2].map(|node| cluster.nodes[node].port());
    let url = format!("redis://127.0.0.1:1,127.0.0.1:{a},127.0.0.1:{b},127.0.0.1:{c}");
    let backend = connect(&[url], &options()).await;
    play(&backend, 0..10).await;
}

/// A Cluster behind a translation of addresses.
#[tokio::test]
async fn nodes_are_found_behind_translated_addresses() {
    let cluster = TestCluster::start().await;
    let mut options = options();
    for (node, inner) in cluster.nodes.iter().zip(["1", "2", "3"]) {
        let announce = ["CONFIG", "SET", "cluster-announce-port", inner];
        node.ask::<()>(&announce).await;
        let outer = format!("127.0.0.1:{}", node.port());
        options
            .addresses
            .insert(format!("127.0.0.1:{inner}"), outer);
    }
    let node = &cluster.nodes[0];
    support::until("the addresses are known", || async {
        let nodes: String = node.ask(&["CLUSTER", "NODES"]).await;
        [":1@", ":2@", ":3@"]
            .iter()
            .all(|port| nodes.contains(port))
    })
    .await;
    let backend = connect(&[node.url()], &options).await;
    play(&backend, 0..10).await;
    assert_eq!(backend.hazards().await.unwrap(), []);
}
