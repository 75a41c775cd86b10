//! Leases and notices: one item for each server name.
//!
//! A lease is kept by the clocks of the servers: its end is written by the
//! one that renews it, and judged by the one that looks at it, who allows for
//! the difference between the two.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use playerdata_core::{
    Clock, Incarnation, ServerId, ServerName, UnixMillis,
    backend::{
        BackendError, Effect, ErrorKind, INCARNATION_MEMORY, MAX_NOTICES, Notice, NoticeKind,
        Notification, Renewal, Result,
    },
};

use crate::{
    item::{Key, Reader, attr, number, text},
    resend::Nature,
    table::{Change, Conditional, Refusal, Returning, Table, values},
};

/// When an item may be tidied away whose lease ends at `end`: in seconds, as
/// DynamoDB's TTL wants it. Long after anybody asks for it.
fn tidy_after(end: UnixMillis) -> AttributeValue {
    number(end.saturating_add(INCARNATION_MEMORY).get().div_ceil(1_000))
}

/// See [`Backend::renew_lease`](playerdata_core::backend::Backend::renew_lease):
/// one `UpdateItem`, which also drains the notices.
pub(crate) async fn renew(
    table: &Table,
    clock: &dyn Clock,
    server: &ServerId,
    ttl: Duration,
) -> Result<Renewal> {
    let key = Key::lease(&server.name);
    let end = clock.now().saturating_add(ttl);
    let change = Change {
        update: "SET #incarnation = :incarnation, #expires_at = :end, #ttl = :tidy \
                 REMOVE #notices"
            .to_owned(),
        condition: "attribute_not_exists(#incarnation) OR #incarnation <= :incarnation".to_owned(),
        values: values([
            (":incarnation", text(server.incarnation)),
            (":end", number(end.get())),
            (":tidy", tidy_after(end)),
        ]),
    };
    // Sent twice, it would lose the notices that the first one drained.
    let renewed = table
        .update(
            "renew the lease",
            &key,
            change,
            Returning::Before,
            Nature::Once,
        )
        .await?;
    match renewed {
        Conditional::Met(before) => Ok(Renewal::Renewed {
            notices: read_notices(Reader::new(&key, &before))?,
        }),
        Conditional::Failed(Refusal { item, .. }) => {
            let item = item.unwrap_or_default();
            let item = Reader::new(&key, &item);
            let by = item.parsed(attr::INCARNATION)?;
            Ok(Renewal::Superseded {
                by: item.required(attr::INCARNATION, by)?,
            })
        }
    }
}

/// See [`Backend::drop_lease`](playerdata_core::backend::Backend::drop_lease).
pub(crate) async fn drop(table: &Table, clock: &dyn Clock, server: &ServerId) -> Result<()> {
    let change = Change {
        update: "SET #ttl = :tidy REMOVE #expires_at, #notices".to_owned(),
        condition: "#incarnation = :incarnation".to_owned(),
        values: values([
            (":incarnation", text(server.incarnation)),
            (":tidy", tidy_after(clock.now())),
        ]),
    };
    let key = Key::lease(&server.name);
    let dropped = table
        .update(
            "drop the lease",
            &key,
            change,
            Returning::Nothing,
            Nature::Repeatable,
        )
        .await?;
    match dropped {
        // Failed: it is another incarnation's, or nobody's.
        Conditional::Met(_) | Conditional::Failed(_) => Ok(()),
    }
}

/// See [`Backend::lease_is_live`](playerdata_core::backend::Backend::lease_is_live).
pub(crate) async fn is_live(
    table: &Table,
    clock: &dyn Clock,
    max_clock_skew: Duration,
    server: &ServerId,
) -> Result<bool> {
    let key = Key::lease(&server.name);
    let item = table
        .get("look at the lease", &key)
        .await?
        .unwrap_or_default();
    let item = Reader::new(&key, &item);
    let incarnation: Option<Incarnation> = item.parsed(attr::INCARNATION)?;
    let Some(end) = item.number(attr::EXPIRES_AT)? else {
        return Ok(false);
    };
    let lapses = UnixMillis::new(end).saturating_add(max_clock_skew);
    Ok(incarnation == Some(server.incarnation) && clock.now() < lapses)
}

