//! What cases are written with: clients that record their calls; servers,
//! sessions and slots as a backend sees them; and games with a session
//! manager on a client.

pub(crate) mod brief;
mod client;
mod game;
mod history;
mod lasting;
mod mail;
mod parallel;
mod recorded;
mod server;
mod session;
mod slow;
mod verdict;
mod world;

pub use client::Client;
pub use game::{Crashed, Game, GameSetup};
pub use history::History;
pub use server::GameServer;
pub use session::{RawSession, RawSlot};
pub use world::World;

pub(crate) use lasting::Lasting;
pub(crate) use parallel::{joined, together};
pub(crate) use recorded::Recorded;
pub(crate) use slow::SlowClient;
pub(crate) use world::{body, name};
