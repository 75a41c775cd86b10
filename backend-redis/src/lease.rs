//! Leases, by the server's own clock and expiry, and the notices that go with
//! them.

use std::{borrow::Cow, time::Duration};

use playerdata_core::{
    Incarnation, PlayerId, ServerId, ServerName, SessionId,
    backend::{
        BackendError, Effect, ErrorKind, INCARNATION_MEMORY, MAX_NOTICES, Notice, NoticeKind,
        Notification, Renewal, Result,
    },
};
use serde::{Deserialize, Serialize};

use crate::{
    script::{DROP_LEASE, Invocation, LEASE_LEFT, NOTIFY, RENEW_LEASE},
    store::Store,
};

/// A notice as it is stored, as JSON.
#[derive(Serialize, Deserialize)]
struct StoredNotice<'a> {
    player: Cow<'a, PlayerId>,
    session: SessionId,
    kind: Cow<'a, str>,
    from: StoredServer<'a>,
}

#[derive(Serialize, Deserialize)]
struct StoredServer<'a> {
    name: Cow<'a, ServerName>,
    incarnation: Incarnation,
}

/// The names of kinds in this store, if they are not the usual ones. Servers of
/// an earlier release, which share the store during an update, know no others.
const KINDS: [(NoticeKind, &str); 3] = [
    (NoticeKind::HandOver, "HandOver"),
    (NoticeKind::Taken, "Taken"),
    (NoticeKind::Mail, "Mail"),
];

pub(crate) async fn renew(store: &Store, server: &ServerId, ttl: Duration) -> Result<Renewal> {
    let call = Invocation::default()
        .keys(store.keys.server(&server.name))
        .argument(&server.incarnation)
        .argument(&millis(ttl))
        .argument(&millis(ttl.saturating_add(INCARNATION_MEMORY)));
    let aim = store.changing_server(&server.name);
    let mut answer = store.call(&RENEW_LEASE, &call, aim).await?;
    match answer.word.as_str() {
        "renewed" => {
            let mut notices = Vec::new();
            while !answer.is_done() {
                notices.extend(read_notice(&answer.bytes()?, server));
            }
            Ok(Renewal::Renewed { notices })
        }
        "superseded" => Ok(Renewal::Superseded { by: answer.part()? }),
        _ => Err(answer.unknown()),
    }
}

pub(crate) async fn drop(store: &Store, server: &ServerId) -> Result<()> {
    let call = Invocation::default()
        .keys(store.keys.server(&server.name))
        .argument(&server.incarnation);
    let aim = store.changing_server(&server.name);
    let answer = store.call(&DROP_LEASE, &call, aim).await?;
    match answer.word.as_str() {
        "dropped" => Ok(()),
        _ => Err(answer.unknown()),
    }
}

pub(crate) async fn left(store: &Store, server: &ServerId) -> Result<Option<Duration>> {
    let [lease, ..] = store.keys.server(&server.name);
    let call = Invocation::default()
        .key(lease)
        .argument(&server.incarnation);
    let aim = store.reading_server(&server.name);
    let mut answer = store.call(&LEASE_LEFT, &call, aim).await?;
    match answer.word.as_str() {
        "none" => Ok(None),
        // Negative if it has no end, which is of somebody else's making.
        "live" => Ok(Some(Duration::from_millis(
            answer.part::<i64>()?.try_into().unwrap_or(u64::MAX),
        ))),
        _ => Err(answer.unknown()),
    }
}

pub(crate) async fn notify(
    store: &Store,
    server: &ServerName,
    notice: &Notice,
) -> Result<Notification> {
    let text = write_notice(notice)?;
    let [_, _, notices] = store.keys.server(server);
    let call = Invocation::default()
        .key(notices)
        .argument(&text)
        .argument(&MAX_NOTICES)
        // A server that stays away for so long has nothing left to hand over.
        .argument(&millis(INCARNATION_MEMORY));
    let answer = store
        .call(&NOTIFY, &call, store.changing_server(server))
        .await?;
    match answer.word.as_str() {
        "queued" => Ok(Notification::Queued),
        "full" => Ok(Notification::Full),
        _ => Err(answer.unknown()),
    }
}

fn write_notice(notice: &Notice) -> Result<String> {
    let named = KINDS.iter().find(|(kind, _)| *kind == notice.kind);
    let stored = StoredNotice {
        player: Cow::Borrowed(&notice.player),
        session: notice.session,
        kind: named.map_or(notice.kind.as_str(), |(_, name)| name).into(),
        from: StoredServer {
            name: Cow::Borrowed(&notice.from.name),
            incarnation: notice.from.incarnation,
        },
    };
    serde_json::to_string(&stored).map_err(|error| {
        let what = "a notice that can't be written as JSON";
        BackendError::new(ErrorKind::Rejected, Effect::None, what).with_source(error)
    })
}

/// Reads a notice. One that a newer version wrote, and this one can't read, is
/// not worth a heartbeat: who sent it repeats it, and takes over in the end.
fn read_notice(json: &[u8], server: &ServerId) -> Option<Notice> {
    let stored: StoredNotice<'_> = serde_json::from_slice(json)
        .inspect_err(|error| tracing::warn!(%server, %error, "dropped a notice that can't be read"))
        .ok()?;
    let named = KINDS.iter().find(|(_, name)| *name == stored.kind);
    let Some(kind) = named
        .map(|(kind, _)| *kind)
        .or_else(|| NoticeKind::from_name(&stored.kind))
    else {
        tracing::warn!(%server, kind = %stored.kind, "dropped a notice of an unknown kind");
        return None;
    };
    Some(Notice {
        player: stored.player.into_owned(),
        session: stored.session,
        kind,
        from: ServerId {
            name: stored.from.name.into_owned(),
            incarnation: stored.from.incarnation,
        },
    })
}

/// At least 1 ms, and no more than Redis can add to its clock.
pub(crate) fn millis(duration: Duration) -> u64 {
    const MOST: u64 = 1 << 53;
    u64::try_from(duration.as_millis()).map_or(MOST, |millis| millis.clamp(1, MOST))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const GUID: &str = "0197f7a2-5c1e-4c6a-9d0e-0b6f0a1b2c3d";

    /// A notice as it has always been stored.
    fn stored(kind: &str) -> String {
        format!(
            r#"{{"player":"4711","session":"{GUID}","kind":"{kind}","from":{{"name":"eu-2","incarnation":"{GUID}"}}}}"#
        )
    }

    fn read(kind: &str) -> Option<Notice> {
        let server = ServerId {
            name: ServerName::new("eu-1").unwrap(),
            incarnation: Incarnation::from_uuid(Uuid::nil()),
        };
        read_notice(stored(kind).as_bytes(), &server)
    }

    #[test]
    fn m3_notices_are_read_as_they_are_stored_and_unknown_kinds_are_left_out() {
        for (name, kind) in [
            ("HandOver", NoticeKind::HandOver),
            ("Taken", NoticeKind::Taken),
            ("Mail", NoticeKind::Mail),
        ] {
            let notice = read(name).unwrap();
            assert_eq!(notice.kind, kind);
            assert_eq!(notice.player.as_str(), "4711");
            assert_eq!(write_notice(&notice).unwrap(), stored(name));
            assert_eq!(read(kind.as_str()), Some(notice));
        }
        assert_eq!(read("something-new"), None);
    }
}
