//! Keeps the data of a multiplayer game's players safe.
//!
//! A game server starts a *session* for a player (an exclusive lock in the
//! store), loads a *slot*, reads and changes it synchronously from game code,
//! and the library saves what changed. Every save is checked against the lock
//! in the same write.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod backend;
mod clock;
mod codec;
mod document;
mod id;
mod inventory;
mod schema;
mod settings;

pub use clock::{Clock, IdSource, RandomIds, SystemClock, UnixMillis};
pub use codec::{Codec, CodecError, Encoded, Fingerprint, Fingerprints, KeyFingerprints};
pub use document::{
    Amount, Document, DocumentError, DocumentRules, GiftBank, GiftBankError, Key, TypeName,
};
pub use id::{
    ClaimNumber, Fence, Incarnation, InvalidName, NameFault, PlayerId, Revision, ServerId,
    ServerName, SessionId, SlotName, WriteId,
};
pub use inventory::{
    DEFAULT_ITEM_TYPE, Inventory, InventoryError, InventoryLimits, Item, ItemDetails,
};
pub use schema::{
    MigrationError, Migrations, MigrationsBuilder, MigrationsError, StepError, reconcile,
};
pub use settings::{Settings, SettingsError, SettingsProblem};
