//! What is kept of a player: the state in their file.

use std::collections::BTreeMap;

use playerdata_core::{
    ClaimNumber, Fence, Revision, SessionId, SlotName, UnixMillis, WriteId,
    backend::{Body, Encoding, Lock, Record},
};
use serde::{Deserialize, Serialize};

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Player {
    /// The generation of the latest lock. It stays when all else goes.
    pub(crate) fence: Fence,
    pub(crate) lock: Option<Lock>,
    pub(crate) slots: BTreeMap<SlotName, Slot>,
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
#[derive(Serialize, Deserialize)]
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
}

impl Slot {
    pub(crate) fn record(&self) -> Option<Record> {
        let content = self.content.as_ref()?;
        Some(Record {
            revision: self.revision,
            write_id: self.last_write?,
            saved_at: content.saved_at,
            body: Body {
                schema: content.schema,
                encoding: content.encoding,
                bytes: content.bytes.clone().into(),
            },
        })
    }
}

/// An encoding is kept by its name, and one that is not known here is no state.
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
