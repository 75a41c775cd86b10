//! Passes everything on to the newer `libsqlite3-sys`.
//!
//! The emulator that the tests of `playerdata-dynamodb` run on wants version
//! 0.34, the SQLite backend a newer one, and only one copy of SQLite can be
//! linked. What the emulator uses of it did not change between the two.
#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub use newer::*;
