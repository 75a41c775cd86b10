//! Servers to measure against, started as the tests start theirs, and the
//! backends on them.

#[cfg(feature = "dynamodb")]
pub mod dynamodb;
pub mod redis;
pub mod sqlite;
