//! `playerdata play`, run as a person or a script would run it: as a process,
//! on a store of its own.

mod commands;
mod conflict;
mod crash;
mod ending;
mod game;
mod kill;
mod nonsense;
#[cfg(any(feature = "redis", feature = "dynamodb"))]
mod outage;
mod stores;
mod terminal;
mod usage;
