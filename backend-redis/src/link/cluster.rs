//! Which node of a Cluster has which hash slot.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::{StreamExt as _, stream::FuturesUnordered};
use parking_lot::RwLock;
use redis::RedisError;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout_at},
};

use super::{
    dialer::Dialer,
    node::{Node, Order, Way, timed_out},
    view::{self, View},
};
use crate::{
    error::Failure,
    keys::{HASH_SLOTS, HashSlot},
    slot_set::SlotSet,
};

/// How long to wait for other nodes' maps once one has given a whole one.
const GRACE: Duration = Duration::from_millis(50);

/// How many maps in a row have to leave a node out before it is forgotten.
const FORGOTTEN_AFTER: u32 = 8;

/// A Cluster.
///
/// The client crate's own cluster connection is not used, for it sends a
/// command again after a broken connection or a timeout, which would let an
/// older save land on a newer one; and with that switched off it follows no
/// redirection either.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// How every node is connected to, except for its address.
    template: Dialer,
    seeds: Vec<Arc<Node>>,
    map: RwLock<Map>,
    refreshing: Mutex<()>,
    /// How many times the map was asked for.
    refreshes: AtomicU64,
}

#[derive(Debug)]
struct Map {
    nodes: HashMap<String, Known>,
    owners: Vec<Option<Arc<Node>>>,
    epoch: u64,
}

#[derive(Debug)]
struct Known {
    node: Arc<Node>,
    /// How many maps in a row have not named it.
    missed: u32,
}

impl Cluster {
    /// A Cluster that is asked for its map at these nodes.
    pub(crate) async fn connect(seeds: Vec<Arc<Node>>, by: Instant) -> Result<Self, Failure> {
        let first = seeds.first().and_then(|node| node.dialer());
        let Some(template) = first.cloned() else {
            let what = "no address of a node of the Cluster";
            let error = RedisError::from((redis::ErrorKind::InvalidClientConfig, what));
            return Err(Failure::NotSent(error));
        };
        let known = |node: &Arc<Node>| {
            let address = node.dialer()?.address();
            let node = node.clone();
            Some((address, Known { node, missed: 0 }))
        };
        let cluster = Self {
            template,
            map: RwLock::new(Map {
                nodes: seeds.iter().filter_map(known).collect(),
                owners: vec![None; HASH_SLOTS],
                epoch: 0,
            }),
            seeds,
            refreshing: Mutex::new(()),
            refreshes: AtomicU64::new(0),
        };
        cluster.refresh(by).await?;
        Ok(cluster)
    }

    /// The node that has the slot, as far as is known.
    pub(crate) fn owner(&self, slot: HashSlot) -> Option<Arc<Node>> {
        self.map.read().owners[usize::from(slot)].clone()
    }

    /// The same; asks the nodes if it is not known.
    pub(crate) async fn find(&self, slot: HashSlot, by: Instant) -> Result<Arc<Node>, Failure> {
        if let Some(owner) = self.owner(slot) {
            return Ok(owner);
        }
        Box::pin(self.refresh(by)).await?;
        self.owner(slot).ok_or_else(|| {
            let what = "no node of the Cluster has the hash slot";
            let kind = redis::ErrorKind::ClusterConnectionNotFound;
            Failure::NotSent(RedisError::from((kind, what)))
        })
    }

    /// All nodes that have a slot, with their addresses.
    pub(crate) fn owners(&self) -> Vec<(String, Arc<Node>)> {
        let map = self.map.read();
        let owns = |known: &Known| {
            let mut owners = map.owners.iter().flatten();
            owners.any(|owner| Arc::ptr_eq(owner, &known.node))
        };
        let nodes = map.nodes.iter().filter(|(_, known)| owns(known));
        nodes
            .map(|(address, known)| (address.clone(), known.node.clone()))
            .collect()
    }

    /// The address of a node, as the Cluster has it.
    pub(crate) fn address_of(&self, node: &Arc<Node>) -> String {
        let map = self.map.read();
        let mut nodes = map.nodes.iter();
        let found = nodes.find(|(_, known)| Arc::ptr_eq(&known.node, node));
        let by_dialer = || node.dialer().map(Dialer::address).unwrap_or_default();
        found.map_or_else(by_dialer, |(address, _)| address.clone())
    }

    /// The node at such an address.
    pub(crate) fn known_at(&self, address: &str) -> Option<Arc<Node>> {
        let map = self.map.read();
        map.nodes.get(address).map(|known| known.node.clone())
    }

    /// The slots that a node has, as far as is known.
    pub(crate) fn slots_of(&self, node: &Arc<Node>) -> SlotSet {
        let map = self.map.read();
        let mut slots = SlotSet::none();
        for (slot, owner) in (0..).zip(&map.owners) {
            if owner.as_ref().is_some_and(|owner| Arc::ptr_eq(owner, node)) {
                slots.insert(slot);
            }
        }
        slots
    }

    /// The node at an address that a redirection named, which is without a host
    /// if that is the one of the node that redirects.
    pub(crate) fn node_at(&self, address: &str, asked: &Node) -> Result<Arc<Node>, Failure> {
        let asked = asked.dialer().map(Dialer::address).unwrap_or_default();
        let address = view::complete(address, &asked);
        let mut map = self.map.write();
        if let Some(known) = map.nodes.get(&address) {
            return Ok(known.node.clone());
        }
        let node = self.new_node(&address)?;
        let known = Known {
            node: node.clone(),
            missed: 0,
        };
        map.nodes.insert(address, known);
        Ok(node)
    }

