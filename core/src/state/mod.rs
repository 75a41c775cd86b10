//! What a manager knows of its players: data, changed in memory only.

mod core;
mod gate;
mod held;
mod keep;
mod kept;
mod lease;
mod orphans;
mod registry;
mod requests;
mod session;
mod slot;
mod unsaved;

pub use self::core::SessionEnd;
pub(crate) use self::core::{SessionCore, Status};
pub(crate) use gate::Gate;
pub(crate) use held::{EndDropped, Held};
pub(crate) use kept::Kept;
pub(crate) use lease::{LeaseWatch, Moment};
pub(crate) use orphans::Orphans;
pub(crate) use registry::{Occupied, Registry, Reservation, Taken};
pub use requests::Saved;
pub(crate) use requests::{Batch, SaveResult};
pub(crate) use session::SessionState;
pub(crate) use slot::{Doubt, LastWrite, Next, SlotClaim, SlotState, Snapshot, WriteState};
pub use unsaved::{EndError, Unsaved};
