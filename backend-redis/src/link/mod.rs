//! The way to the servers: connections, redirections, and which failures are
//! safe to try again.

mod cluster;
mod dialer;
mod lane;
mod node;
mod sentinel;
mod server;
mod view;

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use parking_lot::Mutex;
use redis::{Client, Cmd, ConnectionInfo, RedisError, Value, aio::ConnectionManager};
use tokio::time::{Instant, sleep, timeout_at};

pub(crate) use self::node::{Node, Way};
use self::{
    cluster::Cluster,
    dialer::Dialer,
    node::{Order, timed_out},
    sentinel::Sentinels,
};
use crate::{
    RedisOptions,
    error::{Failure, Remedy, remedy},
    keys::{HashSlot, hash_slot},
    slot_set::SlotSet,
};

/// The first pause before a refused command is sent again; each is twice the
/// one before.
const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// In the place of the address of the one server.
const ONE: &str = "-";

/// How many replicas' connections are kept.
const MOST_REPLICAS: usize = 64;

/// The servers that hold the data.
///
/// A command is sent again only if it certainly was not carried out: no
/// connection could be had, or the server refused it and said where or when to
/// try. A change whose answer was lost is an error, whatever it is, for a
/// second copy of it could land after something newer (rules S1 and S2).
#[derive(Debug)]
pub(crate) struct Link {
    /// The one server, or the one by which the Cluster was found.
    single: Arc<Node>,
    /// Once it is known that it is one.
    cluster: OnceLock<Box<Cluster>>,
    /// Replicas that were asked for their settings, by address.
    replicas: Mutex<HashMap<String, Arc<Node>>>,
    patience: Duration,
}

/// What a command does to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It only reads: it can be sent as often as one likes.
    Read,
    /// It changes something.
    Change,
}

/// What a command is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Aim<'a> {
    /// What the names of all its keys have in braces, and what a Cluster finds
    /// the node by.
    pub(crate) hash_tag: &'a str,
    pub(crate) purpose: Purpose,
    pub(crate) way: Way,
    /// How long the value is that it sends.
    pub(crate) bytes: usize,
    /// Whether the caller knows what to do about keys that are not together.
    pub(crate) tells_moving: bool,
    /// When to give up, were there nothing to wait for before it is sent.
    pub(crate) deadline: Instant,
    /// When the caller gives up.
    pub(crate) given_up: Option<Instant>,
}

impl Link {
    /// Connects to a server, or to the Cluster that it is a node of.
    pub(crate) async fn connect(
        clients: &[Client],
        options: &Arc<RedisOptions>,
    ) -> Result<Self, Failure> {
        let node = |client| Arc::new(Node::new(Dialer::to(client, options)));
        let nodes: Vec<_> = clients.iter().map(node).collect();
        let by = Instant::now() + options.operation_timeout;
        let Some(first) = nodes.first().cloned() else {
            let what = "no address of a server";
            let error = RedisError::from((redis::ErrorKind::InvalidClientConfig, what));
            return Err(Failure::NotSent(error));
        };
        let link = Self::to(first.clone(), options);
        if nodes.len() > 1 || is_in_cluster(&first, by).await? {
            link.join(nodes, by).await?;
        }
        Ok(link)
    }

    /// Connects to the primary that Sentinels name, and follows it. They are
    /// asked in the way of `sentinels`, and it is connected to in the way of
    /// `primary`, except for the address.
    pub(crate) async fn by_sentinels(
        sentinels: Vec<ConnectionInfo>,
        name: String,
        primary: &Client,
        options: &Arc<RedisOptions>,
    ) -> Result<Self, Failure> {
        let sentinels = Arc::new(Sentinels::new(sentinels, name));
        let dialer = Dialer::to(primary, options).by(sentinels);
        let link = Self::to(Arc::new(Node::new(dialer)), options);
        // Asked for the sake of the errors: who has no primary does not start.
        let by = Instant::now() + options.operation_timeout;
        ask(&link.single, &redis::cmd("PING"), by).await?;
        Ok(link)
    }

