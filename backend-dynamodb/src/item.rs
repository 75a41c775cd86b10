//! Items of the table: their keys, their attributes, and reading them.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    str::FromStr,
};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use playerdata_core::{
    LetterId, PlayerId, Revision, ServerName, SlotName, TradeId,
    backend::{BackendError, Effect, ErrorKind, LetterPosition, Result},
};

/// An item as the SDK has it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The names of the attributes. Their length counts towards the size of an
/// item, and so towards what a save costs.
pub(crate) mod attr {
    /// Lock and slot: the session that holds the player, or claims the slot.
    pub(crate) const SESSION: &str = "session";
    /// Lock: the name of the session's server.
    pub(crate) const SERVER: &str = "server";
    /// Lock and lease: which run of the server.
    pub(crate) const INCARNATION: &str = "incarnation";
    /// Lock: its generation, kept for ever. Slot: that of the lock that it is
    /// claimed under.
    pub(crate) const FENCE: &str = "fence";
    /// Lock: when it was taken.
    pub(crate) const SINCE: &str = "since";
    /// Lock: the slots that its session has claimed.
    pub(crate) const CLAIMED: &str = "claimed";
    /// Lock: its session is at its end, and its claims are being withdrawn.
    pub(crate) const ENDING: &str = "ending";
    /// Lock: the call that released it, if it ends by a release.
    pub(crate) const RELEASED_BY: &str = "released_by";
    /// Lock and mail: the player is being erased; the fence that this began
    /// with.
    pub(crate) const ERASING: &str = "erasing";
    /// Slot: the number of the claim.
    pub(crate) const CLAIM: &str = "claim";
    /// Slot: how many writes it has seen. Version: as many as that then.
    pub(crate) const REVISION: &str = "revision";
    /// Slot and version: the last write.
    pub(crate) const WRITE_ID: &str = "write_id";
    /// Slot and version: when that was.
    pub(crate) const SAVED_AT: &str = "saved_at";
    /// Slot and version: the version of the document's schema.
    pub(crate) const SCHEMA: &str = "schema";
    /// Slot and version: how the body is to be read.
    pub(crate) const ENCODING: &str = "encoding";
    /// Slot and version: the document.
    pub(crate) const BODY: &str = "body";
    /// Slot and version: its length, so that slots can be listed without their
    /// bodies.
    pub(crate) const BODY_BYTES: &str = "body_bytes";
    /// Lease: when it lapses, in milliseconds since 1970.
    pub(crate) const EXPIRES_AT: &str = "expires_at";
    /// Lease: for how long it was renewed, in milliseconds.
    pub(crate) const LASTS: &str = "lasts";
    /// Lease, by former versions: the notices for the server.
    pub(crate) const NOTICES: &str = "notices";
    /// Notice: what it says to the server.
    pub(crate) const NOTICE: &str = "notice";
    /// Queue of notices: the last number that was given to one. Mail: the last
    /// position that was given to a letter.
    pub(crate) const DRAWN: &str = "drawn";
    /// Queue of notices: the last number that may be given.
    pub(crate) const ROOM_TO: &str = "room_to";
    /// Letter and id: which attempt at posting it.
    pub(crate) const POSTING: &str = "posting";
    /// Letter and id: how long the id is remembered.
    pub(crate) const RETENTION: &str = "retention";
    /// Id of a letter: where that waits, if it does.
    pub(crate) const POSITION: &str = "position";
    /// Letter: its id.
    pub(crate) const LETTER: &str = "letter";
    /// Letter: who sent it.
    pub(crate) const SENDER: &str = "sender";
    /// Letter: when that was.
    pub(crate) const SENT_AT: &str = "sent_at";
    /// Letter: what it says.
    pub(crate) const CONTENT: &str = "content";
    /// Version: when it was kept.
    pub(crate) const KEPT_AT: &str = "kept_at";
    /// List of versions: what there is, without bodies.
    pub(crate) const VERSIONS: &str = "versions";
    /// Trade: what becomes of it.
    pub(crate) const VERDICT: &str = "verdict";
    /// Trade: the party named first has acted on it.
    pub(crate) const FIRST: &str = "first";
    /// Trade: the party named second has.
    pub(crate) const SECOND: &str = "second";
    /// Lease, notice, queue, id of a letter that is remembered for a time, and
    /// trade that both parties have acted on: when DynamoDB may tidy the item
    /// away, in seconds since 1970.
    pub(crate) const TTL: &str = "ttl";

    /// What the name begins with that the mail has for each slot: how many
    /// letters wait for it.
    pub(crate) const WAITING_PREFIX: &str = "waiting#";

