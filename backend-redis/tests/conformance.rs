//! The suite that every backend runs: on one server, and on a Cluster.
//!
//! Without the group `checked_base`: a `SET … XX` does not compare revisions.
//! `in_doubt.rs` shows instead that no save is ever sent twice.

mod support;

/// On one server, with cases that kill it and start it again.
mod server {
    use std::sync::Arc;

    use playerdata_conformance::Fixture;
    use tokio::sync::Mutex;

    use super::support::{TestServer, options, two_clients};

    async fn open() -> Fixture {
        let server = TestServer::start(&[]).await;
        let (urls, options) = ([server.url()], options());
        let [one, other] = two_clients(&urls, &options).await;
        let server = Arc::new(Mutex::new(server));
        let [stopped, started, restarted] = [(); 3].map(|()| server.clone());
        // The server is always killed by a signal, with no time to write.
        let start_again = || async move {
            restarted.lock().await.restart().await;
            two_clients(&urls, &options).await
        };
        // A case needs one of the two.
        let (reopen, kill) = (start_again.clone(), start_again);
        let stop = move || kill_server(stopped.clone());
        let start = move || restart(started.clone());
        Fixture::builder(one, other)
            .keep(server)
            .reopen(reopen)
            .kill(kill)
            .outage(stop, start)
            .build()
    }

    async fn kill_server(server: Arc<Mutex<TestServer>>) {
        server.lock().await.kill();
    }

    async fn restart(server: Arc<Mutex<TestServer>>) {
        server.lock().await.restart().await;
    }

    playerdata_conformance::suite!(open, durable, outage, killed);
    playerdata_conformance::model!(open);
}

/// On a Cluster of three primaries, shared by all cases.
mod cluster {
    use playerdata_conformance::Fixture;

    use super::support::{options, shared_cluster, two_clients};

    async fn open() -> Fixture {
        let [one, other] = two_clients(&shared_cluster().await, &options()).await;
        Fixture::builder(one, other).build()
    }

    playerdata_conformance::suite!(open);
    playerdata_conformance::model!(open);
}
