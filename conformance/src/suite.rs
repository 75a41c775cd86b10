//! The macro that makes tests of the cases.

use std::time::Duration;

use tokio::runtime::Runtime;

use crate::{Fixture, Rule, driver::World};

/// Makes every case a test.
///
/// `suite!(open)` expands to a module per subject with a `#[test]` per case.
/// `open` is the path of a function without arguments that gives a future of
/// a [`Fixture`], a new one for every case.
///
/// ```
/// # mod tests {
/// # use std::sync::Arc;
/// # use playerdata_conformance::Fixture;
/// # use playerdata_memory::MemoryBackend;
/// async fn open() -> Fixture {
///     // …
/// #   let backend = MemoryBackend::new();
/// #   Fixture::builder(Arc::new(backend.clone()), Arc::new(backend)).build()
/// }
///
/// // With optional groups, and with attributes for every test:
/// playerdata_conformance::suite!(
///     #[cfg_attr(not(has_server), ignore = "needs a server: see the README")]
///     open,
///     durable,
///     checked_base,
/// );
/// # }
/// ```
///
/// The groups:
///
/// - `durable`: a store that outlives its process. The fixture says how to
///   reopen it ([`FixtureBuilder::reopen`](crate::FixtureBuilder::reopen)).
/// - `checked_base`: a store that compares a write's base itself, so that an
///   old write, sent twice by a client library, is refused by the store when
///   it arrives late. A backend that leaves this out shows by tests of its own
///   that its client never sends a write twice.
/// - `stepwise`: a store whose operations take several steps, each in a request
///   of its own. The fixture brings a process that can be frozen between two of
///   them ([`FixtureBuilder::process`](crate::FixtureBuilder::process)).
/// - `outage`: a store that can be out of reach. The fixture stops it and starts
///   it again ([`FixtureBuilder::outage`](crate::FixtureBuilder::outage)).
/// - `killed`: a store that keeps what it acknowledged through a crash. The
///   fixture kills it and opens it again
///   ([`FixtureBuilder::kill`](crate::FixtureBuilder::kill)). [`durable!`](crate::durable!) runs
///   this group alone.
///
/// To run the suite several times in one file, say for several set-ups of a
/// store, call it in modules.
#[macro_export]
macro_rules! suite {
    ($(#[$attribute:meta])* $open:path $(, $group:ident)* $(,)?) => {
        $crate::__suite! { [[$(#[$attribute])*] $open] $($group)* }
    };
}

/// Makes tests of the group `killed` alone: that what was acknowledged survives
/// a crash of the store.
///
/// `durable!(open)` takes a function and attributes as [`suite!`] does. It is
/// for a set-up that is slow or rare, say a server process of its own for each
/// case, while the suite runs on one that all cases share.
#[macro_export]
macro_rules! durable {
    ($(#[$attribute:meta])* $open:path $(,)?) => {
        $crate::__killed! { __tests [[$(#[$attribute])*] $open] }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __suite {
    ($context:tt $($group:ident)*) => {
        $crate::__every_store! { __tests $context }
        $( $crate::__group! { $group $context } )*
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __group {
    (durable $context:tt) => {
        $crate::__durable! { __tests $context }
    };
    (checked_base $context:tt) => {
        $crate::__checked_base! { __tests $context }
    };
    (stepwise $context:tt) => {
        $crate::__stepwise! { __tests $context }
    };
    (outage $context:tt) => {
        $crate::__outage! { __tests $context }
    };
    (killed $context:tt) => {
        $crate::__killed! { __tests $context }
    };
    ($unknown:ident $context:tt) => {
        ::core::compile_error!(::core::concat!(
            "playerdata-conformance has no group `",
            ::core::stringify!($unknown),
            "`; it has `durable`, `checked_base`, `stepwise`, `outage` and `killed`"
        ));
    };
}

/// A module per subject.
#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    ([$attributes:tt $open:path] $($subject:ident { $($case:ident,)* })*) => {
        $(
            mod $subject {
                #[allow(unused_imports)]
                use super::*;
                $( $crate::__test! { $attributes $open, $subject $case } )*
            }
        )*
    };
}

/// A test per case.
#[doc(hidden)]
#[macro_export]
macro_rules! __test {
    ([$($attribute:tt)*] $open:path, $subject:ident $case:ident) => {
        #[test]
        $($attribute)*
        fn $case() {
            $crate::run($open, $crate::cases::$subject::$case);
        }
    };
}

/// A case that has not ended by then hangs.
const CASE_TIMEOUT: Duration = Duration::from_secs(120);

/// Runs a case on a fixture of its own, on several threads.
///
/// # Panics
///
/// If the case fails or takes more than two minutes.
pub fn run<Opening, Running>(open: impl FnOnce() -> Opening, case: impl FnOnce(Fixture) -> Running)
where
    Opening: Future<Output = Fixture>,
    Running: Future<Output = ()>,
{
    runtime().block_on(async {
        let fixture = open().await;
        let world = (*fixture).clone();
        in_time(&world, case(fixture)).await;
    });
}

/// Several threads, so that what a case does at once happens at once.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("the operating system lets a test start threads")
}

/// Waits for a case, with a bound.
///
/// # Panics
///
/// With the history, if it does not end in time.
pub(crate) async fn in_time<T>(world: &World, case: impl Future<Output = T>) -> T {
    let ended = tokio::time::timeout(CASE_TIMEOUT, Box::pin(case)).await;
    ended.unwrap_or_else(|_| {
        world.fail(
            Rule::Atomic,
            &format!("every call returns, so that a case ends within {CASE_TIMEOUT:?}"),
        )
    })
}
