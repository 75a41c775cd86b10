//! The suite that every playerdata backend runs, ours and others'.
//!
//! It proves the contract of [`Backend`](playerdata_core::backend::Backend):
//! a backend that passes keeps players' data safe, as far as one machine can
//! tell. It does so on two levels: most cases call the backend as it is, and
//! those whose subject begins with `manager_` run games on it, each with a
//! [`SessionManager`](playerdata_core::SessionManager) that crashes, freezes,
//! or gets no answer.
//!
//! `docs/writing-a-backend.md` leads from an empty crate to such a backend, and
//! `tests/files` of this crate is one to read: a directory of files. The suite
//! takes ten lines in a backend's own tests:
//!
//! ```
//! # mod tests {
//! use std::sync::Arc;
//!
//! use playerdata_conformance::Fixture;
//! use playerdata_core::ManualClock;
//! use playerdata_memory::MemoryBackend;
//!
//! async fn open() -> Fixture {
//!     let clock = Arc::new(ManualClock::default());
//!     let backend = MemoryBackend::with_clock(clock.clone());
//!     Fixture::builder(Arc::new(backend.clone()), Arc::new(backend))
//!         .manual_clock(clock)
//!         .build()
//! }
//!
//! playerdata_conformance::suite!(open);
//! # }
//! ```
//!
//! [`suite!`] makes each case a test of its own, named by its subject and
//! what it proves. Nothing is skipped at run time: what not every store can
//! do is in a group of its own, named in the call. A case that fails prints
//! the rule that is broken, and every call and answer up to there.
//!
//! Beside these stories, [`model!`] plays scripts made up by chance on the
//! store and on the simplest one, and compares their answers (in [`mod@model`]).
//!
//! Cases are public functions, so that a single one can be run by itself, and
//! [`all_cases`] lists them.
//!
//! | feature | adds |
//! | --- | --- |
//! | none | |

pub mod cases;
pub mod driver;
mod fixture;
mod list;
pub mod model;
mod process;
mod rule;
mod suite;
mod times;

pub use fixture::{Fixture, FixtureBuilder};
pub use list::{Case, all_cases};
pub use process::Process;
pub use rule::Rule;
pub use suite::run;
pub use times::{Times, times};

/// The guide's code is compiled, and the README's.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../../docs/writing-a-backend.md")]
    mod guide {}

    #[doc = include_str!("../README.md")]
    mod readme {}
}
