//! What cases are written with: clients that record their calls, servers,
//! sessions and slots as a backend sees them.

pub(crate) mod brief;
mod client;
mod history;
mod parallel;
mod recorded;
mod server;
mod session;
mod world;

pub use client::Client;
pub use history::History;
pub use server::GameServer;
pub use session::{RawSession, RawSlot};
pub use world::World;

pub(crate) use parallel::{joined, together};
pub(crate) use recorded::Recorded;
pub(crate) use world::{body, name};
