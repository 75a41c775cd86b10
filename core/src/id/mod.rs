//! The names and numbers that the store knows things by.

mod guid;
mod name;
mod number;
mod server;

pub use guid::{Incarnation, SessionId, TradeId, WriteId};
pub use name::{IdempotencyKey, InvalidName, LetterId, NameFault, PlayerId, ServerName, SlotName};
pub use number::{ClaimNumber, Fence, Revision};
pub use server::ServerId;