    /// Uses a connection that the caller made.
    pub(crate) fn ready(connection: ConnectionManager, options: &RedisOptions) -> Self {
        Self::to(Arc::new(Node::ready(connection, options)), options)
    }

    fn to(single: Arc<Node>, options: &RedisOptions) -> Self {
        Self {
            single,
            cluster: OnceLock::new(),
            replicas: Mutex::default(),
            patience: options.operation_timeout,
        }
    }

    /// Treats the servers as nodes of a Cluster from now on.
    async fn join(&self, seeds: Vec<Arc<Node>>, by: Instant) -> Result<&Cluster, Failure> {
        let cluster = Cluster::connect(seeds, by).await?;
        Ok(self.cluster.get_or_init(|| Box::new(cluster)))
    }

    /// The servers that hold data, with a name for each.
    pub(crate) fn nodes(&self) -> Vec<(String, Arc<Node>)> {
        match self.cluster.get() {
            None => vec![(String::new(), self.single.clone())],
            Some(cluster) => cluster.owners(),
        }
    }

    /// Whether the servers are known to be nodes of a Cluster.
    pub(crate) fn is_cluster(&self) -> bool {
        self.cluster.get().is_some()
    }

    /// Takes a server for a node of a Cluster, which it says that it is.
    pub(crate) async fn become_cluster(
        &self,
        node: &Arc<Node>,
        by: Instant,
    ) -> Result<(), Failure> {
        self.join(vec![node.clone()], by).await.map(|_| ())
    }

    /// The server that has a hash slot, with its address if there are several.
    pub(crate) async fn server_of(
        &self,
        slot: HashSlot,
        by: Instant,
    ) -> Result<(String, Arc<Node>), Failure> {
        let Some(cluster) = self.cluster.get() else {
            return Ok((ONE.to_owned(), self.single.clone()));
        };
        let node = cluster.find(slot, by).await?;
        Ok((cluster.address_of(&node), node))
    }

    /// The server at such an address, if it still is one of these.
    pub(crate) fn server_at(&self, address: &str) -> Option<Arc<Node>> {
        match self.cluster.get() {
            None => (address == ONE).then(|| self.single.clone()),
            Some(cluster) => cluster.known_at(address),
        }
    }

    /// The hash slots that a server has, as far as is known.
    pub(crate) fn slots_of(&self, node: &Arc<Node>) -> SlotSet {
        match self.cluster.get() {
            None => SlotSet::all(),
            Some(cluster) => cluster.slots_of(node),
        }
    }

    /// Finds out again which servers there are.
    pub(crate) async fn look_again(&self, by: Instant) {
        let failure = match self.cluster.get() {
            None => self.follow().await.err().map(Failure::NotSent),
            Some(cluster) => cluster.refresh(by).await.err(),
        };
        if let Some(failure) = failure {
            tracing::debug!(?failure, "which servers there are could not be found out");
        }
    }

    /// A replica, by the address that its primary has for it.
    pub(crate) fn replica(&self, address: &str) -> Option<Arc<Node>> {
        let mut replicas = self.replicas.lock();
        if let Some(node) = replicas.get(address) {
            return Some(node.clone());
        }
        if replicas.len() >= MOST_REPLICAS {
            replicas.clear();
        }
        let dialer = self.single.dialer()?.to_address(address).ok()?;
        let node = Arc::new(Node::new(dialer));
        replicas.insert(address.to_owned(), node.clone());
        Some(node)
    }

    /// The server that has what belongs to a hash tag.
    pub(crate) async fn node_of(&self, aim: Aim<'_>) -> Result<Arc<Node>, Failure> {
        match self.cluster.get() {
            None => Ok(self.single.clone()),
            Some(cluster) => cluster.find(hash_slot(aim.hash_tag), aim.deadline).await,
        }
    }

