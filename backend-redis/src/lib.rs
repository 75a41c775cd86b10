//! Redis and Valkey as the store of `playerdata`: one server, a primary with
//! replicas that Sentinel watches over, or a Cluster.
//!
//! All of a player's keys share the hash tag `{player}`. While a slot is open,
//! its value is at a key that carries the claim, and a save is one plain
//! `SET key value XX`; opening, releasing and replacing move the value, by a
//! script. So what comes too late finds no key and is refused by the server
//! itself. `docs/redis.md` shows the keys, and what survives what.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use playerdata_core::SessionManager;
//! use playerdata_redis::{RedisOptions, RedisUrl};
//!
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! let url: RedisUrl = "redis://:secret@10.0.0.7?namespace=mygame".parse()?;
//! let backend = url.connect(RedisOptions::default()).await?;
//! let manager = SessionManager::builder(Arc::new(backend)).start().await?;
//! # Ok(())
//! # }
//! ```
//!
//! | feature | adds |
//! | --- | --- |
//! | `tls` | `rediss://` addresses, by rustls with the root certificates of the operating system |

mod address;
mod backend;
mod boxes;
mod credentials;
mod error;
mod hazards;
mod keys;
mod lease;
mod link;
mod lock;
mod looks;
mod mail;
mod options;
mod players;
mod script;
mod slot;
mod slot_set;
mod store;
mod sweep;
mod tls;
mod trade;
mod value;
mod version;

pub use address::{InvalidUrl, RedisUrl};
pub use backend::RedisBackend;
pub use credentials::{Credentials, CredentialsProvider, UserPassword};
pub use keys::InvalidNamespace;
pub use options::RedisOptions;
// For `from_clients` and `from_connection`.
pub use redis;

/// The README's code is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
