//! Slots: open, save, delete, view, list.

use bytes::Bytes;
use playerdata_core::{
    PlayerId, Revision, SlotName, UnixMillis, WriteId,
    backend::{
        Body, Claim, Encoding, ErrorKind, Opened, Opening, Record, SlotSummary, Stamp, WriteOutcome,
    },
};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params, types::ValueRef};
use uuid::Uuid;

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
            |row| Ok(read_whatever_it_is(row)),
        )
        .optional()?
        .transpose()?;
    Ok(record.and_then(|opened| opened.record))
}

pub(crate) fn list(db: &Connection, player: &PlayerId) -> Result<Vec<SlotSummary>, Fault> {
    let mut statement = db.prepare_cached(LIST)?;
    let rows = statement.query_map(named_params! { ":player": player.as_str() }, |row| {
        Ok(read_summary(row))
    })?;
    rows.map(|row| row?).collect()
}

fn read_claimed(row: &Row<'_>) -> Result<Opened, Fault> {
    let opened = read_whatever_it_is(row)?;
    let mail = row.get("mail")?;
    Ok(Opened { mail, ..opened })
}

/// Reads a slot. What can't be understood is a record all the same, of which
/// the bytes are known: whoever is shown it can put something else in its place.
/// Without a revision it can't be replaced, and is an error.
fn read_whatever_it_is(row: &Row<'_>) -> Result<Opened, Fault> {
    read_opened(row).or_else(|fault| {
        if fault.dooms_transaction() {
            return Err(fault);
        }
        let revision = Revision::new(column::read_number(row, "revision")?);
        let last_write = column::read_write_id(row, "write_id").unwrap_or_default();
        let bytes = match row.get_ref("body")? {
            ValueRef::Null => return Err(fault),
            ValueRef::Blob(bytes) | ValueRef::Text(bytes) => Bytes::copy_from_slice(bytes),
            ValueRef::Integer(number) => number.to_string().into(),
            ValueRef::Real(number) => number.to_string().into(),
        };
        tracing::warn!(error = %fault, "a slot can't be read");
        Ok(Opened {
            revision,
            last_write,
            record: Some(Record {
                revision,
                write_id: last_write.unwrap_or(WriteId::from_uuid(Uuid::nil())),
                saved_at: column::read_time(row, "saved_at_ms").unwrap_or_default(),
                body: Body {
                    schema: row.get("schema").unwrap_or_default(),
                    encoding: Encoding::Unknown,
                    bytes,
                },
            }),
            mail: false,
            version_age: None,
        })
    })
}

pub(crate) fn read_opened(row: &Row<'_>) -> Result<Opened, Fault> {
    let revision = Revision::new(column::read_number(row, "revision")?);
    let last_write = column::read_write_id(row, "write_id")?;
    let record = match row.get_ref("body")?.as_blob_or_null() {
        Ok(None) => None,
        Ok(Some(bytes)) => Some(Record {
            revision,
            write_id: last_write.ok_or_else(|| Fault::corrupt("a body without a write id"))?,
            saved_at: column::read_time(row, "saved_at_ms")?,
            body: Body {
                schema: row.get("schema")?,
                encoding: column::read_word(row, "encoding", Encoding::from_name)?,
                bytes: Bytes::copy_from_slice(bytes),
            },
        }),
        Err(error) => return Err(Fault::corrupt(format!("body can't be read: {error}"))),
    };
    Ok(Opened {
        revision,
        last_write,
        record,
        mail: false, // where it is asked for, it is put in
        version_age: None,
    })
}

/// What can't be read is listed all the same, by what is known: viewing it says
/// what is wrong, and the other slots are as they are.
fn read_summary(row: &Row<'_>) -> Result<SlotSummary, Fault> {
    let slot = column::read_slot_name(row, "slot")?;
    let read = |slot| {
        Ok(SlotSummary {
            slot,
            revision: Revision::new(column::read_number(row, "revision")?),
            saved_at: column::read_time(row, "saved_at_ms")?,
            schema: row.get("schema")?,
            body_bytes: column::read_number(row, "body_bytes")?,
        })
    };
    read(slot.clone()).or_else(|fault: Fault| match fault.dooms_transaction() {
        true => Err(fault),
        false => Ok(SlotSummary {
            slot,
            revision: Revision::new(column::read_number(row, "revision").unwrap_or_default()),
            saved_at: UnixMillis::default(),
            schema: 0,
            body_bytes: column::read_number(row, "body_bytes").unwrap_or_default(),
        }),
    })
}
