//! What `playerdata` costs, beside the best that each store can do.
//!
//! The program `summary` measures row by row and prints a table; the program
//! `scale` holds many sessions for some minutes. They use what is here: the two
//! standard documents, the limits to compare with, and the original's way of
//! finding out what changed.
//!
//! Figures are ratios within one run, on the same bytes: the machines that
//! this runs on are noisy, and an absolute figure of one says nothing of
//! another.

pub mod bed;
pub mod documents;
pub mod guarded;
pub mod harness;
pub mod limit;
pub mod lobby;
pub mod measure;
pub mod original;
pub mod report;
pub mod row;
pub mod scale;
pub mod sessions;
pub mod shares;
pub mod store;
pub mod timing;
