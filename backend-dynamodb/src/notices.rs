//! Notices: an item for each, in a partition of their own beside the server's
//! lease, so that a crowd that asks a server for its players holds up nothing
//! but the crowd.
//!
//! - *Queue*: (1) a number is drawn from the queue's counter, unless as many
//!   as may wait have been drawn since it was last drained; (2) the notice is
//!   written under that number. One who dies in between leaves a number
//!   without a notice, which counts as one that waits until the next drain.
//! - *Drain*, in a renewal: (1) the partition is read; (2) the lease is
//!   renewed, on the condition that no later incarnation has it; (3) each
//!   notice that was read is removed, on the condition that it is there, and
//!   counts if it was; (4) the counter goes on from what was read.
//!
//! Each step is one call, and whoever does it may have been frozen before it:
//!
//! - A notice that is written late is under a number that nobody else has: it
//!   is found by the next drain, and delivered late.
//! - One who drains late removes what it read before its own renewal, and
//!   nothing else. If a later incarnation renewed before, the renewal fails
//!   and nothing is removed. If one renewed since, it read the same notices,
//!   which were there before it had a session to be asked for, and what it
//!   removed is not there any more; what has come since is under other
//!   numbers.
//! - The counter's limit only grows: setting it is conditioned on a lower one.

use std::{future, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use futures::{StreamExt, stream};
use playerdata_core::{
    Clock, ServerId, ServerName,
    backend::{BackendError, MAX_NOTICES, Notice, NoticeKind, Notification, Result, deadline},
};
use tokio::time::Instant;

use crate::{
    error::half_way,
    item::{Item, Key, NOTICE_PREFIX, Reader, attr, number},
    lease::tidy_after,
    resend::Nature,
    table::{Change, Conditional, Range, Refusal, Returning, Table, Values, values},
};

/// How many notices are removed at once.
const REMOVED_AT_ONCE: usize = 16;

/// How long a renewal looks at the notices at most: the lease goes first.
const LOOK_AT_MOST: Duration = Duration::from_secs(1);

/// See [`Backend::notify`](playerdata_core::backend::Backend::notify).
pub(crate) async fn notify(
    table: &Table,
    clock: &dyn Clock,
    server: &ServerName,
    notice: &Notice,
) -> Result<Notification> {
    let line = write_notice(notice);
    let tidy = tidy_after(table.service().at(clock.now()));
    let Some(number) = draw(table, server, &tidy).await? else {
        return Ok(Notification::Full);
    };
    let change = Change {
        update: "SET #notice = :notice, #ttl = :tidy".to_owned(),
        condition: "attribute_not_exists(#notice)".to_owned(),
        values: values([(":notice", AttributeValue::S(line)), (":tidy", tidy)]),
    };
    let key = Key::notice(server, number);
    let queued = table.update(
        "notify",
        &key,
        change,
        Returning::Nothing,
        Nature::Repeatable,
    );
    match queued.await.map_err(half_way)? {
        // Failed: an earlier attempt of ours was applied.
        Conditional::Met(_) | Conditional::Failed(_) => Ok(Notification::Queued),
    }
}

/// Draws the next number; `None` if too many have been drawn since the last
/// drain.
async fn draw(table: &Table, server: &ServerName, tidy: &AttributeValue) -> Result<Option<u64>> {
    let key = Key::queue(server);
    let change = Change {
        update: "SET #drawn = if_not_exists(#drawn, :none) + :one, \
                 #room_to = if_not_exists(#room_to, :most), #ttl = :tidy"
            .to_owned(),
        condition: "attribute_not_exists(#drawn) OR #drawn < #room_to".to_owned(),
        values: values([
            (":none", number(0)),
            (":one", number(1)),
            (":most", number(MAX_NOTICES as u64)),
            (":tidy", tidy.clone()),
        ]),
    };
    let drawn = table
        .update("notify", &key, change, Returning::After, Nature::Repeatable)
        .await?;
    match drawn {
        Conditional::Met(item) => {
            let item = Reader::new(&key, &item);
            item.required(attr::DRAWN, item.number(attr::DRAWN)?)
                .map(Some)
        }
        Conditional::Failed(_) => Ok(None),
    }
}

/// What waits for a server, as it was read.
#[derive(Default)]
pub(crate) struct Waiting {
    /// The items of the notices, oldest first.
    notices: Vec<Item>,
    /// The last number that was drawn, if there is room for fewer than there
    /// might be.
    drawn: Option<u64>,
}

/// Reads what waits for a server. If that fails, nothing: it stays where it
/// is, and the lease does not wait for it.
pub(crate) async fn look(table: &Table, server: &ServerName) -> Waiting {
    let looked = tokio::time::timeout(LOOK_AT_MOST, read(table, server)).await;
    let failed = match looked {
        Ok(Ok(waiting)) => return waiting,
        Ok(Err(error)) => error.to_string(),
        Err(late) => late.to_string(),
    };
    tracing::warn!(%server, failed, "notices are left for the next heartbeat");
    Waiting::default()
}

async fn read(table: &Table, server: &ServerName) -> Result<Waiting> {
    const WANTED: [&str; 3] = [attr::NOTICE, attr::DRAWN, attr::ROOM_TO];
    let first = Key {
        sort: NOTICE_PREFIX.to_owned(),
        ..Key::queue(server)
    };
    let mut waiting = Waiting::default();
    let mut from = None;
    loop {
        let page = table
            .page(
                "look for notices of",
                &first,
                Range::BeginningWith,
                &WANTED,
                from,
            )
            .await?;
        for item in page.items {
            if item.contains_key(attr::NOTICE) {
                waiting.notices.push(item);
                continue;
            }
            let counter = Reader::new(&first, &item);
            let drawn = counter.number(attr::DRAWN)?.unwrap_or_default();
            let room_to = counter.number(attr::ROOM_TO)?.unwrap_or_default();
            waiting.drawn = (room_to < room_after(drawn)).then_some(drawn);
        }
        from = page.next;
        if from.is_none() || waiting.notices.len() >= MAX_NOTICES {
            return Ok(waiting);
        }
    }
}

/// How many numbers may be drawn when this many were and nothing waits.
fn room_after(drawn: u64) -> u64 {
    drawn.saturating_add(MAX_NOTICES as u64)
}

/// Removes what was read, and gives those that this call removed, oldest
/// first. What can't be removed in half the time that there is waits for the
/// next heartbeat.
pub(crate) async fn drain(table: &Table, server: &ServerName, waiting: Waiting) -> Vec<Notice> {
    let now = Instant::now();
    let until = deadline().map(|deadline| now + deadline.saturating_duration_since(now) / 2);
    let removed: Vec<_> = stream::iter(waiting.notices)
        .take_while(|_| future::ready(until.is_none_or(|until| Instant::now() < until)))
        .map(|item| remove(table, server, item))
        .buffered(REMOVED_AT_ONCE)
        .collect()
        .await;
    if let Some(drawn) = waiting.drawn
        && let Err(error) = make_room(table, server, drawn).await
    {
        tracing::warn!(%server, %error, "the queue of notices stays as full as it is");
    }
    removed.into_iter().flatten().collect()
}

/// Removes a notice; gives it if it was this call that did.
async fn remove(table: &Table, server: &ServerName, item: Item) -> Option<Notice> {
    let removed = async {
        let first = Key::queue(server);
        let reader = Reader::new(&first, &item);
        let key = Key {
            sort: reader.required(&table.sort_key, reader.parsed(&table.sort_key)?)?,
            ..first.clone()
        };
        let condition = "attribute_exists(#notice)";
        let removed = table
            .delete("drain a notice of", &key, condition, Values::new())
            .await?;
        Ok::<_, BackendError>(match removed {
            Conditional::Met(()) => true,
            // By an earlier attempt of ours, perhaps: better delivered twice.
            Conditional::Failed(Refusal { after_doubt, .. }) => after_doubt,
        })
    };
    match removed.await {
        Ok(true) => read_notice(item.get(attr::NOTICE)?),
        Ok(false) => None,
        Err(error) => {
            tracing::warn!(%server, %error, "a notice is left for the next heartbeat");
            None
        }
    }
}

/// Lets as many numbers be drawn after the one that was read as notices may
/// wait.
async fn make_room(table: &Table, server: &ServerName, drawn: u64) -> Result<()> {
    let change = Change {
        update: "SET #room_to = :room_to".to_owned(),
        condition: "#room_to < :room_to".to_owned(),
        values: values([(":room_to", number(room_after(drawn)))]),
    };
    let key = Key::queue(server);
    let made = table.update(
        "make room for notices of",
        &key,
        change,
        Returning::Nothing,
        Nature::Repeatable,
    );
    match made.await? {
        // Failed: another drain was ahead of this one.
        Conditional::Met(_) | Conditional::Failed(_) => Ok(()),
    }
}

/// A notice as one line of words.
fn write_notice(notice: &Notice) -> String {
    format!(
        "{} {} {} {} {}",
        notice.kind.as_str(),
        notice.player,
        notice.session,
        notice.from.name,
        notice.from.incarnation
    )
}

/// Reads what [`write_notice`] wrote.
fn parse_notice(line: &str) -> Option<Notice> {
    let [kind, player, session, name, incarnation] =
        *line.split(' ').collect::<Vec<_>>().as_slice()
    else {
        return None;
    };
    Some(Notice {
        kind: NoticeKind::from_name(kind)?,
        player: player.parse().ok()?,
        session: session.parse().ok()?,
        from: ServerId {
            name: name.parse().ok()?,
            incarnation: incarnation.parse().ok()?,
        },
    })
}

/// One that can't be understood, from a newer version perhaps, must not cost
/// the server its lease: it is logged and left out, like one that got lost.
fn read_notice(stored: &AttributeValue) -> Option<Notice> {
    let notice = stored.as_s().ok().and_then(|line| parse_notice(line));
    if notice.is_none() {
        tracing::warn!(?stored, "a notice that can't be understood was dropped");
    }
    notice
}

/// The notices in a list, oldest first.
pub(crate) fn read_list(list: &AttributeValue) -> Vec<Notice> {
    let list = list.as_l().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(read_notice).collect()
}

#[cfg(test)]
mod tests {
    use playerdata_core::{Incarnation, PlayerId, SessionId};
    use uuid::Uuid;

    use super::*;

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
        for kind in NoticeKind::ALL {
            notice.kind = kind;
            let line = write_notice(&notice);
            assert_eq!(parse_notice(&line), Some(notice.clone()));
        }
        assert_eq!(parse_notice("hand-over too few"), None);
        assert_eq!(parse_notice(""), None);
    }

    #[test]
    fn a_notice_of_an_earlier_version_is_read_and_one_of_a_later_version_left_out() {
        let rest = "p 00000000-0000-0000-0000-000000000001 s 00000000-0000-0000-0000-000000000002";
        let known = [
            ("hand-over", NoticeKind::HandOver),
            ("taken", NoticeKind::Taken),
            ("mail", NoticeKind::Mail),
        ];
        for (word, kind) in known {
            let notice = parse_notice(&format!("{word} {rest}")).unwrap();
            assert_eq!((notice.kind, notice.player.as_str()), (kind, "p"));
        }
        let lines = [format!("later {rest}"), format!("mail {rest}")];
        let list = AttributeValue::L(lines.map(AttributeValue::S).to_vec());
        let kinds: Vec<_> = read_list(&list).iter().map(|notice| notice.kind).collect();
        assert_eq!(kinds, [NoticeKind::Mail]);
    }
}
