//! The program `playerdata`, run as a person or a script would run it: as a
//! process, on a store of its own.

mod game;
mod operator;
mod play;
#[cfg(all(feature = "redis", feature = "dynamodb"))]
mod raw;
mod stores;
