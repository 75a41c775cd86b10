//! What a user of the library holds: the manager, its sessions, their slots.
//!
//! A handle waits for the engine and wraps what it gives out; it decides
//! nothing by itself.

mod builder;
mod document_slot;
mod events;
mod mail;
mod manager;
mod once;
mod operator;
mod origin;
mod parcels;
mod recover;
mod session;
mod slot;
mod versions;

pub use builder::{Builder, StartError};
pub use events::Events;
pub use manager::SessionManager;
pub use once::Once;
pub use session::Session;
pub use slot::Slot;
