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
use uuid::Uuid;

use crate::{
    error::half_way,
    item::{Item, Key, Reader, SLOT_PREFIX, attr, binary, number, partition_of, text},
    lock::{self, StoredLock},
    mail,
    resend::Nature,
    table::{Change, Conditional, Range, Refusal, Returning, Table, values},
    transaction::Action,
    version,
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
            // One that can't be read is not a write that anybody asks for.
            write_id: item.parsed(attr::WRITE_ID).unwrap_or_default(),
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

/// The record in a slot item. What can't be understood is a record all the same,
/// of which the bytes are known: whoever is shown it can put something else in
/// its place. Without a revision it can't be replaced, and is an error; except for
/// an item of another program's, which has none until the slot is opened.
fn read_whatever_it_is(table: &Table, item: Reader<'_>) -> Result<Option<Record>> {
    let unreadable = match read_record(item) {
        Ok(None) if !is_foreign(table, item) => return Ok(None),
        Ok(None) => item.corrupt(attr::BODY),
        Ok(record) => return Ok(record),
        Err(error) => error,
    };
    tracing::warn!(error = %unreadable, "a slot can't be read");
    let bytes = match item.binary(attr::BODY) {
        Ok(Some(bytes)) => Bytes::copy_from_slice(bytes),
        Ok(None) | Err(_) => item.as_text().into(),
    };
    let saved_at = item.number(attr::SAVED_AT).unwrap_or_default();
    Ok(Some(Record {
        revision: Revision::new(item.number(attr::REVISION)?.unwrap_or_default()),
        write_id: item
            .parsed(attr::WRITE_ID)
            .unwrap_or_default()
            .unwrap_or(WriteId::from_uuid(Uuid::nil())),
        saved_at: UnixMillis::new(saved_at.unwrap_or_default()),
        body: Body {
            schema: read_schema(item).unwrap_or_default(),
            encoding: Encoding::Unknown,
            bytes,
        },
    }))
}

/// Whether another program put an item at the place of a slot.
fn is_foreign(table: &Table, item: Reader<'_>) -> bool {
    const OURS: [&str; 7] = [
        attr::SESSION,
        attr::FENCE,
        attr::CLAIM,
        attr::REVISION,
        attr::WRITE_ID,
        attr::SAVED_AT,
        attr::TTL,
    ];
    let keys = [table.partition_key.as_str(), &table.sort_key];
    let mut names = item.names();
    names.any(|name| !OURS.contains(&name) && !keys.contains(&name))
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
        let mut record = read_whatever_it_is(table, item)?;
        let mut revision = head.revision;
        if let Some(record) = &mut record
            && has_lost_revision(record)
        {
            revision = newest_version(table, &claim.player, &claim.slot).await;
            record.revision = revision;
            go_on_from(table, claim, key, revision).await?;
        }
        return Ok(Opening::Opened(Opened {
            revision,
            last_write: head.write_id,
            record,
            mail,
            version_age: None,
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

/// Whether it is another program's, which has no revision.
fn has_lost_revision(record: &Record) -> bool {
    record.body.encoding == Encoding::Unknown && record.revision == Revision::default()
}

/// What a slot goes on from that has lost its revision, so that what is put in
/// its place is not a revision that is kept already.
async fn newest_version(table: &Table, player: &PlayerId, slot: &SlotName) -> Revision {
    let versions = version::list(table, player, slot).await;
    let versions = versions.unwrap_or_default();
    let newest = versions.first().map(|newest| newest.revision);
    newest.unwrap_or_default()
}

/// Gives a claimed slot a revision.
async fn go_on_from(table: &Table, claim: &Claim, key: &Key, newest: Revision) -> Result<()> {
    let change = Change {
        update: "SET #revision = :newest".to_owned(),
        condition: "#session = :session AND #fence = :fence AND #claim = :claim".to_owned(),
        values: values([
            (":newest", number(newest.get())),
            (":session", text(claim.session)),
            (":fence", number(claim.fence.get())),
            (":claim", number(claim.number.get())),
        ]),
    };
    let (returning, nature) = (Returning::Nothing, Nature::Repeatable);
    match table.update("open", key, change, returning, nature).await? {
        // Failed: the claim is dead, and so is what is written under it.
        Conditional::Met(_) | Conditional::Failed(_) => Ok(()),
    }
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
    let Some(item) = table.get("view", &key).await? else {
        return Ok(None);
    };
    let mut record = read_whatever_it_is(table, Reader::new(&key, &item))?;
    if let Some(record) = &mut record
        && has_lost_revision(record)
    {
        record.revision = newest_version(table, player, slot).await;
    }
    Ok(record)
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
            let reader = Reader::new(&first, item);
            summaries.extend(match summary(table, reader) {
                Ok(Some(summary)) => Some(summary),
                // One that was never written, or another program's.
                Ok(None) if is_unwritten(reader) => look(table, player, reader).await?,
                Ok(None) => None,
                Err(error) => {
                    tracing::warn!(%error, "a slot can't be read");
                    look(table, player, reader).await?
                }
            });
        }
        from = page.next;
        if from.is_none() {
            // By sort key, which is by name.
            return Ok(summaries);
        }
    }
}

fn is_unwritten(item: Reader<'_>) -> bool {
    !matches!(item.number(attr::REVISION), Ok(Some(1..)))
}

/// What a list says of a slot that can't be read: it is listed all the same, by
/// what is known. Viewing it says what is wrong, and the other slots are as they
/// are.
async fn look(table: &Table, player: &PlayerId, item: Reader<'_>) -> Result<Option<SlotSummary>> {
    let slot = slot_name(table, item)?;
    let summary = match view(table, player, &slot).await {
        Ok(record) => record.map(|record| SlotSummary {
            slot,
            revision: record.revision,
            saved_at: record.saved_at,
            schema: record.body.schema,
            body_bytes: record.body.bytes.len() as u64,
        }),
        Err(error) if error.kind() == ErrorKind::Corrupt => Some(SlotSummary {
            slot,
            revision: Revision::default(),
            saved_at: UnixMillis::default(),
            schema: 0,
            body_bytes: 0,
        }),
        Err(error) => return Err(error),
    };
    Ok(summary)
}

fn slot_name(table: &Table, item: Reader<'_>) -> Result<SlotName> {
    let sort: String = item.required(&table.sort_key, item.parsed(&table.sort_key)?)?;
    let slot = sort.strip_prefix(SLOT_PREFIX);
    let slot = slot.and_then(|name| name.parse().ok());
    item.required(&table.sort_key, slot)
}

/// What a list says of a slot; `None` for one without a record.
fn summary(table: &Table, item: Reader<'_>) -> Result<Option<SlotSummary>> {
    let slot = slot_name(table, item)?;
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
