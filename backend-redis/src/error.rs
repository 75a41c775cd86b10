//! From what the client and the server say to what the caller does next.

use std::borrow::Cow;

use playerdata_core::backend::{BackendError, Effect, ErrorKind};
use redis::{RedisError, ServerError};

/// Why a command has no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// No connection could be had: the command was never sent.
    NotSent(RedisError),
    /// The connection broke, or no answer came in time: the server may have
    /// carried the command out, or may still do so.
    InDoubt(RedisError),
    /// The server refused the command.
    Refused(ServerError),
    /// The server carried it out, but too few replicas had it in time.
    TooFewReplicas { have_it: i64, wanted: u32 },
    /// The server carried it out, but did not have it on disk in time.
    NotOnDisk,
    /// The server carried it out, and refused to say how many replicas have it.
    Unconfirmed(ServerError),
}

/// What to do about a server's refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Another node of the Cluster has the hash slot, from now on.
    Elsewhere(String),
    /// Another node has this key already, while the hash slot moves.
    Ask(String),
    /// The keys are not together, while the hash slot moves.
    Moving,
    /// The server can't serve the command just now.
    Wait,
    /// The node says that no node has the hash slot: another may know better.
    Refresh,
    /// This server is a replica: the primary is another one.
    NotPrimary,
    /// None: the caller has to know.
    Report,
}

/// What a refusal says, taken out of what Redis 6 wraps it in when it is the
/// refusal of a command of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Said<'a> {
    code: &'a str,
    details: &'a str,
}

impl<'a> Said<'a> {
    fn by(refusal: &'a ServerError) -> Self {
        let details = refusal.details().unwrap_or_default();
        let said = Self {
            code: refusal.code(),
            details,
        };
        if said.code != "ERR" || !details.starts_with("Error running script") {
            return said;
        }
        // `… (call to f_SHA): @user_script:12: -READONLY You can't write …`
        let mut inner = details.match_indices(": -").filter_map(|(at, mark)| {
            let inner = &details[at + mark.len()..];
            let (code, details) = inner.split_once(' ').unwrap_or((inner, ""));
            let is_code = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_uppercase());
            is_code.then_some(Self { code, details })
        });
        inner.next().unwrap_or(said)
    }
}

/// The remedy for a refusal. Each but [`Remedy::Report`] is for a refusal that
/// the server gives before it carries out anything, so that sending the
/// command again can't do it twice.
pub(crate) fn remedy(refusal: &ServerError) -> Remedy {
    let said = Said::by(refusal);
    let address = || said.details.split_ascii_whitespace().nth(1);
    match said.code {
        "MOVED" => address().map_or(Remedy::Report, |at| Remedy::Elsewhere(at.to_owned())),
        "ASK" => address().map_or(Remedy::Report, |at| Remedy::Ask(at.to_owned())),
        "TRYAGAIN" => Remedy::Moving,
        "LOADING" | "BUSY" => Remedy::Wait,
        "CLUSTERDOWN" => Remedy::Refresh,
        "READONLY" | "MASTERDOWN" | "NOMASTERLINK" | "REDIRECT" => Remedy::NotPrimary,
        _ if said.details.contains(NOT_LOCAL) => Remedy::Moving,
        _ if said.details.contains(CLUSTER_IS_DOWN) => Remedy::Refresh,
        _ => Remedy::Report,
    }
}

/// The answer to a script that names a key which is not on its node. The
/// scripts here do so only before they change anything.
const NOT_LOCAL: &str = "attempted to access a non local key";

/// The answer to a script on a node without a working Cluster.
const CLUSTER_IS_DOWN: &str = "while the cluster is down";

/// The error for a stored value that can't be understood.
pub(crate) fn corrupt(effect: Effect, what: impl Into<Cow<'static, str>>) -> BackendError {
    BackendError::new(ErrorKind::Corrupt, effect, what)
}

/// The error for a question that has no answer: it changed nothing, whatever
/// became of it.
pub(crate) fn of_question(error: BackendError, what: &'static str) -> BackendError {
    BackendError::new(error.kind(), Effect::None, what).with_source(error)
}

impl From<Failure> for BackendError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotSent(error) => {
                let kind = unsent_kind(&error);
                Self::new(kind, Effect::None, "no connection to Redis").with_source(error)
            }
            Failure::InDoubt(error) => {
                let what = if error.is_timeout() {
                    "Redis did not answer in time"
                } else {
                    "the connection to Redis broke before the answer came"
                };
                Self::new(ErrorKind::Unavailable, Effect::Possible, what).with_source(error)
            }
            Failure::Refused(refusal) => {
                let (kind, effect) = refused(&refusal);
                let what = format!("Redis refuses: {}", shown(&refusal));
                Self::new(kind, effect, what).with_source(refusal)
            }
            Failure::TooFewReplicas { have_it, wanted } => {
                let what = format!("{have_it} of {wanted} replicas had the change in time");
                Self::new(ErrorKind::Unavailable, Effect::Possible, what)
            }
            Failure::NotOnDisk => {
                let what = "Redis did not have the change on disk in time";
                Self::new(ErrorKind::Unavailable, Effect::Possible, what)
            }
            // Whatever it is: the change is on the primary.
            Failure::Unconfirmed(refusal) => {
                let kind = match refused(&refusal).0 {
                    ErrorKind::Unavailable => ErrorKind::Unavailable,
                    _ => ErrorKind::Rejected,
                };
                let what = format!("Redis refuses to wait for replicas: {}", shown(&refusal));
                Self::new(kind, Effect::Possible, what).with_source(refusal)
            }
        }
    }
}

