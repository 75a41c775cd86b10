//! All tests that need no program of their own, as one program: it is compiled and
//! linked once.

#[path = "../support/mod.rs"]
mod support;

mod checkpoint;
mod closing;
mod concurrency;
mod corrupt;
mod leases;
mod mail;
mod maintenance;
mod sessions;
