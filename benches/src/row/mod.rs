//! The rows of the summary, by subject. Each measures ours and its limit by
//! turns, in one process, and says how much of everything to take.

pub mod autosave;
pub mod document;
#[cfg(feature = "dynamodb")]
pub mod dynamodb;
pub mod load;
pub mod memory;
pub mod once;
pub mod redis;
pub mod size;
pub mod sqlite;