    /// Takes a node's word that another has the slot.
    pub(crate) fn learn(&self, slot: HashSlot, owner: &Arc<Node>) {
        self.map.write().owners[usize::from(slot)] = Some(owner.clone());
    }

    /// Asks the nodes for the map, once for all who ask at the same time.
    ///
    /// No node's word is taken for it alone: one that was removed may be up and
    /// know nobody, and one that is cut off knows the nodes as they were. Of
    /// the whole maps that come in time, the latest counts.
    pub(crate) async fn refresh(&self, by: Instant) -> Result<(), Failure> {
        let seen = self.refreshes.load(Ordering::Acquire);
        let _one_at_a_time = self.refreshing.lock().await;
        if self.refreshes.load(Ordering::Acquire) != seen {
            return Ok(());
        }
        let views = timeout_at(by, self.views(by)).await;
        self.refreshes.fetch_add(1, Ordering::AcqRel);
        let best = views.unwrap_or_else(|_| Err(Failure::NotSent(timed_out())))?;
        self.install(best)
    }

    /// The best of the nodes' views.
    async fn views(&self, by: Instant) -> Result<View, Failure> {
        let asking =
            |(asked, node): (String, Arc<Node>)| async move { ask(&node, &asked, by).await };
        let mut answers: FuturesUnordered<_> = self.known().into_iter().map(asking).collect();
        let (mut best, mut failure): (Option<View>, _) = (None, None);
        let mut grace = None;
        loop {
            let answer = match grace {
                None => answers.next().await,
                Some(until) => timeout_at(until, answers.next()).await.unwrap_or(None),
            };
            match answer {
                Some(Ok(view)) => {
                    if view.is_whole() && grace.is_none() {
                        grace = Some(Instant::now() + GRACE);
                    }
                    if best.as_ref().is_none_or(|best| view.rank() > best.rank()) {
                        best = Some(view);
                    }
                }
                Some(Err(error)) => failure = Some(error),
                None => break,
            }
        }
        match (best, failure) {
            (Some(view), _) if !view.ranges.is_empty() => Ok(view),
            (None, Some(failure)) => Err(failure),
            _ => {
                let what = "no node that can be reached knows the Cluster";
                let kind = redis::ErrorKind::ClusterConnectionNotFound;
                Err(Failure::NotSent(RedisError::from((kind, what))))
            }
        }
    }

    fn known(&self) -> Vec<(String, Arc<Node>)> {
        let mut nodes: Vec<_> = {
            let map = self.map.read();
            let nodes = map.nodes.iter();
            nodes
                .map(|(address, known)| (address.clone(), known.node.clone()))
                .collect()
        };
        for seed in &self.seeds {
            if !nodes.iter().any(|(_, node)| Arc::ptr_eq(node, seed)) {
                let address = seed.dialer().map(Dialer::address).unwrap_or_default();
                nodes.push((address, seed.clone()));
            }
        }
        nodes
    }

    fn install(&self, view: View) -> Result<(), Failure> {
        let mut map = self.map.write();
        if view.epoch < map.epoch && !view.is_in_order {
            // One that is cut off: what is known is later.
            return Ok(());
        }
        map.epoch = map.epoch.max(view.epoch);
        let is_whole = view.is_whole();
        for known in map.nodes.values_mut() {
            known.missed += u32::from(is_whole);
        }
        for range in view.ranges {
            let node = match map.nodes.get_mut(&range.owner) {
                Some(known) => {
                    known.missed = 0;
                    known.node.clone()
                }
                None => self.new_node(&range.owner)?,
            };
            map.owners[range.first..=range.last].fill(Some(node.clone()));
            let known = Known { node, missed: 0 };
            map.nodes.insert(range.owner, known);
        }
        map.nodes.retain(|_, known| known.missed < FORGOTTEN_AFTER);
        Ok(())
    }

    fn new_node(&self, address: &str) -> Result<Arc<Node>, Failure> {
        let dialer = self.template.to_address(address);
        let dialer = dialer.map_err(Failure::NotSent)?;
        Ok(Arc::new(Node::new(dialer)))
    }
}

/// How a node sees the Cluster.
async fn ask(node: &Node, asked: &str, by: Instant) -> Result<View, Failure> {
    let question = async |what: &str| {
        let mut command = redis::cmd("CLUSTER");
        command.arg(what);
        let order = Order {
            command: &command,
            way: Way::Shared,
            bytes: 0,
            asking: false,
            send_by: by,
        };
        node.send(order).await
    };
    let slots = question("SLOTS").await?;
    let info = match question("INFO").await {
        Ok(info) => redis::from_redis_value(info).unwrap_or_default(),
        // Who may not ask has to do without.
        Err(Failure::Refused(_)) => String::new(),
        Err(failure) => return Err(failure),
    };
    View::read(slots, &info, asked).ok_or_else(|| {
        let what = "the map of the Cluster can't be understood";
        Failure::NotSent(RedisError::from((redis::ErrorKind::Parse, what)))
    })
}
