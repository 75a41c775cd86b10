//! Passes everything on to the newer `libsqlite3-sys`.
//!
//! The session store that the SQLite backend is compared with wants version
//! 0.35, the backend a newer one, and only one copy of SQLite can be linked.
//! What the store uses of it did not change between the two.
#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub use newer::*;
