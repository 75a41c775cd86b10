//! From what the client and the server say to what the caller does next.

use std::borrow::Cow;

use playerdata_core::backend::{BackendError, Effect, ErrorKind};
use redis::{RedisError, ServerError, ServerErrorKind};

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
    /// The server carried it out, and refused to tell how many replicas have it.
    Unconfirmed(ServerError),
}

/// What to do about a server's refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Another node of the Cluster has the hash slot, from now on.
    Elsewhere(String),
    /// Another node has this key already, while the hash slot moves.
    Ask(String),
    /// The server can't serve the command just now.
    Wait,
    /// This server is a replica: the primary is another one.
    NotPrimary,
    /// None: the caller has to know.
    Report,
}

/// The remedy for a refusal. Each but [`Remedy::Report`] is for a refusal that
/// the server gives before it carries out anything, so that sending the
/// command again can't do it twice.
pub(crate) fn remedy(refusal: &ServerError) -> Remedy {
    let address = || {
        let mut words = refusal.details()?.split_ascii_whitespace();
        words.nth(1).map(str::to_owned)
    };
    match refusal.kind() {
        Some(ServerErrorKind::Moved) => address().map_or(Remedy::Report, Remedy::Elsewhere),
        Some(ServerErrorKind::Ask) => address().map_or(Remedy::Report, Remedy::Ask),
        Some(
            ServerErrorKind::TryAgain
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::MasterDown
            | ServerErrorKind::BusyLoading,
        ) => Remedy::Wait,
        Some(ServerErrorKind::ReadOnly) => Remedy::NotPrimary,
        _ => Remedy::Report,
    }
}

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
                let what = format!("Redis refuses: {}", said(&refusal));
                Self::new(kind, effect, what).with_source(refusal)
            }
            Failure::TooFewReplicas { have_it, wanted } => {
                let what = format!("{have_it} of {wanted} replicas had the change in time");
                Self::new(ErrorKind::Unavailable, Effect::Possible, what)
            }
            Failure::Unconfirmed(refusal) => {
                let what = format!("Redis refuses to wait for replicas: {}", said(&refusal));
                Self::new(ErrorKind::Rejected, Effect::Possible, what).with_source(refusal)
            }
        }
    }
}

fn said(refusal: &ServerError) -> String {
    match refusal.details() {
        Some(details) => format!("{} {details}", refusal.code()),
        None => refusal.code().to_owned(),
    }
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
    match refusal.code() {
        "MOVED" | "ASK" | "TRYAGAIN" | "CLUSTERDOWN" | "MASTERDOWN" | "LOADING" | "READONLY"
        | "OOM" | "MISCONF" | "NOREPLICAS" | "BUSY" | "NOSCRIPT" => {
            (ErrorKind::Unavailable, Effect::None)
        }
        "NOAUTH" | "WRONGPASS" | "NOPERM" | "DENIED" | "CROSSSLOT" | "EXECABORT" => {
            (ErrorKind::Rejected, Effect::None)
        }
        "WRONGTYPE" => (ErrorKind::Corrupt, Effect::Possible),
        _ => general(refusal.details().unwrap_or_default()),
    }
}

fn general(details: &str) -> (ErrorKind, Effect) {
    if details.contains("max number of clients") {
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

    #[test]
    fn refusals_that_pass_are_unavailable_and_without_effect() {
        for line in [
            "LOADING Redis is loading the dataset in memory",
            "CLUSTERDOWN The cluster is down",
            "MASTERDOWN Link with MASTER is down",
            "READONLY You can't write against a read only replica.",
            "OOM command not allowed when used memory > 'maxmemory'.",
            "NOREPLICAS Not enough good replicas to write.",
            "TRYAGAIN Multiple keys request during rehashing of slot",
            "ERR max number of clients reached",
        ] {
            let error = BackendError::from(Failure::Refused(refusal(line)));
            assert_eq!(error.kind(), ErrorKind::Unavailable, "{line}");
            assert_eq!(error.effect(), Effect::None, "{line}");
        }
    }

    #[test]
    fn refusals_that_an_operator_has_to_mend_are_rejections() {
        for line in [
            "NOAUTH Authentication required.",
            "NOPERM this user has no permissions to run the 'set' command",
            "CROSSSLOT Keys in request don't hash to the same slot",
            "ERR unknown command 'EVALSHA'",
        ] {
            let error = BackendError::from(Failure::Refused(refusal(line)));
            assert_eq!(error.kind(), ErrorKind::Rejected, "{line}");
        }
        let error = BackendError::from(Failure::Refused(refusal("WRONGTYPE Operation against")));
        assert_eq!(error.kind(), ErrorKind::Corrupt);
    }

    #[test]
    fn redirections_name_the_node() {
        let moved = remedy(&refusal("MOVED 3999 127.0.0.1:6381"));
        assert_eq!(moved, Remedy::Elsewhere("127.0.0.1:6381".to_owned()));
        let ask = remedy(&refusal("ASK 3999 127.0.0.1:6382"));
        assert_eq!(ask, Remedy::Ask("127.0.0.1:6382".to_owned()));
        assert_eq!(remedy(&refusal("LOADING Redis is")), Remedy::Wait);
        assert_eq!(remedy(&refusal("ERR something")), Remedy::Report);
    }
}
