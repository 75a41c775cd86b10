//! Erasing a player: everything but the fence.
//!
//! 1. *Begin*: the free lock is marked as being erased, under a fresh fence.
//!    From here on nobody gets the lock before the erasure is finished.
//! 2. *Remove* the slots, page by page.
//! 3. *Finish*: the mark is taken off.
//!
//! Whoever wants the lock meanwhile does steps 2 and 3 first: an erasure that
//! was begun is carried through, also when its server died. Late calls change
//! nothing: step 1 is conditioned on the fence that was seen, step 3 on the
//! one that it made, and a slot is removed only while it is as it was seen.

use std::future;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::{StreamExt, TryStreamExt, stream};
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
    table::{Change, Conditional, Refusal, Returning, Table, Values, values},
};

/// How many slots are removed at once.
const REMOVED_AT_ONCE: usize = 16;

/// See [`Backend::erase`](playerdata_core::backend::Backend::erase).
pub(crate) async fn erase(table: &Table, player: &PlayerId) -> Result<Erasure> {
    for _ in 0..MAX_ROUNDS {
        let Some(stored) = lock::read(table, player).await? else {
            return Ok(Erasure::Erased); // nobody ever had the player
        };
        if let Some(holder) = &stored.held {
            if !stored.ending {
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
            None => begin(table, player, stored.fence).await?,
        };
        if let Some(since) = since {
            finish(table, player, since).await.map_err(half_way)?;
            return Ok(Erasure::Erased);
        }
    }
    Err(contended("erase", &Key::lock(player)))
}

/// Step 1: marks the free lock as being erased. `None` if somebody changed it
/// meanwhile.
async fn begin(table: &Table, player: &PlayerId, seen: Fence) -> Result<Option<Fence>> {
    let key = Key::lock(player);
    let since = seen.next();
    let change = Change {
        update: "SET #erasing = :since, #fence = :since".to_owned(),
        condition: "#fence = :seen AND attribute_not_exists(#session)".to_owned(),
        values: values([
            (":seen", number(seen.get())),
            (":since", number(since.get())),
        ]),
    };
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
    let first = Key {
        partition: partition_of(player),
        sort: SLOT_PREFIX.to_owned(),
    };
    let mut from = None;
    loop {
        let page = table
            .page("erase", &first, &[attr::SESSION, attr::WRITE_ID], from)
            .await?;
        stream::iter(page.items)
            .map(|item| remove(table, &first, item))
            .buffer_unordered(REMOVED_AT_ONCE)
            .try_for_each(|()| future::ready(Ok(())))
            .await?;
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    let change = Change {
        update: "REMOVE #erasing".to_owned(),
        condition: "#erasing = :since".to_owned(),
        values: values([(":since", number(since.get()))]),
    };
    let finished = table
        .update(
            "finish erasing",
            &Key::lock(player),
            change,
            Returning::Nothing,
            Nature::Repeatable,
        )
        .await?;
    match finished {
        // Failed: another server finished it too.
        Conditional::Met(_) | Conditional::Failed(_) => Ok(()),
    }
}

/// Removes a slot, if it is as it was seen. One that is not was removed by
/// another server, and made anew since.
async fn remove(table: &Table, first: &Key, seen: Item) -> Result<()> {
    let sort = Reader::new(first, &seen);
    let sort = sort.required(&table.sort_key, sort.parsed(&table.sort_key)?)?;
    let key = Key {
        partition: first.partition.clone(),
        sort,
    };
    let mut condition = Vec::new();
    let mut values = Values::new();
    for name in [attr::SESSION, attr::WRITE_ID] {
        let value: Option<&AttributeValue> = seen.get(name);
        condition.push(match value {
            Some(value) => {
                values.insert(format!(":{name}"), value.clone());
                format!("#{name} = :{name}")
            }
            None => format!("attribute_not_exists(#{name})"),
        });
    }
    let removed = table
        .delete("erase", &key, &condition.join(" AND "), values)
        .await?;
    match removed {
        Conditional::Met(()) | Conditional::Failed(_) => Ok(()),
    }
}
