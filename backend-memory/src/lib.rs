//! playerdata's backend in memory: for tests, tools and games of one process.
//!
//! [`MemoryBackend`] keeps the whole contract of
//! [`Backend`](playerdata_core::backend::Backend), for as long as the process
//! lives: nothing is written anywhere, so durability ends with the last clone.
//! It is cheap to clone, and all clones share one store, which is how a test
//! plays several servers on one store.
//!
//! ```
//! use std::sync::Arc;
//!
//! use playerdata_core::{PlayerId, backend::Backend};
//! use playerdata_memory::MemoryBackend;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), playerdata_core::backend::BackendError> {
//! let backend: Arc<dyn Backend> = Arc::new(MemoryBackend::new());
//! assert_eq!(backend.holder(&PlayerId::from(4711)).await?, None);
//! # Ok(())
//! # }
//! ```
//!
//! # What it costs
//!
//! Players are spread over shards with a mutex each. Every call is one short
//! critical section in one shard, and never waits for anything else. A save
//! is a lookup, a comparison and a copy of up to 1 KiB; longer bodies are
//! shared with who saved them.
//!
//! What it keeps of a player who was erased, or of one who never saved, is
//! the fence: some 100 bytes, since a fence never repeats (rule L3).
//!
//! | feature | adds |
//! | --- | --- |
//! | none | |

mod backend;
mod content;
mod error;
mod lease;
mod lock;
mod mail;
mod options;
mod player;
mod slot;
mod trade;
mod version;

pub use backend::MemoryBackend;
pub use options::MemoryOptions;

/// The README's code is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