    /// Leaves a former primary that Sentinel does not name any more, though it
    /// may not know that yet.
    pub(crate) async fn follow(&self) -> Result<(), RedisError> {
        let Some(sentinels) = self.single.dialer().and_then(Dialer::sentinels) else {
            return Ok(());
        };
        let primary = sentinels.primary(self.patience / 4).await?;
        if sentinels.has_moved(&primary) {
            self.single.reconnect();
        }
        Ok(())
    }

    /// Has a command carried out, once.
    pub(crate) async fn run(&self, command: &Cmd, mut aim: Aim<'_>) -> Result<Value, Failure> {
        // What is rare is boxed here and below, so that what every save goes
        // through stays small.
        let owner;
        let node = match self.cluster.get() {
            None => &self.single,
            Some(cluster) => {
                owner = cluster.find(hash_slot(aim.hash_tag), aim.deadline).await?;
                &owner
            }
        };
        let too_late = aim.given_up.map(|at| before(at, self.patience / 4));
        let asked_at = Instant::now();
        let _room = node.room_for(aim.bytes, too_late).await?;
        aim.deadline += asked_at.elapsed();
        if let Some(given_up) = aim.given_up {
            // Just before, so that the caller still hears what is known.
            aim.deadline = aim.deadline.min(before(given_up, self.patience / 64));
        }
        let order = Order {
            command,
            way: aim.way,
            bytes: aim.bytes,
            asking: false,
            send_by: before(aim.deadline, self.patience / 8),
        };
        let sent = if node.limits(order) {
            node.send(order).await
        } else {
            Box::pin(in_time(node, order, aim)).await
        };
        match sent {
            Ok(value) => Ok(value),
            Err(failure) => Box::pin(self.run_again(order, aim, node.clone(), failure)).await,
        }
    }

