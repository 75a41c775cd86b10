//! A backend whose operations take several steps.
//!
//! Its table of items is written one item at a time, each on a condition, as
//! in many a store that is spread over machines. So a lock is taken away in
//! three steps, and a process can be left between any two of them: by a
//! [`Gate`], for as long as a test wants. Everybody else goes on meanwhile,
//! and when the process wakes up nothing that it still does may have an
//! effect. What can be wrong with that is a [`Flaw`].
//!
//! ```
//! use std::sync::Arc;
//!
//! use playerdata_core::{ManualClock, PlayerId, backend::{Backend, Limits}};
//! use playerdata_stepping::SteppingStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), playerdata_core::backend::BackendError> {
//! let clock = Arc::new(ManualClock::default());
//! let store = SteppingStore::new(clock, Limits::new(100_000), None);
//! assert_eq!(store.holder(&PlayerId::from(4711)).await?, None);
//! # Ok(())
//! # }
//! ```

mod flaw;
mod gate;
mod locks;
mod mail;
mod observer;
mod slots;
mod store;
mod table;
mod versions;

pub use flaw::Flaw;
pub use gate::{Gate, OpenGate};
pub use observer::{Deed, Observer};
pub use store::SteppingStore;