/// See [`Backend::notify`](playerdata_core::backend::Backend::notify).
pub(crate) async fn notify(
    table: &Table,
    clock: &dyn Clock,
    server: &ServerName,
    notice: &Notice,
) -> Result<Notification> {
    let one = AttributeValue::S(write_notice(notice)?);
    let change = Change {
        update: "SET #notices = list_append(if_not_exists(#notices, :none), :one), \
                 #ttl = if_not_exists(#ttl, :tidy)"
            .to_owned(),
        condition: "attribute_not_exists(#notices) OR size(#notices) < :most".to_owned(),
        values: values([
            (":none", AttributeValue::L(Vec::new())),
            (":one", AttributeValue::L(vec![one])),
            (":tidy", tidy_after(clock.now())),
            (":most", number(MAX_NOTICES as u64)),
        ]),
    };
    let key = Key::lease(server);
    let queued = table
        .update(
            "notify",
            &key,
            change,
            Returning::Nothing,
            Nature::Repeatable,
        )
        .await?;
    Ok(match queued {
        Conditional::Met(_) => Notification::Queued,
        Conditional::Failed(_) => Notification::Full,
    })
}

const HAND_OVER: &str = "hand-over";
const TAKEN: &str = "taken";

/// A notice as one line of words: [`MAX_NOTICES`] of the longest fit into an
/// item.
fn write_notice(notice: &Notice) -> Result<String> {
    let kind = match notice.kind {
        NoticeKind::HandOver => HAND_OVER,
        NoticeKind::Taken => TAKEN,
        other => {
            return Err(BackendError::new(
                ErrorKind::Rejected,
                Effect::None,
                format!("this version can't store a notice of the kind {other:?}"),
            ));
        }
    };
    Ok(format!(
        "{kind} {} {} {} {}",
        notice.player, notice.session, notice.from.name, notice.from.incarnation
    ))
}

/// Reads what [`write_notice`] wrote.
fn parse_notice(line: &str) -> Option<Notice> {
    let [kind, player, session, name, incarnation] =
        *line.split(' ').collect::<Vec<_>>().as_slice()
    else {
        return None;
    };
    Some(Notice {
        kind: match kind {
            HAND_OVER => NoticeKind::HandOver,
            TAKEN => NoticeKind::Taken,
            _ => return None,
        },
        player: player.parse().ok()?,
        session: session.parse().ok()?,
        from: ServerId {
            name: name.parse().ok()?,
            incarnation: incarnation.parse().ok()?,
        },
    })
}

/// The notices that waited, oldest first. One that can't be understood, from
/// a newer version perhaps, must not cost the server its lease: it is logged
/// and left out, like one that got lost.
fn read_notices(item: Reader<'_>) -> Result<Vec<Notice>> {
    let mut notices = Vec::new();
    for stored in item.list(attr::NOTICES)? {
        match stored.as_s().ok().and_then(|line| parse_notice(line)) {
            Some(notice) => notices.push(notice),
            None => tracing::warn!(?stored, "a notice that can't be understood was dropped"),
        }
    }
    Ok(notices)
}

#[cfg(test)]
mod tests {
    use playerdata_core::{PlayerId, SessionId};
    use uuid::Uuid;

    use super::*;
    use crate::size::MAX_ITEM_BYTES;

    fn longest_notice() -> Notice {
        Notice {
            player: PlayerId::new("p".repeat(PlayerId::MAX_BYTES)).unwrap(),
            session: SessionId::from_uuid(Uuid::max()),
            kind: NoticeKind::HandOver,
            from: ServerId {
                name: ServerName::new("s".repeat(ServerName::MAX_BYTES)).unwrap(),
                incarnation: Incarnation::from_uuid(Uuid::max()),
            },
        }
    }

    #[test]
    fn a_notice_is_read_as_it_was_written() {
        let mut notice = longest_notice();
        for kind in [NoticeKind::HandOver, NoticeKind::Taken] {
            notice.kind = kind;
            let line = write_notice(&notice).unwrap();
            assert_eq!(parse_notice(&line), Some(notice.clone()));
        }
        assert_eq!(parse_notice("hand-over too few"), None);
        assert_eq!(parse_notice(""), None);
    }

    #[test]
    fn the_most_of_the_longest_notices_fit_into_an_item() {
        let one = write_notice(&longest_notice()).unwrap().len() + 1;
        assert!(MAX_NOTICES * one + 1_000 < MAX_ITEM_BYTES);
    }
}
