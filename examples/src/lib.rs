//! Programs that a newcomer to playerdata runs; they are in the `examples`
//! folder.

/// The README's code is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
