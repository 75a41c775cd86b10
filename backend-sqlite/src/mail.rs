//! Letters: post, read, discard, settle.

use bytes::Bytes;
use playerdata_core::{
    LetterId, PlayerId, SlotName, UnixMillis, WriteId,
    backend::{
        KnownLetter, LETTER_MEMORY, Letter, LetterPosition, MAX_LETTERS, Posting, Retention,
        WaitingLetter,
    },
};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use crate::{column, error::Fault, lock, savepoint::all_or_nothing};

/// Puts the letter in unless its id is known or the mailbox is full.
const POST: &str = "
    INSERT INTO letter (player, slot, id, posting, sender, sent_at_ms, retention, content)
    SELECT :player, :slot, :id, :posting, :sender, :sent_at, :retention, :content
    WHERE (SELECT count(*) FROM letter
           WHERE player = :player AND slot = :slot AND content IS NOT NULL) < :most
    ON CONFLICT (player, slot, id) DO NOTHING";

const POSTING: &str = "
    SELECT posting FROM letter WHERE player = :player AND slot = :slot AND id = :id";

/// The id of a letter whose time is over can be used again.
const FORGET: &str = "
    DELETE FROM letter
    WHERE player = :player AND slot = :slot AND id = :id AND forget_at_ms <= :now";

/// What nobody needs any more goes a few rows at a time, so that nobody is
/// held up by it.
const TIDY: &str = "
    DELETE FROM letter WHERE position IN
        (SELECT position FROM letter WHERE forget_at_ms <= :now LIMIT 32)";

const LETTERS: &str = "
    SELECT position, id, posting, sender, sent_at_ms, retention, content FROM letter
    WHERE player = :player AND slot = :slot AND position > :after AND content IS NOT NULL
    ORDER BY position LIMIT :limit";

/// In the order of an index; nothing comes before two empty names.
const KNOWN: &str = "
    SELECT slot, id, posting, retention, content IS NOT NULL AS waits FROM letter
    WHERE player = :player AND (slot, id) > (:slot, :id)
    ORDER BY slot, id LIMIT :limit";

/// The memory of a letter that is not settled has no end yet.
const DISCARD: &str = "
    UPDATE letter
    SET content = NULL, sender = '',
        forget_at_ms = CASE retention WHEN :until_settled THEN NULL ELSE :forget_at END
    WHERE player = :player AND slot = :slot AND id = :id AND posting = :posting
      AND content IS NOT NULL";

/// One that waits is remembered from its discard on, which is later.
const SETTLE: &str = "
    UPDATE letter
    SET retention = :timed,
        forget_at_ms = CASE WHEN content IS NULL THEN :forget_at END
    WHERE player = :player AND slot = :slot AND id = :id AND posting = :posting";

pub(crate) fn post(
    db: &Connection,
    player: &PlayerId,
    slot: &SlotName,
    letter: &Letter,
    now: UnixMillis,
) -> Result<Posting, Fault> {
    all_or_nothing(db, || {
        tidy(db, player, slot, &letter.id, now)?;
        let posted = db.prepare_cached(POST)?.execute(named_params! {
            ":player": player.as_str(),
            ":slot": slot.as_str(),
            ":id": letter.id.as_str(),
            ":posting": letter.posting.as_uuid().as_bytes(),
            ":sender": letter.sender,
            ":sent_at": column::time(letter.sent_at),
            ":retention": letter.retention.as_str(),
            ":content": &*letter.content,
            ":most": MAX_LETTERS as i64,
        })?;
        let holder = lock::holder(db, player)?;
        if posted > 0 {
            return Ok(Posting::Posted { holder });
        }
        Ok(match posting_of(db, player, slot, &letter.id)? {
            Some(posting) => Posting::AlreadyPosted { posting, holder },
            None => Posting::Full,
        })
    })
}

fn tidy(
    db: &Connection,
    player: &PlayerId,
    slot: &SlotName,
    id: &LetterId,
    now: UnixMillis,
) -> Result<(), Fault> {
    let now = column::instant(now);
    db.prepare_cached(TIDY)?
        .execute(named_params! { ":now": now })?;
    db.prepare_cached(FORGET)?.execute(named_params! {
        ":player": player.as_str(),
        ":slot": slot.as_str(),
        ":id": id.as_str(),
        ":now": now,
    })?;
    Ok(())
}

