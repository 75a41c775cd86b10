//! Which node of a Cluster has which hash slot.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use futures::future::select_ok;
use parking_lot::RwLock;
use redis::{Client, ConnectionAddr, ConnectionInfo, RedisError, Value};
use tokio::sync::Mutex;

use super::node::{Node, Order, client_for};
use crate::{
    RedisOptions,
    error::Failure,
    keys::{HASH_SLOTS, HashSlot},
};

/// A Cluster.
///
/// The client crate's own cluster connection is not used, for it sends a
/// command again after a broken connection or a timeout, which would let an
/// older save land on a newer one; and with that switched off it follows no
/// redirection either.
#[derive(Debug)]
pub(crate) struct Cluster {
    options: RedisOptions,
    /// How every node is connected to but for its address.
    template: ConnectionInfo,
    seeds: Vec<Arc<Node>>,
    map: RwLock<Map>,
    refreshing: Mutex<()>,
    /// How many times the map was asked for.
    refreshes: AtomicU64,
}

#[derive(Debug)]
struct Map {
    nodes: HashMap<String, Arc<Node>>,
    owners: Vec<Option<Arc<Node>>>,
}

impl Cluster {
    /// A Cluster that is asked for its map at the addresses of `clients`.
    pub(crate) async fn connect(
        clients: &[Client],
        options: &RedisOptions,
    ) -> Result<Self, Failure> {
        let Some(first) = clients.first() else {
            let what = "no address of a node of the Cluster";
            let error = RedisError::from((redis::ErrorKind::InvalidClientConfig, what));
            return Err(Failure::NotSent(error));
        };
        let mut nodes = HashMap::new();
        for client in clients {
            let node = Arc::new(Node::new(client.clone(), options));
            nodes.insert(address_of(client), node);
        }
        let cluster = Self {
            options: options.clone(),
            template: first.get_connection_info().clone(),
            seeds: nodes.values().cloned().collect(),
            map: RwLock::new(Map {
                nodes,
                owners: vec![None; HASH_SLOTS],
            }),
            refreshing: Mutex::new(()),
            refreshes: AtomicU64::new(0),
        };
        cluster.refresh().await?;
        Ok(cluster)
    }

    /// The node that has the slot, as far as is known.
    pub(crate) fn owner(&self, slot: HashSlot) -> Option<Arc<Node>> {
        self.map.read().owners[usize::from(slot)].clone()
    }

    /// The same; asks the nodes if it is not known.
    pub(crate) async fn find(&self, slot: HashSlot) -> Result<Arc<Node>, Failure> {
        if let Some(owner) = self.owner(slot) {
            return Ok(owner);
        }
        Box::pin(self.refresh()).await?;
        self.owner(slot).ok_or_else(|| {
            let what = "no node of the Cluster has the hash slot";
            let kind = redis::ErrorKind::ClusterConnectionNotFound;
            Failure::NotSent(RedisError::from((kind, what)))
        })
    }

    /// All nodes that have a slot, with their addresses.
    pub(crate) fn owners(&self) -> Vec<(String, Arc<Node>)> {
        let map = self.map.read();
        let owns = |node: &Arc<Node>| {
            let mut owners = map.owners.iter().flatten();
            owners.any(|owner| Arc::ptr_eq(owner, node))
        };
        let nodes = map.nodes.iter().filter(|(_, node)| owns(node));
        nodes
            .map(|(address, node)| (address.clone(), node.clone()))
            .collect()
    }

    /// The node at an address that a redirection named.
    pub(crate) fn node_at(&self, address: &str) -> Result<Arc<Node>, Failure> {
        let mut map = self.map.write();
        if let Some(node) = map.nodes.get(address) {
            return Ok(node.clone());
        }
        let node = self.new_node(address)?;
        map.nodes.insert(address.to_owned(), node.clone());
        Ok(node)
    }

    /// Takes a node's word that another has the slot.
    pub(crate) fn learn(&self, slot: HashSlot, owner: &Arc<Node>) {
        self.map.write().owners[usize::from(slot)] = Some(owner.clone());
    }

