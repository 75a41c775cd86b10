//! `rediss://` with a real handshake, and credentials in the URL.
#![cfg(feature = "tls")]

use crate::support;

use playerdata_core::backend::{Effect, ErrorKind};
use playerdata_redis::{
    RedisBackend,
    redis::{Client, TlsCertificates},
};
use support::{RawSession, TestServer, TlsFront, options, until};

/// A client that knows the certificate of `front`, with `credentials` such as
/// `user:password@`.
fn client(front: &TlsFront, credentials: &str) -> Client {
    let url = format!("rediss://{credentials}localhost:{}", front.port());
    let certificates = TlsCertificates {
        client_tls: None,
        root_cert: Some(front.certificate().into()),
    };
    Client::build_with_tls(url, certificates).expect("the certificate is one")
}

#[tokio::test]
async fn a_session_goes_by_tls_with_the_credentials_of_the_url() {
    let server = TestServer::start(&[]).await;
    let front = TlsFront::of(server.port()).await;
    let game_user = ["ACL", "SETUSER", "game", "on", ">secret", "~*", "+@all"];
    server.ask::<()>(&game_user).await;
    let backend = RedisBackend::from_clients(&[client(&front, "game:secret@")], options())
        .await
        .unwrap();
    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "by TLS").await;
    game.release(&backend).await;
    assert_eq!(game.stored(&backend).await.as_deref(), Some("by TLS"));
    let clients: String = server.ask(&["CLIENT", "LIST"]).await;
    assert!(clients.contains(" user=game "), "{clients}");

    let wrong = client(&front, "game:wrong@");
    let error = RedisBackend::from_clients(&[wrong], options()).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Rejected);
}

#[tokio::test]
async fn the_nodes_of_a_cluster_are_connected_to_by_tls_too() {
    let server = TestServer::start(&["--cluster-enabled", "yes"]).await;
    let front = TlsFront::of(server.port()).await;
    // The node that the map names is at the front, under the name that its
    // certificate has.
    let port = front.port().to_string();
    for setting in [
        ["cluster-announce-ip", "127.0.0.1"],
        ["cluster-announce-port", &port],
        ["cluster-announce-hostname", "localhost"],
        ["cluster-preferred-endpoint-type", "hostname"],
    ] {
        let command = ["CONFIG", "SET", setting[0], setting[1]];
        server.ask::<()>(&command).await;
    }
    server
        .ask::<()>(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"])
        .await;
    until("the Cluster of one node is in order", || async {
        let info: String = server.ask(&["CLUSTER", "INFO"]).await;
        let nodes: String = server.ask(&["CLUSTER", "NODES"]).await;
        info.contains("cluster_state:ok") && nodes.contains(&format!(":{port}@"))
    })
    .await;
    let clients = [client(&front, "")];
    let backend = RedisBackend::from_clients(&clients, options())
        .await
        .unwrap();
    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "by TLS").await;
    assert_eq!(game.stored(&backend).await.as_deref(), Some("by TLS"));
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_is_not_talked_to() {
    let server = TestServer::start(&[]).await;
    let front = TlsFront::of(server.port()).await;
    // By URL alone, it is the operating system's certificates that count.
    let error = RedisBackend::connect(&front.url()).await.unwrap_err();
    assert_eq!(error.effect(), Effect::None, "{error}");
    let shown = format!("{error:?}").to_lowercase();
    assert!(shown.contains("certificate"), "{shown}");
}
