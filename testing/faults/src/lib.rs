//! A store that fails on purpose: [`FaultyBackend`] wraps any
//! [`Backend`](playerdata_core::backend::Backend) and puts a bad network, or a
//! bad day, between it and its caller.
//!
//! Use it to test how a game server copes: with a save whose answer was lost,
//! with a store that hangs, with a request that arrives a minute late.
//!
//! ```
//! use std::sync::Arc;
//!
//! use playerdata_core::{PlayerId, SessionManager, SlotName};
//! use playerdata_faults::{Fault, FaultyBackend, When};
//! use playerdata_memory::MemoryBackend;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let player = PlayerId::from(4711);
//! let backend = FaultyBackend::new(Arc::new(MemoryBackend::new()))
//!     .inject(When::save().of(&player).nth(2), Fault::ErrorAfter);
//!
//! let manager = SessionManager::builder(Arc::new(backend.clone())).start().await?;
//! let session = manager.start_session(player).await?;
//! let slot = session.load_slot("Slot1").await?;
//! slot.save().await?;
//! slot.set("Currency", 700)?;
//! // Applied, but the server hears of an error. It finds out, and succeeds.
//! slot.save().await?;
//! assert_eq!(backend.injected().len(), 1);
//! # session.end().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What can go wrong
//!
//! Whether an operation happened and whether its caller knows are two
//! things. All four combinations can be had:
//!
//! | | acknowledged | not acknowledged |
//! | --- | --- | --- |
//! | **happened** | no fault, [`Fault::Delay`], [`Fault::Duplicate`] | [`Fault::ErrorAfter`], [`Fault::HangAfter`], [`Fault::HangThenApply`] |
//! | **did not happen** | [`Fault::Lie`]: a broken store, for proving that a checker notices | [`Fault::ErrorBefore`], [`Fault::Rejected`], [`Fault::ErrorInDoubt`], [`Fault::HangBefore`] |
//!
//! Besides, a server can die in the middle of a call, which then happened or
//! did not ([`Fault::Crash`]), and a backend can have a bug ([`Fault::Panic`]).
//!
//! Exact faults are scripted with [`When`]; random ones come from [`Odds`] and
//! a seed. Beside them there is the connection of the whole server, which
//! takes in every call: [`partition_for`](FaultyBackend::partition_for),
//! [`pause_for`](FaultyBackend::pause_for) and [`cut`](FaultyBackend::cut).
//! [`record_calls`](FaultyBackend::record_calls) shows what was asked of the
//! store. Give each server of a test a `FaultyBackend` of its own over one store.
//!
//! # Determinism
//!
//! The same seed and the same calls in the same order give the same faults.
//! All waiting is `tokio::time`'s. So under tokio's paused clock, in a
//! current-thread runtime, a test repeats itself exactly.
//!
//! # Why this is a crate of its own
//!
//! Games depend on it in their tests only: it has no place in what they ship,
//! so not in `playerdata-core`; and they should not have to build the
//! conformance suite, which is for authors of backends, to get it.
//!
//! | feature | adds |
//! | --- | --- |
//! | none | |

mod backend;
mod call;
mod calls;
mod connection;
mod delivery;
mod fault;
mod odds;
mod plan;
mod when;

pub use backend::FaultyBackend;
pub use call::Call;
pub use fault::{Fault, Injected};
pub use odds::Odds;
pub use playerdata_core::backend::Operation;
pub use when::When;

/// The README's code is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
