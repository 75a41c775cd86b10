//! Erasing a player: everything but the fence.
//!
//! 1. *Begin*: the free lock is marked as being erased, under a fresh fence.
//!    From here on nobody gets the lock before the erasure is finished.
//! 2. *Close the mail*: it gets the same mark, in one transaction with a look
//!    at the lock's. From here on nobody posts before the erasure is finished.
//! 3. *Remove* everything behind the lock, page by page, each time in one
//!    transaction with a look at the lock's mark.
//! 4. *Finish*: the mark is taken off, together with the last of them and the
//!    mail.
//!
//! Whoever wants the lock or posts meanwhile does steps 2 to 4 first: an
//! erasure that was begun is carried through, also when its server died.
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
//!   withdrawn before its lock was free; a version is kept only under the lock.
//!   So none of these is written between step 1 and step 4, and every one that
//!   there is then was there at step 1.
//! - The mail needs no lock. Posting is conditioned on the mail having no mark,
//!   and what changes a letter or an id otherwise on its being there. So
//!   nothing is added between step 2 and step 4, and a letter is there with
//!   its id and its count, or not at all, when step 3 begins.
//! - The mail is marked, and what is there removed, in transactions that are
//!   conditioned on the lock's mark *f*: between step 1 and step 4, whatever
//!   was read before or after. When the mark is gone, they fail and change
//!   nothing.
//! - The mark is taken off by one who read every page after step 2 and has
//!   removed what was on them: as nothing is added meanwhile, nothing is
//!   left. That is conditioned on *f* too, so that it ends no later erasure.

use playerdata_core::{
    Fence, PlayerId,
    backend::{Erasure, MAX_LETTER_BYTES, Result},
};

use crate::{
    ending,
    error::half_way,
    item::{Item, Key, LIST_PREFIX, Reader, attr, number},
    lock::{self, MAX_ROUNDS, StoredLock, contended},
    resend::Nature,
    size::MAX_ITEM_BYTES,
    table::{Change, Conditional, Range, Refusal, Returning, Table, values},
    transaction::{Action, MAX_ACTIONS},
};

/// The most bytes that one transaction removes: DynamoDB takes 4 MB of items.
pub(crate) const MAX_REMOVED_BYTES: u64 = 3_000_000;

/// More than an item has beside its body, or its content.
pub(crate) const BESIDE_BODY: u64 = 1_000;

/// See [`Backend::erase`](playerdata_core::backend::Backend::erase).
pub(crate) async fn erase(table: &Table, player: &PlayerId) -> Result<Erasure> {
    for _ in 0..MAX_ROUNDS {
        let Some(stored) = lock::read(table, player).await? else {
            // Nobody ever had the player, or the lock was lost without the
            // rest: then it is made again, for the mark. So it is for mail to
            // somebody who was never there.
            if !has_anything(table, player).await? {
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

/// Whether anything is left of a player without a lock.
async fn has_anything(table: &Table, player: &PlayerId) -> Result<bool> {
    let lock = Key::lock(player);
    let page = table.page("erase", &lock, Range::Behind, &[], None).await?;
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

/// Steps 2 to 4: closes the mail, removes everything, and takes the mark off.
pub(crate) async fn finish(table: &Table, player: &PlayerId, since: Fence) -> Result<()> {
    let (lock, mail) = (Key::lock(player), Key::mail(player));
    let close = vec![
        (lock.clone(), Action::Update(mark(since, SAME))),
        (
            mail.clone(),
            Action::Update(Change {
                update: SAME.to_owned(),
                condition: "attribute_not_exists(#erasing) OR #erasing <= :since".to_owned(),
                values: values([(":since", number(since.get()))]),
            }),
        ),
    ];
    if table.transact("erase", &lock, close).await?.is_err() {
        return Ok(()); // another server finished it
    }
    let mut from = None;
    loop {
        let attributes = [attr::BODY_BYTES];
        let page = table
            .page("erase", &lock, Range::Behind, &attributes, from)
            .await?;
        from = page.next;
        let mut batches = batches(table, &lock, &mail, &page.items)?;
        let last = match from {
            Some(_) => None,
            None => Some(batches.pop().unwrap_or_default()),
        };
        for batch in batches {
            if !remove(table, &lock, mark(since, SAME), batch).await? {
                return Ok(());
            }
        }
        if let Some(mut last) = last {
            last.push(mail);
            // Whether by us or by another server, it is finished.
            remove(table, &lock, mark(since, "REMOVE #erasing"), last).await?;
            return Ok(());
        }
    }
}

/// A change that changes nothing, and not a mere check, for which another
/// permission would be needed.
const SAME: &str = "SET #erasing = :since";

/// Changes the mark of the lock, as long as this very erasure is under way.
fn mark(since: Fence, update: &str) -> Change {
    Change {
        update: update.to_owned(),
        condition: "#erasing = :since".to_owned(),
        values: values([(":since", number(since.get()))]),
    }
}

/// The items of a page except the mail, in as few transactions as they fit
/// into.
fn batches(table: &Table, lock: &Key, mail: &Key, items: &[Item]) -> Result<Vec<Vec<Key>>> {
    let mut batches: Vec<Vec<Key>> = Vec::new();
    let mut bytes = 0;
    for item in items {
        let item = Reader::new(lock, item);
        let key = Key {
            partition: lock.partition.clone(),
            sort: item.required(&table.sort_key, item.parsed(&table.sort_key)?)?,
        };
        if key == *mail {
            continue;
        }
        let body_bytes = item.number(attr::BODY_BYTES)?;
        let adds = body_bytes.map_or(without_body(&key), |bytes| BESIDE_BODY + bytes);
        bytes += adds;
        match batches.last_mut() {
            // One action is the look at the mark, and one the mail.
            Some(batch) if batch.len() < MAX_ACTIONS - 2 && bytes <= MAX_REMOVED_BYTES => {
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

/// The most bytes that an item without a body has: a list of versions may be as
/// long as any item, and nothing else is longer than a letter.
fn without_body(key: &Key) -> u64 {
    match key.sort.starts_with(LIST_PREFIX) {
        true => MAX_ITEM_BYTES as u64,
        false => BESIDE_BODY + MAX_LETTER_BYTES as u64,
    }
}

/// Removes items together with a change of the mark; says whether this erasure
/// was still under way.
async fn remove(table: &Table, lock: &Key, mark: Change, items: Vec<Key>) -> Result<bool> {
    let mut actions = vec![(lock.clone(), Action::Update(mark))];
    actions.extend(items.into_iter().map(|item| (item, Action::Delete)));
    let removed = table.transact("erase", lock, actions).await?;
    Ok(removed.is_ok())
}
