//! The rows of the summary, by subject. Each measures ours and its limit by
//! turns, in one process.

pub mod autosave;
pub mod memory;
pub mod size;
pub mod sqlite;
