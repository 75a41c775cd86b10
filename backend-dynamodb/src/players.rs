//! The players that something is stored of: a scan of the table, page by page.
//!
//! It reads as many items at a time as players are asked for, so that there
//! are never more players in a page. Everything of a player is in one place:
//! who is in a page is passed over by the next one.

use std::fmt;

use playerdata_core::{
    PlayerId,
    backend::{BackendError, Effect, ErrorKind, PlayersCursor, PlayersPage, Result},
};

use crate::{
    item::{Item, Key, PLAYER_PREFIX, Reader},
    table::Table,
};

/// The most parts that DynamoDB divides a table into.
const MAX_SEGMENTS: i32 = 1_000_000;

/// Behind every sort key of a player's.
const BEHIND_ALL: &str = "~";

/// One of several parts of a table, which are scanned for themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) number: i32,
    pub(crate) of: i32,
}

/// A place in a scan. As text: the segment, if any, as `0/4`; then, if it is
/// not the beginning, `@`, the length of the partition key, `:`, and the keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ScanPosition {
    pub(crate) segment: Option<Segment>,
    /// What comes before it.
    pub(crate) after: Option<Key>,
}

impl ScanPosition {
    fn parse(text: &str) -> Option<Self> {
        let (segment, after) = match text.split_once('@') {
            None => (text, None),
            Some((segment, after)) => (segment, Some(after)),
        };
        let segment = match segment {
            "" if after.is_some() => None,
            segment => {
                let (number, of) = segment.split_once('/')?;
                let (number, of) = (number.parse().ok()?, of.parse().ok()?);
                let fits = (0..of).contains(&number) && of <= MAX_SEGMENTS;
                Some(fits.then_some(Segment { number, of })?)
            }
        };
        let after = match after {
            None => None,
            Some(after) => {
                let (length, keys) = after.split_once(':')?;
                let (partition, sort) = keys.split_at_checked(length.parse().ok()?)?;
                if partition.is_empty() || sort.is_empty() {
                    return None;
                }
                Some(Key {
                    partition: partition.to_owned(),
                    sort: sort.to_owned(),
                })
            }
        };
        Some(Self { segment, after })
    }
}

impl fmt::Display for ScanPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Segment { number, of }) = self.segment {
            write!(f, "{number}/{of}")?;
        }
        match &self.after {
            None => Ok(()),
            Some(Key { partition, sort }) => write!(f, "@{}:{partition}{sort}", partition.len()),
        }
    }
}

/// See [`Backend::players`](playerdata_core::backend::Backend::players).
pub(crate) async fn page(
    table: &Table,
    after: Option<&PlayersCursor>,
    limit: usize,
) -> Result<PlayersPage> {
    let mut place = match after {
        None => ScanPosition::default(),
        Some(cursor) => ScanPosition::parse(cursor.as_str()).ok_or_else(|| foreign(cursor))?,
    };
    let page = table.scan("list players", &place, limit.max(1)).await?;
    let mut players: Vec<PlayerId> = Vec::new();
    for item in &page.items {
        let player = player_of(table, item)?;
        players.extend(player.filter(|player| players.last() != Some(player)));
    }
    let next = match &page.next {
        None => None,
        Some(last) => {
            let mut last = key_of(table, last)?;
            if players
                .last()
                .is_some_and(|player| Key::lock(player).partition == last.partition)
            {
                last.sort = BEHIND_ALL.to_owned();
            }
            place.after = Some(last);
            Some(PlayersCursor::new(place.to_string()))
        }
    };
    Ok(PlayersPage { players, next })
}

/// The player that an item belongs to; none if it is another program's.
fn player_of(table: &Table, item: &Item) -> Result<Option<PlayerId>> {
    let partition = partition_of(table, item)?;
    let player = partition.strip_prefix(PLAYER_PREFIX);
    let player = player.and_then(|player| player.parse().ok());
    if player.is_none() {
        tracing::warn!(partition, "an item in the table has no valid player id");
    }
    Ok(player)
}

fn partition_of(table: &Table, item: &Item) -> Result<String> {
    let nowhere = Key {
        partition: "an item of the scan".to_owned(),
        sort: "its key".to_owned(),
    };
    let item = Reader::new(&nowhere, item);
    item.required(&table.partition_key, item.parsed(&table.partition_key)?)
}

fn key_of(table: &Table, item: &Item) -> Result<Key> {
    let mut key = Key {
        partition: partition_of(table, item)?,
        sort: String::new(),
    };
    let item = Reader::new(&key, item);
    key.sort = item.required(&table.sort_key, item.parsed(&table.sort_key)?)?;
    Ok(key)
}

/// The error for a cursor that no page had.
fn foreign(cursor: &PlayersCursor) -> BackendError {
    let what = format!(
        "list players: {:?} is not a cursor of this backend",
        cursor.as_str()
    );
    BackendError::new(ErrorKind::Rejected, Effect::None, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let after = Some(Key {
            partition: "player#a:b@c/d#ü".to_owned(),
            sort: "slot#s".to_owned(),
        });
        let segment = Some(Segment { number: 3, of: 4 });
        for place in [
            ScanPosition {
                segment,
                after: None,
            },
            ScanPosition {
                segment,
                after: after.clone(),
            },
            ScanPosition {
                segment: None,
                after,
            },
        ] {
            assert_eq!(ScanPosition::parse(&place.to_string()), Some(place));
        }
        assert_eq!(
            ScanPosition::parse("0/4").unwrap().segment,
            Some(Segment { number: 0, of: 4 })
        );
        for foreign in [
            "",
            "4/4",
            "-1/4",
            "0/0",
            "0/1000001",
            "0",
            "@",
            "@3:ab",
            "@1:ü1",
            "@0:ab",
            "@2:ab",
            "@x:ab",
            "0123456789abcdef:player",
            "17",
        ] {
            assert_eq!(ScanPosition::parse(foreign), None, "{foreign}");
        }
    }
}
