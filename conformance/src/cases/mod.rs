//! The cases, by subject.
//!
//! Each case is a public function that takes a [`Fixture`](crate::Fixture) and
//! panics if the store breaks a rule. Its documentation says which rules it
//! proves, and what a backend that fails it does to players.

pub mod absurd;
pub mod alike;
pub mod bounds;
pub mod cancelled;
pub mod checked_base;
pub mod claims;
pub mod durable;
pub mod erase;
pub mod fences;
pub mod killed;
pub mod late;
pub mod late_mail;
pub mod leases;
pub mod locks;
pub mod lost;
pub mod mail_memory;
pub mod mail_order;
pub mod mail_races;
pub mod mailboxes;
pub mod manager;
pub mod names;
pub mod notices;
pub mod outages;
pub mod pairs;
pub mod past;
pub mod players;
pub mod races;
pub mod records;
pub mod save_races;
pub mod slots;
pub mod together;
pub mod verdicts;
pub mod versions;
pub mod views;

pub use manager::{
    manager_bad_days, manager_documents, manager_durable, manager_ends, manager_frozen,
    manager_loads, manager_locks, manager_mail, manager_operators, manager_saves, manager_schedule,
    manager_slots, manager_starts, manager_take_overs, manager_trades, manager_transfers,
};
