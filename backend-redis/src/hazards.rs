//! What the servers' own settings could lose, as they are now.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU8, Ordering},
    time::Duration,
};

use futures::future::join_all;
use playerdata_core::backend::{Hazard, HazardKind};
use redis::Value;
use tokio::time::{Instant, timeout};

use crate::{
    RedisOptions,
    error::Failure,
    link::{Link, Node, ask},
};

/// How long a replica has to report its settings.
const REPLICAS_TIME: Duration = Duration::from_millis(500);

/// Whether the servers may evict players' keys, as far as is known.
#[derive(Debug, Default)]
pub(crate) struct Eviction(AtomicU8);

impl Eviction {
    const UNKNOWN: u8 = 0;
    const IMPOSSIBLE: u8 = 1;
    const POSSIBLE: u8 = 2;

    /// Whether each write has to be followed by a look at the player's lock.
    pub(crate) fn is_possible(&self) -> bool {
        self.0.load(Ordering::Relaxed) == Self::POSSIBLE
    }

    fn learn(&self, is_possible: bool) {
        let now = if is_possible {
            Self::POSSIBLE
        } else {
            Self::IMPOSSIBLE
        };
        self.0.store(now, Ordering::Relaxed);
    }

    /// Asks, unless it is known. A server that does not say may.
    pub(crate) async fn find_out(&self, link: &Link, by: Instant) {
        if self.0.load(Ordering::Relaxed) != Self::UNKNOWN {
            return;
        }
        let mut is_possible = false;
        for (_, node) in link.nodes() {
            match info(&node, "memory", by).await {
                Ok(info) => is_possible |= !matches!(policy(&info), Some("noeviction")),
                Err(Failure::Refused(_)) => is_possible = true,
                // Whoever asked is about to find out itself.
                Err(_) => return,
            }
        }
        self.learn(is_possible);
    }
}

/// Asks all servers that hold data, and their replicas.
///
/// # Errors
///
/// A server that can't be reached. One that refuses to answer is a hazard.
pub(crate) async fn find(
    link: &Link,
    options: &RedisOptions,
    eviction: &Eviction,
) -> Result<Vec<Hazard>, Failure> {
    let by = Instant::now() + options.operation_timeout;
    let (mut found, mut evicts) = (Vec::new(), false);
    if let Err(error) = link.follow().await {
        found.push(unknown(&format!("no Sentinel names the primary: {error}")));
    }
    for (server, node) in link.nodes() {
        let hazards = match look(&node, by).await {
            Ok(state) => {
                evicts |= !matches!(policy(&state.info), Some("noeviction"));
                let mut hazards = state.hazards(options);
                hazards.extend(replicas(link, &state, by).await);
                hazards
            }
            Err(Failure::Refused(refusal)) => {
                evicts = true;
                vec![unknown(&refusal.to_string())]
            }
            Err(failure) => return Err(failure),
        };
        found.extend(hazards.into_iter().map(|hazard| at(&server, hazard)));
    }
    eviction.learn(evicts);
    Ok(found)
}

/// What replicas would lose that may be promoted. One that can't be asked, for
/// it is down, in another network or has another password, is left out.
async fn replicas(link: &Link, primary: &State, by: Instant) -> Vec<Hazard> {
    let ask = |address: String| async move {
        let node = link.replica(&address)?;
        let Ok(Ok(replica)) = timeout(REPLICAS_TIME, look(&node, by)).await else {
            tracing::debug!(%address, "a replica does not report its settings");
            return None;
        };
        let hazard = replica.persistence()?;
        Some(at(&format!("replica {address}"), hazard))
    };
    let found = join_all(primary.replicas().into_iter().map(ask)).await;
    found.into_iter().flatten().collect()
}

async fn look(node: &Node, by: Instant) -> Result<State, Failure> {
    let mut all = String::new();
    for section in ["memory", "persistence", "replication"] {
        all.push_str(&info(node, section, by).await?);
    }
    Ok(State {
        info: all,
        save: setting(node, "save", by).await?,
        appendfsync: setting(node, "appendfsync", by).await?,
    })
}

