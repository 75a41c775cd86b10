//! A mutant of a store, and the macro that declares many.

use std::panic;

use playerdata_conformance::{Case, Fixture, all_cases};

/// A store that is wrong in one place, and the cases that must notice it.
pub(crate) struct Mutant {
    /// Which kind of store it is.
    pub(crate) form: &'static str,
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) caught_by: &'static [&'static str],
    pub(crate) open: Box<dyn Fn() -> Fixture>,
}

/// Declares the flaws of one kind of store: how a store with one is opened,
/// and then each flaw, with a test.
macro_rules! flaws {
    ($form:literal, $open:path; $($(#[doc = $what:literal])+ $flaw:ident $test:ident: $($subject:ident::$case:ident),+;)+) => {
        /// What is wrong with a store.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Flaw {
            $($(#[doc = $what])+ $flaw,)+
        }

        impl Flaw {
            const fn what(self) -> &'static str {
                match self {
                    $(Self::$flaw => concat!($($what),+),)+
                }
            }
        }

        crate::mutant::mutants! {
            $form, $open; $($flaw $test: $($subject::$case),+;)+
        }
    };
}

/// Declares the mutants with each `Flaw` that is in scope: the table of them,
/// and a test for each.
macro_rules! mutants {
    ($form:literal, $open:path; $($flaw:ident $test:ident: $($subject:ident::$case:ident),+;)+) => {
        /// The table of them.
        pub(crate) fn mutants() -> Vec<crate::mutant::Mutant> {
            vec![
                $(crate::mutant::Mutant {
                    form: $form,
                    name: stringify!($test),
                    what: Flaw::$flaw.what(),
                    caught_by: &[$(concat!(stringify!($subject), "::", stringify!($case))),+],
                    open: Box::new(|| $open(Some(Flaw::$flaw))),
                },)+
            ]
        }

        mod caught {
            $(
                #[test]
                fn $test() {
                    crate::mutant::expect_caught(super::mutants(), stringify!($test));
                }
            )+
        }
    };
}

pub(crate) use {flaws, mutants};

/// How often a case may be run until it notices: a race can be won by luck,
/// on a machine that is busy with other things.
const ATTEMPTS: usize = 5;

/// Requires that every case that is named with the flaw fails because of it.
pub(crate) fn expect_caught(mutants: Vec<Mutant>, name: &str) {
    let mutant = mutants.into_iter().find(|mutant| mutant.name == name);
    let mutant = mutant.expect("every flaw is in the table");
    for case_name in mutant.caught_by {
        let case = all_cases().find(|case| case.to_string() == *case_name);
        let case = case.unwrap_or_else(|| panic!("there is no case {case_name}"));
        let message = (0..ATTEMPTS).find_map(|_| failure(case, &mutant));
        let message = message.unwrap_or_else(|| panic!("{case_name} does not notice {name}"));
        assert!(
            message.contains("broken: ") && !message.contains("broken: Fixture"),
            "{case_name} fails with {name}, but not by judging: {message}"
        );
    }
}

/// The message of a case on a store with a flaw, if it fails.
fn failure(case: &Case, mutant: &Mutant) -> Option<String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("a test may start threads");
    let result = runtime.block_on(async {
        let case = tokio::spawn(case.run((mutant.open)()));
        tokio::time::timeout(std::time::Duration::from_secs(60), case).await
    });
    let error = result.expect("a case with a flaw ends in time").err()?;
    let panic = match error.try_into_panic() {
        Ok(panic) => panic,
        Err(error) => panic!("nobody cancels the task: {error}"),
    };
    match panic.downcast::<String>() {
        Ok(message) => Some(*message),
        Err(other) => panic::resume_unwind(other),
    }
}
