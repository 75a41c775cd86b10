//! Leases and notices.

use std::time::Duration;

use playerdata_core::{
    ServerId, ServerName, UnixMillis,
    backend::{INCARNATION_MEMORY, MAX_NOTICES, Notice, NoticeKind, Notification, Renewal},
};
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use tracing::warn;

use crate::{column, error::Fault, savepoint::all_or_nothing};

/// Incarnations are compared as blobs, byte by byte, which is their order. A
/// malformed one is not overwritten.
const RENEW: &str = "
    INSERT INTO lease (server, incarnation, expires_at_ms, ttl_ms, remember_until_ms)
    VALUES (:server, :incarnation, :expires_at, :ttl, :remember_until)
    ON CONFLICT (server) DO UPDATE
    SET incarnation = excluded.incarnation,
        expires_at_ms = excluded.expires_at_ms,
        ttl_ms = excluded.ttl_ms,
        remember_until_ms = excluded.remember_until_ms
    WHERE incarnation <= excluded.incarnation AND length(incarnation) = 16";

const DROP: &str = "
    UPDATE lease SET expires_at_ms = 0, remember_until_ms = :remember_until
    WHERE server = :server AND incarnation = :incarnation";

const LEASE: &str = "
    SELECT incarnation, expires_at_ms, ttl_ms FROM lease WHERE server = :server";

/// How far the clock may be set back without a lease being thought written by
/// a clock that ran ahead.
const SKEW: Duration = Duration::from_secs(1);

/// The most that a lease of an earlier version is believed to be made for.
const LONGEST_TTL: Duration = Duration::from_secs(24 * 60 * 60);

const NOTIFY: &str = "
    INSERT INTO notice
        (server, kind, player, session, from_server, from_incarnation, keep_until_ms)
    SELECT :server, :kind, :player, :session, :from_server, :from_incarnation, :keep_until
    WHERE (SELECT count(*) FROM notice WHERE server = :server) < :most";

const DRAIN: &str = "
    DELETE FROM notice WHERE server = :server
    RETURNING id, kind, player, session, from_server, from_incarnation";

const FORGET_NOTICES: &str = "DELETE FROM notice WHERE server = :server";

/// What nobody needs any more goes a few rows at a time, so that no renewal
/// is held up by it.
const TIDY: [&str; 2] = [
    "DELETE FROM lease WHERE rowid IN
        (SELECT rowid FROM lease WHERE remember_until_ms < :now LIMIT 32)",
    "DELETE FROM notice WHERE id IN
        (SELECT id FROM notice WHERE keep_until_ms < :now LIMIT 32)",
];

pub(crate) fn renew(
    db: &Connection,
    server: &ServerId,
    ttl: Duration,
    now: UnixMillis,
) -> Result<Renewal, Fault> {
    let expires_at = now.saturating_add(ttl);
    all_or_nothing(db, || {
        let renewed = db.prepare_cached(RENEW)?.execute(named_params! {
            ":server": server.name.as_str(),
            ":incarnation": server.incarnation.as_uuid().as_bytes(),
            ":expires_at": column::instant(expires_at),
            ":ttl": column::millis(ttl),
            ":remember_until": column::instant(expires_at.saturating_add(INCARNATION_MEMORY)),
        })?;
        if renewed == 0 {
            return superseded(db, &server.name);
        }
        let notices = drain(db, &server.name)?;
        tidy(db, now)?;
        Ok(Renewal::Renewed { notices })
    })
}

fn superseded(db: &Connection, server: &ServerName) -> Result<Renewal, Fault> {
    db.prepare_cached(LEASE)?
        .query_row(named_params! { ":server": server.as_str() }, |row| {
            Ok(column::read_incarnation(row, "incarnation").map(|by| Renewal::Superseded { by }))
        })?
}

