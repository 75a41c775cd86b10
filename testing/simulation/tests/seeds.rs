//! The simulation itself: hundreds of seeds, each of them twice the same.

use std::{
    ops::Range,
    sync::atomic::{AtomicU64, Ordering},
};

use playerdata_simulation::{Simulation, run_seeds};

/// Runs seeds as fast as the processors allow.
fn no_rule_is_broken(seeds: Range<u64>) {
    let (passed, steps) = (AtomicU64::new(0), AtomicU64::new(0));
    let outcome = run_seeds(seeds.clone(), Simulation::new, |report| {
        passed.fetch_add(1, Ordering::Relaxed);
        steps.fetch_add(report.history.len() as u64, Ordering::Relaxed);
    });
    if let Err(failure) = outcome {
        panic!("{}\n\n{failure}", failure.history.join("\n"));
    }
    let count = seeds.end - seeds.start;
    assert_eq!(passed.into_inner(), count);
    let steps = steps.into_inner();
    assert!(
        steps > 500 * count,
        "only {steps} steps: too little happens"
    );
}

macro_rules! seeds {
    ($($name:ident: $seeds:expr;)*) => {
        $(
            #[test]
            fn $name() {
                no_rule_is_broken($seeds);
            }
        )*
    };
}

// In parts, so that none takes long on a busy machine.
seeds! {
    no_rule_is_broken_in_seeds_0_to_49: 0..50;
    no_rule_is_broken_in_seeds_50_to_99: 50..100;
    no_rule_is_broken_in_seeds_100_to_149: 100..150;
    no_rule_is_broken_in_seeds_150_to_199: 150..200;
    no_rule_is_broken_in_seeds_200_to_249: 200..250;
    no_rule_is_broken_in_seeds_250_to_299: 250..300;
    no_rule_is_broken_in_seeds_300_to_349: 300..350;
    no_rule_is_broken_in_seeds_350_to_399: 350..400;
    no_rule_is_broken_in_seeds_400_to_449: 400..450;
    no_rule_is_broken_in_seeds_450_to_499: 450..500;
}

#[test]
fn a_seed_gives_the_same_run_to_the_last_step() {
    for seed in 0..20 {
        let run = || match Simulation::new(seed).run() {
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

/// What has to be in the history of some run.
const SEEN: &[&str] = &[
    "crashes",
    "freezes for",
    "and is replaced",
    "is partitioned",
    "shut down, complete: true",
    "clock jumps",
    "drifts",
    "is freed by hand",
    "is to be erased",
    "Steal",
    "is lost",
    "HandOver",
    "superseded",
    "overtaken",
    "lost to",
    "not saved: ",
    "not ended: ",
    "deleted",
    "can't be decoded",
    "can't be migrated to the current schema",
    "no session: ",
    "GIVES UP a start",
    "KEPT its session",
    "is slow",
    "Wait",
    "keeps the document",
    "the document is kept",
    "not changed: the session of player",
    ": applied before",
    "is granted",
    "is Posted",
    "is AlreadySent",
    "is delivered",
    "CLAIMS",
    "is Sent",
    "is Waiting",
    "is AlreadyTransferred",
    "an errand failed",
    "is Traded",
    "is Aborted",
    "is AlreadyTraded",
    "not traded: ",
    "Commit -> Abort",
    "Abort -> Commit",
    "does not wait for a trade",
    "remembers",
    "keep a version",
    "no version is kept",
    "is put back, something left out: true",
    "not put back: player",
    "COUNTED",
];

#[test]
fn everything_that_can_go_wrong_does() {
    let mut unseen = SEEN.to_vec();
    for seed in 0..100 {
        let report = Simulation::new(seed).run().unwrap();
        unseen.retain(|text| !report.history.iter().any(|entry| entry.contains(text)));
        if unseen.is_empty() {
            return;
        }
    }
    panic!("never seen: {unseen:?}");
}
