//! Slots: claiming, writing and reading them.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use bytes::Bytes;
use futures::future::join;
use playerdata_core::{
    ClaimNumber, Fence, PlayerId, Revision, SessionId, SlotName, UnixMillis, WriteId,
    backend::{
        BackendError, Body, Claim, Effect, Encoding, ErrorKind, Opened, Opening, Record, Result,
        SlotSummary, Stamp, WriteOutcome,
    },
};

use crate::{
    error::half_way,
    item::{Item, Key, Reader, SLOT_PREFIX, attr, binary, number, partition_of, text},
    lock::{self, StoredLock},
    mail,
    table::{Change, Conditional, Range, Refusal, Table, values},
    transaction::Action,
};

/// The part of a slot item that decides about writes.
struct Head {
    session: Option<SessionId>,
    fence: Option<Fence>,
    claim: Option<ClaimNumber>,
    revision: Revision,
    write_id: Option<WriteId>,
}

impl Head {
    fn read(item: Reader<'_>) -> Result<Self> {
        Ok(Self {
            session: item.parsed(attr::SESSION)?,
            fence: item.number(attr::FENCE)?.map(Fence::new),
            claim: item.number(attr::CLAIM)?.map(ClaimNumber::new),
            revision: Revision::new(item.number(attr::REVISION)?.unwrap_or_default()),
            write_id: item.parsed(attr::WRITE_ID)?,
        })
    }

    /// Whether the slot is claimed by exactly this claim.
    fn is_under(&self, claim: &Claim) -> bool {
        self.is_under_lock_of(claim) && self.claim == Some(claim.number)
    }

    /// Whether the slot is claimed under the lock that this claim was made
    /// under.
    fn is_under_lock_of(&self, claim: &Claim) -> bool {
        self.session == Some(claim.session) && self.fence == Some(claim.fence)
    }
}

/// The record in a slot item; `None` if it was never written, or deleted.
pub(crate) fn read_record(item: Reader<'_>) -> Result<Option<Record>> {
    let Some(bytes) = item.binary(attr::BODY)? else {
        return Ok(None);
    };
    let head = Head::read(item)?;
    let encoding: String = item.required(attr::ENCODING, item.parsed(attr::ENCODING)?)?;
    Ok(Some(Record {
        revision: head.revision,
        write_id: item.required(attr::WRITE_ID, head.write_id)?,
        saved_at: UnixMillis::new(item.required(attr::SAVED_AT, item.number(attr::SAVED_AT)?)?),
        body: Body {
            schema: read_schema(item)?,
            encoding: Encoding::from_name(&encoding).ok_or_else(|| item.corrupt(attr::ENCODING))?,
            bytes: Bytes::copy_from_slice(bytes),
        },
    }))
}

pub(crate) fn read_schema(item: Reader<'_>) -> Result<u32> {
    let schema = item.number(attr::SCHEMA)?;
    let schema = schema.and_then(|schema| u32::try_from(schema).ok());
    item.required(attr::SCHEMA, schema)
}

/// The slot item that a write leaves, without its key. No body: a deletion,
/// which keeps the revision and the write id.
pub(crate) fn written(claim: &Claim, stamp: &Stamp, body: Option<&Body>) -> Item {
    let mut item = HashMap::from([
        (attr::SESSION.to_owned(), text(claim.session)),
        (attr::FENCE.to_owned(), number(claim.fence.get())),
        (attr::CLAIM.to_owned(), number(claim.number.get())),
        (attr::REVISION.to_owned(), number(stamp.base.next().get())),
        (attr::WRITE_ID.to_owned(), text(stamp.write_id)),
        (attr::SAVED_AT.to_owned(), number(stamp.at.get())),
    ]);
    if let Some(body) = body {
        item.extend([
            (attr::SCHEMA.to_owned(), number(body.schema.into())),
            (attr::ENCODING.to_owned(), text(body.encoding.as_str())),
            (attr::BODY_BYTES.to_owned(), number(body.bytes.len() as u64)),
            (attr::BODY.to_owned(), binary(&body.bytes)),
        ]);
    }
    item
}

