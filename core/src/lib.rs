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
mod id;

pub use clock::{Clock, IdSource, ManualClock, RandomIds, SequentialIds, SystemClock, UnixMillis};
pub use id::{
    ClaimNumber, Fence, Incarnation, InvalidName, NameFault, PlayerId, Revision, ServerId,
    ServerName, SessionId, SlotName, WriteId,
};
