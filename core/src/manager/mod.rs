//! The session manager: one per process.

mod background;
mod builder;
mod gate;
mod handle;
mod hazards;
mod health;
mod heartbeat;
mod lease;
mod operator;
mod origin;
mod orphans;
mod recover;
mod registry;
mod shared;
mod shutdown;
mod start;

pub use builder::{Builder, StartError};
pub(crate) use gate::Gate;
pub use handle::SessionManager;
pub use health::{Health, LeaseHealth};
pub use recover::RecoverOptions;
pub(crate) use shared::Shared;
pub use shutdown::{ShutdownReport, Unfinished};
pub use start::OnConflict;
