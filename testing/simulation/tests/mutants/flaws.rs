//! Stores that are wrong are caught.

use crate::flaw::Flaw;

caught! {
    fn l1_fails_if_acquire_ignores_the_holder() { Flaw::AcquireIgnoresHolder breaks L1 }
    fn l2_fails_if_no_lease_is_ever_live() { Flaw::LeaseNeverLive breaks L2 }
    fn l2_fails_if_every_lease_is_live() { Flaw::LeaseAlwaysLive breaks L2 }
    fn recovered_fails_if_every_lease_is_live() { Flaw::LeaseAlwaysLive breaks Recovered }
    fn l3_fails_if_release_resets_the_fence() { Flaw::ReleaseResetsFence breaks L3 }
    fn l3_fails_if_erase_resets_the_fence() { Flaw::EraseResetsFence breaks L3 }
    fn l4_fails_if_a_save_ignores_the_lock() { Flaw::SaveIgnoresLock breaks L4 }
    fn l5_fails_if_an_absent_lock_is_accepted() { Flaw::AbsentLockAccepted breaks L5 }
    fn l6_fails_if_release_takes_any_lock() { Flaw::ReleaseTakesAnyLock breaks L6 }
    fn l7_fails_if_a_superseded_server_renews() { Flaw::SupersededRenews breaks L7 }
    fn l8_fails_if_release_does_nothing() { Flaw::ReleaseDoesNothing breaks L8 }
    fn l9_fails_if_a_lapsed_holder_is_refused() { Flaw::LapsedHolderRefused breaks L9 }
    fn l10_fails_if_the_later_time_wins() { Flaw::LaterTimeWins breaks L10 }
    fn s1_fails_if_saves_get_lost() { Flaw::SavesGetLost breaks S1 }
    fn s1_fails_if_reads_are_stale() { Flaw::StaleRead breaks S1 }
    fn s2_fails_if_an_old_claim_is_accepted() { Flaw::OldClaimAccepted breaks S2 }
    fn s2_fails_if_a_late_open_revives_its_claim() { Flaw::LateOpenRevives breaks S2 }
    fn s2_fails_if_a_won_write_looks_lost() { Flaw::WonWriteLooksLost breaks S2 }
    fn s2_fails_if_an_older_write_wins() { Flaw::OlderWriteWins breaks S2 }
    fn s3_fails_if_the_revision_skips() { Flaw::RevisionSkips breaks S3 }
    fn s4_fails_if_an_error_reads_as_nothing() { Flaw::ErrorsReadAsNothing breaks S4 }
    fn s5_fails_if_a_broken_body_reads_as_nothing() { Flaw::BrokenReadsAsNothing breaks S5 }
    fn s6_fails_if_the_schema_is_forgotten() { Flaw::SchemaForgotten breaks S6 }
    fn kept_fails_if_reads_are_stale() { Flaw::StaleRead breaks Kept }
    fn kept_fails_if_saves_get_lost() { Flaw::SavesGetLost breaks Kept }
    fn one_writer_fails_if_slots_are_mixed_up() { Flaw::SlotsMixedUp breaks OneWriter }
    fn p4_fails_if_writes_are_torn() { Flaw::TornWrites breaks P4 }
    fn notices_fails_if_they_come_twice() { Flaw::NoticesComeTwice breaks Notices }
    fn a9_fails_if_nothing_is_saved_in_the_end() { Flaw::Tires breaks A9 }
    fn no_panic_fails_if_a_store_panics() { Flaw::ListPanics breaks NoPanic }
    fn h1_fails_if_a_version_is_not_kept() { Flaw::VersionNotKept breaks H1 }
    fn h5_fails_if_an_erasure_leaves_versions() { Flaw::ErasureLeavesVersions breaks H5 }
}
