//! Erasing a player: everything but the fence.
//!
//! 1. *Begin*: the free lock is marked as being erased, under a fresh fence.
//!    From here on nobody gets the lock before the erasure is finished.
//! 2. *Remove* the slots, page by page, each time in one transaction with a
//!    look at the mark.
//! 3. *Finish*: the mark is taken off, together with the last slots.
//!
//! Whoever wants the lock meanwhile does steps 2 and 3 first: an erasure that
//! was begun is carried through, also when its server died.
//!
//! # Why one that is late removes nothing
//!
//! Each step is one call, atomic, and whoever sends it may have been frozen
//! before it for any time. Let *f* be the fence of the mark.
//!
//! - Fences only grow, and a mark is made under a fresh one: no two erasures
//!   of a player have the same *f*, and a mark that was taken off never comes
//!   back. Step 1 is conditioned on the fence that was seen, so that one
//!   that is late begins nothing.
//! - While the mark is there, nobody has the lock, and taking it is
//!   conditioned on there being none. A slot is opened only under the lock,
//!   and saved only under a claim, and the claims of the session before were
//!   withdrawn before its lock was free. So no slot is written between step 1
//!   and step 3, and every one that there is then was there at step 1.
//! - A slot is removed in a transaction that is conditioned on the mark *f*.
//!   So it is removed between step 1 and step 3, whatever was read before or
//!   after, and is never one of a later session's. When the mark is gone, the
//!   transaction fails and removes nothing.
//! - The mark is taken off by one who read every page after step 1 and has
//!   removed what was on them: as nothing is written meanwhile, nothing is
//!   left. That is conditioned on *f* too, so that it ends no later erasure.

use playerdata_core::{
    Fence, PlayerId,
    backend::{Erasure, Result},
};

use crate::{
    ending,
    error::half_way,
    item::{Item, Key, Reader, SLOT_PREFIX, attr, number, partition_of},
    lock::{self, MAX_ROUNDS, StoredLock, contended},
    resend::Nature,
    table::{Change, Conditional, Refusal, Returning, Table, values},
    transaction::{Action, MAX_ACTIONS},
};

/// The most bytes that one transaction removes: DynamoDB takes 4 MB of items.
const MAX_REMOVED_BYTES: u64 = 3_000_000;

/// More than a slot item has beside its body.
const BESIDE_BODY: u64 = 1_000;

/// See [`Backend::erase`](playerdata_core::backend::Backend::erase).
pub(crate) async fn erase(table: &Table, player: &PlayerId) -> Result<Erasure> {
    for _ in 0..MAX_ROUNDS {
        let Some(stored) = lock::read(table, player).await? else {
            // Nobody ever had the player, or the lock was lost without its
            // slots: then it is made again, for the mark.
            if !has_slots(table, player).await? {
                return Ok(Erasure::Erased);
            }
            if let Some(since) = begin(table, player, None).await? {
                finish(table, player, since).await.map_err(half_way)?;
                return Ok(Erasure::Erased);
            }
            continue;
        };
        if let Some(holder) = &stored.held {
            // A take-over goes from one session to the next: the player is
            // free only if a release has begun, alone or beside it.
            if stored.released_by.is_none() {
                return Ok(Erasure::Locked {
                    holder: holder.clone(),
                });
            }
            ending::free(table, player, &stored)
                .await
                .map_err(half_way)?;
            continue;
        }
        let since = match stored.erasing {
            Some(since) => Some(since),
            None => begin(table, player, Some(stored.fence)).await?,
        };
        if let Some(since) = since {
            finish(table, player, since).await.map_err(half_way)?;
            return Ok(Erasure::Erased);
        }
    }
    Err(contended("erase", &Key::lock(player)))
}

/// Where the slots of a player begin.
fn first_slot(player: &PlayerId) -> Key {
    Key {
        partition: partition_of(player),
        sort: SLOT_PREFIX.to_owned(),
    }
}

/// Whether anything is left of a player without a lock.
async fn has_slots(table: &Table, player: &PlayerId) -> Result<bool> {
    let page = table.page("erase", &first_slot(player), &[], None).await?;
    Ok(!page.items.is_empty() || page.next.is_some())
}

