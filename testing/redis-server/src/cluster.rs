//! A Cluster of a test's own.

use futures::future::join_all;

use crate::{TestServer, until};

/// What makes a server a node of a Cluster.
const CLUSTERED: &[&str] = &[
    "--cluster-enabled",
    "yes",
    "--cluster-config-file",
    "nodes.conf",
    "--cluster-node-timeout",
    "2000",
];

/// Three primaries, each with a third of the hash slots.
#[derive(Debug)]
pub struct TestCluster {
    /// Its nodes; the first three have hash slots at the start.
    pub nodes: Vec<TestServer>,
}

impl TestCluster {
    /// Starts three primaries and waits until they know each other.
    pub async fn start() -> Self {
        let nodes = join_all((0..3).map(|_| TestServer::start(CLUSTERED))).await;
        let ranges = [("0", "5461"), ("5462", "10922"), ("10923", "16383")];
        for (index, (node, (first, last))) in nodes.iter().zip(ranges).enumerate() {
            let epoch = (index + 1).to_string();
            node.ask::<()>(&["CLUSTER", "ADDSLOTSRANGE", first, last])
                .await;
            node.ask::<()>(&["CLUSTER", "SET-CONFIG-EPOCH", &epoch])
                .await;
        }
        let cluster = Self { nodes };
        for index in 1..3 {
            cluster.meet(index).await;
        }
        cluster.settle().await;
        cluster
    }

    async fn meet(&self, index: usize) {
        let port = self.nodes[0].port().to_string();
        let command = ["CLUSTER", "MEET", "127.0.0.1", &port];
        self.nodes[index].ask::<()>(&command).await;
    }

    /// Adds a node without hash slots; gives its index.
    pub async fn grow(&mut self) -> usize {
        self.nodes.push(TestServer::start(CLUSTERED).await);
        let index = self.nodes.len() - 1;
        self.meet(index).await;
        self.settle().await;
        index
    }

    /// Waits until every node knows all others and says that all is well.
    pub async fn settle(&self) {
        let known = format!("cluster_known_nodes:{}\r", self.nodes.len());
        for node in &self.nodes {
            until("the Cluster is in order", || async {
                let info: String = node.ask(&["CLUSTER", "INFO"]).await;
                info.contains("cluster_state:ok") && info.contains(&known)
            })
            .await;
        }
    }

    /// Has a replica take over from its primary, which is down, and waits until
    /// all others know.
    pub async fn take_over(&self, replica: usize) {
        let command = ["CLUSTER", "FAILOVER", "TAKEOVER"];
        self.nodes[replica].ask::<()>(&command).await;
        let id = self.id(replica).await;
        for node in self.nodes.iter().filter(|node| node.is_running()) {
            until("the take-over is known", || async {
                let nodes: String = node.ask(&["CLUSTER", "NODES"]).await;
                let mut primaries = nodes.lines().filter(|line| line.contains("master"));
                // The hash slots come after eight other words.
                primaries.any(|line| line.starts_with(&id) && line.split(' ').count() > 8)
            })
            .await;
        }
    }

    /// Where clients find its nodes.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(TestServer::url).collect()
    }

    /// What the nodes call one of them.
    pub async fn id(&self, index: usize) -> String {
        self.nodes[index].ask(&["CLUSTER", "MYID"]).await
    }

    /// The node that has the hash slot of a key.
    pub async fn owner_of(&self, key: &str) -> usize {
        let slot: usize = self.nodes[0].ask(&["CLUSTER", "KEYSLOT", key]).await;
        slot / 5_462
    }
}
