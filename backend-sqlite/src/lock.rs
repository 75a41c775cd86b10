//! Locks: acquire, release, holder, erase.

use playerdata_core::{
    ClaimNumber, Fence, PlayerId, SessionId, SlotName,
    backend::{Acquisition, Admission, Claim, Claimant, Erasure, Lock, Opening, Release},
};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use crate::{column, error::Fault, savepoint::all_or_nothing, slot};

/// Writes the lock if there is none, or if the one there is `:replacing`. The
/// claimant's own lock is left as it is, fence included.
const TAKE: &str = "
    INSERT INTO lock (player, fence, session, server, incarnation, since_ms)
    VALUES (:player, 1, :session, :server, :incarnation, :since)
    ON CONFLICT (player) DO UPDATE
    SET fence = fence + 1,
        session = excluded.session,
        server = excluded.server,
        incarnation = excluded.incarnation,
        since_ms = excluded.since_ms
    WHERE (session IS NULL OR session = :replacing)
      AND session IS NOT excluded.session
    RETURNING fence";

const KILL_CLAIMS: &str = "
    UPDATE slot SET claim_session = NULL, claim_number = NULL
    WHERE player = :player AND claim_session IS NOT NULL";

const FREE: &str = "
    UPDATE lock SET session = NULL, server = NULL, incarnation = NULL, since_ms = NULL
    WHERE player = :player AND session = :session";

const HOLDER: &str = "
    SELECT session, server, incarnation, fence, since_ms FROM lock
    WHERE player = :player AND session IS NOT NULL";

const ERASE: [&str; 4] = [
    "DELETE FROM slot WHERE player = :player",
    "DELETE FROM notice WHERE player = :player",
    "DELETE FROM letter WHERE player = :player",
    "DELETE FROM version WHERE player = :player",
];

pub(crate) fn acquire(
    db: &Connection,
    player: &PlayerId,
    claimant: &Claimant,
    replacing: Option<SessionId>,
) -> Result<Acquisition, Fault> {
    all_or_nothing(db, || match take(db, player, claimant, replacing)? {
        Some(fence) => Ok(Acquisition::Acquired { fence }),
        None => not_taken(db, player, claimant),
    })
}

/// Acquires, and opens the slot if that gives the claimant a new lock. A row that
/// can't be understood is left to whoever opens the slot by itself.
pub(crate) fn acquire_and_open(
    db: &Connection,
    player: &PlayerId,
    claimant: &Claimant,
    replacing: Option<SessionId>,
    slot: &SlotName,
) -> Result<Admission, Fault> {
    all_or_nothing(db, || {
        let Some(fence) = take(db, player, claimant, replacing)? else {
            return not_taken(db, player, claimant).map(Admission::from);
        };
        let mut opened = None;
        if let Some(number) = ClaimNumber::with_lock(fence) {
            let claim = Claim {
                player: player.clone(),
                session: claimant.session,
                fence,
                slot: slot.clone(),
                number,
            };
            opened = match slot::open(db, &claim) {
                Ok(Opening::Opened(opened)) => Some(opened),
                Ok(Opening::Lost { .. } | Opening::Overtaken) => None,
                Err(fault) if fault.is_about_a_row() => None,
                Err(fault) => return Err(fault),
            };
        }
        Ok(Admission::Acquired { fence, opened })
    })
}

/// Who has the lock of a player, if it could not be written.
fn not_taken(
    db: &Connection,
    player: &PlayerId,
    claimant: &Claimant,
) -> Result<Acquisition, Fault> {
    let Some(holder) = holder(db, player)? else {
        return Err(Fault::corrupt("the lock is neither free nor held"));
    };
    Ok(if holder.session == claimant.session {
        Acquisition::Acquired {
            fence: holder.fence,
        }
    } else {
        Acquisition::Held { holder }
    })
}

/// Writes the lock, if it may be written, and kills the claims of the one before.
fn take(
    db: &Connection,
    player: &PlayerId,
    claimant: &Claimant,
    replacing: Option<SessionId>,
) -> Result<Option<Fence>, Fault> {
    let replacing = replacing.map(|session| session.as_uuid().into_bytes());
    let taken = db
        .prepare_cached(TAKE)?
        .query_row(
            named_params! {
                ":player": player.as_str(),
                ":session": claimant.session.as_uuid().as_bytes(),
                ":server": claimant.server.name.as_str(),
                ":incarnation": claimant.server.incarnation.as_uuid().as_bytes(),
                ":since": column::time(claimant.at),
                ":replacing": replacing,
            },
            |row| Ok(column::read_number(row, "fence").map(Fence::new)),
        )
        .optional()?
        .transpose()?;
    if taken.is_some() {
        kill_claims(db, player)?;
    }
    Ok(taken)
}

fn kill_claims(db: &Connection, player: &PlayerId) -> Result<(), Fault> {
    db.prepare_cached(KILL_CLAIMS)?
        .execute(named_params! { ":player": player.as_str() })?;
    Ok(())
}

pub(crate) fn release(
    db: &Connection,
    player: &PlayerId,
    session: SessionId,
) -> Result<Release, Fault> {
    all_or_nothing(db, || {
        let freed = db.prepare_cached(FREE)?.execute(named_params! {
            ":player": player.as_str(),
            ":session": session.as_uuid().as_bytes(),
        })?;
        if freed == 0 {
            return Ok(Release::NotHeld);
        }
        kill_claims(db, player)?;
        Ok(Release::Released)
    })
}

pub(crate) fn holder(db: &Connection, player: &PlayerId) -> Result<Option<Lock>, Fault> {
    db.prepare_cached(HOLDER)?
        .query_row(named_params! { ":player": player.as_str() }, |row| {
            Ok(read_lock(row))
        })
        .optional()?
        .transpose()
}

fn read_lock(row: &Row<'_>) -> Result<Lock, Fault> {
    Ok(Lock {
        session: column::read_session(row, "session")?,
        server: column::read_server(row, "server", "incarnation")?,
        fence: Fence::new(column::read_number(row, "fence")?),
        since: column::read_time(row, "since_ms")?,
    })
}

pub(crate) fn erase(db: &Connection, player: &PlayerId) -> Result<Erasure, Fault> {
    if let Some(holder) = holder(db, player)? {
        return Ok(Erasure::Locked { holder });
    }
    all_or_nothing(db, || {
        for sql in ERASE {
            db.prepare_cached(sql)?
                .execute(named_params! { ":player": player.as_str() })?;
        }
        Ok(Erasure::Erased)
    })
}
