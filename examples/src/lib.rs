//! Programs that a newcomer to playerdata runs; they are in the `examples`
//! folder. The larger one, [`play`], is here in pieces that can be read and
//! tested by themselves.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod play;

/// The README's code is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
