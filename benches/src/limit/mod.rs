//! The best that each store can do, written by hand and without anything
//! around it.

#[cfg(feature = "dynamodb")]
pub mod dynamodb;
#[cfg(feature = "dynamodb")]
pub mod dynamodb_lock;
pub mod map;
pub mod redis;
pub mod redis_lock;
pub mod sqlite;
