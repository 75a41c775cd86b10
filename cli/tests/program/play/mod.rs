//! `playerdata play`.

mod commands;
mod conflict;
mod crash;
mod ending;
mod kill;
mod nonsense;
#[cfg(any(feature = "redis", feature = "dynamodb"))]
mod outage;
mod terminal;
mod usage;
