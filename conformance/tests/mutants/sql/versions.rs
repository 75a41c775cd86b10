//! Versions in SQL, and the listing of players.

use playerdata_core::{
    PlayerId, Revision, SlotName, UnixMillis,
    backend::{
        Claim, KeepPolicy, Keeping, Opened, PlayersCursor, PlayersPage, Record, VersionSummary,
    },
};
use rusqlite::{Result, named_params};

use super::{
    columns,
    database::Session,
    flaws::Flaw,
    locks, slots,
    statements::{DROP_VERSIONS, KEEP, NEWEST_VERSION, PLAYERS, VERSION, VERSIONS},
};

pub(crate) fn keep(
    db: &Session<'_>,
    claim: &Claim,
    policy: KeepPolicy,
    now: UnixMillis,
) -> Result<Keeping> {
    let apart = db.has(Flaw::KeepInTwo);
    db.together(apart, || {
        let holder = locks::holder(db, &claim.player)?;
        let own = holder
            .as_ref()
            .is_some_and(|lock| (lock.session, lock.fence) == (claim.session, claim.fence));
        if !own {
            return Ok(Keeping::Lost { holder });
        }
        if apart {
            db.pause();
        }
        let record = slots::view(db, &claim.player, &claim.slot)?;
        let Some(record) = record.filter(|_| policy.most > 0) else {
            return Ok(Keeping::Nothing);
        };
        let revision = record.revision;
        let slot = named_params! {
            ":player": claim.player.as_str(),
            ":slot": claim.slot.as_str(),
        };
        let newest = db.row(NEWEST_VERSION, slot, |row| {
            let kept_at = UnixMillis::new(columns::get_number(row, 1)?);
            Ok((Revision::new(columns::get_number(row, 0)?), kept_at))
        })?;
        match newest {
            Some((newest, _)) if newest == revision => return Ok(Keeping::Kept { revision }),
            Some((_, kept_at))
                if kept_at <= now && now < kept_at.saturating_add(policy.min_age) =>
            {
                return Ok(Keeping::Recent);
            }
            _ => {}
        }
        let params = named_params! {
            ":player": claim.player.as_str(),
            ":slot": claim.slot.as_str(),
            ":kept_at": columns::number(now.get()),
        };
        db.change(KEEP, params)?;
        let params = named_params! {
            ":player": claim.player.as_str(),
            ":slot": claim.slot.as_str(),
            ":most": i64::from(policy.most),
        };
        db.change(DROP_VERSIONS, params)?;
        Ok(Keeping::Kept { revision })
    })
}

pub(crate) fn list(
    db: &Session<'_>,
    player: &PlayerId,
    slot: &SlotName,
) -> Result<Vec<VersionSummary>> {
    let params = named_params! { ":player": player.as_str(), ":slot": slot.as_str() };
    db.rows(VERSIONS, params, columns::version_summary)
}

pub(crate) fn find(
    db: &Session<'_>,
    player: &PlayerId,
    slot: &SlotName,
    revision: Revision,
) -> Result<Option<Record>> {
    let params = named_params! {
        ":player": player.as_str(),
        ":slot": slot.as_str(),
        ":revision": columns::number(revision.get()),
    };
    let found: Option<Opened> = db.row(VERSION, params, columns::opened)?;
    Ok(found.and_then(|found| found.record))
}

/// What a cursor of this store begins with.
const CURSOR: &str = "after:";

/// The player behind whom a cursor begins; none if it is not of this store.
pub(crate) fn read_cursor(after: Option<&PlayersCursor>) -> Option<String> {
    match after {
        None => Some(String::new()),
        Some(after) => after.as_str().strip_prefix(CURSOR).map(str::to_owned),
    }
}

pub(crate) fn page(db: &Session<'_>, after: &str, limit: usize) -> Result<PlayersPage> {
    let params = named_params! {
        ":after": after,
        ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
    };
    let players: Vec<PlayerId> = db.rows(PLAYERS, params, columns::player)?;
    let next = players.last().filter(|_| players.len() == limit);
    Ok(PlayersPage {
        next: next.map(|last| PlayersCursor::new(format!("{CURSOR}{last}"))),
        players,
    })
}
