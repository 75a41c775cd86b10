//! The example programs, run as a person or a script would run them: as
//! processes, on a store of their own.

mod commands;
mod conflict;
mod crash;
mod ending;
mod kill;
mod nonsense;
#[cfg(any(feature = "redis", feature = "dynamodb"))]
mod outage;
mod process;
mod stores;
mod usage;