fn posting_of(
    db: &Connection,
    player: &PlayerId,
    slot: &SlotName,
    id: &LetterId,
) -> Result<Option<WriteId>, Fault> {
    let names = named_params! {
        ":player": player.as_str(), ":slot": slot.as_str(), ":id": id.as_str(),
    };
    let posting = db
        .prepare_cached(POSTING)?
        .query_row(names, |row| Ok(column::read_write_id(row, "posting")))
        .optional()?
        .transpose()?;
    Ok(posting.flatten())
}

pub(crate) fn letters(
    db: &Connection,
    player: &PlayerId,
    slot: &SlotName,
    after: Option<LetterPosition>,
    limit: usize,
) -> Result<Vec<WaitingLetter>, Fault> {
    let mut statement = db.prepare_cached(LETTERS)?;
    let after = after.map_or(0, LetterPosition::get);
    let rows = statement.query_map(
        named_params! {
            ":player": player.as_str(),
            ":slot": slot.as_str(),
            ":after": column::integer(after, "position")?,
            ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
        },
        |row| Ok(read_letter(row)),
    )?;
    rows.map(|row| row?).collect()
}

fn read_letter(row: &Row<'_>) -> Result<WaitingLetter, Fault> {
    Ok(WaitingLetter {
        position: LetterPosition::new(column::read_number(row, "position")?),
        letter: Letter {
            id: column::read_letter_id(row, "id")?,
            posting: read_posting(row)?,
            sender: row.get("sender")?,
            sent_at: column::read_time(row, "sent_at_ms")?,
            retention: column::read_word(row, "retention", Retention::from_name)?,
            content: Bytes::from(row.get::<_, Vec<u8>>("content")?),
        },
    })
}

pub(crate) fn known(
    db: &Connection,
    player: &PlayerId,
    after: Option<&(SlotName, LetterId)>,
    limit: usize,
) -> Result<Vec<KnownLetter>, Fault> {
    let (slot, id) = after.map_or(("", ""), |(slot, id)| (slot.as_str(), id.as_str()));
    let mut statement = db.prepare_cached(KNOWN)?;
    let rows = statement.query_map(
        named_params! {
            ":player": player.as_str(),
            ":slot": slot,
            ":id": id,
            ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
        },
        |row| Ok(read_known(row)),
    )?;
    rows.map(|row| row?).collect()
}

fn read_known(row: &Row<'_>) -> Result<KnownLetter, Fault> {
    Ok(KnownLetter {
        slot: column::read_slot_name(row, "slot")?,
        id: column::read_letter_id(row, "id")?,
        posting: read_posting(row)?,
        retention: column::read_word(row, "retention", Retention::from_name)?,
        waits: row.get("waits")?,
    })
}

fn read_posting(row: &Row<'_>) -> Result<WriteId, Fault> {
    let posting = column::read_write_id(row, "posting")?;
    posting.ok_or_else(|| Fault::corrupt("a letter without a posting"))
}

pub(crate) fn discard(
    db: &Connection,
    player: &PlayerId,
    slot: &SlotName,
    id: &LetterId,
    posting: WriteId,
    now: UnixMillis,
) -> Result<(), Fault> {
    db.prepare_cached(DISCARD)?.execute(named_params! {
        ":until_settled": Retention::UntilSettled.as_str(),
        ":forget_at": column::instant(now.saturating_add(LETTER_MEMORY)),
        ":player": player.as_str(),
        ":slot": slot.as_str(),
        ":id": id.as_str(),
        ":posting": posting.as_uuid().as_bytes(),
    })?;
    Ok(())
}

pub(crate) fn settle(
    db: &Connection,
    player: &PlayerId,
    slot: &SlotName,
    id: &LetterId,
    posting: WriteId,
    now: UnixMillis,
) -> Result<(), Fault> {
    db.prepare_cached(SETTLE)?.execute(named_params! {
        ":timed": Retention::Timed.as_str(),
        ":forget_at": column::instant(now.saturating_add(LETTER_MEMORY)),
        ":player": player.as_str(),
        ":slot": slot.as_str(),
        ":id": id.as_str(),
        ":posting": posting.as_uuid().as_bytes(),
    })?;
    Ok(())
}
