//! Sessions: one server's exclusive right to one player's data.

mod core;
mod delete;
mod end;
mod handle;
mod held;
mod load;
mod state;

pub use self::core::SessionEnd;
pub(crate) use self::core::{SessionCore, Status};
pub use handle::Session;
pub(crate) use held::Held;
pub(crate) use state::SessionState;
