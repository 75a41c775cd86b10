//! Pages of the players that something is stored of.

use playerdata_core::{
    PlayerId,
    backend::{ErrorKind, PlayersCursor, PlayersPage},
};
use rusqlite::{Connection, named_params};

use crate::{column, error::Fault};

/// Each part is read in the order of an index, and no further than the page.
const PAGE: &str = "
    SELECT player FROM slot WHERE player > :after AND body IS NOT NULL
    UNION
    SELECT player FROM letter WHERE player > :after AND content IS NOT NULL
    UNION
    SELECT player FROM version WHERE player > :after
    ORDER BY player LIMIT :limit";

/// Distinguishes a cursor of ours from another store's.
const CURSOR: &str = "after:";

pub(crate) fn page(
    db: &Connection,
    after: Option<&PlayersCursor>,
    limit: usize,
) -> Result<PlayersPage, Fault> {
    let after = match after {
        Some(cursor) => cursor.as_str().strip_prefix(CURSOR).ok_or_else(foreign)?,
        None => "",
    };
    let limit = limit.max(1);
    let mut statement = db.prepare_cached(PAGE)?;
    let rows = statement.query_map(
        named_params! {
            ":after": after,
            ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
        },
        |row| Ok(column::read_player(row, "player")),
    )?;
    let players: Vec<PlayerId> = rows.map(|row| row?).collect::<Result<_, Fault>>()?;
    let last = players.last().filter(|_| players.len() >= limit);
    let next = last.map(|last| PlayersCursor::new(format!("{CURSOR}{last}")));
    Ok(PlayersPage { players, next })
}

fn foreign() -> Fault {
    Fault::new(
        ErrorKind::Rejected,
        "the cursor is not one of an SQLite store's",
    )
}
