//! Hash slots of a Cluster that move to another node.

use playerdata_redis::{RedisBackend, RedisOptions};

use super::{TestCluster, connect};

/// The move of one hash slot from the node that has it to a new one.
pub struct Move<'a> {
    cluster: &'a TestCluster,
    pub slot: String,
    pub from: usize,
    pub to: usize,
}

impl<'a> Move<'a> {
    /// Opens the hash slot of a player on both sides.
    pub async fn of(cluster: &'a TestCluster, player: &str, to: usize) -> Self {
        let from = cluster.owner_of(&format!("{{{player}}}")).await;
        Self::between(cluster, player, from, to).await
    }

    /// The same, of one that is not where it was at the start.
    pub async fn between(cluster: &'a TestCluster, player: &str, from: usize, to: usize) -> Self {
        let tag = format!("{{{player}}}");
        let slot: u64 = cluster.nodes[0].ask(&["CLUSTER", "KEYSLOT", &tag]).await;
        let slot = slot.to_string();
        let this = Self {
            cluster,
            slot,
            from,
            to,
        };
        this.set(to, &["IMPORTING", &cluster.id(from).await]).await;
        this.set(from, &["MIGRATING", &cluster.id(to).await]).await;
        this
    }

    pub async fn set(&self, node: usize, state: &[&str]) {
        let command = [&["CLUSTER", "SETSLOT", &self.slot], state].concat();
        self.cluster.nodes[node].ask::<()>(&command).await;
    }

    /// The keys that have not been moved yet.
    pub async fn keys(&self) -> Vec<String> {
        let command = ["CLUSTER", "GETKEYSINSLOT", &self.slot, "100"];
        self.cluster.nodes[self.from].ask(&command).await
    }

    pub async fn key(&self, key: &str) {
        let port = self.cluster.nodes[self.to].port().to_string();
        let command = ["MIGRATE", "127.0.0.1", &port, key, "0", "1000"];
        self.cluster.nodes[self.from].ask::<()>(&command).await;
    }

    pub async fn finish(&self) {
        for key in self.keys().await {
            self.key(&key).await;
        }
        let id = self.cluster.id(self.to).await;
        self.set(self.to, &["NODE", &id]).await;
        self.set(self.from, &["NODE", &id]).await;
    }
}

/// A Cluster, a node of it that has no hash slots yet, and a backend that has not
/// heard of that one.
pub async fn with_new_node(options: &RedisOptions) -> (TestCluster, usize, RedisBackend) {
    let mut cluster = TestCluster::start().await;
    let backend = connect(&cluster.urls(), options).await;
    let new = cluster.grow().await;
    (cluster, new, backend)
}
