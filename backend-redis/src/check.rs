//! Server settings that lose data, found at start.

use std::collections::HashMap;

use playerdata_core::backend::{Hazard, HazardKind};
use redis::Value;

use crate::{
    error::Failure,
    link::{Link, ask},
};

/// Asks all servers that hold data.
///
/// # Errors
///
/// A server that can't be reached. One that refuses to tell is a hazard.
pub(crate) async fn check(link: &Link) -> Result<Vec<Hazard>, Failure> {
    let mut found = Vec::new();
    for (server, node) in link.nodes() {
        let mut info = redis::cmd("INFO");
        info.arg("everything");
        let mut save = redis::cmd("CONFIG");
        save.arg("GET").arg("save");
        let hazards = match ask(&node, &info).await {
            Ok(info) => hazards(&text(info), optional(ask(&node, &save).await)?),
            Err(Failure::Refused(refusal)) => vec![unknown(&refusal.to_string())],
            Err(failure) => return Err(failure),
        };
        found.extend(hazards.into_iter().map(|hazard| at(&server, hazard)));
    }
    Ok(found)
}

/// Says which node of a Cluster has the hazard. A single server has no name.
fn at(server: &str, hazard: Hazard) -> Hazard {
    if server.is_empty() {
        return hazard;
    }
    Hazard::new(hazard.kind, format!("{server}: {}", hazard.what))
}

fn unknown(because: &str) -> Hazard {
    let what = format!("whether Redis keeps its data can't be found out: {because}");
    Hazard::new(HazardKind::Unknown, what)
}

fn evicts(policy: &str) -> Hazard {
    let (kind, what) = if policy.starts_with("volatile-") {
        let what = "can evict leases, which lets live sessions be taken over";
        (HazardKind::EvictsLeases, what)
    } else {
        (HazardKind::EvictsPlayers, "can evict player data")
    };
    let what = format!("maxmemory-policy {policy} {what} (set `noeviction`)");
    Hazard::new(kind, what)
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
        (_, Some(save)) if save.is_empty() => hazards.push(Hazard::new(
            HazardKind::NotPersistent,
            "no persistence: a restart of Redis forgets all players (set `appendonly yes`)",
        )),
        (_, Some(_)) => hazards.push(Hazard::new(
            HazardKind::PersistsLate,
            "snapshots only: a crash of Redis forgets the saves since the last one \
             (set `appendonly yes`)",
        )),
        (_, None) => hazards.push(unknown(
            "the append-only file is off, and it does not say whether it takes snapshots",
        )),
    }
    match field("maxmemory_policy") {
        None | Some("noeviction") => {}
        Some(policy) => hazards.push(evicts(policy)),
    }
    hazards
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found, by kind, and what is said about it.
    fn found(info: &str, save: Option<&str>) -> (Vec<HazardKind>, String) {
        let hazards = hazards(info, save.map(str::to_owned));
        let said: Vec<_> = hazards.iter().map(Hazard::to_string).collect();
        let kinds = hazards.iter().map(|hazard| hazard.kind).collect();
        (kinds, said.join("; "))
    }

    #[test]
    fn a_server_that_logs_and_never_evicts_is_fine() {
        let info = "# Persistence\r\naof_enabled:1\r\nmaxmemory_policy:noeviction\r\n";
        assert_eq!(found(info, Some("")), Default::default());
        assert_eq!(found(info, None), Default::default());
    }

    #[test]
    fn a_server_without_a_log_is_told_from_one_with_snapshots() {
        let info = "aof_enabled:0\r\nmaxmemory_policy:noeviction\r\n";
        assert_eq!(found(info, Some("")).0, [HazardKind::NotPersistent]);
        assert_eq!(found(info, Some("3600 1")).0, [HazardKind::PersistsLate]);
        assert_eq!(found(info, None).0, [HazardKind::Unknown]);
    }

    #[test]
    fn a_policy_that_evicts_is_named() {
        for (policy, kind) in [
            ("allkeys-lru", HazardKind::EvictsPlayers),
            ("volatile-ttl", HazardKind::EvictsLeases),
        ] {
            let info = format!("aof_enabled:1\r\nmaxmemory_policy:{policy}\r\n");
            let (kinds, said) = found(&info, None);
            assert_eq!(kinds, [kind]);
            assert!(said.contains(policy), "{said}");
        }
    }

    #[test]
    fn the_node_of_a_cluster_is_named() {
        let hazard = at("10.0.0.7:7000", evicts("allkeys-lru"));
        assert!(hazard.what.starts_with("10.0.0.7:7000: maxmemory-policy"));
        assert_eq!(at("", evicts("allkeys-lru")), evicts("allkeys-lru"));
    }
}
