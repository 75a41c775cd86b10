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
    no_rule_is_broken_in_seeds_0_to_99: 0..100;
    no_rule_is_broken_in_seeds_100_to_199: 100..200;
    no_rule_is_broken_in_seeds_200_to_299: 200..300;
    no_rule_is_broken_in_seeds_300_to_399: 300..400;
    no_rule_is_broken_in_seeds_400_to_499: 400..500;
}

#[test]
fn a_seed_gives_the_same_run_to_the_last_step() {
    for seed in 0..40 {
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

#[test]
fn everything_that_can_go_wrong_does() {
    let seen = [
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
    ];
    let mut unseen = seen.to_vec();
    for seed in 0..100 {
        let report = Simulation::new(seed).run().unwrap();
        unseen.retain(|text| !report.history.iter().any(|entry| entry.contains(text)));
        if unseen.is_empty() {
            return;
        }
    }
    panic!("never seen: {unseen:?}");
}
