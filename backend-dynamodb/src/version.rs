//! Versions: an item for each kept copy, body and all, and one for each slot
//! that lists them without their bodies.
//!
//! - *Keep*: the list and the slot are read; then one transaction writes the
//!   copy and the list, and removes the oldest, on the condition that the lock
//!   is the claim's, and that the list and the slot are as they were read. If
//!   they have moved on, they are read again.
//! - *Nothing to keep*: the list, the slot and then the lock are read, and
//!   nothing is written.
//!
//! A version is written under the lock only, checked by session and fence in
//! the same step: one that is late, after a take-over or an erasure, is
//! refused. So erasing removes versions as it does slots (see
//! [`erase`](crate::erase)).

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use playerdata_core::{
    Clock, PlayerId, Revision, SlotName, UnixMillis, WriteId,
    backend::{
        BackendError, Claim, Effect, ErrorKind, KeepPolicy, Keeping, Lock, Record, Result,
        VersionSummary,
    },
};

use crate::{
    erase::{BESIDE_BODY, MAX_REMOVED_BYTES},
    error::half_way,
    item::{Item, Key, Reader, attr, number, text},
    lock::{self, MAX_ROUNDS, StoredLock},
    slot::{read_record, read_schema},
    table::{Change, Refusal, Table, values},
    transaction::{Action, MAX_ACTIONS},
};

/// What calls about versions are for.
const KEEP: &str = "keep a version of";

/// What a transaction does beside removing versions: the lock, the list, the
/// slot, the new version.
const BESIDE_REMOVALS: usize = 4;

/// The list of a slot's versions, oldest first.
struct List {
    key: Key,
    versions: Vec<VersionSummary>,
    /// As it is stored; none if it is not.
    stored: Option<AttributeValue>,
}

impl List {
    async fn look(
        table: &Table,
        what: &'static str,
        player: &PlayerId,
        slot: &SlotName,
    ) -> Result<Self> {
        let key = Key::versions(player, slot);
        let item = table.get(what, &key).await?;
        Self::read(key, item.unwrap_or_default())
    }

    fn read(key: Key, mut item: Item) -> Result<Self> {
        let versions = Reader::new(&key, &item)
            .items(attr::VERSIONS)?
            .into_iter()
            .map(|version| read_summary(Reader::new(&key, version)))
            .collect::<Result<_>>()?;
        Ok(Self {
            key,
            versions,
            stored: item.remove(attr::VERSIONS),
        })
    }
}

fn read_summary(item: Reader<'_>) -> Result<VersionSummary> {
    let of = |name| item.required(name, item.number(name)?);
    Ok(VersionSummary {
        revision: Revision::new(of(attr::REVISION)?),
        saved_at: UnixMillis::new(of(attr::SAVED_AT)?),
        kept_at: UnixMillis::new(of(attr::KEPT_AT)?),
        schema: read_schema(item)?,
        body_bytes: of(attr::BODY_BYTES)?,
    })
}

fn write_summary(version: &VersionSummary) -> AttributeValue {
    let numbers = [
        (attr::REVISION, version.revision.get()),
        (attr::SAVED_AT, version.saved_at.get()),
        (attr::KEPT_AT, version.kept_at.get()),
        (attr::SCHEMA, version.schema.into()),
        (attr::BODY_BYTES, version.body_bytes),
    ];
    let owned = numbers.map(|(name, value)| (name.to_owned(), number(value)));
    AttributeValue::M(HashMap::from(owned))
}

/// A record in its slot. Whether its body can be read does not matter.
struct Stored {
    item: Item,
    write_id: WriteId,
    /// What the list would say of a version kept now.
    summary: VersionSummary,
}

impl Stored {
    fn read(key: &Key, item: Item, now: UnixMillis) -> Result<Option<Self>> {
        let reader = Reader::new(key, &item);
        let Some(body) = reader.binary(attr::BODY)? else {
            return Ok(None);
        };
        let of = |name| reader.required(name, reader.number(name)?);
        let summary = VersionSummary {
            revision: Revision::new(of(attr::REVISION)?),
            saved_at: UnixMillis::new(of(attr::SAVED_AT)?),
            kept_at: now,
            schema: read_schema(reader)?,
            body_bytes: body.len() as u64,
        };
        let write_id = reader.required(attr::WRITE_ID, reader.parsed(attr::WRITE_ID)?)?;
        Ok(Some(Self {
            item,
            write_id,
            summary,
        }))
    }

    /// The version's item: the slot's, except for where it is and who claims
    /// it.
    fn copy(&self, table: &Table) -> Item {
        let keys = [table.partition_key.as_str(), &table.sort_key];
        let claim = [attr::SESSION, attr::FENCE, attr::CLAIM];
        let mut copy = self.item.clone();
        for name in keys.into_iter().chain(claim) {
            copy.remove(name);
        }
        let kept_at = number(self.summary.kept_at.get());
        copy.insert(attr::KEPT_AT.to_owned(), kept_at);
        copy
    }
}

