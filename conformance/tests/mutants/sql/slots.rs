//! Slots in SQL: a save is one statement, which looks at the claim.

use playerdata_core::{
    PlayerId, Revision, SlotName,
    backend::{Body, Claim, Opened, Opening, Record, SlotSummary, Stamp, WriteOutcome},
};
use rusqlite::{Result, named_params};

use super::{
    columns,
    database::Session,
    flaws::Flaw,
    locks,
    statements::{CLAIM, IS_APPLIED, LIST, VIEW, WRITE},
};

/// Claims a slot whatever the lock is: the second statement of a flaw.
const CLAIM_UNSEEN: &str = "
    INSERT INTO slot (player, slot, claim_session, claim_number, revision)
    VALUES (:player, :slot, :session, :number, :first_revision)
    ON CONFLICT (player, slot) DO UPDATE
    SET claim_session = excluded.claim_session, claim_number = excluded.claim_number
    RETURNING revision, write_id, saved_at, schema, encoding, body, 0";

/// Reads a slot, whether it holds a record or not: for a flaw.
const READ: &str = "
    SELECT revision, write_id, saved_at, schema, encoding, body FROM slot
    WHERE player = :player AND slot = :slot";

pub(crate) fn open(db: &Session<'_>, claim: &Claim) -> Result<Opening> {
    let before = if db.has(Flaw::RecordReadBeforeTheClaim) {
        let params = named_params! {
            ":player": claim.player.as_str(),
            ":slot": claim.slot.as_str(),
        };
        let before = db.row(READ, params, columns::opened)?;
        db.pause();
        before
    } else {
        None
    };
    let opened = if db.has(Flaw::LockReadBeforeTheClaim) {
        let holder = locks::holder(db, &claim.player)?;
        db.pause();
        match holder {
            Some(lock) if (lock.session, lock.fence) == (claim.session, claim.fence) => {
                set_claim(db, claim, CLAIM_UNSEEN)?
            }
            _ => None,
        }
    } else {
        set_claim(db, claim, CLAIM)?
    };
    if let Some(opened) = opened {
        return Ok(Opening::Opened(before.unwrap_or(opened)));
    }
    Ok(match locks::holder(db, &claim.player)? {
        Some(lock) if (lock.session, lock.fence) == (claim.session, claim.fence) => {
            Opening::Overtaken
        }
        holder => Opening::Lost { holder },
    })
}

fn set_claim(db: &Session<'_>, claim: &Claim, sql: &str) -> Result<Option<Opened>> {
    let (session, number) = (claim.session.as_uuid(), columns::number(claim.number.get()));
    let first = columns::number(0);
    let fence = columns::number(claim.fence.get());
    let (player, slot) = (claim.player.as_str(), claim.slot.as_str());
    let mut params: Vec<(&str, &dyn rusqlite::ToSql)> = vec![
        (":player", &player),
        (":slot", &slot),
        (":number", &number),
        (":first_revision", &first),
    ];
    let session = session.as_bytes();
    params.push((":session", session));
    if sql.contains(":fence") && !db.has(Flaw::OpeningWithoutFence) {
        params.push((":fence", &fence));
    }
    db.row(sql, params.as_slice(), columns::claimed)
}

pub(crate) fn write(
    db: &Session<'_>,
    claim: &Claim,
    stamp: &Stamp,
    body: Option<&Body>,
) -> Result<WriteOutcome> {
    if db.has(Flaw::LockReadBeforeTheWrite) {
        let holder = locks::holder(db, &claim.player)?;
        if holder
            .as_ref()
            .is_none_or(|lock| lock.session != claim.session)
        {
            return Ok(WriteOutcome::Lost { holder });
        }
        db.pause();
    }
    let revision = stamp.base.next();
    if change(db, claim, stamp, body)? || is_applied(db, claim, stamp)? {
        return Ok(WriteOutcome::Written { revision });
    }
    Ok(match locks::holder(db, &claim.player)? {
        Some(lock) if lock.session == claim.session => WriteOutcome::Overtaken,
        holder => WriteOutcome::Lost { holder },
    })
}

fn change(db: &Session<'_>, claim: &Claim, stamp: &Stamp, body: Option<&Body>) -> Result<bool> {
    let (session, number) = (claim.session.as_uuid(), columns::number(claim.number.get()));
    let (player, slot) = (claim.player.as_str(), claim.slot.as_str());
    let made = columns::number(stamp.base.next().get());
    let base = columns::number(stamp.base.get());
    let at = columns::number(stamp.at.get());
    let schema = body.map(|body| body.schema);
    let encoding = body.map(|body| body.encoding.as_str());
    let bytes = body.map(|body| &*body.bytes);
    let (write_id, session) = (stamp.write_id.as_uuid().as_bytes(), session.as_bytes());
    let params: Vec<(&str, &dyn rusqlite::ToSql)> = vec![
        (":player", &player),
        (":slot", &slot),
        (":made", &made),
        (":write_id", write_id),
        (":at", &at),
        (":schema", &schema),
        (":encoding", &encoding),
        (":body", &bytes),
        (":session", session),
        (":number", &number),
        (":base", &base),
    ];
    let params: Vec<_> = params
        .into_iter()
        .filter(|(name, _)| db.binds(WRITE, name))
        .collect();
    Ok(db.change(WRITE, params.as_slice())? > 0)
}

fn is_applied(db: &Session<'_>, claim: &Claim, stamp: &Stamp) -> Result<bool> {
    let (player, slot) = (claim.player.as_str(), claim.slot.as_str());
    let number = columns::number(claim.number.get());
    let made = columns::number(Revision::next(stamp.base).get());
    let (write_id, session) = (
        stamp.write_id.as_uuid().as_bytes(),
        claim.session.as_uuid().as_bytes(),
    );
    let params: Vec<(&str, &dyn rusqlite::ToSql)> = vec![
        (":player", &player),
        (":slot", &slot),
        (":session", session),
        (":number", &number),
        (":made", &made),
        (":write_id", write_id),
    ];
    let bound: Vec<_> = params
        .into_iter()
        .filter(|(name, _)| db.binds(IS_APPLIED, name))
        .collect();
    Ok(db.row(IS_APPLIED, bound.as_slice(), |_| Ok(()))?.is_some())
}

pub(crate) fn view(db: &Session<'_>, player: &PlayerId, slot: &SlotName) -> Result<Option<Record>> {
    let params = named_params! { ":player": player.as_str(), ":slot": slot.as_str() };
    let opened = db.row(VIEW, params, columns::opened)?;
    Ok(opened.and_then(|opened| opened.record))
}

pub(crate) fn list(db: &Session<'_>, player: &PlayerId) -> Result<Vec<SlotSummary>> {
    let params = named_params! { ":player": player.as_str() };
    db.rows(LIST, params, columns::summary)
}