/// Takes out the notices for a name, oldest first.
///
/// A notice that can't be read is dropped with a warning. Who sent it repeats
/// it, whereas failing here would let the lease lapse for its sake.
fn drain(db: &Connection, server: &ServerName) -> Result<Vec<Notice>, Fault> {
    let mut statement = db.prepare_cached(DRAIN)?;
    let rows = statement.query_map(named_params! { ":server": server.as_str() }, |row| {
        Ok((row.get::<_, i64>("id")?, read_notice(row)))
    })?;
    let mut notices = rows.collect::<Result<Vec<_>, _>>()?;
    notices.sort_by_key(|(id, _)| *id);
    let readable = notices.into_iter().filter_map(|(id, notice)| match notice {
        Ok(notice) => Some(notice),
        Err(fault) => {
            warn!(%server, id, %fault, "dropped a notice that can't be read");
            None
        }
    });
    Ok(readable.collect())
}

fn read_notice(row: &Row<'_>) -> Result<Notice, Fault> {
    Ok(Notice {
        player: column::read_player(row, "player")?,
        session: column::read_session(row, "session")?,
        kind: column::read_word(row, "kind", NoticeKind::from_name)?,
        from: column::read_server(row, "from_server", "from_incarnation")?,
    })
}

fn tidy(db: &Connection, now: UnixMillis) -> Result<(), Fault> {
    for sql in TIDY {
        db.prepare_cached(sql)?
            .execute(named_params! { ":now": column::instant(now) })?;
    }
    Ok(())
}

pub(crate) fn drop_lease(db: &Connection, server: &ServerId, now: UnixMillis) -> Result<(), Fault> {
    all_or_nothing(db, || {
        let dropped = db.prepare_cached(DROP)?.execute(named_params! {
            ":server": server.name.as_str(),
            ":incarnation": server.incarnation.as_uuid().as_bytes(),
            ":remember_until": column::instant(now.saturating_add(INCARNATION_MEMORY)),
        })?;
        if dropped > 0 {
            db.prepare_cached(FORGET_NOTICES)?
                .execute(named_params! { ":server": server.name.as_str() })?;
        }
        Ok(())
    })
}

/// How long the lease of exactly this incarnation still lives.
///
/// An end that is further away than the lease was long was written before the
/// clock was set back, and would hold up a take-over until then: it counts as
/// lapsed. A server that lives writes another with its next heartbeat.
pub(crate) fn left(
    db: &Connection,
    server: &ServerId,
    now: UnixMillis,
) -> Result<Option<Duration>, Fault> {
    let lease =
        db.prepare_cached(LEASE)?
            .query_row(named_params! { ":server": server.name.as_str() }, |row| {
                let expires_at: i64 = row.get("expires_at_ms")?;
                let ttl: Option<i64> = row.get("ttl_ms")?;
                Ok(column::read_incarnation(row, "incarnation")
                    .map(|latest| (latest, expires_at, ttl)))
            })
            .optional()?
            .transpose()?;
    let Some((latest, expires_at, ttl)) = lease else {
        return Ok(None);
    };
    let left = expires_at.saturating_sub(column::instant(now));
    let ttl = ttl.unwrap_or(column::millis(LONGEST_TTL));
    let believed = left <= ttl.saturating_add(column::millis(SKEW));
    Ok(u64::try_from(left)
        .ok()
        .filter(|left| *left > 0 && believed && latest == server.incarnation)
        .map(Duration::from_millis))
}

pub(crate) fn notify(
    db: &Connection,
    server: &ServerName,
    notice: &Notice,
    now: UnixMillis,
) -> Result<Notification, Fault> {
    let queued = db.prepare_cached(NOTIFY)?.execute(named_params! {
        ":server": server.as_str(),
        ":kind": notice.kind.as_str(),
        ":player": notice.player.as_str(),
        ":session": notice.session.as_uuid().as_bytes(),
        ":from_server": notice.from.name.as_str(),
        ":from_incarnation": notice.from.incarnation.as_uuid().as_bytes(),
        ":keep_until": column::instant(now.saturating_add(INCARNATION_MEMORY)),
        ":most": MAX_NOTICES as i64,
    })?;
    Ok(if queued == 0 {
        Notification::Full
    } else {
        Notification::Queued
    })
}