/// What is to be done about a slot's versions.
struct Plan {
    outcome: Keeping,
    add: Option<Stored>,
    /// How many of the oldest ones go.
    drop: usize,
}

impl Plan {
    fn new(list: &List, stored: Option<Stored>, policy: KeepPolicy) -> Self {
        let over = |versions: usize| versions.saturating_sub(policy.most as usize);
        let mut plan = Self {
            outcome: Keeping::Nothing,
            add: None,
            drop: 0,
        };
        let Some(stored) = stored else { return plan };
        let revision = stored.summary.revision;
        let now = stored.summary.kept_at;
        plan.outcome = Keeping::Kept { revision };
        match list.versions.last() {
            // One that was cut off has left too many, perhaps.
            Some(newest) if newest.revision == revision => {
                plan.drop = over(list.versions.len());
            }
            // One of the future was kept by a clock that ran ahead.
            Some(newest)
                if newest.kept_at <= now && now < newest.kept_at.saturating_add(policy.min_age) =>
            {
                plan.outcome = Keeping::Recent;
            }
            _ => {
                plan.drop = over(list.versions.len() + 1);
                plan.add = Some(stored);
            }
        }
        plan
    }

    fn changes_nothing(&self) -> bool {
        self.add.is_none() && self.drop == 0
    }

    /// How many of the oldest fit into one transaction.
    fn fitting(&self, list: &List) -> usize {
        let adds = |body_bytes: u64| BESIDE_BODY + body_bytes;
        // The slot, and its copy.
        let add = self.add.as_ref();
        let mut bytes = add.map_or(0, |stored| 2 * adds(stored.summary.body_bytes));
        let oldest = list.versions[..self.drop].iter();
        let fitting = oldest.take_while(|version| {
            bytes += adds(version.body_bytes);
            bytes <= MAX_REMOVED_BYTES
        });
        fitting.take(MAX_ACTIONS - BESIDE_REMOVALS).count()
    }
}

/// The outcome of a transaction.
enum Applied {
    Done,
    /// The lock is not the claim's.
    Lost {
        holder: Option<Lock>,
    },
    /// The list or the slot is not what it was.
    Moved,
}

/// See
/// [`Backend::keep_version`](playerdata_core::backend::Backend::keep_version).
pub(crate) async fn keep(
    table: &Table,
    clock: &dyn Clock,
    claim: &Claim,
    policy: KeepPolicy,
) -> Result<Keeping> {
    let mut keeper = Keeper {
        table,
        claim,
        doubt: false,
    };
    if policy.most == 0 {
        return keeper.unless_lost(Keeping::Nothing).await;
    }
    let mut kept = None;
    for _ in 0..MAX_ROUNDS {
        let (list, stored) = keeper.look(clock).await?;
        let plan = Plan::new(&list, stored, policy);
        if plan.changes_nothing() {
            return keeper.unless_lost(plan.outcome).await;
        }
        let fitting = plan.fitting(&list);
        match keeper.apply(&list, &plan, fitting).await? {
            Applied::Done if fitting == plan.drop => return Ok(plan.outcome),
            Applied::Done => kept = Some(plan.outcome),
            Applied::Moved => {}
            // What this call has kept is kept.
            Applied::Lost { holder } => match kept {
                Some(kept) => return Ok(kept),
                None => return keeper.lost(holder),
            },
        }
    }
    Err(lock::contended(
        KEEP,
        &Key::slot(&claim.player, &claim.slot),
    ))
}

/// One call that keeps a version.
struct Keeper<'a> {
    table: &'a Table,
    claim: &'a Claim,
    /// Whether an attempt may have been applied that said nothing.
    doubt: bool,
}

