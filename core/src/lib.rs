//! Keeps the data of a multiplayer game's players safe.
//!
//! A game server starts a *session* for a player (an exclusive lock in the
//! store), loads a *slot*, reads and changes it synchronously from game code,
//! and the library saves what changed. Every save is checked against the lock
//! in the same write.
//!
//! Games depend on the crate `playerdata`, which re-exports all of this and
//! opens stores by address. Authors of backends depend on this one:
//! [`backend::Backend`] is the contract.
//!
//! ```
//! use std::sync::Arc;
//!
//! use playerdata_core::SessionManager;
//! use playerdata_memory::MemoryBackend;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let backend = Arc::new(MemoryBackend::new());
//! let manager = SessionManager::builder(backend).start().await?;
//! let session = manager.start_session(4711_u64).await?;
//! let slot = session.load_slot("Slot1").await?;
//! assert_eq!(slot.increment("Currency", 200)?, 700.into());
//! session.end().await?;
//! # Ok(())
//! # }
//! ```
//!
//! | feature | adds |
//! | --- | --- |
//! | `metrics` | figures through the facade `metrics`, listed in [`METRICS`]; without it nothing is measured |

mod autosave;
pub mod backend;
mod clock;
mod codec;
mod document;
mod document_type;
mod engine;
mod error;
mod event;
mod excerpt;
mod fetch;
mod handle;
mod id;
mod inventory;
mod letter;
mod metrics;
mod parcel;
mod refusal;
mod schema;
mod settings;
mod state;
mod value;

pub use backend::StoreFailure;
pub use clock::{Clock, IdSource, ManualClock, RandomIds, SequentialIds, SystemClock, UnixMillis};
pub use codec::{Codec, CodecError, Encoded, Fingerprint, Fingerprints, KeyFingerprints};
pub use document::{
    Amount, Document, DocumentError, DocumentRules, GiftBank, GiftBankError, Key, Parcel,
    ParcelError,
};
pub use document_type::GameDocument;
pub use engine::{
    EVENT_BUFFER, Health, HookContext, LeaseHealth, OnConflict, RecoverOptions, RestoreOptions,
    Restored, ShutdownReport, TradeOutcome, Transferred, Unfinished,
};
pub use error::{Busy, Error};
pub use event::{EndReason, Event, SaveReason};
pub use excerpt::SerdeError;
pub use handle::{Builder, Events, Once, Session, SessionManager, Slot, StartError};
pub use id::{
    ClaimNumber, Fence, IdempotencyKey, Incarnation, InvalidName, LetterId, NameFault, PlayerId,
    Revision, ServerId, ServerName, SessionId, SlotName, TradeId, WriteId,
};
pub use inventory::{
    DEFAULT_ITEM_TYPE, Inventory, InventoryError, InventoryLimits, Item, ItemDetails,
};
pub use letter::{Letter, LetterError, Sent};
pub use metrics::{METRICS, Metric};
pub use parcel::ParcelDocument;
pub use refusal::ChangeError;
pub use schema::{MigrationError, Migrations, MigrationsBuilder, MigrationsError, StepError};
pub use settings::{Settings, SettingsError, SettingsProblem};
pub use state::{EndError, Saved, SessionEnd, Unsaved};
pub use value::{TypeName, ValueRef};