async fn info(node: &Node, section: &str, by: Instant) -> Result<String, Failure> {
    let mut command = redis::cmd("INFO");
    command.arg(section);
    let answer = ask(node, &command, by).await?;
    Ok(redis::from_redis_value(answer).unwrap_or_default())
}

/// A setting, unless the server keeps it to itself: managed services forbid
/// `CONFIG`, which is not a failure.
async fn setting(node: &Node, name: &str, by: Instant) -> Result<Option<String>, Failure> {
    let mut command = redis::cmd("CONFIG");
    command.arg("GET").arg(name);
    match ask(node, &command, by).await {
        Ok(value) => Ok(first_setting(value)),
        Err(Failure::Refused(_)) => Ok(None),
        Err(failure) => Err(failure),
    }
}

fn first_setting(value: Value) -> Option<String> {
    let settings: HashMap<String, String> = redis::from_redis_value(value).ok()?;
    settings.into_values().next()
}

/// Says which server has the hazard. A single one has no name.
fn at(server: &str, hazard: Hazard) -> Hazard {
    if server.is_empty() {
        return hazard;
    }
    Hazard::new(hazard.kind, format!("{server}: {}", hazard.what))
}

fn unknown(because: &str) -> Hazard {
    let what = format!("can't find out whether Redis keeps its data: {because}");
    Hazard::new(HazardKind::Unknown, what)
}

fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = info.lines().map(str::trim_end);
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}

fn policy(info: &str) -> Option<&str> {
    field(info, "maxmemory_policy")
}

/// What a server says of itself.
#[derive(Debug, Default)]
struct State {
    /// `INFO`: memory, persistence and replication.
    info: String,
    save: Option<String>,
    appendfsync: Option<String>,
}

impl State {
    fn field(&self, name: &str) -> Option<&str> {
        field(&self.info, name)
    }

    fn hazards(&self, options: &RedisOptions) -> Vec<Hazard> {
        let found = [
            self.role(),
            self.persistence(),
            self.eviction(),
            self.acknowledging(options.min_replicas),
        ];
        found.into_iter().flatten().collect()
    }

    fn role(&self) -> Option<Hazard> {
        (self.field("role") == Some("slave")).then(|| {
            let what = "it is a replica, which takes no writes and may be behind \
                        (connect to the primary, or by Sentinel)";
            Hazard::new(HazardKind::ReadsReplica, what)
        })
    }

    fn persistence(&self) -> Option<Hazard> {
        let late = |what| Some(Hazard::new(HazardKind::PersistsLate, what));
        match (self.field("aof_enabled"), self.save.as_deref()) {
            (Some("1"), _) if self.appendfsync.as_deref() == Some("no") => late(
                "the append-only file is synced whenever the system chooses: a power cut loses \
                 what came since, half a minute or more (set `appendfsync everysec` or `always`)",
            ),
            (Some("1"), _) => None,
            (_, Some("")) => Some(Hazard::new(
                HazardKind::NotPersistent,
                "no persistence: a restart of Redis forgets all players (set `appendonly yes`)",
            )),
            (_, Some(_)) => late(
                "snapshots only: a crash of Redis forgets the saves since the last one \
                 (set `appendonly yes`)",
            ),
            (_, None) => Some(unknown(
                "the append-only file is off, and it does not say whether it takes snapshots",
            )),
        }
    }

    fn eviction(&self) -> Option<Hazard> {
        let policy = policy(&self.info)?;
        let (kind, what) = match policy {
            "noeviction" => return None,
            policy if policy.starts_with("volatile-") => (
                HazardKind::EvictsLeases,
                "can evict leases, so that live sessions are taken over, and with them which \
                 incarnation of a server was the latest, so that a replaced one counts again",
            ),
            _ => (
                HazardKind::EvictsPlayers,
                "can evict players: locks and fences first, because saves don't touch them",
            ),
        };
        let what = format!("maxmemory-policy {policy} {what} (set `noeviction`)");
        Some(Hazard::new(kind, what))
    }

    fn acknowledging(&self, min_replicas: u32) -> Option<Hazard> {
        let there: u32 = self.field("connected_slaves")?.parse().ok()?;
        (there < min_replicas).then(|| {
            let what = format!(
                "{there} replicas are connected, and {min_replicas} have to confirm each change: \
                 none is acknowledged"
            );
            Hazard::new(HazardKind::TooFewReplicas, what)
        })
    }

