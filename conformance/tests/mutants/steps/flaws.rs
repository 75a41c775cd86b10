//! The cases that notice an operation of several steps that goes wrong.

use playerdata_stepping::Flaw;

use crate::mutant::mutants;

mutants! {
    "several steps", super::fixture;

    ErasureRemovesWhatItListed an_erasure_removes_what_it_listed:
        late::a_late_erasure_removes_nothing_that_was_saved_since;
    ErasureLooksThenRemoves an_erasure_looks_and_then_removes:
        late::a_late_erasure_removes_nothing_that_was_saved_since;
    ErasureNotFinished an_erasure_is_not_finished:
        late::a_late_erasure_removes_nothing_that_was_saved_since;
    WaitsForErasure an_erasure_is_waited_for:
        late::a_late_erasure_removes_nothing_that_was_saved_since;
    WaitsForEnding an_ending_is_waited_for:
        late::a_late_release_frees_nobody_else;
    TakeOverUnchecked a_take_over_ends_unchecked:
        late::a_late_take_over_replaces_nobody_else;
    ReleaseUnchecked a_release_ends_unchecked:
        late::a_late_release_frees_nobody_else;
    AnyLockMarked any_lock_is_marked:
        late::a_late_release_frees_nobody_else, late::a_late_take_over_replaces_nobody_else;
    AnyClaimWithdrawn any_claim_is_withdrawn:
        late::a_late_release_frees_nobody_else, late::a_late_take_over_replaces_nobody_else;
    FreePlayerTakenUnchecked a_free_player_is_taken_unchecked:
        late::a_late_request_takes_nobody;
    TakeOverUnmarked a_take_over_leaves_no_mark:
        late::slots_opened_during_a_slow_ending_are_lost;
    ReleaseUnmarked a_release_marks_too_late:
        late::slots_opened_during_a_slow_ending_are_lost;
    OpeningLooksThenClaims an_opening_looks_and_then_claims:
        late::a_late_opening_takes_no_slot;
    SaveLooksThenWrites a_save_looks_and_then_writes:
        late::a_late_save_lands_on_nothing_newer, late::a_late_call_under_an_earlier_claim_changes_nothing;
    DeletionLooksThenWrites a_deletion_looks_and_then_writes:
        late::a_late_deletion_removes_nothing_newer, late::a_late_call_under_an_earlier_claim_changes_nothing;
    HeartbeatReadsThenWrites a_heartbeat_reads_and_then_writes:
        late::a_late_heartbeat_ends_no_later_lease;
    DropReadsThenWrites a_drop_reads_and_then_writes:
        late::a_late_heartbeat_ends_no_later_lease;
    NoticesReadThenWritten notices_are_read_and_then_written:
        late::a_late_notice_undoes_no_other;
    ViewTakesTwoSteps a_view_takes_two_steps:
        late::a_late_look_shows_what_was_there;
    PostLooksThenWrites a_post_looks_and_then_writes:
        late_mail::a_late_copy_of_a_letter_is_not_taken_in_again;
    DiscardLooksThenRemoves a_discard_looks_and_then_removes:
        late_mail::a_late_request_takes_no_other_letter_out;
    VerdictLooksThenWrites a_verdict_looks_and_then_writes:
        late_mail::a_late_decision_is_told_what_stands;
    ErasureRemovesAnyMail an_erasure_removes_any_mail:
        late_mail::a_late_erasure_takes_nothing_of_who_came_back;
    ErasureEmptiesAnyMailbox an_erasure_empties_any_mailbox:
        late_mail::a_late_erasure_takes_all_of_a_mailbox_or_nothing, late_mail::a_late_erasure_takes_nothing_of_who_came_back;
    ErasureRemovesAnyVersion an_erasure_removes_any_version:
        late_mail::a_late_erasure_takes_nothing_of_who_came_back;
    VersionLooksThenKeeps a_version_looks_and_then_keeps:
        late_mail::a_late_request_keeps_no_version_of_others;
}

#[test]
fn every_flaw_of_several_steps_has_a_case_that_notices_it() {
    let tried: Vec<_> = mutants().iter().map(|mutant| mutant.what).collect();
    let untried: Vec<_> = Flaw::ALL
        .iter()
        .filter(|flaw| !tried.contains(&flaw.what()))
        .collect();
    assert!(untried.is_empty(), "{untried:?}");
}
