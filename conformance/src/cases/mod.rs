//! The cases, by subject.
//!
//! Each case is a public function that takes a [`Fixture`](crate::Fixture) and
//! panics if the store breaks a rule. Its documentation says which rules it
//! proves, and what a backend that fails it does to players.

pub mod locks;