    /// All of them except the last: no key attribute can have one of these
    /// names.
    pub(crate) const ALL: [&str; 36] = [
        SESSION,
        SERVER,
        INCARNATION,
        FENCE,
        SINCE,
        CLAIMED,
        ENDING,
        RELEASED_BY,
        ERASING,
        CLAIM,
        REVISION,
        WRITE_ID,
        SAVED_AT,
        SCHEMA,
        ENCODING,
        BODY,
        BODY_BYTES,
        EXPIRES_AT,
        LASTS,
        NOTICES,
        NOTICE,
        DRAWN,
        ROOM_TO,
        POSTING,
        RETENTION,
        POSITION,
        LETTER,
        SENDER,
        SENT_AT,
        CONTENT,
        KEPT_AT,
        VERSIONS,
        VERDICT,
        FIRST,
        SECOND,
        TTL,
    ];
}

/// What the sort key of every slot begins with.
pub(crate) const SLOT_PREFIX: &str = "slot#";

/// What the sort key of every list of versions begins with.
pub(crate) const LIST_PREFIX: &str = "versions#";

/// What the partition key of every player begins with.
pub(crate) const PLAYER_PREFIX: &str = "player#";

/// What the sort key of every notice begins with, and of their queue.
pub(crate) const NOTICE_PREFIX: &str = "notice";

/// Where an item is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) partition: String,
    pub(crate) sort: String,
}

impl Key {
    /// The player's lock.
    pub(crate) fn lock(player: &PlayerId) -> Self {
        Self {
            partition: partition_of(player),
            sort: "lock".to_owned(),
        }
    }

    /// A slot of the player.
    pub(crate) fn slot(player: &PlayerId, slot: &SlotName) -> Self {
        Self {
            partition: partition_of(player),
            sort: format!("{SLOT_PREFIX}{slot}"),
        }
    }

    /// The mail of all of the player's slots: what their letters are counted
    /// in.
    pub(crate) fn mail(player: &PlayerId) -> Self {
        Self {
            partition: partition_of(player),
            sort: "mail".to_owned(),
        }
    }

    /// The letter at that position of a slot's mailbox. They are sorted by it.
    pub(crate) fn letter(player: &PlayerId, slot: &SlotName, position: LetterPosition) -> Self {
        Self {
            partition: partition_of(player),
            sort: format!("mail#{slot}#letter#{:020}", position.get()),
        }
    }

    /// What a slot's mailbox knows of the letter of that id.
    pub(crate) fn letter_id(player: &PlayerId, slot: &SlotName, id: &LetterId) -> Self {
        Self {
            partition: partition_of(player),
            sort: format!("{}{id}", Self::letter_id_prefix(slot)),
        }
    }

    /// What the sort keys of a slot's ids begin with.
    pub(crate) fn letter_id_prefix(slot: &SlotName) -> String {
        format!("mail#{slot}#id#")
    }

    /// Where the ids of a slot behind one begin, or all of them, and where they
    /// end.
    pub(crate) fn letter_ids(
        player: &PlayerId,
        slot: &SlotName,
        after: Option<&LetterId>,
    ) -> [Self; 2] {
        let prefix = Self::letter_id_prefix(slot);
        // No name has a character that small, and none one that great.
        let after = after.map_or_else(String::new, |id| format!("{id}\u{1}"));
        [format!("{prefix}{after}"), format!("{prefix}\u{7f}")].map(|sort| Self {
            partition: partition_of(player),
            sort,
        })
    }

    /// The kept copy of a slot's record as it was at that revision.
    pub(crate) fn version(player: &PlayerId, slot: &SlotName, revision: Revision) -> Self {
        Self {
            partition: partition_of(player),
            sort: format!("version#{slot}#{:020}", revision.get()),
        }
    }

    /// The list of a slot's versions.
    pub(crate) fn versions(player: &PlayerId, slot: &SlotName) -> Self {
        Self {
            partition: partition_of(player),
            sort: format!("{LIST_PREFIX}{slot}"),
        }
    }

    /// A trade: a partition of its own, as it belongs to two players.
    pub(crate) fn trade(trade: TradeId) -> Self {
        Self {
            partition: format!("trade#{trade}"),
            sort: "verdict".to_owned(),
        }
    }

    /// A server's lease.
    pub(crate) fn lease(server: &ServerName) -> Self {
        Self {
            partition: format!("server#{server}"),
            sort: "lease".to_owned(),
        }
    }

    /// The queue of a server's notices: a partition of its own.
    pub(crate) fn queue(server: &ServerName) -> Self {
        Self {
            partition: format!("notices#{server}"),
            sort: NOTICE_PREFIX.to_owned(),
        }
    }

