//! Many sessions in one process for some minutes, on a store of one's choice:
//! what saves cost meanwhile, and what the game notices of them.

mod game;
mod report;
mod run;
mod store;
mod timed;
mod usage;

pub use report::{Latencies, Report};
pub use run::{Failure, Plan, run};
pub use store::{InvalidStore, Store, StoreAddress, Unopened};
