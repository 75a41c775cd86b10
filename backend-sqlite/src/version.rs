//! Kept copies of slots: keep, list, read.

use playerdata_core::{
    PlayerId, Revision, SlotName, UnixMillis,
    backend::{Claim, KeepPolicy, Keeping, Record, VersionSummary},
};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use crate::{column, error::Fault, lock, savepoint::all_or_nothing, slot};

const REVISION: &str = "
    SELECT revision, saved_at_ms, schema FROM slot
    WHERE player = :player AND slot = :slot AND body IS NOT NULL";

const NEWEST: &str = "
    SELECT revision, kept_at_ms FROM version
    WHERE player = :player AND slot = :slot
    ORDER BY revision DESC LIMIT 1";

const KEEP: &str = "
    INSERT INTO version
        (player, slot, revision, kept_at_ms, write_id, saved_at_ms, schema, encoding, body)
    SELECT player, slot, revision, :now, write_id, saved_at_ms, schema, encoding, body
    FROM slot WHERE player = :player AND slot = :slot AND body IS NOT NULL
    ON CONFLICT (player, slot, revision) DO NOTHING";

const DROP_OLDEST: &str = "
    DELETE FROM version
    WHERE player = :player AND slot = :slot AND revision <=
        (SELECT revision FROM version WHERE player = :player AND slot = :slot
         ORDER BY revision DESC LIMIT 1 OFFSET :most)";

const VERSIONS: &str = "
    SELECT revision, saved_at_ms, kept_at_ms, schema, length(body) AS body_bytes FROM version
    WHERE player = :player AND slot = :slot
    ORDER BY revision DESC";

const VERSION: &str = concat!(
    "SELECT ",
    slot::record!(),
    " FROM version WHERE player = :player AND slot = :slot AND revision = :revision"
);

pub(crate) fn keep(
    db: &Connection,
    claim: &Claim,
    policy: KeepPolicy,
    now: UnixMillis,
) -> Result<Keeping, Fault> {
    match lock::holder(db, &claim.player)? {
        Some(lock) if lock.session == claim.session && lock.fence == claim.fence => {}
        holder => return Ok(Keeping::Lost { holder }),
    }
    let revision = revision(db, claim)?.filter(|_| policy.most > 0);
    let Some(revision) = revision else {
        return Ok(Keeping::Nothing);
    };
    match newest(db, claim)? {
        Some((newest, _)) if newest == revision => return Ok(Keeping::Kept { revision }),
        // One of the future was kept by a clock that ran ahead.
        Some((_, kept_at)) if kept_at <= now && now < kept_at.saturating_add(policy.min_age) => {
            return Ok(Keeping::Recent);
        }
        _ => {}
    }
    all_or_nothing(db, || {
        db.prepare_cached(KEEP)?.execute(named_params! {
            ":player": claim.player.as_str(),
            ":slot": claim.slot.as_str(),
            ":now": column::instant(now),
        })?;
        db.prepare_cached(DROP_OLDEST)?.execute(named_params! {
            ":player": claim.player.as_str(),
            ":slot": claim.slot.as_str(),
            ":most": policy.most,
        })?;
        Ok(Keeping::Kept { revision })
    })
}

/// The revision of a record that could be listed as a version.
fn revision(db: &Connection, claim: &Claim) -> Result<Option<Revision>, Fault> {
    let names = named_params! {
        ":player": claim.player.as_str(), ":slot": claim.slot.as_str(),
    };
    db.prepare_cached(REVISION)?
        .query_row(names, |row| Ok(read_revision(row)))
        .optional()?
        .transpose()
}

fn read_revision(row: &Row<'_>) -> Result<Revision, Fault> {
    column::read_time(row, "saved_at_ms")?;
    row.get::<_, u32>("schema")?;
    Ok(Revision::new(column::read_number(row, "revision")?))
}

fn newest(db: &Connection, claim: &Claim) -> Result<Option<(Revision, UnixMillis)>, Fault> {
    let names = named_params! {
        ":player": claim.player.as_str(), ":slot": claim.slot.as_str(),
    };
    db.prepare_cached(NEWEST)?
        .query_row(names, |row| Ok(read_newest(row)))
        .optional()?
        .transpose()
}

fn read_newest(row: &Row<'_>) -> Result<(Revision, UnixMillis), Fault> {
    let revision = Revision::new(column::read_number(row, "revision")?);
    Ok((revision, column::read_time(row, "kept_at_ms")?))
}

pub(crate) fn versions(
    db: &Connection,
    player: &PlayerId,
    slot: &SlotName,
) -> Result<Vec<VersionSummary>, Fault> {
    let mut statement = db.prepare_cached(VERSIONS)?;
    let names = named_params! { ":player": player.as_str(), ":slot": slot.as_str() };
    let rows = statement.query_map(names, |row| Ok(read_summary(row)))?;
    rows.map(|row| row?).collect()
}

fn read_summary(row: &Row<'_>) -> Result<VersionSummary, Fault> {
    Ok(VersionSummary {
        revision: Revision::new(column::read_number(row, "revision")?),
        saved_at: column::read_time(row, "saved_at_ms")?,
        kept_at: column::read_time(row, "kept_at_ms")?,
        schema: row.get("schema")?,
        body_bytes: column::read_number(row, "body_bytes")?,
    })
}

pub(crate) fn version(
    db: &Connection,
    player: &PlayerId,
    slot: &SlotName,
    revision: Revision,
) -> Result<Option<Record>, Fault> {
    // A revision that can't be kept was never kept.
    let Ok(revision) = i64::try_from(revision.get()) else {
        return Ok(None);
    };
    let names = named_params! {
        ":player": player.as_str(), ":slot": slot.as_str(), ":revision": revision,
    };
    let opened = db
        .prepare_cached(VERSION)?
        .query_row(names, |row| Ok(slot::read_opened(row)))
        .optional()?
        .transpose()?;
    Ok(opened.and_then(|opened| opened.record))
}
