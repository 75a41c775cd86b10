//! What has left a document and is nowhere else yet (P2, P3).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{IdempotencyKey, LetterId, PlayerId, SlotName, TradeId, UnixMillis, WriteId};

/// The most parcels that wait in one outbox.
pub(crate) const MAX_OUTBOX: usize = 100;

/// The most trades that one document is in at the same time.
pub(crate) const MAX_ESCROWS: usize = 16;

/// A parcel that is to be sent as a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Outgoing {
    pub(crate) to: Address,
    pub(crate) at: UnixMillis,
    pub(crate) parcel: Value,
}

/// A letter in a mailbox, as its sender knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Address {
    pub(crate) player: PlayerId,
    pub(crate) slot: SlotName,
    pub(crate) id: LetterId,
    pub(crate) posting: WriteId,
}

/// One side of a trade whose verdict is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Escrow {
    pub(crate) side: Side,
    /// Counts as applied if the trade does.
    pub(crate) key: IdempotencyKey,
    /// What the document gave, and gets back if there is no trade.
    pub(crate) put: Value,
    /// What it gets if there is one.
    pub(crate) get: Value,
}

/// Which trade, and which of its two documents this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Side {
    pub(crate) trade: TradeId,
    pub(crate) first: bool,
}
