//! Slots: open, save, delete, view, list.

use bytes::Bytes;
use playerdata_core::{
    PlayerId, Revision, SlotName, UnixMillis, WriteId,
    backend::{
        Body, Claim, Encoding, ErrorKind, Opened, Opening, Record, SlotSummary, Stamp, WriteOutcome,
    },
};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, named_params, params, types::ValueRef};
use uuid::Uuid;

use crate::{
    column::{self, Column},
    error::Fault,
    lock,
};

/// The longest body. SQLite itself takes rows of up to 10^9 bytes; a group of
/// such bodies would not fit into memory.
pub(crate) const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// The columns of a stored record, in the order in which all statements here
/// name them.
macro_rules! record {
    () => {
        "revision, write_id, saved_at_ms, schema, encoding, body"
    };
}
pub(crate) use record;

const REVISION: Column = Column::At(0, "revision");
const WRITE_ID: Column = Column::At(1, "write_id");
const SAVED_AT: Column = Column::At(2, "saved_at_ms");
const SCHEMA: Column = Column::At(3, "schema");
const ENCODING: Column = Column::At(4, "encoding");
const BODY: Column = Column::At(5, "body");

/// Whether letters wait for the slot.
const MAIL: Column = Column::At(6, "mail");
const ROW: Column = Column::At(7, "rowid");

/// Reads a slot that is there, if the session holds the lock under the claim's
/// fence and has not claimed it under a greater number already.
///
/// Reading first and claiming then takes half of the time of one statement that
/// does both: what a statement returns that also writes is kept in a table of
/// its own until it has ended.
const READ: &str = concat!(
    "SELECT ",
    record!(),
    ", EXISTS (SELECT 1 FROM letter
               WHERE letter.player = ?1 AND letter.slot = ?2 AND letter.content IS NOT NULL), rowid
    FROM slot
    WHERE player = ?1 AND slot = ?2
      AND (SELECT fence FROM lock WHERE lock.player = ?1 AND lock.session = ?3) = ?4
      AND NOT (claim_session IS ?3 AND claim_number > ?5)"
);

/// Claims what `READ` has found.
const CLAIM: &str = "UPDATE slot SET claim_session = ?2, claim_number = ?3 WHERE rowid = ?1";

/// Makes and claims a slot that is not there, if the session holds the lock under
/// the claim's fence.
const MAKE: &str = "
    INSERT INTO slot (player, slot, claim_session, claim_number, revision)
    SELECT player, ?2, session, ?5, 0 FROM lock
    WHERE player = ?1 AND session = ?3 AND fence = ?4
    ON CONFLICT (player, slot) DO NOTHING";

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

const VIEW: &str = concat!(
    "SELECT ",
    record!(),
    " FROM slot WHERE player = :player AND slot = :slot AND body IS NOT NULL"
);

const LIST: &str = "
    SELECT slot, revision, saved_at_ms, schema, length(body) AS body_bytes FROM slot
    WHERE player = :player AND body IS NOT NULL
    ORDER BY slot";

pub(crate) fn open(db: &Connection, claim: &Claim) -> Result<Opening, Fault> {
    let number = column::integer(claim.number.get(), "claim number")?;
    let fence = column::integer(claim.fence.get(), "fence")?;
    let session = claim.session.as_uuid().as_bytes();
    let names = params![
        claim.player.as_str(),
        claim.slot.as_str(),
        session,
        fence,
        number,
    ];
    // A slot that can't be read is left unclaimed, as it was.
    if let Some((row, opened)) = read_to_claim(db, names)? {
        db.prepare_cached(CLAIM)?
            .execute(params![row, session, number])?;
        return Ok(Opening::Opened(opened));
    }
    if db.prepare_cached(MAKE)?.execute(names)? > 0 {
        let made = read_to_claim(db, names).map_err(Fault::dooming)?;
        let gone = || Fault::corrupt("the slot that was just made is not there").dooming();
        return made
            .map(|(_, opened)| Opening::Opened(opened))
            .ok_or_else(gone);
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

/// The row and the slot that `READ` finds.
fn read_to_claim(db: &Connection, names: &[&dyn ToSql]) -> Result<Option<(i64, Opened)>, Fault> {
    let mut statement = db.prepare_cached(READ)?;
    let mut rows = statement.query(names)?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let opened = read_whatever_it_is(row)?;
    let mail = MAIL.read(row)?;
    Ok(Some((ROW.read(row)?, Opened { mail, ..opened })))
}

/// Reads a slot. What can't be understood is a record all the same, of which
/// the bytes are known: whoever is shown it can put something else in its place.
/// Without a revision it can't be replaced, and is an error.
fn read_whatever_it_is(row: &Row<'_>) -> Result<Opened, Fault> {
    read_opened(row).or_else(|fault| {
        if fault.dooms_transaction() {
            return Err(fault);
        }
        let revision = Revision::new(column::read_number(row, REVISION)?);
        let last_write = column::read_write_id(row, WRITE_ID).unwrap_or_default();
        let bytes = match BODY.read_raw(row)? {
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
                saved_at: column::read_time(row, SAVED_AT).unwrap_or_default(),
                body: Body {
                    schema: SCHEMA.read(row).unwrap_or_default(),
                    encoding: Encoding::Unknown,
                    bytes,
                },
            }),
            mail: false,
            version_age: None,
        })
    })
}

/// Reads a record, with its columns in their order.
pub(crate) fn read_opened(row: &Row<'_>) -> Result<Opened, Fault> {
    let revision = Revision::new(column::read_number(row, REVISION)?);
    let last_write = column::read_write_id(row, WRITE_ID)?;
    let record = match BODY.read_raw(row)?.as_blob_or_null() {
        Ok(None) => None,
        Ok(Some(bytes)) => Some(Record {
            revision,
            write_id: last_write.ok_or_else(|| Fault::corrupt("a body without a write id"))?,
            saved_at: column::read_time(row, SAVED_AT)?,
            body: Body {
                schema: SCHEMA.read(row)?,
                encoding: column::read_word(row, ENCODING, Encoding::from_name)?,
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

#[cfg(test)]
mod tests {
    use playerdata_raw_session::{RawSession, body};
    use rusqlite::StatementStatus;

    use super::*;
    use crate::{SqliteOptions, open::configure, schema};

    /// What SQLite prepares again for each execution costs several times as much
    /// as the execution itself.
    #[test]
    fn statements_are_prepared_once() {
        let db = Connection::open_in_memory().unwrap();
        configure(&db, &SqliteOptions::in_memory()).unwrap();
        schema::migrate(&db, schema::STEPS).unwrap();
        for of in 1..=3_u64 {
            let mut session = RawSession::of(of);
            lock::acquire(&db, &session.claim.player, &session.claimant, None).unwrap();
            session.claim.fence = playerdata_core::Fence::new(1);
            for base in 0..3 {
                session.claim.number = session.claim.number.next();
                let opening = open(&db, &session.claim).unwrap();
                let Opening::Opened(opened) = opening else {
                    panic!("{opening:?}");
                };
                assert_eq!(opened.revision, Revision::new(base));
                session.revision = opened.revision;
                write(&db, &session.claim, &session.stamp(), Some(&body("a"))).unwrap();
                list(&db, &session.claim.player).unwrap();
            }
        }
        for sql in [READ, CLAIM, MAKE, WRITE, LIST] {
            let statement = db.prepare_cached(sql).unwrap();
            assert!(statement.get_status(StatementStatus::Run) > 0, "{sql}");
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0, "{sql}");
        }
    }
}
