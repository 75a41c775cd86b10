//! The way to the servers: connections, redirections, and which failures are
//! safe to try again.

mod cluster;
mod node;
mod server;

use std::{sync::Arc, time::Duration};

use redis::{Client, Cmd, Value, aio::ConnectionManager};
use tokio::time::{Instant, sleep, timeout_at};

use self::{
    cluster::Cluster,
    node::{Node, Order, timed_out},
};
use crate::{
    RedisOptions,
    error::{Failure, Remedy, remedy},
    keys::{HashSlot, hash_slot},
};

/// The first pause before a refused command is sent again; each is twice the
/// one before.
const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// The servers that hold the data.
///
/// A command is sent again only if it certainly was not carried out: no
/// connection could be had, or the server refused it and said where or when to
/// try. A change whose answer was lost is an error, whatever it is, for a
/// second copy of it could land after something newer (rules S1 and S2).
#[derive(Debug)]
pub(crate) enum Link {
    Single(Arc<Node>),
    Cluster(Box<Cluster>),
}

/// What a command does to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It only reads: it can be sent as often as one likes.
    Read,
    /// It changes something that is renewed or repeated anyway.
    Change,
    /// It changes something that replicas may have to confirm.
    Keep,
}

/// What a command is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Aim<'a> {
    /// What the names of all its keys have in braces, and what a Cluster finds
    /// the node by.
    pub(crate) hash_tag: &'a str,
    pub(crate) purpose: Purpose,
    /// When to give up.
    pub(crate) deadline: Instant,
}

impl Link {
    /// Connects to a server, or to the Cluster that it is a node of.
    pub(crate) async fn connect(
        clients: &[Client],
        options: &RedisOptions,
    ) -> Result<Self, Failure> {
        if let [client] = clients {
            let node = Node::new(client.clone(), options);
            if !is_in_cluster(&node).await? {
                return Ok(Self::Single(Arc::new(node)));
            }
        }
        let cluster = Cluster::connect(clients, options).await?;
        Ok(Self::Cluster(Box::new(cluster)))
    }

    /// Uses a connection that the caller made.
    pub(crate) fn ready(connection: ConnectionManager) -> Self {
        Self::Single(Arc::new(Node::ready(connection)))
    }

    /// The servers that hold data, with a name for each.
    pub(crate) fn nodes(&self) -> Vec<(String, Arc<Node>)> {
        match self {
            Self::Single(node) => vec![(String::new(), node.clone())],
            Self::Cluster(cluster) => cluster.owners(),
        }
    }

    /// Has a command carried out, once.
    pub(crate) async fn run(&self, command: &Cmd, aim: Aim<'_>) -> Result<Value, Failure> {
        let order = Order {
            command,
            confirmed: aim.purpose == Purpose::Keep,
            asking: false,
        };
        // What is rare is boxed here and below, so that what every save goes
        // through stays small.
        let owner;
        let node = match self {
            Self::Single(node) => node,
            Self::Cluster(cluster) => {
                owner = cluster.find(hash_slot(aim.hash_tag)).await?;
                &owner
            }
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
        // A redirection followed for the first time is no sign of trouble.
        let mut at_once = true;
        loop {
            let Some(retry) = self.retry(&failure, aim, &node).await else {
                return Err(failure);
            };
            if Instant::now() + pause >= aim.deadline {
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
        let slot = hash_slot(aim.hash_tag);
        let remedy = match failure {
            Failure::Refused(refusal) => remedy(refusal),
            Failure::NotSent(_) => return self.successor(slot, node).await,
            Failure::InDoubt(error) if aim.purpose == Purpose::Read && !error.is_timeout() => {
                return Some(Retry::later(node.clone()));
            }
            Failure::InDoubt(_) | Failure::TooFewReplicas { .. } | Failure::Unconfirmed(_) => {
                return None;
            }
        };
        match (remedy, self) {
            (Remedy::Report, _) | (Remedy::Elsewhere(_) | Remedy::Ask(_), Self::Single(_)) => None,
            (Remedy::Elsewhere(address), Self::Cluster(cluster)) => {
                let owner = cluster.node_at(&address).ok()?;
                cluster.learn(slot, &owner);
                Some(Retry::at_once(owner, false))
            }
            (Remedy::Ask(address), Self::Cluster(cluster)) => {
                let node = cluster.node_at(&address).ok()?;
                Some(Retry::at_once(node, true))
            }
            (Remedy::Wait, Self::Single(_)) => Some(Retry::later(node.clone())),
            (Remedy::Wait, Self::Cluster(cluster)) => {
                Some(Retry::later(cluster.find(slot).await.ok()?))
            }
            (Remedy::NotPrimary, Self::Single(_)) => {
                node.reconnect();
                Some(Retry::later(node.clone()))
            }
            (Remedy::NotPrimary, Self::Cluster(cluster)) => {
                cluster.refresh().await.ok()?;
                Some(Retry::later(cluster.find(slot).await.ok()?))
            }
        }
    }

    /// The node that has taken over from one that can't be reached.
    async fn successor(&self, slot: HashSlot, unreachable: &Arc<Node>) -> Option<Retry> {
        let Self::Cluster(cluster) = self else {
            return None;
        };
        cluster.refresh().await.ok()?;
        let owner = cluster.owner(slot)?;
        (!Arc::ptr_eq(&owner, unreachable)).then(|| Retry::later(owner))
    }
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
pub(crate) async fn ask(node: &Node, command: &Cmd) -> Result<Value, Failure> {
    let order = Order {
        command,
        confirmed: false,
        asking: false,
    };
    node.send(order).await
}

async fn is_in_cluster(node: &Node) -> Result<bool, Failure> {
    let mut command = redis::cmd("INFO");
    command.arg("cluster");
    let info = match ask(node, &command).await {
        Ok(info) => info,
        // Who may not ask has one server, or gives the addresses of several.
        Err(Failure::Refused(_)) => return Ok(false),
        Err(failure) => return Err(failure),
    };
    let text: String = redis::from_redis_value(info).unwrap_or_default();
    Ok(text
        .lines()
        .any(|line| line.trim_end() == "cluster_enabled:1"))
}
