//! How a session ends: its claims are withdrawn, one slot at a time, before
//! its lock is free or another's.
//!
//! 1. *Begin*: the lock is marked as ending. From here on the session can't
//!    claim another slot, so the lock's list of claimed slots is final. What
//!    it has claimed it can still save.
//! 2. *Withdraw*: the claim is taken out of every slot on the list. A save
//!    under it finds its condition failed, however late it arrives.
//! 3. *Finish*: the lock is freed, or becomes the claimant's, in one write.
//!
//! Whoever finds a lock that is ending does steps 2 and 3 again, except for
//! an erasure, which frees no player whom somebody is taking over. Each
//! step is conditioned on the lock that ends, by its session and its fence
//! (which no other lock of the player ever has), so that any number of servers
//! can do them at once, only one of them gets the lock, and one that was frozen
//! in between changes nothing once the lock is another, even the same
//! session's. A release alone begins with the session, as it is asked to.

use std::future;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::{StreamExt, TryStreamExt, stream};
use playerdata_core::{
    Fence, PlayerId, SessionId,
    backend::{Claimant, Lock, Result},
};
use uuid::Uuid;

use crate::{
    error::half_way,
    item::{Key, number, text},
    lock::{SET_CLAIMANT, StoredLock, claimant_values},
    resend::Nature,
    table::{Change, Conditional, Refusal, Returning, Table, values},
};

/// How many claims are withdrawn at once.
const WITHDRAWN_AT_ONCE: usize = 16;

/// Why a session ends.
#[derive(Clone, Copy)]
pub(crate) enum Ending<'a> {
    /// It is released, whatever its lock.
    Release {
        /// The session.
        session: SessionId,
        /// The call that does it. The first one puts its name in.
        call: Uuid,
    },
    /// Whoever saw this lock replaces it.
    TakeOver(&'a Lock),
}

/// Step 1: marks the lock of the session as ending, and gives it as it is
/// then.
pub(crate) async fn begin(
    table: &Table,
    player: &PlayerId,
    ending: Ending<'_>,
) -> Result<Conditional<StoredLock>> {
    let key = Key::lock(player);
    let mut change = Change {
        update: "SET #ending = :true".to_owned(),
        condition: "#session = :session".to_owned(),
        values: values([(":true", AttributeValue::Bool(true))]),
    };
    let session = match ending {
        Ending::Release { session, call } => {
            change
                .update
                .push_str(", #released_by = if_not_exists(#released_by, :release)");
            change.values.insert(":release".to_owned(), text(call));
            session
        }
        Ending::TakeOver(lock) => {
            change.condition.push_str(" AND #fence = :fence");
            let fence = number(lock.fence.get());
            change.values.insert(":fence".to_owned(), fence);
            lock.session
        }
    };
    change.values.insert(":session".to_owned(), text(session));
    let begun = table
        .update(
            "end the session of",
            &key,
            change,
            Returning::After,
            Nature::Repeatable,
        )
        .await?;
    Ok(match begun {
        Conditional::Met(item) => Conditional::Met(StoredLock::read(&key, &item)?),
        Conditional::Failed(refusal) => Conditional::Failed(refusal),
    })
}

/// Step 2: withdraws every claim of a lock that is ending.
async fn withdraw(
    table: &Table,
    player: &PlayerId,
    ending: &StoredLock,
    lock: &Lock,
) -> Result<()> {
    let keys: Vec<_> = ending
        .claimed
        .iter()
        .map(|slot| Key::slot(player, slot))
        .collect();
    stream::iter(keys)
        .map(|key| withdraw_one(table, key, lock))
        .buffer_unordered(WITHDRAWN_AT_ONCE)
        .try_for_each(|()| future::ready(Ok(())))
        .await
}