impl Keeper<'_> {
    /// The versions and the record as they are now.
    async fn look(&self, clock: &dyn Clock) -> Result<(List, Option<Stored>)> {
        let Claim { player, slot, .. } = self.claim;
        let key = Key::slot(player, slot);
        let list = List::look(self.table, KEEP, player, slot).await?;
        let item = self.table.get(KEEP, &key).await?;
        // By the time in these answers.
        let now = self.table.service().at(clock.now());
        let stored = item.map(|item| Stored::read(&key, item, now));
        Ok((list, stored.transpose()?.flatten()))
    }

    /// The outcome, if the lock is the claim's still.
    async fn unless_lost(&self, outcome: Keeping) -> Result<Keeping> {
        let stored = lock::read(self.table, &self.claim.player).await?;
        match stored {
            Some(stored) if stored.is_held_under(self.claim) => Ok(outcome),
            stored => self.lost(stored.and_then(|stored| stored.holder_but_for(self.claim))),
        }
    }

    fn lost(&self, holder: Option<Lock>) -> Result<Keeping> {
        if !self.doubt {
            return Ok(Keeping::Lost { holder });
        }
        let key = Key::slot(&self.claim.player, &self.claim.slot);
        Err(BackendError::new(
            ErrorKind::Unavailable,
            Effect::Possible,
            format!("{KEEP} {key}: an answer was lost, and the lock since"),
        ))
    }

    /// The one transaction that keeps a version, and removes the oldest.
    async fn apply(&mut self, list: &List, plan: &Plan, drop: usize) -> Result<Applied> {
        let Claim { player, slot, .. } = self.claim;
        let lock_key = Key::lock(player);
        let mut actions = vec![
            (lock_key.clone(), Action::Update(self.look_at_lock())),
            (
                list.key.clone(),
                Action::Update(change_list(list, plan, drop)),
            ),
        ];
        if let Some(stored) = &plan.add {
            let key = Key::version(player, slot, stored.summary.revision);
            // The list says that it is not there.
            let put = Action::Put(stored.copy(self.table), "attribute_not_exists(#kept_at)");
            actions.push((
                Key::slot(player, slot),
                Action::Update(look_at_slot(stored)),
            ));
            actions.push((key, put));
        }
        let dropped = list.versions[..drop].iter();
        let removed = dropped.map(|version| Key::version(player, slot, version.revision));
        actions.extend(removed.map(|key| (key, Action::Delete)));
        let transacted = self.table.transact(KEEP, &list.key, actions).await;
        let Err(refusals) = transacted.map_err(|error| match plan.add {
            Some(_) => error,
            None => half_way(error),
        })?
        else {
            return Ok(Applied::Done);
        };
        let mut refusals = refusals.into_iter();
        let (of_lock, of_list) = (refusals.next().flatten(), refusals.next().flatten());
        if let Some(Refusal { item, after_doubt }) = of_lock {
            self.doubt |= after_doubt;
            let stored = item.map(|item| StoredLock::read(&lock_key, &item));
            let stored = stored.transpose()?;
            return Ok(Applied::Lost {
                holder: stored.and_then(|stored| stored.holder_but_for(self.claim)),
            });
        }
        let Some(Refusal { item, after_doubt }) = of_list else {
            return Ok(Applied::Moved);
        };
        self.doubt |= after_doubt;
        // An earlier attempt of ours may have been applied.
        let found = List::read(list.key.clone(), item.unwrap_or_default())?;
        let ours = plan.add.as_ref().map(|stored| &stored.summary);
        Ok(
            match after_doubt && ours.is_some() && found.versions.last() == ours {
                true => Applied::Done,
                false => Applied::Moved,
            },
        )
    }

    /// A change that changes nothing, on the condition that the lock is the
    /// claim's.
    fn look_at_lock(&self) -> Change {
        Change {
            update: "SET #fence = :fence".to_owned(),
            condition: "#session = :session AND #fence = :fence AND attribute_not_exists(#ending)"
                .to_owned(),
            values: values([
                (":session", text(self.claim.session)),
                (":fence", number(self.claim.fence.get())),
            ]),
        }
    }
}

/// A change that changes nothing, on the condition that the slot is as it was.
fn look_at_slot(stored: &Stored) -> Change {
    Change {
        update: "SET #revision = :revision".to_owned(),
        condition: "#revision = :revision AND #write_id = :write_id".to_owned(),
        values: values([
            (":revision", number(stored.summary.revision.get())),
            (":write_id", text(stored.write_id)),
        ]),
    }
}

/// The list without the oldest and with the new one, on the condition that it
/// is as it was.
fn change_list(list: &List, plan: &Plan, drop: usize) -> Change {
    let added = plan.add.as_ref().map(|stored| &stored.summary);
    let stay = list.versions[drop..].iter().chain(added);
    let versions = AttributeValue::L(stay.map(write_summary).collect());
    let mut change = Change {
        update: "SET #versions = :versions".to_owned(),
        condition: "attribute_not_exists(#versions)".to_owned(),
        values: values([(":versions", versions)]),
    };
    if let Some(seen) = &list.stored {
        change.condition = "#versions = :seen".to_owned();
        change.values.insert(":seen".to_owned(), seen.clone());
    }
    change
}

/// See [`Backend::versions`](playerdata_core::backend::Backend::versions).
pub(crate) async fn list(
    table: &Table,
    player: &PlayerId,
    slot: &SlotName,
) -> Result<Vec<VersionSummary>> {
    let mut list = List::look(table, "list the versions of", player, slot).await?;
    list.versions.reverse();
    Ok(list.versions)
}

/// See [`Backend::version`](playerdata_core::backend::Backend::version).
pub(crate) async fn read(
    table: &Table,
    player: &PlayerId,
    slot: &SlotName,
    revision: Revision,
) -> Result<Option<Record>> {
    let key = Key::version(player, slot, revision);
    let Some(item) = table.get("read the version", &key).await? else {
        return Ok(None);
    };
    let item = Reader::new(&key, &item);
    let record = read_record(item)?;
    item.required(attr::BODY, record).map(Some)
}
