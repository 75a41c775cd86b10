//! The simulation is tested: with a store that is wrong in one way, or a
//! manager that leaves out a step, each of its checks fails, within the seeds
//! that are run as a test.

mod flaw;
mod manager;
mod slip;
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

macro_rules! caught {
    ($($name:ident: $kind:ident::$flaw:ident breaks $rule:ident;)*) => {
        $(
            #[test]
            fn $name() {
                is_caught($kind::$flaw, Rule::$rule);
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
    l1_fails_if_acquire_ignores_the_holder: Flaw::AcquireIgnoresHolder breaks L1;
    l2_fails_if_no_lease_is_ever_live: Flaw::LeaseNeverLive breaks L2;
    l2_fails_if_every_lease_is_live: Flaw::LeaseAlwaysLive breaks L2;
    recovered_fails_if_every_lease_is_live: Flaw::LeaseAlwaysLive breaks Recovered;
    l3_fails_if_release_resets_the_fence: Flaw::ReleaseResetsFence breaks L3;
    l3_fails_if_erase_resets_the_fence: Flaw::EraseResetsFence breaks L3;
    l4_fails_if_a_save_ignores_the_lock: Flaw::SaveIgnoresLock breaks L4;
    l5_fails_if_an_absent_lock_is_accepted: Flaw::AbsentLockAccepted breaks L5;
    l6_fails_if_release_takes_any_lock: Flaw::ReleaseTakesAnyLock breaks L6;
    l7_fails_if_a_superseded_server_renews: Flaw::SupersededRenews breaks L7;
    l8_fails_if_release_does_nothing: Flaw::ReleaseDoesNothing breaks L8;
    l9_fails_if_a_lapsed_holder_is_refused: Flaw::LapsedHolderRefused breaks L9;
    l10_fails_if_the_later_time_wins: Flaw::LaterTimeWins breaks L10;
    s1_fails_if_saves_get_lost: Flaw::SavesGetLost breaks S1;
    s1_fails_if_reads_are_stale: Flaw::StaleRead breaks S1;
    s2_fails_if_an_old_claim_is_accepted: Flaw::OldClaimAccepted breaks S2;
    s2_fails_if_a_late_open_revives_its_claim: Flaw::LateOpenRevives breaks S2;
    s2_fails_if_a_won_write_looks_lost: Flaw::WonWriteLooksLost breaks S2;
    s2_fails_if_an_older_write_wins: Flaw::OlderWriteWins breaks S2;
    s3_fails_if_the_revision_skips: Flaw::RevisionSkips breaks S3;
    s4_fails_if_an_error_reads_as_nothing: Flaw::ErrorsReadAsNothing breaks S4;
    s5_fails_if_a_broken_body_reads_as_nothing: Flaw::BrokenReadsAsNothing breaks S5;
    s6_fails_if_the_schema_is_forgotten: Flaw::SchemaForgotten breaks S6;
    kept_fails_if_reads_are_stale: Flaw::StaleRead breaks Kept;
    kept_fails_if_saves_get_lost: Flaw::SavesGetLost breaks Kept;
    one_writer_fails_if_slots_are_mixed_up: Flaw::SlotsMixedUp breaks OneWriter;
    p4_fails_if_writes_are_torn: Flaw::TornWrites breaks P4;
    notices_fails_if_they_come_twice: Flaw::NoticesComeTwice breaks Notices;
    a9_fails_if_nothing_is_saved_in_the_end: Flaw::Tires breaks A9;
    no_panic_fails_if_a_store_panics: Flaw::ListPanics breaks NoPanic;
    h1_fails_if_a_version_is_not_kept: Flaw::VersionNotKept breaks H1;
    h4_fails_if_what_is_replaced_is_not_kept: Slip::ReplacedNotKept breaks H4;
    h4_fails_if_the_newest_record_is_put_back: Slip::NewestPutBack breaks H4;
    h5_fails_if_an_erasure_leaves_versions: Flaw::ErasureLeavesVersions breaks H5;
    x1_fails_if_a_key_is_stored_after_its_change: Slip::KeyAfterChange breaks X1;
    x2_fails_if_keys_are_forgotten: Slip::KeysForgotten breaks X2;
    x3_fails_if_the_keys_of_what_is_replaced_stay: Slip::KeysOfReplaced breaks X3;
    m1_fails_if_a_letter_is_not_sent: Slip::LetterNotSent breaks M1;
    m2_fails_if_an_id_is_stored_after_its_letter: Slip::IdAfterLetter breaks M2;
    m2_fails_if_a_letter_is_discarded_before_it_is_saved: Slip::DiscardBeforeSave breaks M2;
    m2_fails_if_a_letter_is_not_discarded: Slip::DiscardLeftOut breaks M2;
    m3_fails_if_a_load_looks_for_no_letters: Slip::LettersIgnored breaks M3;
    p2_fails_if_a_parcel_enters_the_outbox_too_late: Slip::OutboxAfterParcel breaks P2;
    p2_fails_if_a_parcel_is_sent_before_it_is_saved: Slip::SendBeforeSave breaks P2;
    p2_fails_if_a_parcel_is_not_sent: Slip::SendLeftOut breaks P2;
    p2_fails_if_a_letter_is_settled_too_early: Slip::SettleBeforeSave breaks P2;
    p3_fails_if_a_parcel_enters_the_escrow_too_late: Slip::EscrowAfterParcel breaks P3;
    p3_fails_if_a_trade_is_decided_before_it_is_saved: Slip::DecideBeforeSave breaks P3;
    p3_fails_if_a_trade_is_not_decided: Slip::DecideLeftOut breaks P3;
    p3_fails_if_a_verdict_is_ignored: Slip::VerdictIgnored breaks P3;
    p3_fails_if_a_load_ignores_an_escrow: Slip::EscrowIgnored breaks P3;
    p3_fails_if_a_load_asks_for_the_trade_to_be_made: Slip::LoadAsksCommit breaks P3;
    p3_fails_if_a_verdict_is_forgotten_before_anybody_acts: Slip::ForgetBeforeAct breaks P3;
    p3_fails_if_a_verdict_is_forgotten_before_that_is_saved: Slip::ForgetBeforeSave breaks P3;
    p4_fails_if_a_parcel_enters_the_outbox_too_late: Slip::OutboxAfterParcel breaks P4;
    p4_fails_if_a_verdict_is_ignored: Slip::VerdictIgnored breaks P4;
}
