//! Tries to make playerdata lose data.
//!
//! A run is made from a seed: some servers and players on one store in
//! memory, with a bad network between, in one thread, on virtual time. Players
//! join, move, change their documents and leave; servers crash, freeze and
//! come back; clocks go wrong. Beside it runs a model of what was applied and
//! what each server was told, and at every step the two are compared against
//! the rules. The same seed gives the same run, to the last step.
//!
//! ```
//! use playerdata_simulation::Simulation;
//!
//! let report = Simulation::new(7).run()?;
//! assert!(report.history.len() > 100);
//! # Ok::<(), playerdata_simulation::Failure>(())
//! ```
//!
//! `docs/simulation.md` says more, and how to run it for long.

mod baton;
mod chaos;
mod clock;
mod ending;
mod ground;
mod habits;
mod history;
mod holdings;
mod keeper;
mod ledger;
mod operator;
mod process;
mod referee;
mod seeds;
mod shop;
mod simulation;
mod violation;
mod visit;
mod visitor;
mod witness;
mod world;

pub use playerdata_conformance::Rule;
pub use seeds::run_seeds;
pub use simulation::{Failure, Report, Simulation};
pub use violation::{RULES, Violation};