fn shown(refusal: &ServerError) -> String {
    let said = Said::by(refusal);
    format!("{} {}", said.code, said.details)
        .trim_end()
        .to_owned()
}

fn unsent_kind(error: &RedisError) -> ErrorKind {
    if let Ok(refusal) = ServerError::try_from(error.clone()) {
        return refused(&refusal).0;
    }
    match error.kind() {
        redis::ErrorKind::AuthenticationFailed
        | redis::ErrorKind::InvalidClientConfig
        | redis::ErrorKind::RESP3NotSupported => ErrorKind::Rejected,
        _ => ErrorKind::Unavailable,
    }
}

/// The kind and the effect of a refusal.
///
/// A server checks memory, disk, replicas and its own role before the first
/// write of a script, never between two of them; so a refusal of that sort
/// means that nothing was applied. About a general error inside a script
/// nothing of the kind is known.
fn refused(refusal: &ServerError) -> (ErrorKind, Effect) {
    let said = Said::by(refusal);
    match said.code {
        "MOVED" | "ASK" | "TRYAGAIN" | "CLUSTERDOWN" | "MASTERDOWN" | "NOMASTERLINK"
        | "REDIRECT" | "LOADING" | "READONLY" | "OOM" | "MISCONF" | "NOREPLICAS" | "BUSY"
        | "NOSCRIPT" => (ErrorKind::Unavailable, Effect::None),
        // A failover ended what waited: the change before it may have been
        // lost.
        "UNBLOCKED" | "IOERR" => (ErrorKind::Unavailable, Effect::Possible),
        "NOAUTH" | "WRONGPASS" | "NOPERM" | "DENIED" | "CROSSSLOT" | "EXECABORT" | "NOPROTO" => {
            (ErrorKind::Rejected, Effect::None)
        }
        "WRONGTYPE" => (ErrorKind::Corrupt, Effect::Possible),
        _ => general(said.details),
    }
}

