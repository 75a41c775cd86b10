//! Mailboxes and verdicts in SQL. A letter that was taken out leaves its row,
//! without content.

use playerdata_core::{
    LetterId, PlayerId, SlotName, TradeId, UnixMillis, WriteId,
    backend::{
        KnownLetter, LETTER_MEMORY, Letter, LetterPosition, MAX_LETTERS, Party, Posting, Retention,
        VERDICT_MEMORY, Verdict, WaitingLetter,
    },
};
use rusqlite::{Result, named_params};

use super::{
    columns,
    database::Session,
    flaws::Flaw,
    locks,
    statements::{
        COUNT_LETTERS, DECIDE, DISCARD, FORGET_TRADE, FORGET_VERDICT, KNOWN, KNOWN_LETTERS,
        LETTERS, POST, POST_AGAIN, SETTLE, VERDICT,
    },
};

pub(crate) fn post(
    db: &Session<'_>,
    player: &PlayerId,
    slot: &SlotName,
    new: &Letter,
    now: UnixMillis,
) -> Result<Posting> {
    let apart = db.has(Flaw::PostInTwo);
    db.together(apart, || {
        let key = named_params! {
            ":player": player.as_str(),
            ":slot": slot.as_str(),
            ":id": new.id.as_str(),
            ":now": columns::number(now.get()),
        };
        if let Some(posting) = db.row(KNOWN, key, columns::posting)? {
            let holder = locks::holder(db, player)?;
            return Ok(Posting::AlreadyPosted { posting, holder });
        }
        let mailbox = named_params! { ":player": player.as_str(), ":slot": slot.as_str() };
        let count = db.row(COUNT_LETTERS, mailbox, |row| row.get::<_, i64>(0))?;
        if count.unwrap_or(0) >= MAX_LETTERS as i64 {
            return Ok(Posting::Full);
        }
        if apart {
            db.pause();
        }
        // One that is remembered no longer makes room for the new one.
        let key = named_params! {
            ":player": player.as_str(),
            ":slot": slot.as_str(),
            ":id": new.id.as_str(),
        };
        db.change(POST_AGAIN, key)?;
        let params = named_params! {
            ":player": player.as_str(),
            ":slot": slot.as_str(),
            ":id": new.id.as_str(),
            ":posting": new.posting.as_uuid().as_bytes(),
            ":sender": new.sender,
            ":sent_at": columns::number(new.sent_at.get()),
            ":timed": new.retention == Retention::Timed,
            ":content": new.content.as_ref(),
        };
        db.change(POST, params)?;
        let holder = locks::holder(db, player)?;
        Ok(Posting::Posted { holder })
    })
}

pub(crate) fn letters(
    db: &Session<'_>,
    player: &PlayerId,
    slot: &SlotName,
    after: Option<LetterPosition>,
    limit: usize,
) -> Result<Vec<WaitingLetter>> {
    let after = after.map_or(0, LetterPosition::get);
    let params = named_params! {
        ":player": player.as_str(),
        ":slot": slot.as_str(),
        ":after": i64::try_from(after).unwrap_or(i64::MAX),
        ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
    };
    db.rows(LETTERS, params, columns::waiting_letter)
}

pub(crate) fn known(
    db: &Session<'_>,
    player: &PlayerId,
    after: Option<&(SlotName, LetterId)>,
    limit: usize,
) -> Result<Vec<KnownLetter>> {
    let (slot, id) = after.map_or(("", ""), |(slot, id)| (slot.as_str(), id.as_str()));
    let params = named_params! {
        ":player": player.as_str(),
        ":slot": slot,
        ":id": id,
        ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
    };
    db.rows(KNOWN_LETTERS, params, columns::known_letter)
}

/// Changes a row of a letter, which is remembered for a time from now on.
fn remember(
    db: &Session<'_>,
    sql: &str,
    (player, slot): (&PlayerId, &SlotName),
    (id, posting): (&LetterId, WriteId),
    now: UnixMillis,
) -> Result<()> {
    let until = now.saturating_add(LETTER_MEMORY).get();
    let key = named_params! {
        ":player": player.as_str(),
        ":slot": slot.as_str(),
        ":id": id.as_str(),
        ":until": columns::number(until),
        ":posting": posting.as_uuid().as_bytes(),
    };
    // A flaw may leave the last condition out.
    let bound = if db.binds(sql, ":posting") { 5 } else { 4 };
    db.change(sql, &key[..bound])?;
    Ok(())
}

pub(crate) fn discard(
    db: &Session<'_>,
    mailbox: (&PlayerId, &SlotName),
    letter: (&LetterId, WriteId),
    now: UnixMillis,
) -> Result<()> {
    remember(db, DISCARD, mailbox, letter, now)
}

pub(crate) fn settle(
    db: &Session<'_>,
    mailbox: (&PlayerId, &SlotName),
    letter: (&LetterId, WriteId),
    now: UnixMillis,
) -> Result<()> {
    remember(db, SETTLE, mailbox, letter, now)
}

pub(crate) fn decide(
    db: &Session<'_>,
    trade: TradeId,
    wanted: Verdict,
    now: UnixMillis,
) -> Result<Verdict> {
    db.together(false, || {
        let params = named_params! {
            ":trade": trade.as_uuid().as_bytes(),
            ":now": columns::number(now.get()),
        };
        db.change(FORGET_VERDICT, params)?;
        let params = named_params! {
            ":trade": trade.as_uuid().as_bytes(),
            ":verdict": wanted.as_str(),
        };
        db.change(DECIDE, params)?;
        let params = named_params! { ":trade": trade.as_uuid().as_bytes() };
        let stands = db.row(VERDICT, params, columns::verdict)?;
        Ok(stands.unwrap_or(wanted))
    })
}

pub(crate) fn forget(
    db: &Session<'_>,
    trade: TradeId,
    party: Party,
    now: UnixMillis,
) -> Result<()> {
    let until = now.saturating_add(VERDICT_MEMORY).get();
    let params = named_params! {
        ":trade": trade.as_uuid().as_bytes(),
        ":first": party == Party::First,
        ":second": party == Party::Second,
        ":until": columns::number(until),
    };
    db.change(FORGET_TRADE, params)?;
    Ok(())
}
