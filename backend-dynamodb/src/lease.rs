//! Leases: one item for each server name.
//!
//! A lease is kept by the clocks of the servers: its end is written by the
//! one that renews it, and judged by the one that looks at it, who allows for
//! the difference between the two. Each corrects its own clock by the time
//! that DynamoDB's answers give.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use playerdata_core::{
    Clock, Incarnation, ServerId, ServerName, UnixMillis,
    backend::{INCARNATION_MEMORY, Notice, Renewal, Result},
};

use crate::{
    item::{Item, Key, Reader, attr, number, text},
    notices,
    resend::Nature,
    table::{Change, Conditional, Refusal, Returning, Table, values},
};

/// How wrong, in milliseconds, the end of a lease may be that was just
/// written, before it is written again with the time that the answer gave.
const NEW_TIME: u64 = 1_000;

/// When an item may be tidied away whose lease ends at `end`: in seconds, as
/// DynamoDB's TTL wants it. Long after anybody asks for it.
pub(crate) fn tidy_after(end: UnixMillis) -> AttributeValue {
    number(end.saturating_add(INCARNATION_MEMORY).get().div_ceil(1_000))
}

/// See
/// [`Backend::renew_lease`](playerdata_core::backend::Backend::renew_lease).
///
/// The notices are looked at before the lease is renewed, and only those that
/// were seen are removed after it: see [`notices`].
pub(crate) async fn renew(
    table: &Table,
    clock: &dyn Clock,
    server: &ServerId,
    ttl: Duration,
) -> Result<Renewal> {
    let waiting = notices::look(table, &server.name).await;
    let mut told = table.service().ahead();
    let mut renewed = extend(table, clock, server, ttl).await?;
    // The first call of a process learns from its answer what time it is.
    if matches!(renewed, Conditional::Met(_)) && told.abs_diff(table.service().ahead()) > NEW_TIME {
        told = table.service().ahead();
        tracing::warn!(behind_by_ms = told, "this server's clock is not DynamoDB's");
        renewed = extend(table, clock, server, ttl).await?;
    }
    match renewed {
        Conditional::Met(lease) => {
            let mut notices = drain_list(table, &server.name, &lease).await;
            notices.extend(notices::drain(table, &server.name, waiting).await);
            Ok(Renewal::Renewed { notices })
        }
        Conditional::Failed(by) => Ok(Renewal::Superseded { by }),
    }
}

/// Writes the new end of the lease, and gives the item, or else the later
/// incarnation that has it.
async fn extend(
    table: &Table,
    clock: &dyn Clock,
    server: &ServerId,
    ttl: Duration,
) -> Result<Conditional<Item, Incarnation>> {
    let key = Key::lease(&server.name);
    let end = table.service().at(clock.now()).saturating_add(ttl);
    let lasts = ttl.as_millis().try_into().unwrap_or(u64::MAX);
    let change = Change {
        update: "SET #incarnation = :incarnation, #expires_at = :end, #lasts = :lasts, \
                 #ttl = :tidy"
            .to_owned(),
        condition: "attribute_not_exists(#incarnation) OR #incarnation <= :incarnation".to_owned(),
        values: values([
            (":incarnation", text(server.incarnation)),
            (":end", number(end.get())),
            (":lasts", number(lasts)),
            (":tidy", tidy_after(end)),
        ]),
    };
    let renewed = table
        .update(
            "renew the lease",
            &key,
            change,
            Returning::After,
            Nature::Repeatable,
        )
        .await?;
    Ok(match renewed {
        Conditional::Met(lease) => Conditional::Met(lease),
        Conditional::Failed(Refusal { item, .. }) => {
            let item = item.unwrap_or_default();
            let item = Reader::new(&key, &item);
            let by = item.parsed(attr::INCARNATION)?;
            Conditional::Failed(item.required(attr::INCARNATION, by)?)
        }
    })
}

/// Takes the notices out of the lease's item: versions before this one put
/// them there. If one was added meanwhile they stay until the next heartbeat.
async fn drain_list(table: &Table, server: &ServerName, lease: &Item) -> Vec<Notice> {
    let Some(list) = lease.get(attr::NOTICES) else {
        return Vec::new();
    };
    let key = Key::lease(server);
    let change = Change {
        update: "REMOVE #notices".to_owned(),
        condition: "#notices = :seen".to_owned(),
        values: values([(":seen", list.clone())]),
    };
    let drained = table.update(
        "drain the notices of",
        &key,
        change,
        Returning::Nothing,
        Nature::Repeatable,
    );
    let is_ours = match drained.await {
        Ok(Conditional::Met(_)) => true,
        Ok(Conditional::Failed(refusal)) => refusal.after_doubt,
        Err(error) => {
            tracing::warn!(%error, "notices are left for the next heartbeat");
            false
        }
    };
    match is_ours {
        true => notices::read_list(list),
        false => Vec::new(),
    }
}

/// See [`Backend::drop_lease`](playerdata_core::backend::Backend::drop_lease).
pub(crate) async fn drop(table: &Table, clock: &dyn Clock, server: &ServerId) -> Result<()> {
    let waiting = notices::look(table, &server.name).await;
    let change = Change {
        update: "SET #ttl = :tidy REMOVE #expires_at, #lasts, #notices".to_owned(),
        condition: "#incarnation = :incarnation".to_owned(),
        values: values([
            (":incarnation", text(server.incarnation)),
            (":tidy", tidy_after(table.service().at(clock.now()))),
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
    if let Conditional::Met(_) = dropped {
        notices::drain(table, &server.name, waiting).await;
    }
    // Failed: it is another incarnation's, or nobody's.
    Ok(())
}

/// How long the lease of exactly this incarnation still lives; `None` if it
/// does not.
///
/// An end that is further off than the lease lasts was written by a clock that
/// was ahead, and is not believed: it would keep a dead server's players until
/// then. If it is alive, it will have renewed within a heartbeat.
pub(crate) async fn left(
    table: &Table,
    clock: &dyn Clock,
    max_clock_skew: Duration,
    server: &ServerId,
) -> Result<Option<Duration>> {
    let key = Key::lease(&server.name);
    let item = table
        .get("look at the lease", &key)
        .await?
        .unwrap_or_default();
    let item = Reader::new(&key, &item);
    let incarnation: Option<Incarnation> = item.parsed(attr::INCARNATION)?;
    let Some(end) = item.number(attr::EXPIRES_AT)? else {
        return Ok(None);
    };
    let lasts = item.number(attr::LASTS)?.map(Duration::from_millis);
    if incarnation != Some(server.incarnation) {
        return Ok(None);
    }
    // Of the same answer, as far as the service's clock is concerned.
    let now = table.service().at(clock.now());
    let at_most = lasts.map(|lasts| lasts.saturating_add(max_clock_skew));
    let left = Duration::from_millis(end.saturating_sub(now.get()));
    if at_most.is_some_and(|at_most| left > at_most) {
        tracing::warn!(%server.name, ?left, "the end of a lease is implausibly far in the future");
        return Ok(None);
    }
    let lapses = UnixMillis::new(end).saturating_add(max_clock_skew);
    let left = Duration::from_millis(lapses.get().saturating_sub(now.get()));
    Ok((!left.is_zero()).then_some(left))
}