    /// Asks the nodes for the map, once for all who ask at the same time. The
    /// first that answers is believed: where it is behind the times, the
    /// nodes that it names redirect.
    pub(crate) async fn refresh(&self) -> Result<(), Failure> {
        let seen = self.refreshes.load(Ordering::Acquire);
        let _one_at_a_time = self.refreshing.lock().await;
        if self.refreshes.load(Ordering::Acquire) != seen {
            return Ok(());
        }
        let mut command = redis::cmd("CLUSTER");
        command.arg("SLOTS");
        let order = Order {
            command: &command,
            confirmed: false,
            asking: false,
        };
        let known: Vec<_> = {
            let map = self.map.read();
            let nodes = map.nodes.iter();
            nodes
                .map(|(address, node)| (address.clone(), node.clone()))
                .collect()
        };
        let seeds = self.seeds.iter().map(|node| (String::new(), node.clone()));
        let questions = known
            .into_iter()
            .chain(seeds)
            .map(|(address, node)| Box::pin(async move { Ok((address, node.send(order).await?)) }));
        let answer = select_ok(questions).await;
        self.refreshes.fetch_add(1, Ordering::AcqRel);
        let ((address, slots), _) = answer?;
        self.install(&address, slots)
    }

    fn install(&self, asked: &str, slots: Value) -> Result<(), Failure> {
        let asked_host = asked.rsplit_once(':').map_or(asked, |(host, _)| host);
        let ranges = read_ranges(slots, asked_host).ok_or_else(|| {
            let what = "the map of the Cluster can't be understood";
            Failure::NotSent(RedisError::from((redis::ErrorKind::Parse, what)))
        })?;
        let mut map = self.map.write();
        let mut fresh = Map {
            nodes: HashMap::new(),
            owners: vec![None; HASH_SLOTS],
        };
        for range in ranges {
            let node = match (fresh.nodes.get(&range.owner), map.nodes.get(&range.owner)) {
                (Some(node), _) | (None, Some(node)) => node.clone(),
                (None, None) => self.new_node(&range.owner)?,
            };
            for owner in fresh
                .owners
                .iter_mut()
                .take(range.last + 1)
                .skip(range.first)
            {
                *owner = Some(node.clone());
            }
            fresh.nodes.insert(range.owner, node);
        }
        *map = fresh;
        Ok(())
    }

    fn new_node(&self, address: &str) -> Result<Arc<Node>, Failure> {
        let client = client_for(&self.template, address).map_err(Failure::NotSent)?;
        Ok(Arc::new(Node::new(client, &self.options)))
    }
}

fn address_of(client: &Client) -> String {
    match client.get_connection_info().addr() {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
            format!("{host}:{port}")
        }
        other => other.to_string(),
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Range {
    first: usize,
    last: usize,
    owner: String,
}

/// Reads the answer to `CLUSTER SLOTS`: ranges, each with its primary first. A
/// node that does not know its own host is at the one that was asked.
fn read_ranges(value: Value, asked_host: &str) -> Option<Vec<Range>> {
    let Value::Array(ranges) = value else {
        return None;
    };
    let range = |range: Value| {
        let Value::Array(parts) = range else {
            return None;
        };
        let (first, last, primary) = match parts.as_slice() {
            [
                Value::Int(first),
                Value::Int(last),
                Value::Array(primary),
                ..,
            ] => (*first, *last, primary),
            _ => return None,
        };
        let (host, port) = match primary.as_slice() {
            [Value::BulkString(host), Value::Int(port), ..] => {
                (String::from_utf8(host.clone()).ok()?, *port)
            }
            [Value::Nil, Value::Int(port), ..] => (String::new(), *port),
            _ => return None,
        };
        let host = match host.as_str() {
            "" | "?" => asked_host,
            host => host,
        };
        let last = usize::try_from(last)
            .ok()
            .filter(|&last| last < HASH_SLOTS)?;
        Some(Range {
            first: usize::try_from(first).ok()?,
            last,
            owner: format!("{host}:{port}"),
        })
    };
    ranges.into_iter().map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: i64, last: i64, host: Value, port: i64) -> Value {
        let primary = Value::Array(vec![host, Value::Int(port)]);
        Value::Array(vec![Value::Int(first), Value::Int(last), primary])
    }

    #[test]
    fn a_map_is_read_and_a_nameless_node_is_the_one_that_was_asked() {
        let host = Value::BulkString(b"10.0.0.7".to_vec());
        let slots = vec![
            range(0, 8_191, host, 7_000),
            range(8_192, 16_383, Value::Nil, 7_001),
        ];
        let ranges = read_ranges(Value::Array(slots), "here").unwrap();
        assert_eq!(ranges[0].owner, "10.0.0.7:7000");
        assert_eq!(ranges[1].owner, "here:7001");
        assert_eq!((ranges[1].first, ranges[1].last), (8_192, 16_383));
    }

    #[test]
    fn a_map_that_makes_no_sense_is_not_believed() {
        let beyond = range(0, 16_384, Value::Nil, 7_000);
        assert_eq!(read_ranges(Value::Array(vec![beyond]), "here"), None);
        assert_eq!(read_ranges(Value::Okay, "here"), None);
    }
}
