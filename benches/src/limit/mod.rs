//! The best that each store can do, written by hand and without anything
//! around it.

pub mod dynamodb;
pub mod map;
pub mod redis;
pub mod sqlite;
