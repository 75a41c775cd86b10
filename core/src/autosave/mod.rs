//! What the autosave knows: which slots are due when, and what is being done
//! about it. Data, changed in memory only; the engine's scheduler works on it.

mod queue;
mod timetable;
mod wheel;

pub(crate) use queue::{HookUnderWay, Job, SaveQueue};
pub(crate) use timetable::Timetable;
pub(crate) use wheel::Wheel;
