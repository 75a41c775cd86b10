//! Keeps the data of a multiplayer game's players safe: at most one game
//! server holds a player's data at a time, and every save is checked for that
//! in the same write.
//!
//! ```
//! use playerdata::prelude::*;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let url = format!("sqlite:{}", folder.path().join("players.db").display());
//! # let url = url.as_str();
//! // Once per process; `url` is "sqlite:players.db", say.
//! let manager = playerdata::builder(url).await?.start().await?;
//!
//! // When a player joins.
//! let session = manager.start_session(4711_u64).await?;
//! let slot = session.load_slot("Slot1").await?;
//!
//! // Game code: synchronous, and saved in the background.
//! slot.increment("Currency", 200)?;
//! slot.add_item("Bread", 3)?;
//!
//! // When the player leaves.
//! session.end().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Where to go from here
//!
//! | for | see |
//! | --- | --- |
//! | the sessions of a process, from its start to its shutdown | [`SessionManager`], [`Builder`], [`ShutdownReport`] |
//! | a player who joins while another server has them | [`OnConflict`] |
//! | a player who is here | [`Session`] |
//! | the player's data | [`Slot`], with [`Document`] or a type of the game's own ([`typed`]) |
//! | items | [`Inventory`], [`Item`] |
//! | a purchase or a reward that must count once | [`Slot::apply_once`], [`Once`] |
//! | a gift to a player who may be anywhere | [`SessionManager::send`], [`Letter`] |
//! | moving items between players | [`Slot::transfer`], [`SessionManager::trade`], [`Parcel`] |
//! | going back to an earlier version | [`Slot::keep_version`], [`SessionManager::restore`] |
//! | documents of an older release of the game | [`Migrations`] |
//! | code that runs on load and on save | [`Builder::on_load`], [`Builder::before_save`], [`Builder::before_last_save`] |
//! | settings | [`Settings`], or [`Config`] with the environment |
//! | which store | [`StoreUrl`], [`open`], and the table below |
//! | what happens in the background | [`Event`], [`SessionManager::events`] |
//! | what went wrong | [`Error`], [`StartError`], [`OpenError`], [`EndError`] |
//! | a player on a bad day: look, free, repair, erase | [`SessionManager::holder`] and what follows it, or the program of the crate `playerdata-cli` |
//! | a probe, and figures | [`SessionManager::health`], [`METRICS`] |
//! | tests of a game | the feature `memory`, [`ManualClock`], the crate `playerdata-faults` |
//! | a store of your own | [`backend::Backend`], the crate `playerdata-conformance` |
//!
//! The repository's `README.md` has a whole game server; `docs/economy.md` has
//! recipes for purchases, mail and trades, and `docs/operations.md` says what
//! each event and error asks for.
//!
//! # Stores and features
//!
//! | feature | address | store |
//! | --- | --- | --- |
//! | `sqlite` (default) | `sqlite:PATH` | one file, for several processes of one machine |
//! | `memory` | `memory:` | this process, for tests |
//! | `redis` | `redis://HOST:PORT`, `redis+sentinel://HOST:PORT/NAME` | Redis or Valkey: one server, a Cluster, or a primary found by Sentinels |
//! | `redis-tls` | `rediss://HOST:PORT`, `rediss+sentinel://HOST:PORT/NAME` | Redis or Valkey over TLS |
//! | `dynamodb` | `dynamodb://TABLE?region=REGION` | a DynamoDB table |
//! | `metrics` | | figures through the facade `metrics`, listed in [`METRICS`] |
//!
//! `sqlite` compiles SQLite, which takes a C compiler. Each backend is also a
//! module of this crate, with all its options: [`sqlite`] and so on.

mod config;
mod store;

pub use config::{Config, ConfigError};
pub use playerdata_core::*;
pub use store::{InvalidStoreUrl, OpenError, Store, StoreUrl, builder, open, typed};

#[cfg(feature = "dynamodb")]
pub use playerdata_dynamodb as dynamodb;
#[cfg(feature = "memory")]
pub use playerdata_memory as memory;
#[cfg(feature = "redis")]
pub use playerdata_redis as redis;
#[cfg(feature = "sqlite")]
pub use playerdata_sqlite as sqlite;

/// What most programs need: `use playerdata::prelude::*`.
pub mod prelude {
    pub use playerdata_core::{
        Document, EndError, EndReason, Error, Event, Events, GameDocument, Inventory, Item,
        ItemDetails, Letter, Migrations, OnConflict, Once, Parcel, PlayerId, ServerName, Session,
        SessionManager, Settings, Slot, SlotName, StartError, TradeOutcome,
    };

    pub use crate::{Config, StoreUrl};
}

/// The README's code is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
