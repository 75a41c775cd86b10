//! Leases, by the server's own clock and expiry, and the notices that go with
//! them.

use std::time::Duration;

use crate::{
    script::{DROP_LEASE, Invocation, LEASE_LEFT, NOTIFY, RENEW_LEASE},
    store::Store,
};
use playerdata_core::{
    ServerId, ServerName,
    backend::{
        BackendError, Effect, ErrorKind, INCARNATION_MEMORY, MAX_NOTICES, Notice, Notification,
        Renewal, Result,
    },
};

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
    let text = serde_json::to_string(notice).map_err(|error| {
        let what = "a notice that can't be written as JSON";
        BackendError::new(ErrorKind::Rejected, Effect::None, what).with_source(error)
    })?;
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

/// Reads a notice. One that a newer version wrote, and this one can't read, is
/// not worth a heartbeat: who sent it repeats it, and takes over in the end.
fn read_notice(json: &[u8], server: &ServerId) -> Option<Notice> {
    match serde_json::from_slice(json) {
        Ok(notice) => Some(notice),
        Err(error) => {
            tracing::warn!(%server, %error, "dropped a notice that can't be read");
            None
        }
    }
}

/// At least 1 ms, and no more than Redis can add to its clock.
pub(crate) fn millis(duration: Duration) -> u64 {
    const MOST: u64 = 1 << 53;
    u64::try_from(duration.as_millis()).map_or(MOST, |millis| millis.clamp(1, MOST))
}

#[cfg(test)]
mod tests {
    use playerdata_core::{Incarnation, backend::NoticeKind};
    use uuid::Uuid;

    use super::*;

    /// As it is stored: what earlier versions wrote is read, and a kind that only
    /// a later one knows is left out.
    #[test]
    fn m3_notices_are_read_as_they_are_stored_and_unknown_kinds_are_left_out() {
        const GUID: &str = "0197f7a2-5c1e-4c6a-9d0e-0b6f0a1b2c3d";
        let server = ServerId {
            name: ServerName::new("eu-1").unwrap(),
            incarnation: Incarnation::from_uuid(Uuid::nil()),
        };
        let stored = |kind: &str| {
            format!(
                r#"{{"player":"4711","session":"{GUID}","kind":"{kind}","from":{{"name":"eu-2","incarnation":"{GUID}"}}}}"#
            )
        };
        for (name, kind) in [
            ("HandOver", NoticeKind::HandOver),
            ("Taken", NoticeKind::Taken),
            ("Mail", NoticeKind::Mail),
        ] {
            let notice = read_notice(stored(name).as_bytes(), &server).unwrap();
            assert_eq!(notice.kind, kind);
            assert_eq!(notice.player.as_str(), "4711");
            assert_eq!(serde_json::to_string(&notice).unwrap(), stored(name));
        }
        let unknown = stored("SomethingNew");
        assert_eq!(read_notice(unknown.as_bytes(), &server), None);
    }
}
