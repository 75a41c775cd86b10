//! Slots: the documents of players as game code reads and changes them.

mod document;
mod handle;
mod save;
mod state;

pub use handle::Slot;
pub use save::Saved;
pub(crate) use state::{Next, Saver, SlotState, Snapshot};
