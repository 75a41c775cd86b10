//! Locks in SQL.

use playerdata_core::{
    Fence, PlayerId, SessionId,
    backend::{Acquisition, Claimant, Erasure, Lock, Release},
};
use rusqlite::{Result, named_params};

use super::{
    columns,
    database::Session,
    flaws::Flaw,
    statements::{ERASE, ERASE_LETTERS, ERASE_VERSIONS, FREE, HOLDER, KILL_CLAIMS, TAKE},
};

pub(crate) fn acquire(
    db: &Session<'_>,
    player: &PlayerId,
    claimant: &Claimant,
    replacing: Option<SessionId>,
) -> Result<Acquisition> {
    let apart = db.has(Flaw::ClaimsKilledBeforeTheLock) || db.has(Flaw::TakeOverInTwo);
    db.together(apart, || {
        if db.has(Flaw::ClaimsKilledBeforeTheLock) && replacing.is_some() {
            kill_claims(db, player)?;
            db.pause();
        }
        if let Some(fence) = take(db, player, claimant, replacing)? {
            if !db.has(Flaw::ClaimsKilledBeforeTheLock) {
                if db.has(Flaw::TakeOverInTwo) {
                    db.pause();
                }
                kill_claims(db, player)?;
            }
            return Ok(Acquisition::Acquired { fence });
        }
        Ok(match holder(db, player)? {
            Some(holder) if holder.session != claimant.session => Acquisition::Held { holder },
            Some(Lock { fence, .. }) => Acquisition::Acquired { fence },
            // Between the two statements of a flaw.
            None => Acquisition::Acquired {
                fence: Fence::default(),
            },
        })
    })
}

fn take(
    db: &Session<'_>,
    player: &PlayerId,
    claimant: &Claimant,
    replacing: Option<SessionId>,
) -> Result<Option<Fence>> {
    let replacing = replacing.map(|session| session.as_uuid().into_bytes());
    let params = named_params! {
        ":player": player.as_str(),
        ":first_fence": columns::number(1),
        ":session": claimant.session.as_uuid().as_bytes(),
        ":server": claimant.server.name.as_str(),
        ":incarnation": claimant.server.incarnation.as_uuid().as_bytes(),
        ":since": columns::number(claimant.at.get()),
        ":replacing": replacing,
    };
    db.row(TAKE, params, columns::get_fence)
}

fn kill_claims(db: &Session<'_>, player: &PlayerId) -> Result<()> {
    db.change(KILL_CLAIMS, named_params! { ":player": player.as_str() })?;
    Ok(())
}

pub(crate) fn release(db: &Session<'_>, player: &PlayerId, session: SessionId) -> Result<Release> {
    let apart = db.has(Flaw::ReleaseInTwo) || db.has(Flaw::ReleaseKillsClaimsFirst);
    db.together(apart, || {
        if db.has(Flaw::ReleaseKillsClaimsFirst)
            && holder(db, player)?.is_some_and(|lock| lock.session == session)
        {
            kill_claims(db, player)?;
            db.pause();
        }
        let params = named_params! {
            ":player": player.as_str(),
            ":session": session.as_uuid().as_bytes(),
        };
        if db.change(FREE, params)? == 0 {
            return Ok(Release::NotHeld);
        }
        if db.has(Flaw::ReleaseInTwo) {
            db.pause();
        }
        if !db.has(Flaw::ReleaseKillsClaimsFirst) {
            kill_claims(db, player)?;
        }
        Ok(Release::Released)
    })
}

pub(crate) fn holder(db: &Session<'_>, player: &PlayerId) -> Result<Option<Lock>> {
    let params = named_params! { ":player": player.as_str() };
    db.row(HOLDER, params, columns::lock)
}

pub(crate) fn erase(db: &Session<'_>, player: &PlayerId) -> Result<Erasure> {
    let apart = db.has(Flaw::ErasureInTwo) || db.has(Flaw::ErasureBeforeTheLook);
    db.together(apart, || {
        let params = named_params! { ":player": player.as_str() };
        if db.has(Flaw::ErasureBeforeTheLook) {
            db.change(ERASE, params)?;
        }
        if let Some(holder) = holder(db, player)? {
            return Ok(Erasure::Locked { holder });
        }
        if db.has(Flaw::ErasureInTwo) {
            db.pause();
        }
        for statement in [ERASE, ERASE_LETTERS, ERASE_VERSIONS] {
            db.change(statement, params)?;
        }
        Ok(Erasure::Erased)
    })
}
