//! Server settings that lose data, found at start.

use std::{collections::HashMap, fmt};

use redis::Value;

use crate::{
    error::Failure,
    link::{Link, ask},
};

/// Something about a server that can lose what the backend stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The server's address in its Cluster; empty for a single server.
    pub server: String,
    /// What is wrong with it.
    pub hazard: Hazard,
}

/// How a server can lose data.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hazard {
    /// Neither the append-only file nor snapshots are on: a restart forgets
    /// everything.
    NoPersistence,
    /// Snapshots are on and the append-only file is off: a crash forgets
    /// everything since the last snapshot, acknowledged saves included.
    SnapshotsOnly,
    /// When memory runs out, the server evicts keys: player data under an
    /// `allkeys-` policy, leases under a `volatile-` one.
    Evicts {
        /// The server's `maxmemory-policy`.
        policy: String,
    },
    /// The server does not tell its settings.
    Unknown {
        /// What it says instead.
        because: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.server.is_empty() {
            write!(f, "{}: ", self.server)?;
        }
        self.hazard.fmt(f)
    }
}

impl fmt::Display for Hazard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPersistence => f.write_str(
                "no persistence: a restart of Redis forgets all players (set `appendonly yes`)",
            ),
            Self::SnapshotsOnly => f.write_str(
                "snapshots only: a crash of Redis forgets the saves since the last one \
                 (set `appendonly yes`)",
            ),
            Self::Evicts { policy } if policy.starts_with("volatile-") => write!(
                f,
                "maxmemory-policy {policy} can evict leases, which lets live sessions be taken \
                 over (set `noeviction`)"
            ),
            Self::Evicts { policy } => write!(
                f,
                "maxmemory-policy {policy} can evict player data (set `noeviction`)"
            ),
            Self::Unknown { because } => {
                write!(
                    f,
                    "whether Redis keeps its data can't be found out: {because}"
                )
            }
        }
    }
}

/// Asks all servers that hold data.
///
/// # Errors
///
/// A server that can't be reached. One that refuses to tell is a warning.
pub(crate) async fn check(link: &Link) -> Result<Vec<Warning>, Failure> {
    let mut warnings = Vec::new();
    for (server, node) in link.nodes() {
        let mut info = redis::cmd("INFO");
        info.arg("everything");
        let mut save = redis::cmd("CONFIG");
        save.arg("GET").arg("save");
        let hazards = match ask(&node, &info).await {
            Ok(info) => hazards(&text(info), optional(ask(&node, &save).await)?),
            Err(Failure::Refused(refusal)) => vec![Hazard::Unknown {
                because: refusal.to_string(),
            }],
            Err(failure) => return Err(failure),
        };
        let server = &server;
        warnings.extend(hazards.into_iter().map(|hazard| Warning {
            server: server.clone(),
            hazard,
        }));
    }
    Ok(warnings)
}

/// Managed services forbid `CONFIG`: that is no failure.
fn optional(answer: Result<Value, Failure>) -> Result<Option<String>, Failure> {
    match answer {
        Ok(value) => Ok(setting(value)),
        Err(Failure::Refused(_)) => Ok(None),
        Err(failure) => Err(failure),
    }
}

fn text(value: Value) -> String {
    redis::from_redis_value(value).unwrap_or_default()
}

fn setting(value: Value) -> Option<String> {
    let settings: HashMap<String, String> = redis::from_redis_value(value).ok()?;
    settings.into_values().next()
}

/// Reads `INFO`, and the setting `save` if the server tells it.
fn hazards(info: &str, save: Option<String>) -> Vec<Hazard> {
    let field = |name: &str| {
        let mut lines = info.lines().map(str::trim_end);
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
    };
    let mut hazards = Vec::new();
    match (field("aof_enabled"), save) {
        (Some("1"), _) => {}
        (_, Some(save)) if save.is_empty() => hazards.push(Hazard::NoPersistence),
        (_, Some(_)) => hazards.push(Hazard::SnapshotsOnly),
        (_, None) => hazards.push(Hazard::Unknown {
            because: "the append-only file is off, and it does not say whether it takes snapshots"
                .to_owned(),
        }),
    }
    match field("maxmemory_policy") {
        None | Some("noeviction") => {}
        Some(policy) => hazards.push(Hazard::Evicts {
            policy: policy.to_owned(),
        }),
    }
    hazards
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_logs_and_never_evicts_is_fine() {
        let info = "# Persistence\r\naof_enabled:1\r\nmaxmemory_policy:noeviction\r\n";
        assert_eq!(hazards(info, Some(String::new())), []);
        assert_eq!(hazards(info, None), []);
    }

    #[test]
    fn a_server_without_a_log_is_told_from_one_with_snapshots() {
        let info = "aof_enabled:0\r\nmaxmemory_policy:noeviction\r\n";
        assert_eq!(hazards(info, Some(String::new())), [Hazard::NoPersistence]);
        let save = Some("3600 1".to_owned());
        assert_eq!(hazards(info, save), [Hazard::SnapshotsOnly]);
        assert!(matches!(hazards(info, None)[..], [Hazard::Unknown { .. }]));
    }

    #[test]
    fn a_policy_that_evicts_is_named() {
        let info = "aof_enabled:1\r\nmaxmemory_policy:allkeys-lru\r\n";
        let found = hazards(info, None);
        let policy = "allkeys-lru".to_owned();
        assert_eq!(found, [Hazard::Evicts { policy }]);
        assert!(found[0].to_string().contains("evict player data"));
    }
}
