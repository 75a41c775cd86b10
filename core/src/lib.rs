//! Keeps the data of a multiplayer game's players safe.
//!
//! A game server starts a *session* for a player (an exclusive lock in the
//! store), loads a *slot*, reads and changes it synchronously from game code,
//! and the library saves what changed. Every save is checked against the lock
//! in the same write.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod autosave;
pub mod backend;
mod clock;
mod codec;
mod document;
mod document_type;
mod error;
mod event;
mod fetch;
mod hook;
mod id;
mod inventory;
mod manager;
mod metrics;
mod schema;
mod session;
mod settings;
mod slot;
mod store;

pub use clock::{Clock, IdSource, ManualClock, RandomIds, SequentialIds, SystemClock, UnixMillis};
pub use codec::{Codec, CodecError, Encoded, Fingerprint, Fingerprints, KeyFingerprints};
pub use document::{
    Amount, Document, DocumentError, DocumentRules, GiftBank, GiftBankError, Key, TypeName,
};
pub use document_type::GameDocument;
pub use error::{EndError, Error, StoreFailure, Unsaved};
pub use event::{EVENT_BUFFER, EndReason, Event, Events, SaveReason};
pub use hook::HookContext;
pub use id::{
    ClaimNumber, Fence, Incarnation, InvalidName, NameFault, PlayerId, Revision, ServerId,
    ServerName, SessionId, SlotName, WriteId,
};
pub use inventory::{
    DEFAULT_ITEM_TYPE, Inventory, InventoryError, InventoryLimits, Item, ItemDetails,
};
pub use manager::{Builder, OnConflict, SessionManager, ShutdownReport, StartError};
pub use metrics::{METRICS, Metric};
pub use schema::{
    MigrationError, Migrations, MigrationsBuilder, MigrationsError, StepError, reconcile,
};
pub use session::Session;
pub use settings::{Settings, SettingsError, SettingsProblem};
pub use slot::{Saved, Slot};
