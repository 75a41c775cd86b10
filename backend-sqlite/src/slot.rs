//! Slots: open, save, delete, view, list.

use bytes::Bytes;
use playerdata_core::{
    PlayerId, Revision, SlotName,
    backend::{
        Body, Claim, Encoding, ErrorKind, Opened, Opening, Record, SlotSummary, Stamp, WriteOutcome,
    },
};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use crate::{column, error::Fault, lock};

/// The longest body. SQLite itself takes rows of up to 10^9 bytes; a group of
/// such bodies would not fit into memory.
pub(crate) const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// Claims the slot if the session holds the lock under the claim's fence, unless the session has
/// claimed it under a greater number already, and reads it.
const CLAIM: &str = "
    INSERT INTO slot (player, slot, claim_session, claim_number, revision)
    SELECT player, ?2, session, ?5, 0 FROM lock
    WHERE player = ?1 AND session = ?3 AND fence = ?4
    ON CONFLICT (player, slot) DO UPDATE
    SET claim_session = excluded.claim_session, claim_number = excluded.claim_number
    WHERE NOT (claim_session IS excluded.claim_session
               AND claim_number > excluded.claim_number)
    RETURNING revision, write_id, saved_at_ms, schema, encoding, body,
        EXISTS (SELECT 1 FROM letter
                WHERE letter.player = slot.player AND letter.slot = slot.slot
                  AND letter.content IS NOT NULL) AS mail";

/// The one statement of a save: the claim, the base and the write together.
/// Killing a claim clears its columns, so that no other row has to be asked.
const WRITE: &str = "
    UPDATE slot
    SET revision = ?1, write_id = ?2, saved_at_ms = ?3, schema = ?4, encoding = ?5, body = ?6
    WHERE player = ?7 AND slot = ?8
      AND claim_session = ?9 AND claim_number = ?10 AND revision = ?11";

/// Whether this very write, under this claim, made the revision that is there.
const IS_APPLIED: &str = "
    SELECT 1 FROM slot
    WHERE player = ?1 AND slot = ?2
      AND claim_session = ?3 AND claim_number = ?4
      AND revision = ?5 AND write_id = ?6";

const VIEW: &str = "
    SELECT revision, write_id, saved_at_ms, schema, encoding, body FROM slot
    WHERE player = :player AND slot = :slot AND body IS NOT NULL";

const LIST: &str = "
    SELECT slot, revision, saved_at_ms, schema, length(body) AS body_bytes FROM slot
    WHERE player = :player AND body IS NOT NULL
    ORDER BY slot";

pub(crate) fn open(db: &Connection, claim: &Claim) -> Result<Opening, Fault> {
    let number = column::integer(claim.number.get(), "claim number")?;
    let fence = column::integer(claim.fence.get(), "fence")?;
    let opened = db
        .prepare_cached(CLAIM)?
        .query_row(
            params![
                claim.player.as_str(),
                claim.slot.as_str(),
                claim.session.as_uuid().as_bytes(),
                fence,
                number,
            ],
            |row| Ok(read_claimed(row)),
        )
        .optional()?;
    if let Some(opened) = opened {
        // A slot that can't be read is left unclaimed, as it was. That is rare:
        // a savepoint for each opening would cost more than to do the others
        // of the group again.
        return opened.map(Opening::Opened).map_err(Fault::dooming);
    }
    let holder = lock::holder(db, &claim.player)?;
    Ok(match holder {
        Some(lock) if lock.session == claim.session && lock.fence == claim.fence => {
            Opening::Overtaken
        }
        holder => Opening::Lost { holder },
    })
}

/// Refuses a body that is over the limit, before anything is queued.
pub(crate) fn check_size(body: &Body) -> Result<(), Fault> {
    let bytes = body.bytes.len();
    if bytes > MAX_BODY_BYTES {
        return Err(Fault::new(
            ErrorKind::TooLarge,
            format!("the body has {bytes} bytes, more than {MAX_BODY_BYTES}"),
        ));
    }
    Ok(())
}

