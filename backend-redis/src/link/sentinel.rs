//! Sentinel, which knows the primary of a group of servers.
//!
//! The client crate's own Sentinel client is not used, for it asks the
//! Sentinels one after the other, each with a patience of its own: one that
//! does not answer would take the time of every connection.

use std::{collections::HashMap, fmt, time::Duration};

use futures::{StreamExt as _, stream::FuturesUnordered};
use parking_lot::Mutex;
use redis::{AsyncConnectionConfig, Client, ConnectionInfo, RedisError, RedisResult};
use tokio::time::{sleep, timeout};

/// How long to wait for what others say once one has answered: one that was
/// cut off may name a former primary.
const GRACE: Duration = Duration::from_millis(50);

/// The Sentinels that watch over one primary.
pub(crate) struct Sentinels {
    /// How each is connected to.
    at: Vec<ConnectionInfo>,
    /// What they call the primary.
    name: String,
    /// Where the latest connection led.
    latest: Mutex<String>,
}

impl fmt::Debug for Sentinels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses: Vec<_> = self.at.iter().map(|at| at.addr().to_string()).collect();
        write!(f, "Sentinels({} at {})", self.name, addresses.join(","))
    }
}

impl Sentinels {
    pub(crate) fn new(at: Vec<ConnectionInfo>, name: String) -> Self {
        Self {
            at,
            name,
            latest: Mutex::default(),
        }
    }

    /// Remembers where a connection leads.
    pub(crate) fn follow(&self, primary: &str) {
        primary.clone_into(&mut self.latest.lock());
    }

    /// Whether the latest connection leads somewhere else.
    pub(crate) fn has_moved(&self, primary: &str) -> bool {
        *self.latest.lock() != primary
    }

    /// The primary's address, as most of those say who answer in time.
    pub(crate) async fn primary(&self, limit: Duration) -> RedisResult<String> {
        let asking = |at: &ConnectionInfo| {
            let (at, name) = (at.clone(), self.name.clone());
            async move {
                let asked = timeout(limit, ask(at, &name, limit)).await;
                asked.unwrap_or_else(|_| Err(super::node::timed_out()))
            }
        };
        let mut answers: FuturesUnordered<_> = self.at.iter().map(asking).collect();
        let mut votes = Votes::default();
        let mut failure = None;
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(primary) => {
                    votes.count(primary);
                    break;
                }
                Err(error) => failure = Some(error),
            }
        }
        let others = async {
            while let Some(answer) = answers.next().await {
                if let Ok(primary) = answer {
                    votes.count(primary);
                }
            }
        };
        tokio::select! {
            () = others => {}
            () = sleep(GRACE) => {}
        }
        let none = || {
            let what = "no Sentinel is given";
            RedisError::from((redis::ErrorKind::InvalidClientConfig, what))
        };
        votes.winner().ok_or_else(|| failure.unwrap_or_else(none))
    }
}

#[derive(Default)]
struct Votes(HashMap<String, usize>);

impl Votes {
    fn count(&mut self, primary: String) {
        *self.0.entry(primary).or_default() += 1;
    }

    fn winner(self) -> Option<String> {
        let most = self.0.into_iter().max_by_key(|&(_, votes)| votes);
        most.map(|(primary, _)| primary)
    }
}

async fn ask(at: ConnectionInfo, name: &str, limit: Duration) -> RedisResult<String> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(limit))
        .set_response_timeout(Some(limit));
    let client = Client::open(at)?;
    let connecting = client.get_multiplexed_async_connection_with_config(&config);
    let mut connection = connecting.await?;
    let mut command = redis::cmd("SENTINEL");
    command.arg("GET-MASTER-ADDR-BY-NAME").arg(name);
    let address: Option<(String, u16)> = command.query_async(&mut connection).await?;
    let (host, port) = address.ok_or_else(|| {
        let what = "Sentinel does not know the primary";
        let kind = redis::ErrorKind::MasterNameNotFoundBySentinel;
        RedisError::from((kind, what, name.to_owned()))
    })?;
    Ok(format!("{host}:{port}"))
}