    /// The notice of that number. They are sorted by it.
    pub(crate) fn notice(server: &ServerName, number: u64) -> Self {
        Self {
            sort: format!("{NOTICE_PREFIX}#{number:020}"),
            ..Self::queue(server)
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.partition, self.sort)
    }
}

/// The partition that holds everything of a player.
pub(crate) fn partition_of(player: &PlayerId) -> String {
    format!("{PLAYER_PREFIX}{player}")
}

/// A text attribute.
pub(crate) fn text(value: impl fmt::Display) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

/// A number attribute.
pub(crate) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A binary attribute.
pub(crate) fn binary(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

/// An item being read. What is there has to be of the right type; everything
/// else is reported as corrupt, naming the item and the attribute.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    key: &'a Key,
    item: &'a Item,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(key: &'a Key, item: &'a Item) -> Self {
        Self { key, item }
    }

    /// An attribute with the given shape, if it is there at all.
    fn shaped<T>(
        self,
        name: &str,
        shape: impl FnOnce(&'a AttributeValue) -> Option<T>,
    ) -> Result<Option<T>> {
        self.item
            .get(name)
            .map(|value| shape(value).ok_or_else(|| self.corrupt(name)))
            .transpose()
    }

    /// A text attribute, parsed.
    pub(crate) fn parsed<T: FromStr>(self, name: &str) -> Result<Option<T>> {
        self.shaped(name, |value| value.as_s().ok()?.parse().ok())
    }

    /// A number attribute.
    pub(crate) fn number(self, name: &str) -> Result<Option<u64>> {
        self.shaped(name, |value| value.as_n().ok()?.parse().ok())
    }

    /// A binary attribute.
    pub(crate) fn binary(self, name: &str) -> Result<Option<&'a [u8]>> {
        self.shaped(name, |value| value.as_b().ok().map(AsRef::as_ref))
    }

    /// A set of texts, parsed; none if it is not there.
    pub(crate) fn parsed_set<T: FromStr>(self, name: &str) -> Result<Vec<T>> {
        let set = self.shaped(name, |value| {
            let texts = value.as_ss().ok()?.iter();
            texts.map(|text| text.parse().ok()).collect()
        })?;
        Ok(set.unwrap_or_default())
    }

    /// A list of what can be read like items; none if it is not there.
    pub(crate) fn items(self, name: &str) -> Result<Vec<&'a Item>> {
        let list = self.shaped(name, |value| {
            let items = value.as_l().ok()?.iter();
            items.map(|item| item.as_m().ok()).collect()
        })?;
        Ok(list.unwrap_or_default())
    }

    /// Whether a flag is set.
    pub(crate) fn flag(self, name: &str) -> Result<bool> {
        let flag = self.shaped(name, |value| value.as_bool().ok().copied())?;
        Ok(flag.unwrap_or(false))
    }

    /// The names of its attributes.
    pub(crate) fn names(self) -> impl Iterator<Item = &'a str> {
        self.item.keys().map(String::as_str)
    }

    /// Everything that is in it, for people.
    pub(crate) fn as_text(self) -> String {
        let sorted: BTreeMap<_, _> = self.item.iter().collect();
        format!("{sorted:?}")
    }

    /// What an attribute holds that has to be there.
    pub(crate) fn required<T>(self, name: &str, value: Option<T>) -> Result<T> {
        value.ok_or_else(|| self.corrupt(name))
    }

    /// The error for an attribute that can't be understood.
    pub(crate) fn corrupt(self, name: &str) -> BackendError {
        BackendError::new(
            ErrorKind::Corrupt,
            Effect::None,
            format!(
                "{}: attribute {name:?} is {}",
                self.key,
                match self.item.contains_key(name) {
                    true => "not of the expected type",
                    false => "missing",
                }
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use playerdata_core::SessionId;

    use super::*;

    #[test]
    fn what_can_not_be_understood_names_the_item_and_the_attribute() {
        let key = Key::lock(&PlayerId::from(7));
        let item = Item::from([
            ("session".to_owned(), text("no GUID")),
            ("fence".to_owned(), text("3")),
        ]);
        let reader = Reader::new(&key, &item);
        let errors = [
            reader.parsed::<SessionId>("session").unwrap_err(),
            reader.number("fence").unwrap_err(),
            reader.required::<u64>("since", None).unwrap_err(),
        ];
        for (error, name) in errors.iter().zip(["session", "fence", "since"]) {
            assert_eq!(error.kind(), ErrorKind::Corrupt);
            let told = error.to_string();
            assert!(
                told.contains("player#7/lock") && told.contains(name),
                "{told}"
            );
        }
    }
}
