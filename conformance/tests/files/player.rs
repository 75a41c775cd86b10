//! What is kept of a player: the state in their file.

use std::collections::BTreeMap;

use playerdata_core::{
    ClaimNumber, Fence, Revision, SessionId, SlotName, UnixMillis, WriteId,
    backend::{Body, Encoding, Lock, Record},
};
use serde::{Deserialize, Serialize};

use crate::{mail::Mailbox, version::Version};

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Player {
    /// The generation of the latest lock. It stays when all else goes.
    pub(crate) fence: Fence,
    pub(crate) lock: Option<Lock>,
    pub(crate) slots: BTreeMap<SlotName, Slot>,
    #[serde(default)]
    pub(crate) mailboxes: BTreeMap<SlotName, Mailbox>,
    /// The oldest first.
    #[serde(default)]
    pub(crate) versions: BTreeMap<SlotName, Vec<Version>>,
}

/// A slot. A deletion leaves it there, since the revision goes on.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Slot {
    /// The claim that may write; none when its lock has gone.
    pub(crate) claim: Option<ClaimNumber>,
    pub(crate) revision: Revision,
    pub(crate) last_write: Option<WriteId>,
    pub(crate) content: Option<Content>,
}

/// What a slot holds, with the time of the write that made it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) saved_at: UnixMillis,
    pub(crate) schema: u32,
    #[serde(with = "encoding")]
    pub(crate) encoding: Encoding,
    pub(crate) bytes: Vec<u8>,
}

impl Player {
    pub(crate) fn is_held_by(&self, session: SessionId) -> bool {
        let lock = self.lock.as_ref();
        lock.is_some_and(|lock| lock.session == session)
    }

    /// Whether there is anything to list: the lock and its fence are not.
    pub(crate) fn has_anything(&self) -> bool {
        let record = self.slots.values().any(|slot| slot.content.is_some());
        let version = self.versions.values().any(|kept| !kept.is_empty());
        record || version || self.has_mail()
    }
}

impl Slot {
    pub(crate) fn record(&self) -> Option<Record> {
        let content = self.content.as_ref()?;
        Some(content.record(self.revision, self.last_write?))
    }
}

impl Content {
    /// The record that a write of that id made.
    pub(crate) fn record(&self, revision: Revision, write_id: WriteId) -> Record {
        Record {
            revision,
            write_id,
            saved_at: self.saved_at,
            body: Body {
                schema: self.schema,
                encoding: self.encoding,
                bytes: self.bytes.clone().into(),
            },
        }
    }
}

/// An encoding is kept by its name, and one that is not known here is not a
/// state.
mod encoding {
    use playerdata_core::backend::Encoding;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(it: &Encoding, to: S) -> Result<S::Ok, S::Error> {
        it.as_str().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Encoding, D::Error> {
        let name = String::deserialize(from)?;
        let known = Encoding::from_name(&name);
        known.ok_or_else(|| D::Error::custom("an encoding that is not known"))
    }
}
