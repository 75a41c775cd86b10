//! Values as they are in columns.

use playerdata_core::{
    Fence, Incarnation, PlayerId, Revision, ServerId, SessionId, UnixMillis, WriteId,
    backend::{
        Body, Encoding, KnownLetter, Letter, LetterPosition, Lock, Notice, NoticeKind, Opened,
        Record, Retention, SlotSummary, Verdict, VersionSummary, WaitingLetter,
    },
};
use rusqlite::Row;
use uuid::Uuid;

type Read<T> = rusqlite::Result<T>;

/// A number of 64 bits that sorts as it is.
pub(crate) fn number(number: u64) -> i64 {
    (number ^ (1 << 63)).cast_signed()
}

fn back(stored: i64) -> u64 {
    stored.cast_unsigned() ^ (1 << 63)
}

pub(crate) fn get_number(row: &Row<'_>, column: usize) -> Read<u64> {
    row.get(column).map(back)
}

fn guid(row: &Row<'_>, column: usize) -> Read<Uuid> {
    row.get(column).map(Uuid::from_bytes)
}

fn text<T>(row: &Row<'_>, column: usize) -> Read<T>
where
    T: for<'a> TryFrom<&'a str, Error = playerdata_core::InvalidName>,
{
    let text: String = row.get(column)?;
    Ok(T::try_from(&text).expect("only names are stored"))
}

pub(crate) fn get_incarnation(row: &Row<'_>, column: usize) -> Read<Incarnation> {
    guid(row, column).map(Incarnation::from_uuid)
}

fn server(row: &Row<'_>, column: usize) -> Read<ServerId> {
    Ok(ServerId {
        name: text(row, column)?,
        incarnation: get_incarnation(row, column + 1)?,
    })
}

pub(crate) fn get_fence(row: &Row<'_>) -> Read<Fence> {
    get_number(row, 0).map(Fence::new)
}

pub(crate) fn lock(row: &Row<'_>) -> Read<Lock> {
    Ok(Lock {
        session: SessionId::from_uuid(guid(row, 0)?),
        server: server(row, 1)?,
        fence: Fence::new(get_number(row, 3)?),
        since: UnixMillis::new(get_number(row, 4)?),
    })
}

/// A slot that was claimed, and whether letters wait for it.
pub(crate) fn claimed(row: &Row<'_>) -> Read<Opened> {
    let mail = row.get(6)?;
    opened(row).map(|opened| Opened { mail, ..opened })
}

pub(crate) fn opened(row: &Row<'_>) -> Read<Opened> {
    let revision = Revision::new(get_number(row, 0)?);
    let write_id: Option<[u8; 16]> = row.get(1)?;
    let last_write = write_id.map(|id| WriteId::from_uuid(Uuid::from_bytes(id)));
    let bytes: Option<Vec<u8>> = row.get(5)?;
    let record = match (bytes, last_write) {
        (Some(bytes), Some(write_id)) => {
            let encoding: String = row.get(4)?;
            Some(Record {
                revision,
                write_id,
                saved_at: UnixMillis::new(get_number(row, 2)?),
                body: Body {
                    schema: row.get(3)?,
                    encoding: Encoding::from_name(&encoding).expect("a known encoding"),
                    bytes: bytes.into(),
                },
            })
        }
        _ => None,
    };
    Ok(Opened {
        revision,
        last_write,
        record,
        mail: false,
        version_age: None,
    })
}

pub(crate) fn summary(row: &Row<'_>) -> Read<SlotSummary> {
    Ok(SlotSummary {
        slot: text(row, 0)?,
        revision: Revision::new(get_number(row, 1)?),
        saved_at: UnixMillis::new(get_number(row, 2)?),
        schema: row.get(3)?,
        body_bytes: row.get::<_, i64>(4)?.cast_unsigned(),
    })
}

pub(crate) fn notice(row: &Row<'_>) -> Read<Notice> {
    Ok(Notice {
        player: text(row, 0)?,
        session: SessionId::from_uuid(guid(row, 1)?),
        kind: match row.get(2)? {
            0 => NoticeKind::HandOver,
            1 => NoticeKind::Taken,
            _ => NoticeKind::Mail,
        },
        from: server(row, 3)?,
    })
}

pub(crate) fn kind(kind: NoticeKind) -> i64 {
    match kind {
        NoticeKind::HandOver => 0,
        NoticeKind::Taken => 1,
        _ => 2,
    }
}

pub(crate) fn player(row: &Row<'_>) -> Read<PlayerId> {
    text(row, 0)
}

pub(crate) fn posting(row: &Row<'_>) -> Read<WriteId> {
    guid(row, 0).map(WriteId::from_uuid)
}

pub(crate) fn waiting_letter(row: &Row<'_>) -> Read<WaitingLetter> {
    let position: i64 = row.get(0)?;
    let content: Vec<u8> = row.get(6)?;
    let letter = Letter {
        id: text(row, 1)?,
        posting: guid(row, 2).map(WriteId::from_uuid)?,
        sender: row.get(3)?,
        sent_at: UnixMillis::new(get_number(row, 4)?),
        retention: match row.get(5)? {
            true => Retention::Timed,
            false => Retention::UntilSettled,
        },
        content: content.into(),
    };
    Ok(WaitingLetter {
        position: LetterPosition::new(position.cast_unsigned()),
        letter,
    })
}

pub(crate) fn known_letter(row: &Row<'_>) -> Read<KnownLetter> {
    Ok(KnownLetter {
        slot: text(row, 0)?,
        id: text(row, 1)?,
        posting: guid(row, 2).map(WriteId::from_uuid)?,
        retention: match row.get(3)? {
            true => Retention::Timed,
            false => Retention::UntilSettled,
        },
        waits: row.get(4)?,
    })
}

pub(crate) fn verdict(row: &Row<'_>) -> Read<Verdict> {
    let name: String = row.get(0)?;
    Ok(Verdict::from_name(&name).expect("a known verdict"))
}

pub(crate) fn version_summary(row: &Row<'_>) -> Read<VersionSummary> {
    Ok(VersionSummary {
        revision: Revision::new(get_number(row, 0)?),
        saved_at: UnixMillis::new(get_number(row, 1)?),
        kept_at: UnixMillis::new(get_number(row, 2)?),
        schema: row.get(3)?,
        body_bytes: row.get::<_, i64>(4)?.cast_unsigned(),
    })
}