/// Withdraws a claim under the lock on a slot, if there still is one. (A claim
/// that names no fence, or an earlier one that nobody took off, was made by a
/// version that did not know fences in claims; a later lock's has a greater.)
async fn withdraw_one(table: &Table, key: Key, lock: &Lock) -> Result<()> {
    let change = Change {
        update: "REMOVE #session, #fence, #claim".to_owned(),
        condition: "#session = :session AND (#fence <= :fence OR attribute_not_exists(#fence))"
            .to_owned(),
        values: values([
            (":session", text(lock.session)),
            (":fence", number(lock.fence.get())),
        ]),
    };
    let withdrawn = table
        .update(
            "withdraw the claim on",
            &key,
            change,
            Returning::Nothing,
            Nature::Repeatable,
        )
        .await?;
    match withdrawn {
        // Failed: another server withdrew it before, and somebody may have
        // claimed the slot since.
        Conditional::Met(_) | Conditional::Failed(_) => Ok(()),
    }
}

/// Steps 2 and 3 of a release: afterwards the lock is not this one any more.
pub(crate) async fn free(table: &Table, player: &PlayerId, ending: &StoredLock) -> Result<()> {
    let Some(lock) = &ending.held else {
        return Ok(());
    };
    withdraw(table, player, ending, lock).await?;
    let change = Change {
        update: "REMOVE #session, #server, #incarnation, #since, #claimed, #ending, #released_by"
            .to_owned(),
        condition: STILL_THIS_LOCK.to_owned(),
        values: values([
            (":ended", text(lock.session)),
            (":fence", number(lock.fence.get())),
        ]),
    };
    let freed = table
        .update(
            "free",
            &Key::lock(player),
            change,
            Returning::Nothing,
            Nature::Repeatable,
        )
        .await?;
    match freed {
        // Failed: another server that wants the player finished it.
        Conditional::Met(_) | Conditional::Failed(_) => Ok(()),
    }
}

/// All three steps of a take-over. `None` if another server got ahead: the
/// lock has to be looked at again.
pub(crate) async fn take_over(
    table: &Table,
    player: &PlayerId,
    seen: &StoredLock,
    claimant: &Claimant,
) -> Result<Option<Fence>> {
    let Some(lock) = &seen.held else {
        return Ok(None);
    };
    let begun;
    let ending = if seen.ending {
        seen
    } else {
        match begin(table, player, Ending::TakeOver(lock)).await? {
            Conditional::Met(stored) => {
                begun = stored;
                &begun
            }
            Conditional::Failed(_) => return Ok(None),
        }
    };
    finish_take_over(table, player, ending, lock, claimant)
        .await
        .map_err(half_way)
}

/// Steps 2 and 3 of a take-over.
async fn finish_take_over(
    table: &Table,
    player: &PlayerId,
    ending: &StoredLock,
    lock: &Lock,
    claimant: &Claimant,
) -> Result<Option<Fence>> {
    withdraw(table, player, ending, lock).await?;
    let key = Key::lock(player);
    let fence = lock.fence.next();
    let mut values = claimant_values(claimant);
    values.extend([
        (":ended".to_owned(), text(lock.session)),
        (":fence".to_owned(), number(lock.fence.get())),
        (":next".to_owned(), number(fence.get())),
    ]);
    let change = Change {
        update: format!("{SET_CLAIMANT}, #fence = :next REMOVE #claimed, #ending, #released_by"),
        condition: STILL_THIS_LOCK.to_owned(),
        values,
    };
    let taken = table
        .update(
            "take over",
            &key,
            change,
            Returning::Nothing,
            Nature::Repeatable,
        )
        .await?;
    Ok(match taken {
        Conditional::Met(_) => Some(fence),
        Conditional::Failed(Refusal { item, .. }) => {
            // An earlier attempt of ours may have been applied.
            let found = item.map(|item| StoredLock::read(&key, &item)).transpose()?;
            found
                .filter(|found| found.is_held_by(claimant.session))
                .map(|found| found.fence)
        }
    })
}

/// What step 3 asks for: nobody else has finished.
const STILL_THIS_LOCK: &str = "#session = :ended AND #fence = :fence";