/// Writes the slot: `body`, or nothing for a deletion.
pub(crate) fn write(
    db: &Connection,
    claim: &Claim,
    stamp: &Stamp,
    body: Option<&Body>,
) -> Result<WriteOutcome, Fault> {
    let number = column::integer(claim.number.get(), "claim number")?;
    let base = column::integer(stamp.base.get(), "revision")?;
    let made = column::integer(stamp.base.get() + 1, "revision")?;
    let written = db.prepare_cached(WRITE)?.execute(params![
        made,
        stamp.write_id.as_uuid().as_bytes(),
        column::time(stamp.at),
        body.map(|body| body.schema),
        body.map(|body| body.encoding.as_str()),
        body.map(|body| &*body.bytes),
        claim.player.as_str(),
        claim.slot.as_str(),
        claim.session.as_uuid().as_bytes(),
        number,
        base,
    ])?;
    let applied = written > 0
        || db.prepare_cached(IS_APPLIED)?.exists(params![
            claim.player.as_str(),
            claim.slot.as_str(),
            claim.session.as_uuid().as_bytes(),
            number,
            made,
            stamp.write_id.as_uuid().as_bytes(),
        ])?;
    if applied {
        let revision = stamp.base.next();
        return Ok(WriteOutcome::Written { revision });
    }
    refusal(db, claim)
}

fn refusal(db: &Connection, claim: &Claim) -> Result<WriteOutcome, Fault> {
    let holder = lock::holder(db, &claim.player)?;
    Ok(match holder {
        Some(lock) if lock.session == claim.session => WriteOutcome::Overtaken,
        holder => WriteOutcome::Lost { holder },
    })
}

pub(crate) fn view(
    db: &Connection,
    player: &PlayerId,
    slot: &SlotName,
) -> Result<Option<Record>, Fault> {
    let record = db
        .prepare_cached(VIEW)?
        .query_row(
            named_params! { ":player": player.as_str(), ":slot": slot.as_str() },
            |row| Ok(read_record(row)),
        )
        .optional()?
        .transpose()?;
    Ok(record.flatten())
}

pub(crate) fn list(db: &Connection, player: &PlayerId) -> Result<Vec<SlotSummary>, Fault> {
    let mut statement = db.prepare_cached(LIST)?;
    let rows = statement.query_map(named_params! { ":player": player.as_str() }, |row| {
        Ok(read_summary(row))
    })?;
    rows.map(|row| row?).collect()
}

fn read_claimed(row: &Row<'_>) -> Result<Opened, Fault> {
    Ok(Opened {
        revision: Revision::new(column::read_number(row, "revision")?),
        last_write: column::read_write_id(row, "write_id")?,
        record: read_record(row)?,
        mail: row.get("mail")?,
    })
}

pub(crate) fn read_record(row: &Row<'_>) -> Result<Option<Record>, Fault> {
    let record = match row.get_ref("body")?.as_blob_or_null() {
        Ok(None) => None,
        Ok(Some(bytes)) => Some(Record {
            revision: Revision::new(column::read_number(row, "revision")?),
            write_id: column::read_write_id(row, "write_id")?
                .ok_or_else(|| Fault::corrupt("a body without a write id"))?,
            saved_at: column::read_time(row, "saved_at_ms")?,
            body: Body {
                schema: row.get("schema")?,
                encoding: column::read_word(row, "encoding", Encoding::from_name)?,
                bytes: Bytes::copy_from_slice(bytes),
            },
        }),
        Err(error) => return Err(Fault::corrupt(format!("body can't be read: {error}"))),
    };
    Ok(record)
}

fn read_summary(row: &Row<'_>) -> Result<SlotSummary, Fault> {
    Ok(SlotSummary {
        slot: column::read_slot_name(row, "slot")?,
        revision: Revision::new(column::read_number(row, "revision")?),
        saved_at: column::read_time(row, "saved_at_ms")?,
        schema: row.get("schema")?,
        body_bytes: column::read_number(row, "body_bytes")?,
    })
}
