//! Slots: the documents of players as game code reads and changes them.

mod ask;
mod document;
mod handle;
mod keep;
mod kept;
mod once;
mod save;
mod state;

pub use handle::Slot;
pub(crate) use kept::Kept;
pub use once::Once;
pub use save::Saved;
pub(crate) use save::unencodable;
pub(crate) use state::{LastWrite, Next, Saver, SlotState, Snapshot};