/// See [`Backend::open`](playerdata_core::backend::Backend::open).
///
/// One transaction checks the lock, notes in it that the slot is claimed, and
/// puts the claim into the slot. From then on only a write under this very
/// claim changes the record, so that reading it afterwards is as good as
/// reading it in the same step, as long as the claim is still there.
pub(crate) async fn open(table: &Table, claim: &Claim) -> Result<Opening> {
    let lock_key = Key::lock(&claim.player);
    let slot_key = Key::slot(&claim.player, &claim.slot);
    let check_lock = Change {
        update: "ADD #claimed :slot".to_owned(),
        condition: "#session = :session AND #fence = :fence AND attribute_not_exists(#ending)"
            .to_owned(),
        values: values([
            (":session", text(claim.session)),
            (":fence", number(claim.fence.get())),
            (":slot", AttributeValue::Ss(vec![claim.slot.to_string()])),
        ]),
    };
    // A claim under another lock can only be left from a time before this
    // one: it is dead, and gives way.
    let claim_slot = Change {
        update: "SET #session = :session, #fence = :fence, #claim = :claim, \
                 #revision = if_not_exists(#revision, :never)"
            .to_owned(),
        condition: "NOT (#session = :session AND #fence = :fence AND #claim > :claim)".to_owned(),
        values: values([
            (":session", text(claim.session)),
            (":fence", number(claim.fence.get())),
            (":claim", number(claim.number.get())),
            (":never", number(0)),
        ]),
    };
    let actions = vec![
        (lock_key.clone(), Action::Update(check_lock)),
        (slot_key.clone(), Action::Update(claim_slot)),
    ];
    let Err(refusals) = table.transact("open", &slot_key, actions).await? else {
        return read_claimed(table, claim, &slot_key)
            .await
            .map_err(half_way);
    };
    match refusals.into_iter().next().flatten() {
        Some(Refusal { item, .. }) => {
            let stored = item.map(|item| StoredLock::read(&lock_key, &item));
            Ok(Opening::Lost {
                holder: stored
                    .transpose()?
                    .and_then(|stored| stored.holder_but_for(claim)),
            })
        }
        None => Ok(Opening::Overtaken),
    }
}

/// Reads a slot that was just claimed, and at the same time its player's mail.
async fn read_claimed(table: &Table, claim: &Claim, key: &Key) -> Result<Opening> {
    let (item, mail) = join(
        table.get("open", key),
        mail::waits(table, &claim.player, &claim.slot),
    )
    .await;
    let (item, mail) = (item?.unwrap_or_default(), mail?);
    let item = Reader::new(key, &item);
    let head = Head::read(item)?;
    if head.is_under(claim) {
        return Ok(Opening::Opened(Opened {
            revision: head.revision,
            last_write: head.write_id,
            record: read_record(item)?,
            mail,
        }));
    }
    if head.is_under_lock_of(claim) {
        return Ok(Opening::Overtaken);
    }
    Ok(match lock::read(table, &claim.player).await? {
        Some(stored) if stored.is_held_under(claim) => Opening::Overtaken,
        stored => Opening::Lost {
            holder: stored.and_then(|stored| stored.holder_but_for(claim)),
        },
    })
}

/// Says how a claim died that the slot does not carry, or not as it was
/// written from. A session that holds the player again, under another fence,
/// is not lost, but its claim is dead.
async fn why_dead(table: &Table, claim: &Claim, found: &Head) -> Result<WriteOutcome> {
    if found.session == Some(claim.session) {
        return Ok(WriteOutcome::Overtaken);
    }
    let stored = lock::read(table, &claim.player).await?;
    Ok(match stored {
        Some(stored) if stored.is_held_by(claim.session) => WriteOutcome::Overtaken,
        stored => WriteOutcome::Lost {
            holder: stored.and_then(|stored| stored.holder_but_for(claim)),
        },
    })
}