/// Step 1: marks the free lock as being erased; `seen` is its fence, if there
/// is one. `None` if somebody changed it meanwhile.
async fn begin(table: &Table, player: &PlayerId, seen: Option<Fence>) -> Result<Option<Fence>> {
    let key = Key::lock(player);
    let since = seen.unwrap_or_default().next();
    let mut change = Change {
        update: "SET #erasing = :since, #fence = :since".to_owned(),
        condition: "attribute_not_exists(#fence)".to_owned(),
        values: values([(":since", number(since.get()))]),
    };
    if let Some(seen) = seen {
        change.condition = "#fence = :seen AND attribute_not_exists(#session)".to_owned();
        change.values.insert(":seen".to_owned(), number(seen.get()));
    }
    let begun = table
        .update(
            "begin to erase",
            &key,
            change,
            Returning::Nothing,
            Nature::Repeatable,
        )
        .await?;
    match begun {
        Conditional::Met(_) => Ok(Some(since)),
        // An earlier attempt of ours may have been applied, or another server
        // erases too: either way it is begun.
        Conditional::Failed(Refusal { item, .. }) => {
            let found = item.map(|item| StoredLock::read(&key, &item)).transpose()?;
            let erasing = found.and_then(|found| found.erasing);
            Ok(erasing.filter(|&erasing| erasing == since))
        }
    }
}

/// Steps 2 and 3: removes every slot, and takes the mark off.
pub(crate) async fn finish(table: &Table, player: &PlayerId, since: Fence) -> Result<()> {
    let first = first_slot(player);
    let mut from = None;
    loop {
        let page = table
            .page("erase", &first, &[attr::BODY_BYTES], from)
            .await?;
        from = page.next;
        let mut batches = batches(table, &first, &page.items)?;
        let last = match from {
            Some(_) => None,
            None => Some(batches.pop().unwrap_or_default()),
        };
        for batch in batches {
            if !remove(table, player, since, batch, Then::GoesOn).await? {
                return Ok(());
            }
        }
        if let Some(last) = last {
            // Whether by us or by another server, it is finished.
            remove(table, player, since, last, Then::Finished).await?;
            return Ok(());
        }
    }
}

/// The slots of a page, in as few transactions as they fit into.
fn batches(table: &Table, first: &Key, items: &[Item]) -> Result<Vec<Vec<Key>>> {
    let mut batches: Vec<Vec<Key>> = Vec::new();
    let mut bytes = 0;
    for item in items {
        let item = Reader::new(first, item);
        let key = Key {
            partition: first.partition.clone(),
            sort: item.required(&table.sort_key, item.parsed(&table.sort_key)?)?,
        };
        let adds = BESIDE_BODY + item.number(attr::BODY_BYTES)?.unwrap_or_default();
        bytes += adds;
        match batches.last_mut() {
            // One action is the look at the mark.
            Some(batch) if batch.len() < MAX_ACTIONS - 1 && bytes <= MAX_REMOVED_BYTES => {
                batch.push(key);
            }
            _ => {
                bytes = adds;
                batches.push(vec![key]);
            }
        }
    }
    Ok(batches)
}

/// What comes after a batch of slots.
enum Then {
    /// More of them: the mark stays.
    GoesOn,
    /// Nothing: the mark goes with them.
    Finished,
}

/// Removes slots, as long as this very erasure is under way; says whether it
/// was.
async fn remove(
    table: &Table,
    player: &PlayerId,
    since: Fence,
    slots: Vec<Key>,
    then: Then,
) -> Result<bool> {
    let lock = Key::lock(player);
    let mark = Change {
        update: match then {
            // A change that changes nothing, and not a mere check, for which
            // another permission would be needed.
            Then::GoesOn => "SET #erasing = :since",
            Then::Finished => "REMOVE #erasing",
        }
        .to_owned(),
        condition: "#erasing = :since".to_owned(),
        values: values([(":since", number(since.get()))]),
    };
    if slots.is_empty() {
        let done = table.update(
            "finish erasing",
            &lock,
            mark,
            Returning::Nothing,
            Nature::Repeatable,
        );
        return Ok(matches!(done.await?, Conditional::Met(_)));
    }
    let mut actions = vec![(lock.clone(), Action::Update(mark))];
    actions.extend(slots.into_iter().map(|slot| (slot, Action::Delete)));
    let removed = table.transact("erase", &lock, actions).await?;
    Ok(removed.is_ok())
}
