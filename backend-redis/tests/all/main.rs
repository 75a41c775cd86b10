//! All tests that need no program of their own, as one program: it is compiled and
//! linked once.

#[path = "../support/mod.rs"]
mod support;

mod cost;
mod crowded;
mod demoted;
mod eviction;
mod former;
mod gathered;
mod in_doubt;
mod mail;
mod maps;
mod migration;
mod players;
mod replicas;
mod restart;
mod sentinel;
mod settings;
mod stale;
mod tls;
mod trades;
mod versions;
