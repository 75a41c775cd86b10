//! The simulation is tested: with a store that is wrong in one way, each of
//! its checks fails, within the seeds that are run as a test.

mod flaw;
mod store;

use std::sync::Arc;

use playerdata_simulation::{RULES, Rule, Simulation, run_seeds};

use crate::{flaw::Flaw, store::FlawedStore};

/// As many as are run as a test.
const SEEDS: u64 = 500;

fn with(flaw: Flaw, seed: u64) -> Simulation {
    Simulation::new(seed).on(move |inner| Arc::new(FlawedStore::new(flaw, inner)))
}

/// Checks nothing but the rule, so that it is this check that fails.
fn is_caught(flaw: Flaw, rule: Rule) {
    let outcome = run_seeds(0..SEEDS, |seed| with(flaw, seed).checking(&[rule]), |_| {});
    let failure = outcome.expect_err("no seed broke the rule");
    assert_eq!(failure.violation.rule, rule);
    // With all checks on, and from its seed alone, it fails as well.
    let again = with(flaw, failure.seed).run();
    assert!(again.is_err(), "with all checks on, nothing was found");
}

#[test]
fn a_store_without_a_flaw_breaks_no_rule() {
    let outcome = run_seeds(0..60, |seed| with(Flaw::Sound, seed), |_| {});
    if let Err(failure) = outcome {
        panic!("{}\n\n{failure}", failure.history.join("\n"));
    }
}

#[test]
fn a_failing_seed_fails_again_at_the_same_step() {
    let failure = |_| {
        let outcome = (0..SEEDS).map(|seed| with(Flaw::StaleRead, seed).run());
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

macro_rules! caught {
    ($($name:ident: $flaw:ident breaks $rule:ident;)*) => {
        $(
            #[test]
            fn $name() {
                is_caught(Flaw::$flaw, Rule::$rule);
            }
        )*

        #[test]
        fn every_rule_has_a_store_that_breaks_it() {
            let broken = [$(Rule::$rule),*];
            let unproven: Vec<_> = RULES.iter().filter(|rule| !broken.contains(rule)).collect();
            assert!(unproven.is_empty(), "{unproven:?}");
        }
    };
}

caught! {
    l1_fails_if_acquire_ignores_the_holder: AcquireIgnoresHolder breaks L1;
    l2_fails_if_no_lease_is_ever_live: LeaseNeverLive breaks L2;
    l2_fails_if_every_lease_is_live: LeaseAlwaysLive breaks L2;
    recovered_fails_if_every_lease_is_live: LeaseAlwaysLive breaks Recovered;
    l3_fails_if_release_resets_the_fence: ReleaseResetsFence breaks L3;
    l3_fails_if_erase_resets_the_fence: EraseResetsFence breaks L3;
    l4_fails_if_a_save_ignores_the_lock: SaveIgnoresLock breaks L4;
    l5_fails_if_an_absent_lock_is_accepted: AbsentLockAccepted breaks L5;
    l6_fails_if_release_takes_any_lock: ReleaseTakesAnyLock breaks L6;
    l7_fails_if_a_superseded_server_renews: SupersededRenews breaks L7;
    l8_fails_if_release_does_nothing: ReleaseDoesNothing breaks L8;
    l9_fails_if_a_lapsed_holder_is_refused: LapsedHolderRefused breaks L9;
    l10_fails_if_the_later_time_wins: LaterTimeWins breaks L10;
    s1_fails_if_saves_get_lost: SavesGetLost breaks S1;
    s1_fails_if_reads_are_stale: StaleRead breaks S1;
    s2_fails_if_an_old_claim_is_accepted: OldClaimAccepted breaks S2;
    s2_fails_if_a_late_open_revives_its_claim: LateOpenRevives breaks S2;
    s2_fails_if_a_won_write_looks_lost: WonWriteLooksLost breaks S2;
    s2_fails_if_an_older_write_wins: OlderWriteWins breaks S2;
    s3_fails_if_the_revision_skips: RevisionSkips breaks S3;
    s4_fails_if_an_error_reads_as_nothing: ErrorsReadAsNothing breaks S4;
    s5_fails_if_a_broken_body_reads_as_nothing: BrokenReadsAsNothing breaks S5;
    s6_fails_if_the_schema_is_forgotten: SchemaForgotten breaks S6;
    kept_fails_if_reads_are_stale: StaleRead breaks Kept;
    kept_fails_if_saves_get_lost: SavesGetLost breaks Kept;
    one_writer_fails_if_slots_are_mixed_up: SlotsMixedUp breaks OneWriter;
    p4_fails_if_writes_are_torn: TornWrites breaks P4;
    notices_fails_if_they_come_twice: NoticesComeTwice breaks Notices;
    a9_fails_if_nothing_is_saved_in_the_end: Tires breaks A9;
    no_panic_fails_if_a_store_panics: ListPanics breaks NoPanic;
}
