//! The simulation on a store whose operations take several steps, and what is
//! wrong with such stores.

use std::{
    ops::Range,
    sync::atomic::{AtomicU64, Ordering},
};

use playerdata_simulation::{Rule, Simulation, run_seeds};
use playerdata_stepping::Flaw;

/// As many as are run as a test.
const SEEDS: u64 = 120;

fn no_rule_is_broken(seeds: Range<u64>) {
    let steps = AtomicU64::new(0);
    let count = seeds.end - seeds.start;
    let outcome = run_seeds(
        seeds,
        |seed| Simulation::new(seed).in_steps(None),
        |report| {
            steps.fetch_add(report.history.len() as u64, Ordering::Relaxed);
        },
    );
    if let Err(failure) = outcome {
        panic!("{}\n\n{failure}", failure.history.join("\n"));
    }
    let steps = steps.into_inner();
    assert!(
        steps > 500 * count,
        "only {steps} steps: too little happens"
    );
}

// In parts, so that none takes long on a busy machine.
#[test]
fn no_rule_is_broken_in_seeds_0_to_29() {
    no_rule_is_broken(0..30);
}

#[test]
fn no_rule_is_broken_in_seeds_30_to_59() {
    no_rule_is_broken(30..60);
}

#[test]
fn no_rule_is_broken_in_seeds_60_to_89() {
    no_rule_is_broken(60..90);
}

#[test]
fn no_rule_is_broken_in_seeds_90_to_119() {
    no_rule_is_broken(90..SEEDS);
}

#[test]
fn a_seed_gives_the_same_run_to_the_last_step() {
    for seed in 0..6 {
        let run = || match Simulation::new(seed).in_steps(None).run() {
            Ok(report) => report.history,
            Err(failure) => failure.history,
        };
        let (first, second) = (run(), run());
        let differs = first
            .iter()
            .zip(&second)
            .find(|(first, second)| first != second);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(first.len(), second.len(), "seed {seed}");
    }
}

#[test]
fn operations_are_left_between_two_steps_and_finished_late_or_by_others() {
    let seen = [
        "an operation sleeps for 3",
        "an operation is left for ever",
        "is ending for nobody",
        "is ending for s",
        "is gone",
        "is erased",
        "the erasure of",
    ];
    let mut unseen = seen.to_vec();
    for seed in 0..SEEDS {
        let report = Simulation::new(seed).in_steps(None).run().unwrap();
        unseen.retain(|text| !report.history.iter().any(|entry| entry.contains(text)));
        if unseen.is_empty() {
            return;
        }
    }
    panic!("never seen: {unseen:?}");
}

/// Checks nothing but the rule, so that it is this check that fails.
fn is_caught(flaw: Flaw, rule: Rule) {
    let with = |seed| Simulation::new(seed).in_steps(Some(flaw));
    let outcome = run_seeds(0..SEEDS * 5, |seed| with(seed).checking(&[rule]), |_| {});
    let failure = outcome.expect_err("no seed broke the rule");
    assert_eq!(failure.violation.rule, rule);
    // With all checks on, and from its seed alone, it fails as well.
    let again = with(failure.seed).run();
    assert!(again.is_err(), "with all checks on, nothing was found");
    println!("{flaw:?}: seed {}: {}", failure.seed, failure.violation);
}

macro_rules! caught {
    ($($name:ident: $flaw:ident breaks $rule:ident;)*) => {
        $(
            #[test]
            fn $name() {
                is_caught(Flaw::$flaw, Rule::$rule);
            }
        )*
    };
}

caught! {
    l1_fails_if_a_take_over_ends_unchecked: TakeOverUnchecked breaks L1;
    l1_fails_if_a_free_player_is_taken_unchecked: FreePlayerTakenUnchecked breaks L1;
    l6_fails_if_a_release_ends_unchecked: ReleaseUnchecked breaks L6;
    l6_fails_if_any_lock_is_marked: AnyLockMarked breaks L6;
    s2_fails_if_a_save_looks_and_then_writes: SaveLooksThenWrites breaks S2;
    l4_fails_if_a_save_looks_and_then_writes: SaveLooksThenWrites breaks L4;
    l7_fails_if_a_heartbeat_reads_and_then_writes: HeartbeatReadsThenWrites breaks L7;
    l4_fails_if_an_opening_looks_and_then_claims: OpeningLooksThenClaims breaks L4;
    s2_fails_if_any_claim_is_withdrawn: AnyClaimWithdrawn breaks S2;
    recovered_fails_if_an_ending_is_waited_for: WaitsForEnding breaks Recovered;
}