    /// Sends a command again for as long as that is safe and there is hope.
    async fn run_again(
        &self,
        mut order: Order<'_>,
        aim: Aim<'_>,
        mut node: Arc<Node>,
        mut failure: Failure,
    ) -> Result<Value, Failure> {
        let mut pause = FIRST_PAUSE;
        // A redirection followed for the first time is not a sign of trouble.
        let mut at_once = true;
        loop {
            let Some(retry) = self.retry(&failure, aim, &node).await else {
                return Err(failure);
            };
            if Instant::now() + pause >= order.send_by {
                return Err(failure);
            }
            if !(at_once && retry.at_once) {
                sleep(pause).await;
                pause = LONGEST_PAUSE.min(pause * 2);
            }
            at_once = false;
            (node, order.asking) = (retry.node, retry.asking);
            failure = match in_time(&node, order, aim).await {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
        }
    }

    /// Where to send a command again, if it is safe and there is hope.
    async fn retry(&self, failure: &Failure, aim: Aim<'_>, node: &Arc<Node>) -> Option<Retry> {
        let remedy = match failure {
            Failure::Refused(refusal) => remedy(refusal),
            Failure::NotSent(_) => return self.successor(aim, node).await,
            Failure::InDoubt(error) if aim.purpose == Purpose::Read && !error.is_timeout() => {
                return Some(Retry::later(node.clone()));
            }
            Failure::InDoubt(_)
            | Failure::TooFewReplicas { .. }
            | Failure::NotOnDisk
            | Failure::Unconfirmed(_) => return None,
        };
        match remedy {
            Remedy::Report => None,
            Remedy::Moving if aim.tells_moving => None,
            Remedy::Wait | Remedy::Moving => self.again(aim, node, false).await,
            Remedy::Refresh => self.again(aim, node, true).await,
            Remedy::NotPrimary => {
                node.reconnect();
                self.again(aim, node, true).await
            }
            Remedy::Elsewhere(address) => {
                let cluster = self.cluster_of(node, aim).await?;
                let owner = cluster.node_at(&address, node).ok()?;
                cluster.learn(hash_slot(aim.hash_tag), &owner);
                Some(Retry::at_once(owner, false))
            }
            Remedy::Ask(address) => {
                let cluster = self.cluster_of(node, aim).await?;
                let target = cluster.node_at(&address, node).ok()?;
                Some(Retry::at_once(target, true))
            }
        }
    }

    /// The Cluster, which a server that redirects is a node of, whatever was
    /// thought before.
    async fn cluster_of(&self, node: &Arc<Node>, aim: Aim<'_>) -> Option<&Cluster> {
        if let Some(cluster) = self.cluster.get() {
            return Some(cluster);
        }
        self.join(vec![node.clone()], aim.deadline).await.ok()
    }

    /// The node that has the hash slot, a little later.
    async fn again(&self, aim: Aim<'_>, node: &Arc<Node>, refresh: bool) -> Option<Retry> {
        let Some(cluster) = self.cluster.get() else {
            return Some(Retry::later(node.clone()));
        };
        if refresh && let Err(failure) = cluster.refresh(aim.deadline).await {
            tracing::debug!(?failure, "the map of the Cluster could not be fetched");
        }
        let owner = cluster.owner(hash_slot(aim.hash_tag));
        Some(Retry::later(owner.unwrap_or_else(|| node.clone())))
    }

    /// The node that has taken over from one that can't be reached.
    async fn successor(&self, aim: Aim<'_>, unreachable: &Arc<Node>) -> Option<Retry> {
        let Some(cluster) = self.cluster.get() else {
            let sentinels = unreachable.dialer().and_then(Dialer::sentinels);
            return sentinels.map(|_| Retry::later(unreachable.clone()));
        };
        cluster.refresh(aim.deadline).await.ok()?;
        let owner = cluster.owner(hash_slot(aim.hash_tag))?;
        (!Arc::ptr_eq(&owner, unreachable)).then(|| Retry::later(owner))
    }
}

/// A time before another, or that one if there is none.
fn before(at: Instant, by: Duration) -> Instant {
    at.checked_sub(by).unwrap_or(at)
}

/// Sends a command; gives up when its time is over.
async fn in_time(node: &Node, order: Order<'_>, aim: Aim<'_>) -> Result<Value, Failure> {
    let limited = timeout_at(aim.deadline, node.send(order));
    let out_of_time = |_| Err(Failure::InDoubt(timed_out()));
    limited.await.unwrap_or_else(out_of_time)
}

struct Retry {
    node: Arc<Node>,
    asking: bool,
    at_once: bool,
}

impl Retry {
    fn at_once(node: Arc<Node>, asking: bool) -> Self {
        Self {
            node,
            asking,
            at_once: true,
        }
    }

    fn later(node: Arc<Node>) -> Self {
        Self {
            node,
            asking: false,
            at_once: false,
        }
    }
}

/// Sends one command to one node, for questions about the node itself.
pub(crate) async fn ask(node: &Node, command: &Cmd, by: Instant) -> Result<Value, Failure> {
    let order = Order {
        command,
        way: Way::Shared,
        bytes: 0,
        asking: false,
        send_by: by,
    };
    node.send(order).await
}

/// Whether a server is a node of a Cluster. One that does not say so is taken
/// for one that is not, until it redirects.
async fn is_in_cluster(node: &Node, by: Instant) -> Result<bool, Failure> {
    let mut command = redis::cmd("CLUSTER");
    command.arg("SLOTS");
    let mut pause = FIRST_PAUSE;
    loop {
        let refusal = match ask(node, &command, by).await {
            Ok(_) => return Ok(true),
            Err(Failure::Refused(refusal)) => refusal,
            Err(failure) => return Err(failure),
        };
        if remedy(&refusal) == Remedy::Report {
            return Ok(false);
        }
        if Instant::now() + pause >= by {
            return Err(Failure::Refused(refusal));
        }
        sleep(pause).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}
