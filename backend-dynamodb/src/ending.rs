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
//! Whoever comes upon a lock that is ending does steps 2 and 3 again. Each
//! step is conditioned on the session that ends, so that any number of servers
//! can do them at once, and a late one changes nothing. Step 3 is conditioned
//! on the fence too, so that only one of them gets the lock.

use std::future;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::{StreamExt, TryStreamExt, stream};
use playerdata_core::{
    Fence, PlayerId, SessionId,
    backend::{Claimant, Lock, Result},
};

use crate::{
    error::half_way,
    item::{Key, number, text},
    lock::{SET_CLAIMANT, StoredLock, claimant_values},
    resend::Nature,
    table::{Change, Conditional, Refusal, Returning, Table, Updated, values},
};

/// How many claims are withdrawn at once.
const WITHDRAWN_AT_ONCE: usize = 16;

/// The lock of a session that is at its end.
pub(crate) struct Begun {
    /// The lock, marked as ending: its claims are withdrawn next.
    pub(crate) lock: StoredLock,
    /// Whether this call is the one that ended the session. If not, another
    /// was first, and this one helps it.
    pub(crate) first: bool,
}

/// Step 1: marks the lock of the session as ending.
///
/// What the lock was before tells the one call that ended the session from
/// all that came upon it afterwards, at no further cost.
pub(crate) async fn begin(
    table: &Table,
    player: &PlayerId,
    session: SessionId,
) -> Result<Conditional<Begun>> {
    let key = Key::lock(player);
    let change = Change {
        update: "SET #ending = :true".to_owned(),
        condition: "#session = :session".to_owned(),
        values: values([
            (":session", text(session)),
            (":true", AttributeValue::Bool(true)),
        ]),
    };
    let begun = table
        .update(
            "end the session of",
            &key,
            change,
            Returning::Before,
            Nature::Repeatable,
        )
        .await?;
    Ok(match begun {
        Conditional::Met(Updated { item, after_doubt }) => {
            let before = StoredLock::read(&key, &item)?;
            Conditional::Met(Begun {
                // The mark may be that of an earlier attempt of this call.
                first: after_doubt || !before.ending,
                lock: StoredLock {
                    ending: true,
                    ..before
                },
            })
        }
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
        .map(|key| withdraw_one(table, key, lock.session))
        .buffer_unordered(WITHDRAWN_AT_ONCE)
        .try_for_each(|()| future::ready(Ok(())))
        .await
}

/// Withdraws a claim of the session on a slot, if it still has one.
async fn withdraw_one(table: &Table, key: Key, session: SessionId) -> Result<()> {
    let change = Change {
        update: "REMOVE #session, #claim".to_owned(),
        condition: "#session = :session".to_owned(),
        values: values([(":session", text(session))]),
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
        update: "REMOVE #session, #server, #incarnation, #since, #claimed, #ending".to_owned(),
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
        match begin(table, player, lock.session).await? {
            Conditional::Met(Begun { lock, .. }) => {
                begun = lock;
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
        update: format!("{SET_CLAIMANT}, #fence = :next REMOVE #claimed, #ending"),
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