fn general(details: &str) -> (ErrorKind, Effect) {
    if details.contains("max number of clients")
        || details.contains(NOT_LOCAL)
        || details.contains(CLUSTER_IS_DOWN)
    {
        (ErrorKind::Unavailable, Effect::None)
    } else if details.contains("is not an integer") {
        (ErrorKind::Corrupt, Effect::Possible)
    } else {
        (ErrorKind::Rejected, Effect::Possible)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(line: &str) -> ServerError {
        let error = redis::parse_redis_value(format!("-{line}\r\n").as_bytes())
            .unwrap()
            .extract_error()
            .unwrap_err();
        ServerError::try_from(error).unwrap()
    }

    const UNAVAILABLE: (ErrorKind, Effect) = (ErrorKind::Unavailable, Effect::None);
    const IN_DOUBT: (ErrorKind, Effect) = (ErrorKind::Unavailable, Effect::Possible);
    const REJECTED: (ErrorKind, Effect) = (ErrorKind::Rejected, Effect::None);
    const UNKNOWN: (ErrorKind, Effect) = (ErrorKind::Rejected, Effect::Possible);
    const CORRUPT: (ErrorKind, Effect) = (ErrorKind::Corrupt, Effect::Possible);

    /// Each refusal that Redis 6.2, 7 and 8 and Valkey 8 and 9 document, what
    /// the caller gets to know, and what the link does about it first.
    const REFUSALS: &[(&str, (ErrorKind, Effect), &str)] = &[
        (
            "MOVED 3999 127.0.0.1:6381",
            UNAVAILABLE,
            r#"Elsewhere("127.0.0.1:6381")"#,
        ),
        ("MOVED 3999 :6381", UNAVAILABLE, r#"Elsewhere(":6381")"#),
        (
            "ASK 3999 127.0.0.1:6382",
            UNAVAILABLE,
            r#"Ask("127.0.0.1:6382")"#,
        ),
        (
            "TRYAGAIN Multiple keys request during rehashing of slot",
            UNAVAILABLE,
            "Moving",
        ),
        ("CLUSTERDOWN The cluster is down", UNAVAILABLE, "Refresh"),
        ("CLUSTERDOWN Hash slot not served", UNAVAILABLE, "Refresh"),
        (
            "ERR Script attempted to access a non local key in a cluster node script: f, on @user_script:1.",
            UNAVAILABLE,
            "Moving",
        ),
        (
            "ERR Script attempted to execute a write command while the cluster is down and readonly",
            UNAVAILABLE,
            "Refresh",
        ),
        (
            "LOADING Redis is loading the dataset in memory",
            UNAVAILABLE,
            "Wait",
        ),
        (
            "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
            UNAVAILABLE,
            "Wait",
        ),
        (
            "READONLY You can't write against a read only replica.",
            UNAVAILABLE,
            "NotPrimary",
        ),
        (
            "READONLY You can't write against a read only replica. script: 51e5, on @user_script:1.",
            UNAVAILABLE,
            "NotPrimary",
        ),
        (
            "ERR Error running script (call to f_51e5): @user_script:12: @user_script: 12: -READONLY You can't write against a read only replica.",
            UNAVAILABLE,
            "NotPrimary",
        ),
        (
            "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
            UNAVAILABLE,
            "NotPrimary",
        ),
        (
            "NOMASTERLINK Can't SYNC while not connected with my master",
            UNAVAILABLE,
            "NotPrimary",
        ),
        ("REDIRECT 127.0.0.1:6380", UNAVAILABLE, "NotPrimary"),
        (
            "NOREPLICAS Not enough good replicas to write.",
            UNAVAILABLE,
            "Report",
        ),
        (
            "ERR Error running script (call to f_51e5): @user_script:3: -NOREPLICAS Not enough good replicas to write.",
            UNAVAILABLE,
            "Report",
        ),
        (
            "OOM command not allowed when used memory > 'maxmemory'.",
            UNAVAILABLE,
            "Report",
        ),
        (
            "ERR Error running script (call to f_51e5): @user_script:3: -OOM command not allowed when used memory > 'maxmemory'.",
            UNAVAILABLE,
            "Report",
        ),
        (
            "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
            UNAVAILABLE,
            "Report",
        ),
        (
            "NOSCRIPT No matching script. Please use EVAL.",
            UNAVAILABLE,
            "Report",
        ),
        ("ERR max number of clients reached", UNAVAILABLE, "Report"),
        (
            "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)",
            IN_DOUBT,
            "Report",
        ),
        (
            "IOERR error or timeout writing to target instance",
            IN_DOUBT,
            "Report",
        ),
        ("NOAUTH Authentication required.", REJECTED, "Report"),
        (
            "WRONGPASS invalid username-password pair or user is disabled.",
            REJECTED,
            "Report",
        ),
        (
            "NOPERM this user has no permissions to run the 'set' command",
            REJECTED,
            "Report",
        ),
        (
            "DENIED Redis is running in protected mode",
            REJECTED,
            "Report",
        ),
        (
            "CROSSSLOT Keys in request don't hash to the same slot",
            REJECTED,
            "Report",
        ),
        (
            "EXECABORT Transaction discarded because of previous errors.",
            REJECTED,
            "Report",
        ),
        ("NOPROTO unsupported protocol version", REJECTED, "Report"),
        (
            "WRONGTYPE Operation against a key holding the wrong kind of value",
            CORRUPT,
            "Report",
        ),
        (
            "ERR Error running script (call to f_51e5): @user_script:7: -WRONGTYPE Operation against a key holding the wrong kind of value",
            CORRUPT,
            "Report",
        ),
        ("ERR hash value is not an integer", CORRUPT, "Report"),
        ("ERR unknown command 'EVALSHA'", UNKNOWN, "Report"),
        (
            "ERR Error running script (call to f_51e5): @user_script:7: attempt to index a nil value",
            UNKNOWN,
            "Report",
        ),
        // Of commands that this backend never sends.
        ("BUSYKEY Target key name already exists.", UNKNOWN, "Report"),
        (
            "BUSYGROUP Consumer Group name already exists",
            UNKNOWN,
            "Report",
        ),
        ("NOGROUP No such key or consumer group", UNKNOWN, "Report"),
        (
            "UNKILLABLE Sorry the script already executed write commands",
            UNKNOWN,
            "Report",
        ),
        (
            "NOTBUSY No scripts in execution right now.",
            UNKNOWN,
            "Report",
        ),
        (
            "NOGOODSLAVE No suitable replica to promote",
            UNKNOWN,
            "Report",
        ),
        ("INPROG Failover already in progress", UNKNOWN, "Report"),
        ("SOMETHINGNEW that no version says yet", UNKNOWN, "Report"),
    ];

    #[test]
    fn e3_every_refusal_says_what_the_caller_does_next_and_what_was_applied() {
        for &(line, (kind, effect), cure) in REFUSALS {
            let refusal = refusal(line);
            assert_eq!(format!("{:?}", remedy(&refusal)), cure, "{line}");
            let error = BackendError::from(Failure::Refused(refusal));
            assert_eq!((error.kind(), error.effect()), (kind, effect), "{line}");
        }
    }

    #[test]
    fn s2_a_change_that_a_failover_left_unconfirmed_is_in_doubt_and_can_be_tried_again() {
        let line = "UNBLOCKED force unblock from blocking operation, instance state changed";
        let error = BackendError::from(Failure::Unconfirmed(refusal(line)));
        assert_eq!((error.kind(), error.effect()), IN_DOUBT);
        let error = BackendError::from(Failure::Unconfirmed(refusal("NOPERM no wait")));
        assert_eq!((error.kind(), error.effect()), UNKNOWN);
    }
}
