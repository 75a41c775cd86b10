//! Sessions: one server's exclusive right to one player's data.

mod core;
mod delete;
mod end;
mod handle;
mod load;
mod state;

pub(crate) use self::core::{SessionCore, Status};
pub use handle::Session;
pub(crate) use state::SessionState;
