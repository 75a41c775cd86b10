//! The session manager: one per process.

mod background;
mod builder;
mod handle;
mod hazards;
mod heartbeat;
mod lease;
mod operator;
mod orphans;
mod registry;
mod shared;
mod shutdown;
mod start;

pub use builder::{Builder, StartError};
pub use handle::SessionManager;
pub(crate) use shared::Shared;
pub use shutdown::ShutdownReport;
pub use start::OnConflict;