/// See [`Backend::save`](playerdata_core::backend::Backend::save) and
/// [`Backend::delete`](playerdata_core::backend::Backend::delete): one
/// conditional `PutItem`.
pub(crate) async fn write(
    table: &Table,
    claim: &Claim,
    stamp: &Stamp,
    body: Option<&Body>,
) -> Result<WriteOutcome> {
    let key = Key::slot(&claim.player, &claim.slot);
    let what = if body.is_some() { "save" } else { "delete" };
    let done = table
        .put(
            what,
            &key,
            written(claim, stamp, body),
            "#session = :session AND #fence = :fence AND #claim = :claim AND #revision = :base",
            values([
                (":session", text(claim.session)),
                (":fence", number(claim.fence.get())),
                (":claim", number(claim.number.get())),
                (":base", number(stamp.base.get())),
            ]),
        )
        .await?;
    let (found, after_doubt) = match done {
        Conditional::Met(()) => {
            return Ok(WriteOutcome::Written {
                revision: stamp.base.next(),
            });
        }
        Conditional::Failed(Refusal { item, after_doubt }) => {
            (item.unwrap_or_default(), after_doubt)
        }
    };
    let found = Head::read(Reader::new(&key, &found))?;
    // A resend of a write that was applied finds itself; whether the claim is
    // still there does not matter then: it was when it was applied.
    if found.write_id == Some(stamp.write_id) && (after_doubt || found.is_under(claim)) {
        return Ok(WriteOutcome::Written {
            revision: found.revision,
        });
    }
    // An earlier attempt may have been applied and written over, or erased.
    if after_doubt {
        return Err(BackendError::new(
            ErrorKind::Unavailable,
            Effect::Possible,
            format!("{what} {key}: the answer was lost, and the slot has changed hands since"),
        ));
    }
    why_dead(table, claim, &found).await
}

/// The error for a body that does not fit.
pub(crate) fn too_large(claim: &Claim, bytes: usize, limit: usize) -> BackendError {
    BackendError::new(
        ErrorKind::TooLarge,
        Effect::None,
        format!(
            "save {}: a body of {bytes} bytes, more than the {limit} that fit into an item",
            Key::slot(&claim.player, &claim.slot)
        ),
    )
}

/// See [`Backend::view`](playerdata_core::backend::Backend::view).
pub(crate) async fn view(
    table: &Table,
    player: &PlayerId,
    slot: &SlotName,
) -> Result<Option<Record>> {
    let key = Key::slot(player, slot);
    match table.get("view", &key).await? {
        None => Ok(None),
        Some(item) => read_record(Reader::new(&key, &item)),
    }
}

/// See [`Backend::list`](playerdata_core::backend::Backend::list).
pub(crate) async fn list(table: &Table, player: &PlayerId) -> Result<Vec<SlotSummary>> {
    const WANTED: [&str; 4] = [
        attr::REVISION,
        attr::SAVED_AT,
        attr::SCHEMA,
        attr::BODY_BYTES,
    ];
    let first = Key {
        partition: partition_of(player),
        sort: SLOT_PREFIX.to_owned(),
    };
    let mut summaries = Vec::new();
    let mut from = None;
    loop {
        let page = table
            .page("list", &first, Range::BeginningWith, &WANTED, from)
            .await?;
        for item in &page.items {
            summaries.extend(summary(table, &first, item)?);
        }
        from = page.next;
        if from.is_none() {
            // By sort key, which is by name.
            return Ok(summaries);
        }
    }
}

/// What a list says of a slot; `None` for one without a record.
fn summary(table: &Table, first: &Key, item: &Item) -> Result<Option<SlotSummary>> {
    let item = Reader::new(first, item);
    let sort: String = item.required(&table.sort_key, item.parsed(&table.sort_key)?)?;
    let slot = sort
        .strip_prefix(SLOT_PREFIX)
        .and_then(|name| name.parse().ok());
    let slot = item.required(&table.sort_key, slot)?;
    let Some(body_bytes) = item.number(attr::BODY_BYTES)? else {
        return Ok(None);
    };
    Ok(Some(SlotSummary {
        slot,
        revision: Revision::new(item.required(attr::REVISION, item.number(attr::REVISION)?)?),
        saved_at: UnixMillis::new(item.required(attr::SAVED_AT, item.number(attr::SAVED_AT)?)?),
        schema: read_schema(item)?,
        body_bytes,
    }))
}
