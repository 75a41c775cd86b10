//! The simulation is tested: with a store that is wrong in one way, or a
//! manager that leaves out a step, each of its checks fails, within the seeds
//! that are run as a test.

/// Tests of what is to be caught, and the rules that it breaks.
macro_rules! caught {
    ($(fn $name:ident() { $kind:ident::$wrong:ident breaks $rule:ident })*) => {
        $(
            #[test]
            fn $name() {
                crate::is_caught($kind::$wrong, playerdata_simulation::Rule::$rule);
            }
        )*

        pub(crate) const BROKEN: &[playerdata_simulation::Rule] =
            &[$(playerdata_simulation::Rule::$rule),*];
    };
}

mod flaw;
mod flaws;
mod manager;
mod slip;
mod slips;
mod store;

use std::sync::Arc;

use playerdata_simulation::{RULES, Rule, Simulation, run_seeds};

use crate::{flaw::Flaw, manager::HastyManager, slip::Slip, store::FlawedStore};

/// As many as are run as a test.
const SEEDS: u64 = 500;

/// What is wrong in a run.
trait Wrong: Copy + Sync {
    fn with(self, seed: u64) -> Simulation;
}

impl Wrong for Flaw {
    fn with(self, seed: u64) -> Simulation {
        Simulation::new(seed).on(move |inner| Arc::new(FlawedStore::new(self, inner)))
    }
}

impl Wrong for Slip {
    fn with(self, seed: u64) -> Simulation {
        Simulation::new(seed).with_managers_on(move |way| Arc::new(HastyManager::new(self, way)))
    }
}

/// Checks nothing but the rule, so that it is this check that fails.
fn is_caught(wrong: impl Wrong, rule: Rule) {
    let outcome = run_seeds(0..SEEDS, |seed| wrong.with(seed).checking(&[rule]), |_| {});
    let failure = outcome.expect_err("no seed broke the rule");
    assert_eq!(failure.violation.rule, rule);
    println!("seed {}: {}", failure.seed, failure.violation);
    // With all checks on, and from its seed alone, it fails as well.
    let again = wrong.with(failure.seed).run();
    assert!(again.is_err(), "with all checks on, nothing was found");
}

#[test]
fn a_store_without_a_flaw_breaks_no_rule() {
    let outcome = run_seeds(0..60, |seed| Flaw::Sound.with(seed), |_| {});
    if let Err(failure) = outcome {
        panic!("{}\n\n{failure}", failure.history.join("\n"));
    }
}

#[test]
fn a_failing_seed_fails_again_at_the_same_step() {
    let failure = |_| {
        let outcome = (0..SEEDS).map(|seed| Flaw::StaleRead.with(seed).run());
        outcome
            .into_iter()
            .find_map(Result::err)
            .expect("no seed failed")
    };
    let [first, second] = [0, 1].map(failure);
    assert_eq!(
        (first.seed, first.violation),
        (second.seed, second.violation)
    );
    assert_eq!(first.history, second.history);
}

#[test]
fn every_rule_has_something_that_breaks_it() {
    let broken = [flaws::BROKEN, slips::BROKEN].concat();
    let rules = RULES.iter();
    let unproven: Vec<_> = rules.filter(|rule| !broken.contains(rule)).collect();
    assert!(unproven.is_empty(), "{unproven:?}");
}