    /// The addresses of the replicas, as the primary sees them.
    fn replicas(&self) -> Vec<String> {
        let line = |line: &str| {
            let (name, fields) = line.split_once(':')?;
            let number = name.strip_prefix("slave")?;
            if number.parse::<u32>().is_err() {
                return None;
            }
            let mut address = (None, None);
            for field in fields.split(',') {
                match field.split_once('=') {
                    Some(("ip", ip)) => address.0 = Some(ip),
                    Some(("port", port)) => address.1 = Some(port),
                    _ => {}
                }
            }
            Some(format!("{}:{}", address.0?, address.1?))
        };
        let lines = self.info.lines().map(str::trim_end);
        lines.filter_map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(info: &str, save: Option<&str>) -> State {
        State {
            info: info.to_owned(),
            save: save.map(str::to_owned),
            appendfsync: None,
        }
    }

    /// What is found, by kind.
    fn found(state: &State) -> Vec<HazardKind> {
        let hazards = state.hazards(&RedisOptions::default());
        hazards.iter().map(|hazard| hazard.kind).collect()
    }

    #[test]
    fn s13_a_server_that_logs_and_never_evicts_is_fine() {
        let info = "role:master\r\naof_enabled:1\r\nmaxmemory_policy:noeviction\r\n";
        assert_eq!(found(&state(info, Some(""))), []);
        assert_eq!(found(&state(info, None)), []);
    }

    #[test]
    fn s13_a_server_without_a_log_is_told_from_one_with_snapshots() {
        let info = "aof_enabled:0\r\nmaxmemory_policy:noeviction\r\n";
        let kind = |save| found(&state(info, save));
        assert_eq!(kind(Some("")), [HazardKind::NotPersistent]);
        assert_eq!(kind(Some("3600 1")), [HazardKind::PersistsLate]);
        assert_eq!(kind(None), [HazardKind::Unknown]);
    }

    #[test]
    fn s13_a_log_that_is_not_synced_is_late() {
        let mut server = state("aof_enabled:1\r\n", None);
        server.appendfsync = Some("no".to_owned());
        assert_eq!(found(&server), [HazardKind::PersistsLate]);
        server.appendfsync = Some("everysec".to_owned());
        assert_eq!(found(&server), []);
    }

    #[test]
    fn s13_a_policy_that_evicts_is_named_and_fatal() {
        for (policy, kind) in [
            ("allkeys-lru", HazardKind::EvictsPlayers),
            ("allkeys-random", HazardKind::EvictsPlayers),
            ("volatile-ttl", HazardKind::EvictsLeases),
            ("a-later-one", HazardKind::EvictsPlayers),
        ] {
            let info = format!("aof_enabled:1\r\nmaxmemory_policy:{policy}\r\n");
            let hazard = state(&info, None).eviction().unwrap();
            assert_eq!(hazard.kind, kind);
            assert!(kind.is_fatal());
            assert!(hazard.what.contains(policy), "{hazard}");
        }
    }

    #[test]
    fn s13_a_replica_and_too_few_replicas_are_hazards() {
        let info = "role:slave\r\nconnected_slaves:1\r\naof_enabled:1\r\n\
                    slave0:ip=10.0.0.8,port=6380,state=online,offset=14,lag=0\r\n\
                    slave_read_only:1\r\n";
        let server = state(info, None);
        assert_eq!(found(&server), [HazardKind::ReadsReplica]);
        assert_eq!(server.replicas(), ["10.0.0.8:6380"]);
        assert_eq!(server.acknowledging(1), None);
        let hazard = server.acknowledging(2).unwrap();
        assert_eq!(hazard.kind, HazardKind::TooFewReplicas);
    }

    #[test]
    fn the_server_of_a_hazard_is_named() {
        let hazard = at("10.0.0.7:7000", unknown("why"));
        assert!(hazard.what.starts_with("10.0.0.7:7000: can't find out"));
        assert_eq!(at("", unknown("why")), unknown("why"));
    }
}
