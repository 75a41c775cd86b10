//! The list of all cases: the one place that names them.
//!
//! `tests/listing.rs` compares it with the functions that there are.

use std::fmt;

use futures::{FutureExt, future::BoxFuture};

use crate::{Fixture, cases};

/// A case in the list.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Case {
    /// The optional group it is in, if it is not for every store.
    pub group: Option<&'static str>,
    /// What it is about: the module it is in.
    pub subject: &'static str,
    /// What it proves: the name of its function.
    pub name: &'static str,
    start: fn(Fixture) -> BoxFuture<'static, ()>,
}

impl Case {
    /// Runs the case.
    ///
    /// # Panics
    ///
    /// The future panics if the case fails.
    #[must_use]
    pub fn run(&self, fixture: Fixture) -> BoxFuture<'static, ()> {
        (self.start)(fixture)
    }
}

impl fmt::Display for Case {
    /// As the test is named: `locks::a_free_player_is_acquired`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.subject, self.name)
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// All cases, optional groups included.
pub fn all_cases() -> impl Iterator<Item = &'static Case> {
    [EVERY_STORE, DURABLE, CHECKED_BASE].into_iter().flatten()
}

const EVERY_STORE: &[Case] = crate::__every_store! { __list [None] };
const DURABLE: &[Case] = crate::__durable! { __list [Some("durable")] };
const CHECKED_BASE: &[Case] = crate::__checked_base! { __list [Some("checked_base")] };

#[doc(hidden)]
#[macro_export]
macro_rules! __list {
    ([$group:expr] $($subject:ident { $($case:ident,)* })*) => {
        &[$($(
            Case {
                group: $group,
                subject: stringify!($subject),
                name: stringify!($case),
                start: |fixture| cases::$subject::$case(fixture).boxed(),
            },
        )*)*]
    };
}

/// The cases that every store has to pass.
#[doc(hidden)]
#[macro_export]
macro_rules! __every_store {
    ($then:ident $context:tt) => {
        $crate::$then! { $context
            locks {
                a_free_player_is_acquired,
                a_held_player_is_refused_to_others,
                acquiring_again_changes_nothing,
                a_named_holder_is_replaced,
                another_holder_than_the_one_named_stays,
                a_named_holder_who_has_gone_is_no_hindrance,
                a_late_acquire_of_a_replaced_session_is_refused,
                a_released_player_is_free,
                releasing_again_changes_nothing,
                a_late_release_removes_nobody_elses_lock,
                a_late_release_leaves_the_same_servers_later_session,
                players_of_one_server_are_independent,
            }
        }
    };
}

/// The group `durable`.
#[doc(hidden)]
#[macro_export]
macro_rules! __durable {
    ($then:ident $context:tt) => {
        $crate::$then! { $context
            durable {
            }
        }
    };
}

/// The group `checked_base`.
#[doc(hidden)]
#[macro_export]
macro_rules! __checked_base {
    ($then:ident $context:tt) => {
        $crate::$then! { $context
            checked_base {
            }
        }
    };
}
