//! All tests that need no program of their own, as one program: it is compiled and
//! linked once.

#[path = "../support/mod.rs"]
mod support;

mod corrupt;
mod cost;
mod crash;
mod docs;
mod faults;
mod late;
mod late_processes;
mod leases;
mod limits;
mod mail;
mod players;
mod race;
mod reads;
mod release;
mod table;
mod trades;
mod versions;
