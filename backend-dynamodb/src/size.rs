//! How large an item is, as DynamoDB counts it.

use aws_sdk_dynamodb::types::AttributeValue;
use bytes::Bytes;
use playerdata_core::{
    ClaimNumber, Fence, PlayerId, Revision, SessionId, SlotName, UnixMillis, WriteId,
    backend::{Body, Claim, Encoding, Stamp},
};
use uuid::Uuid;

use crate::slot;

/// The largest item: names and values of all attributes, keys included.
pub(crate) const MAX_ITEM_BYTES: usize = 400 * 1024;

/// The most that a number of 64 bits takes: a byte for each two of its 20
/// digits, one more if the pairs do not begin with the first, and one besides.
/// (So one of 38 digits takes 21, which is the most that there is.)
const MAX_NUMBER_BYTES: usize = 12;

/// How much of an item an attribute value takes at most. Slot items have
/// texts, numbers and bytes only.
fn value_bytes(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        _ => MAX_NUMBER_BYTES,
    }
}

/// The longest body that fits into a slot item, however long the names of the
/// player and the slot, and however large the numbers.
pub(crate) fn max_body_bytes(partition_key: &str, sort_key: &str) -> usize {
    let claim = Claim {
        player: longest(PlayerId::MAX_BYTES, PlayerId::new),
        session: SessionId::from_uuid(Uuid::max()),
        fence: Fence::new(u64::MAX),
        slot: longest(SlotName::MAX_BYTES, SlotName::new),
        number: ClaimNumber::new(u64::MAX),
    };
    let stamp = Stamp {
        base: Revision::new(u64::MAX - 1),
        write_id: WriteId::from_uuid(Uuid::max()),
        at: UnixMillis::new(u64::MAX),
    };
    let body = Body {
        schema: u32::MAX,
        encoding: Encoding::JsonZstd,
        bytes: Bytes::new(),
    };
    let item = slot::written(&claim, &stamp, Some(&body));
    let attributes: usize = item
        .iter()
        .map(|(name, value)| name.len() + value_bytes(value))
        .sum();
    let key = crate::item::Key::slot(&claim.player, &claim.slot);
    let keys = partition_key.len() + key.partition.len() + sort_key.len() + key.sort.len();
    MAX_ITEM_BYTES - attributes - keys
}

/// The longest name of a kind.
fn longest<T, E: std::fmt::Debug>(bytes: usize, new: impl Fn(String) -> Result<T, E>) -> T {
    new("x".repeat(bytes)).expect("letters make a name, up to its longest")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_the_keys_count_too() {
        let short = max_body_bytes("pk", "sk");
        assert_eq!(
            max_body_bytes("partition", "sk"),
            short - "partition".len() + 2
        );
        assert!((408_000..MAX_ITEM_BYTES).contains(&short), "{short}");
    }
}
