//! What can be wrong with an operation of several steps.

use crate::mutant::flaws;

flaws! {
    "several steps", super::fixture;

    /// An erasure removes the slots that it listed, whatever happened to them since.
    ErasureRemovesWhatItListed an_erasure_removes_what_it_listed:
        late::a_late_erasure_removes_nothing_that_was_saved_since;
    /// An erasure looks whether it is still under way, and removes a slot in the next step.
    ErasureLooksThenRemoves an_erasure_looks_and_then_removes:
        late::a_late_erasure_removes_nothing_that_was_saved_since;
    /// A session starts on a player whose erasure was begun and not finished.
    ErasureNotFinished an_erasure_is_not_finished:
        late::a_late_erasure_removes_nothing_that_was_saved_since;
    /// Who comes upon an erasure that was begun waits for who began it.
    WaitsForErasure an_erasure_is_waited_for:
        late::a_late_erasure_removes_nothing_that_was_saved_since;
    /// Who comes upon an ending that was begun waits for who began it.
    WaitsForEnding an_ending_is_waited_for:
        late::a_late_release_frees_nobody_else;
    /// The last step of a take-over writes the lock, whoever has it by then.
    TakeOverUnchecked a_take_over_ends_unchecked:
        late::a_late_take_over_replaces_nobody_else;
    /// The last step of a release removes the lock, whosever it is by then.
    ReleaseUnchecked a_release_ends_unchecked:
        late::a_late_release_frees_nobody_else;
    /// The lock that is marked as ending is whichever is there.
    AnyLockMarked any_lock_is_marked:
        late::a_late_release_frees_nobody_else, late::a_late_take_over_replaces_nobody_else;
    /// A claim is withdrawn from a slot, whosever it is by then.
    AnyClaimWithdrawn any_claim_is_withdrawn:
        late::a_late_release_frees_nobody_else, late::a_late_take_over_replaces_nobody_else;
    /// A player is seen to be free, and taken in the next step.
    FreePlayerTakenUnchecked a_free_player_is_taken_unchecked:
        late::a_late_request_takes_nobody;
    /// A take-over withdraws the claims and then writes the lock, with nothing that keeps new claims away.
    TakeOverUnmarked a_take_over_leaves_no_mark:
        late::slots_opened_during_a_slow_ending_are_lost;
    /// A release withdraws the claims before it marks the lock.
    ReleaseUnmarked a_release_marks_too_late:
        late::slots_opened_during_a_slow_ending_are_lost;
    /// An opening looks at the lock, and claims the slot in the next step.
    OpeningLooksThenClaims an_opening_looks_and_then_claims:
        late::a_late_opening_takes_no_slot;
    /// A save looks at the claim, and writes in the next step.
    SaveLooksThenWrites a_save_looks_and_then_writes:
        late::a_late_save_lands_on_nothing_newer, late::a_late_call_under_an_earlier_claim_changes_nothing;
    /// A deletion looks at the claim, and deletes in the next step.
    DeletionLooksThenWrites a_deletion_looks_and_then_writes:
        late::a_late_deletion_removes_nothing_newer, late::a_late_call_under_an_earlier_claim_changes_nothing;
    /// A heartbeat reads the latest incarnation, and writes in the next step.
    HeartbeatReadsThenWrites a_heartbeat_reads_and_then_writes:
        late::a_late_heartbeat_ends_no_later_lease;
    /// The end of a lease reads whose it is, and writes in the next step.
    DropReadsThenWrites a_drop_reads_and_then_writes:
        late::a_late_heartbeat_ends_no_later_lease;
    /// The notices that wait are read, and written back with a new one in the next step.
    NoticesReadThenWritten notices_are_read_and_then_written:
        late::a_late_notice_undoes_no_other;
    /// A view reads a record's revision in one step and its body in another.
    ViewTakesTwoSteps a_view_takes_two_steps:
        late::a_late_look_shows_what_was_there;
}
