//! How ids, numbers and times are kept in columns, and read back.

use std::{fmt, time::Duration};

use playerdata_core::{
    Incarnation, LetterId, PlayerId, ServerId, ServerName, SessionId, SlotName, UnixMillis,
    WriteId, backend::ErrorKind,
};
use rusqlite::{
    Row,
    types::{FromSql, ValueRef},
};
use uuid::Uuid;

use crate::error::Fault;

/// A counter as SQLite keeps it: its integers end at 2^63 - 1.
pub(crate) fn integer(number: u64, what: &'static str) -> Result<i64, Fault> {
    i64::try_from(number).map_err(|_| {
        Fault::new(
            ErrorKind::Rejected,
            format!("the {what} {number} is larger than SQLite can store"),
        )
    })
}

/// A time that is kept for operators' eyes only. The bits are kept, so that
/// even an absurd clock neither stops a save nor comes back changed.
pub(crate) fn time(at: UnixMillis) -> i64 {
    at.get().cast_signed()
}

/// A time that is compared in SQL; the end of SQLite's time if it is later.
pub(crate) fn instant(at: UnixMillis) -> i64 {
    i64::try_from(at.get()).unwrap_or(i64::MAX)
}

/// A length of time; the longest that SQLite keeps if it is longer.
pub(crate) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// A column of a row. SQLite finds a name by comparing it with one column's
/// after the other, which is felt where rows are read for a player who waits:
/// there it is a place.
#[derive(Clone, Copy)]
pub(crate) enum Column {
    Named(&'static str),
    At(usize, &'static str),
}

impl Column {
    pub(crate) fn read_raw<'row>(self, row: &'row Row<'_>) -> rusqlite::Result<ValueRef<'row>> {
        match self {
            Self::Named(name) => row.get_ref(name),
            Self::At(place, _) => row.get_ref(place),
        }
    }

    pub(crate) fn read<T: FromSql>(self, row: &Row<'_>) -> rusqlite::Result<T> {
        match self {
            Self::Named(name) => row.get(name),
            Self::At(place, _) => row.get(place),
        }
    }
}

impl From<&'static str> for Column {
    fn from(name: &'static str) -> Self {
        Self::Named(name)
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Named(name) | Self::At(_, name)) = self;
        f.write_str(name)
    }
}

pub(crate) fn read_time(row: &Row<'_>, column: impl Into<Column>) -> Result<UnixMillis, Fault> {
    let number: i64 = column.into().read(row)?;
    Ok(UnixMillis::new(number.cast_unsigned()))
}

pub(crate) fn read_number(row: &Row<'_>, column: impl Into<Column>) -> Result<u64, Fault> {
    let column = column.into();
    let number: i64 = column.read(row)?;
    u64::try_from(number).map_err(|_| Fault::corrupt(format!("{column} is negative: {number}")))
}

fn read_guid(row: &Row<'_>, column: &str) -> Result<Uuid, Fault> {
    Ok(Uuid::from_bytes(row.get(column)?))
}

pub(crate) fn read_session(row: &Row<'_>, column: &str) -> Result<SessionId, Fault> {
    read_guid(row, column).map(SessionId::from_uuid)
}

pub(crate) fn read_incarnation(row: &Row<'_>, column: &str) -> Result<Incarnation, Fault> {
    read_guid(row, column).map(Incarnation::from_uuid)
}

pub(crate) fn read_write_id(
    row: &Row<'_>,
    column: impl Into<Column>,
) -> Result<Option<WriteId>, Fault> {
    let bytes: Option<[u8; 16]> = column.into().read(row)?;
    Ok(bytes.map(|bytes| WriteId::from_uuid(Uuid::from_bytes(bytes))))
}

fn read_text<'row>(row: &'row Row<'_>, column: Column) -> Result<&'row str, Fault> {
    column
        .read_raw(row)?
        .as_str()
        .map_err(|error| Fault::corrupt(format!("{column} can't be read: {error}")))
}

macro_rules! read_name {
    ($function:ident, $name:ident) => {
        pub(crate) fn $function(row: &Row<'_>, column: &'static str) -> Result<$name, Fault> {
            $name::new(read_text(row, column.into())?)
                .map_err(|error| Fault::corrupt(format!("{column} can't be read: {error}")))
        }
    };
}

read_name!(read_letter_id, LetterId);
read_name!(read_player, PlayerId);
read_name!(read_server_name, ServerName);
read_name!(read_slot_name, SlotName);

pub(crate) fn read_server(
    row: &Row<'_>,
    name: &'static str,
    incarnation: &str,
) -> Result<ServerId, Fault> {
    Ok(ServerId {
        name: read_server_name(row, name)?,
        incarnation: read_incarnation(row, incarnation)?,
    })
}

/// Reads a text that is one of a few words.
pub(crate) fn read_word<T>(
    row: &Row<'_>,
    column: impl Into<Column>,
    known: impl FnOnce(&str) -> Option<T>,
) -> Result<T, Fault> {
    let column = column.into();
    let word = read_text(row, column)?;
    known(word).ok_or_else(|| {
        let shown: String = word.chars().take(64).collect();
        Fault::corrupt(format!("{column} {shown:?} is not known to this version"))
    })
}
