//! The flaws, and which cases must notice each.

use crate::mutant::flaws;

flaws! {
    "plain", crate::fixture;

    /// A lock is written whoever has it.
    AcquireUnchecked acquire_unchecked:
        locks::a_held_player_is_refused_to_others, locks::a_late_acquire_of_a_replaced_session_is_refused, races::one_of_many_claimants_wins, manager_locks::one_of_many_starts_at_once_gets_the_player, manager_locks::a_held_player_is_refused_and_its_holder_plays_on;
    /// A lock is looked for, and then written in a second step.
    LockReadThenWritten lock_read_then_written:
        races::one_of_many_claimants_wins, races::one_of_many_thieves_wins, save_races::a_counter_passed_around_counts_right, manager_locks::one_of_many_starts_at_once_gets_the_player;
    /// Whoever names a session to replace gets the player, whether it is the holder's or not.
    AnyHolderReplaced any_holder_replaced:
        locks::another_holder_than_the_one_named_stays, locks::a_late_acquire_of_a_replaced_session_is_refused;
    /// A holder is never replaced, however dead its server is.
    HolderNeverReplaced holder_never_replaced:
        locks::a_named_holder_is_replaced, manager_locks::the_victim_of_a_theft_is_told_who_the_thief_is, manager_take_overs::who_waits_for_a_crashed_server_gets_the_player;
    /// A claimant whose clock is behind the lock's time is refused.
    EarlierClaimantRefused earlier_claimant_refused:
        records::a_claimant_with_an_earlier_time_takes_over, manager_take_overs::wrong_clocks_cost_no_save;
    /// To replace who has gone succeeds, and writes no lock.
    GoneHolderReplacedByNobody gone_holder_replaced_by_nobody:
        locks::a_named_holder_who_has_gone_is_no_hindrance;
    /// A lock shows the fence before its own.
    LockShowsFormerFence lock_shows_former_fence:
        locks::a_free_player_is_acquired, fences::the_lock_shows_its_fence;
    /// A lock counts only as long as its server's lease lives.
    LockLapsesWithLease lock_lapses_with_lease:
        leases::a_lapsed_lease_frees_no_player;
    /// A session that asks again gets a new fence, and loses its claims.
    RepeatedAcquireGrowsFence repeated_acquire_grows_fence:
        locks::acquiring_again_changes_nothing, races::repeated_acquires_at_once_give_one_fence;
    /// A session that asks again is refused, because somebody holds the player: itself.
    RepeatedAcquireRefused repeated_acquire_refused:
        locks::acquiring_again_changes_nothing, cancelled::a_dropped_acquire_can_be_asked_again, manager_starts::a_start_whose_answer_was_lost_recognises_its_lock;
    /// A take-over keeps the fence of the lock it replaces.
    TakeOverKeepsFence take_over_keeps_fence:
        fences::the_fence_grows_through_replacements, races::fences_of_racing_thieves_are_unique;
    /// The fence is kept in the lock and goes with it.
    ReleaseResetsFence release_resets_fence:
        fences::the_fence_grows_through_releases, fences::the_fence_survives_deletions, fences::the_fence_grows_when_the_one_to_replace_has_gone, manager_locks::a_session_started_again_ends_the_former_one;
    /// An erasure takes the fence along.
    EraseResetsFence erase_resets_fence:
        fences::the_fence_survives_erasures, manager_operators::an_erased_player_is_a_new_one;
    /// A release removes whatever lock is there.
    ReleaseUnchecked release_unchecked:
        locks::a_late_release_removes_nobody_elses_lock, manager_ends::a_release_that_is_tried_again_frees_nobody_else, manager_operators::freeing_spares_a_later_session, manager_frozen::the_release_of_a_frozen_server_frees_nobody;
    /// A release compares servers, where it has to compare sessions.
    ReleaseByAnySessionOfTheServer release_by_any_session_of_the_server:
        locks::a_late_release_leaves_the_same_servers_later_session;
    /// A release reads the lock, and removes it in a second step.
    ReleaseReadsThenRemoves release_reads_then_removes:
        races::a_release_racing_others_removes_only_its_own_lock;
    /// A release says that it was done, and leaves the lock.
    ReleaseForgotten release_forgotten:
        locks::a_released_player_is_free, manager_ends::an_end_saves_and_frees_the_player, manager_ends::a_dropped_session_is_saved_and_released, manager_starts::a_start_without_an_answer_leaves_no_lock, manager_starts::a_first_load_that_fails_leaves_the_session, manager_starts::a_start_that_nobody_waits_for_leaves_no_lock, manager_schedule::many_players_are_autosaved_at_once;
    /// A release says that it was done when there was nothing to release.
    ReleaseAlwaysDone release_always_done:
        locks::releasing_again_changes_nothing;
    /// A release frees all players of the server.
    ReleaseFreesWholeServer release_frees_whole_server:
        locks::players_of_one_server_are_independent, manager_slots::the_end_of_one_session_leaves_the_others;
    /// A save is not checked against the lock.
    SaveUnchecked save_unchecked:
        lost::a_save_after_a_take_over_is_lost, lost::everything_is_lost_after_a_release, claims::a_save_under_an_earlier_claim_is_overtaken, manager_locks::a_victim_that_is_not_told_finds_out_when_it_saves, manager_frozen::the_saves_of_a_frozen_server_are_refused;
    /// A deletion is not checked against the lock.
    DeleteUnchecked delete_unchecked:
        lost::a_deletion_after_a_take_over_is_lost, claims::a_deletion_under_an_earlier_claim_is_overtaken, manager_frozen::a_deletion_that_arrives_after_a_theft_is_refused;
    /// An opening is not checked against the lock.
    OpenUnchecked open_unchecked:
        lost::an_opening_after_a_take_over_is_lost, lost::everything_is_lost_without_a_lock;
    /// Only another session's lock is an obstacle: none at all is permission.
    AbsentLockAccepted absent_lock_accepted:
        lost::everything_is_lost_after_a_thief_who_has_gone, lost::everything_is_lost_after_a_release, lost::everything_is_lost_after_an_erasure, manager_frozen::a_frozen_server_has_lost_a_player_who_has_gone, manager_operators::a_freed_player_is_lost_to_the_game_that_had_them;
    /// The lock is checked, and the record written in a second step.
    LockCheckedThenWritten lock_checked_then_written:
        save_races::a_save_racing_a_take_over_counts_or_is_refused, save_races::a_save_racing_a_release_counts_or_is_refused, save_races::a_save_racing_a_reopening_counts_or_is_refused;
    /// A lock of the same server is taken for the session's own.
    ServersComparedNotSessions servers_compared_not_sessions:
        lost::everything_is_lost_to_a_later_session_of_the_same_server;
    /// The claim in the slot decides, and a take-over leaves it there until the slot is opened.
    ClaimsLeftInSlots claims_left_in_slots:
        lost::everything_is_lost_after_a_thief_who_opened_nothing, lost::a_save_after_a_take_over_is_lost, manager_locks::a_victim_that_is_not_told_finds_out_when_it_saves, manager_frozen::the_saves_of_a_frozen_server_are_refused;
    /// The claim in the slot decides, and a release leaves it there.
    ReleaseForgetsClaims release_forgets_claims:
        lost::everything_is_lost_after_a_release, lost::a_release_kills_the_claims_on_all_slots, manager_operators::a_freed_player_is_lost_to_the_game_that_had_them;
    /// A take-over or a release withdraws as many claims as fit in one transaction.
    OnePageOfClaimsWithdrawn one_page_of_claims_withdrawn:
        lost::a_take_over_kills_the_claims_on_all_slots, lost::a_release_kills_the_claims_on_all_slots;
    /// A claim carries its session's id, and lives again when the session acquires again.
    ClaimsComeBackToLife claims_come_back_to_life:
        claims::a_claim_stays_dead_when_nobody_came_between;
    /// The claim in the slot decides, and is withdrawn after the lock was written, in a second step that nobody finishes.
    ClaimsWithdrawnInSecondStep claims_withdrawn_in_second_step:
        cancelled::a_dropped_take_over_can_be_asked_again, cancelled::a_dropped_release_can_be_asked_again;
    /// A lost session is not told who has the player.
    LossNamesNobody loss_names_nobody:
        lost::a_save_after_a_take_over_is_lost, lost::an_opening_after_a_take_over_is_lost, manager_locks::a_victim_that_is_not_told_finds_out_when_it_saves;
    /// A holder whose lease lapsed is refused, though nobody took the lock.
    HolderNeedsLease holder_needs_lease:
        leases::a_holder_without_a_lease_goes_on, manager_take_overs::a_lapsed_lease_that_nobody_used_costs_nothing;
    /// Any claim of the session that holds the lock may write.
    StaleClaimAccepted stale_claim_accepted:
        claims::a_save_under_an_earlier_claim_is_overtaken, claims::a_deletion_under_an_earlier_claim_is_overtaken, claims::a_claim_that_was_never_opened_writes_nothing, claims::a_claim_is_good_for_its_own_slot_only, cancelled::a_dropped_opening_is_no_hindrance;
    /// Any claim that the session ever had may write, on whatever base.
    LateWriteLands late_write_lands:
        manager_saves::a_save_that_arrives_late_lands_on_nothing_newer, claims::a_save_under_an_earlier_claim_is_overtaken;
    /// A late opening under a lower number takes the slot.
    LateOpeningAccepted late_opening_accepted:
        claims::a_late_opening_is_overtaken, save_races::the_greatest_of_racing_claims_lives, durable::dead_claims_survive_no_restart;
    /// Opening again under the same number is taken for a late call.
    SameClaimRefused same_claim_refused:
        claims::opening_again_under_the_same_claim_keeps_it_alive;
    /// Opening a slot counts as a write.
    OpeningCountsAsWrite opening_counts_as_write:
        slots::a_new_slot_opens_empty, manager_saves::a_save_that_was_not_applied_is_made_after_all, manager_saves::a_new_player_is_stored_unchanged;
    /// Claim numbers are compared as text: 10 is less than 9.
    ClaimNumbersComparedAsText claim_numbers_compared_as_text:
        claims::claim_numbers_are_compared_as_numbers, manager_saves::a_slot_outlives_many_lost_answers;
    /// A slot remembers the greatest claim number of all sessions.
    ClaimNumbersOutliveSessions claim_numbers_outlive_sessions:
        claims::a_new_session_counts_its_claims_from_1;
    /// Opening one slot kills the claims on the player's other slots.
    OneClaimPerPlayer one_claim_per_player:
        claims::claims_on_different_slots_are_independent, save_races::slots_opened_at_once_are_all_open, slots::slots_are_independent;
    /// A write that won is reported as lost when it is sent again.
    RepeatedWriteRefused repeated_write_refused:
        slots::a_repeated_save_is_answered_as_the_first, slots::a_repeated_deletion_is_answered_as_the_first;
    /// A revision is skipped now and then.
    RevisionSkips revision_skips:
        slots::the_revision_grows_by_one_per_write, manager_saves::a_save_is_what_the_next_game_loads;
    /// A write under a live claim is applied whatever its base is.
    BaseUnchecked base_unchecked:
        checked_base::a_save_on_an_older_base_is_overtaken, checked_base::a_save_from_before_a_deletion_is_overtaken, checked_base::a_repeated_save_leaves_a_newer_one, checked_base::one_of_many_writes_on_one_base_is_applied, checked_base::a_deletion_on_an_older_base_is_overtaken, checked_base::a_save_on_a_base_to_come_is_overtaken;
    /// A deleted slot starts again at revision 0.
    DeletionForgetsRevision deletion_forgets_revision:
        slots::a_deletion_counts_as_a_write, slots::a_deleted_slot_can_be_saved_again, manager_slots::a_deleted_slot_starts_over;
    /// A deletion kills the claim it was made under.
    DeletionKillsClaim deletion_kills_claim:
        slots::a_deleted_slot_can_be_saved_again, slots::a_repeated_deletion_is_answered_as_the_first;
    /// To delete what is empty is refused.
    EmptySlotNotDeleted empty_slot_not_deleted:
        slots::an_empty_slot_can_be_deleted;
    /// A save is acknowledged and never written.
    SaveAcknowledgedUnwritten save_acknowledged_unwritten:
        slots::the_next_session_opens_what_was_saved, slots::a_thief_opens_what_was_saved, save_races::a_counter_fought_over_counts_what_was_acknowledged, manager_saves::a_save_is_what_the_next_game_loads, manager_locks::a_player_passed_around_counts_right, manager_schedule::the_autosave_writes_what_changed, manager_schedule::the_forced_cycle_writes_every_open_slot, manager_schedule::the_autosave_makes_up_for_an_outage, manager_ends::a_last_save_that_fails_keeps_the_player, manager_ends::an_outage_loses_no_session_and_no_change, manager_bad_days::what_was_acknowledged_survives_a_bad_day;
    /// An opening does not show which write was the last.
    LastWriteNotShown last_write_not_shown:
        claims::opening_again_shows_the_last_write, slots::the_next_session_opens_what_was_saved, manager_saves::a_save_whose_answer_was_lost_is_recognised;
    /// A session finds nothing in a slot that another one has written.
    RecordHiddenFromOpening record_hidden_from_opening:
        manager_loads::a_load_that_fails_gives_no_defaults, slots::the_next_session_opens_what_was_saved;
    /// A record is written in two steps, with a moment between them.
    RecordWrittenInTwoSteps record_written_in_two_steps:
        save_races::views_while_a_session_writes_are_whole, cancelled::a_dropped_save_is_whole_or_absent;
    /// The body of a refused save can be seen all the same.
    RefusedSaveShown refused_save_shown:
        claims::a_save_under_an_earlier_claim_is_overtaken, lost::everything_is_lost_after_a_release, claims::a_claim_stays_dead_when_its_session_acquires_again;
    /// Of two writes the one with the later time wins.
    LaterClockWins later_clock_wins:
        records::a_save_with_an_earlier_time_is_written, manager_take_overs::wrong_clocks_cost_no_save;
    /// A body of no bytes is taken for no record.
    EmptyBodyIsNothing empty_body_is_nothing:
        records::a_body_of_no_bytes_is_a_record;
    /// How a body is encoded is not stored.
    EncodingForgotten encoding_forgotten:
        records::what_comes_with_a_body_is_kept, manager_documents::a_compressed_document_comes_back_item_by_item;
    /// The version of a body's schema is not stored.
    SchemaForgotten schema_forgotten:
        manager_loads::a_newer_schema_is_refused_untouched, manager_loads::an_older_schema_is_migrated_once, records::what_comes_with_a_body_is_kept;
    /// A body ends at its first zero.
    BodyCutAtZero body_cut_at_zero:
        records::every_byte_is_kept, manager_loads::a_body_that_cannot_be_decoded_stays, manager_documents::a_compressed_document_comes_back_item_by_item;
    /// A shorter body leaves the rest of a longer one behind it.
    RestOfLongerBodyKept rest_of_longer_body_kept:
        records::bodies_of_many_sizes_are_kept, records::a_body_of_no_bytes_is_a_record, manager_documents::a_games_own_type_comes_back_as_it_was;
    /// A body over the limit is cut off and stored.
    LargeBodyCutOff large_body_cut_off:
        records::a_body_over_the_limit_changes_nothing;
    /// A body of just the limit is refused.
    LimitExcluded limit_excluded:
        bounds::a_body_of_exactly_the_limit_is_kept, records::the_largest_body_is_kept, manager_documents::a_document_as_large_as_the_store_takes_is_saved;
    /// The limit that is named is larger than what is taken.
    LimitPromisedTooLarge limit_promised_too_large:
        records::the_limit_is_one_that_can_be_tried, manager_documents::a_document_as_large_as_the_store_takes_is_saved;
    /// Names are compared without regard to capitals.
    NamesIgnoreCase names_ignore_case:
        names::every_character_of_a_player_id_counts, names::every_character_of_a_slot_name_counts, names::every_character_of_a_server_name_counts, manager_slots::several_slots_are_open_at_once, manager_slots::odd_player_ids_have_data_of_their_own;
    /// Names are cut off at 60 bytes.
    NamesCutOff names_cut_off:
        names::player_ids_count_to_their_last_byte, names::slot_names_count_to_their_last_byte, names::odd_and_long_server_names_are_taken_as_they_are, manager_slots::long_player_ids_have_data_of_their_own;
    /// Names that look like numbers are stored as numbers.
    NamesTakenForNumbers names_taken_for_numbers:
        names::odd_player_ids_are_taken_as_they_are, names::odd_slot_names_are_taken_as_they_are, names::odd_and_long_server_names_are_taken_as_they_are, manager_slots::odd_player_ids_have_data_of_their_own;
    /// A record can't be seen while its slot is open.
    RecordHiddenWhileOpen record_hidden_while_open:
        views::a_record_is_seen_whoever_has_it_open, views::a_view_shows_what_was_acknowledged, manager_operators::an_operator_sees_a_player_and_disturbs_nobody;
    /// A view kills the claim on the slot.
    ViewKillsClaim view_kills_claim:
        views::looking_disturbs_no_session;
    /// A list shows slots that were deleted, or only opened.
    ListShowsDeleted list_shows_deleted:
        views::a_list_has_the_slots_that_hold_a_record, views::nothing_is_seen_where_nothing_was_saved, manager_slots::a_deleted_slot_starts_over;
    /// A list has the first page of the store's answer.
    ListShowsOnePage list_shows_one_page:
        views::a_list_has_all_of_many_slots;
    /// A list is sorted without regard to capitals.
    ListSortedWithoutCase list_sorted_without_case:
        views::a_list_has_the_slots_that_hold_a_record, manager_slots::several_slots_are_open_at_once;
    /// A player is erased under a session.
    EraseUnchecked erase_unchecked:
        erase::a_held_player_is_not_erased, manager_operators::an_erased_player_is_a_new_one;
    /// A lock is looked for, and the player erased in a second step.
    LockCheckedThenErased lock_checked_then_erased:
        races::an_erasure_racing_a_claimant_erases_all_or_nothing;
    /// Everybody is erased whose id begins like that of the player.
    EraseByPrefix erase_by_prefix:
        erase::other_players_are_not_erased;
    /// An erasure sees only slots that hold a record.
    EraseLeavesDeletedSlots erase_leaves_deleted_slots:
        erase::an_erased_player_has_nothing;
    /// An erasure removes as many slots as fit in one transaction.
    EraseStopsAfterOnePage erase_stops_after_one_page:
        erase::all_of_many_slots_are_erased;
    /// To erase somebody unknown is an error.
    EraseOfUnknownFails erase_of_unknown_fails:
        erase::erasing_again_finds_nothing;
    /// A player is marked as erased, and erased in a second step.
    EraseMarkedBeforeDone erase_marked_before_done:
        cancelled::a_dropped_erasure_can_be_asked_again;
    /// Any incarnation renews, the superseded ones too.
    AnyIncarnationRenews any_incarnation_renews:
        leases::a_later_incarnation_supersedes_a_live_one, races::the_latest_of_racing_incarnations_has_the_lease, leases::a_later_incarnation_supersedes_one_that_is_gone, manager_take_overs::a_superseded_server_is_told_and_starts_nothing, manager_take_overs::a_clock_that_went_back_supersedes_all_the_same;
    /// The latest incarnation is read, and written in a second step.
    LeaseReadThenWritten lease_read_then_written:
        races::the_latest_of_racing_incarnations_has_the_lease;
    /// Who superseded whom is forgotten when the later one drops its lease.
    IncarnationForgottenOnDrop incarnation_forgotten_on_drop:
        leases::superseded_is_for_ever_when_the_later_one_drops;
    /// Who superseded whom is forgotten when the later one's lease lapses.
    IncarnationForgottenOnLapse incarnation_forgotten_on_lapse:
        leases::superseded_is_for_ever_when_the_later_one_lapses;
    /// A restarted server has to wait for the lease of its former run to lapse.
    LiveLeaseNotSuperseded live_lease_not_superseded:
        leases::a_later_incarnation_supersedes_a_live_one, manager_take_overs::a_restarted_server_has_its_players_back_at_once;
    /// A lease that has lapsed can't be renewed.
    LapsedLeaseNotRenewed lapsed_lease_not_renewed:
        leases::a_lease_lapses_and_can_be_renewed, manager_take_overs::a_lapsed_lease_that_nobody_used_costs_nothing;
    /// Incarnations are compared as signed numbers.
    IncarnationsComparedSigned incarnations_compared_signed:
        leases::incarnations_are_ordered_by_their_bytes;
    /// A lease never lapses.
    LeaseNeverLapses lease_never_lapses:
        leases::a_lease_lapses_and_can_be_renewed, manager_take_overs::a_crashed_servers_players_wait_for_its_lease, manager_ends::a_shutdown_without_the_store_frees_nobody;
    /// A renewal does not extend a lease that lives.
    LeaseNotExtended lease_not_extended:
        leases::a_renewal_extends_the_lease;
    /// The first renewal makes a server known, and only the second one live.
    FirstRenewalNotLive first_renewal_not_live:
        leases::a_renewed_lease_is_live, manager_take_overs::a_crashed_servers_players_wait_for_its_lease;
    /// A lease makes every incarnation of the name live.
    LeaseOfAnyIncarnation lease_of_any_incarnation:
        leases::a_lease_is_that_of_one_incarnation, leases::a_later_incarnation_supersedes_a_live_one, manager_take_overs::a_restarted_server_has_its_players_back_at_once;
    /// Any incarnation drops the lease.
    DropUnchecked drop_unchecked:
        leases::only_its_own_incarnation_drops_a_lease;
    /// A dropped lease lives on.
    DropForgotten drop_forgotten:
        leases::a_dropped_lease_is_over, manager_ends::a_shutdown_saves_and_frees_everybody;
    /// A heartbeat writes the server's locks again.
    RenewalRestoresLocks renewal_restores_locks:
        leases::a_renewal_brings_back_no_lock;
    /// Notices are lost.
    NoticesLost notices_lost:
        notices::a_notice_is_drained_once, notices::notices_come_oldest_first, manager_locks::a_hand_over_brings_what_was_not_saved_yet, manager_locks::the_victim_of_a_theft_is_told_who_the_thief_is;
    /// Notices are delivered twice.
    NoticesDeliveredTwice notices_delivered_twice:
        notices::a_notice_is_drained_once;
    /// Notices are read, and forgotten in a second step, with those that came between.
    NoticesReadThenForgotten notices_read_then_forgotten:
        races::notices_racing_renewals_are_drained_once;
    /// Notices come in the wrong order.
    NoticesNewestFirst notices_newest_first:
        notices::notices_come_oldest_first;
    /// There is no bound to the notices that wait.
    NoticesUnbounded notices_unbounded:
        notices::notices_are_bounded;
    /// A notice that waits already is not queued again.
    RepeatedNoticeDropped repeated_notice_dropped:
        notices::a_repeated_notice_comes_again;
    /// Notices go to every server.
    NoticesSentToAll notices_sent_to_all:
        notices::each_server_drains_its_own_notices;
    /// A notice for a server without a live lease is dropped.
    NoticesNeedLease notices_need_lease:
        notices::a_notice_waits_for_its_server;
    /// A superseded server drains its successor's notices.
    SupersededDrainsNotices superseded_drains_notices:
        notices::a_superseded_server_drains_nothing;
    /// Notices outlive the lease that was dropped.
    NoticesOutliveDrop notices_outlive_drop:
        notices::notices_are_forgotten_with_their_own_lease;
    /// Any incarnation's drop forgets the notices.
    NoticesForgottenByAnyDrop notices_forgotten_by_any_drop:
        notices::notices_are_forgotten_with_their_own_lease;
    /// The fence is counted in memory.
    FenceKeptInMemory fence_kept_in_memory:
        durable::the_fence_survives_a_restart;
    /// Records are kept in memory.
    RecordsKeptInMemory records_kept_in_memory:
        durable::records_survive_a_restart, manager_durable::games_and_store_start_again;
    /// Which claims are alive is known in memory only.
    ClaimsKeptInMemory claims_kept_in_memory:
        durable::a_session_survives_a_restart;
    /// Leases are kept in memory.
    LeasesKeptInMemory leases_kept_in_memory:
        durable::leases_survive_a_restart, manager_durable::games_and_store_start_again;
    /// Opening a slot compares sessions, and no fences.
    FencesNotCompared fences_not_compared:
        past::a_claim_of_an_earlier_lock_opens_nothing, absurd::absurd_fences_open_nothing;
    /// A claim is good under any fence that is not less than the lock's.
    FencesComparedByOrder fences_compared_by_order:
        absurd::absurd_fences_open_nothing;
    /// Fences are compared by their lower half.
    FencesComparedShort fences_compared_short:
        absurd::absurd_fences_open_nothing;
    /// Erasing one player knows no capitals.
    ErasureIgnoresCase erasure_ignores_case:
        alike::erasing_one_player_leaves_names_that_are_alike;
    /// A name of the greatest length loses its last byte.
    LongestNameCutByOne longest_name_cut_by_one:
        alike::erasing_one_player_leaves_names_that_are_alike, alike::ending_one_session_leaves_the_claims_of_names_that_are_alike, alike::opening_one_slot_leaves_names_that_are_alike, alike::notices_reach_the_name_they_were_sent_to;
    /// Names that look like GUIDs are stored as GUIDs.
    GuidsNormalised guids_normalised:
        alike::erasing_one_player_leaves_names_that_are_alike, alike::ending_one_session_leaves_the_claims_of_names_that_are_alike;
    /// Two backslashes in a name become one.
    BackslashesUnescaped backslashes_unescaped:
        alike::erasing_one_player_leaves_names_that_are_alike, alike::ending_one_session_leaves_the_claims_of_names_that_are_alike;
    /// A take-over or a release kills the claims of everybody whose id begins like the player's.
    ClaimsKilledByPrefix claims_killed_by_prefix:
        alike::ending_one_session_leaves_the_claims_of_names_that_are_alike;
    /// Opening a slot kills the claims on slots whose names differ in capitals only.
    OpeningIgnoresCase opening_ignores_case:
        alike::opening_one_slot_leaves_names_that_are_alike;
    /// A notice reaches every server whose name begins like its addressee's.
    NoticesSentByPrefix notices_sent_by_prefix:
        alike::notices_reach_the_name_they_were_sent_to;
    /// A dropped lease forgets the notices of names that differ in capitals only.
    DropForgetsAlike drop_forgets_alike:
        alike::notices_reach_the_name_they_were_sent_to;
    /// A time after the year 9999 is cut down to its end.
    TimesEndInTheYear9999 times_end_in_the_year_9999:
        absurd::absurd_times_are_kept_as_they_came;
    /// A time is stored as a signed number, and none below zero is shown.
    TimesSigned times_signed:
        absurd::absurd_times_are_kept_as_they_came;
    /// Only the lock's time is stored as a signed number.
    LockTimeSigned lock_time_signed:
        absurd::absurd_times_are_kept_as_they_came;
    /// Claim numbers are compared as signed numbers.
    ClaimNumbersSigned claim_numbers_signed:
        absurd::absurd_claim_numbers_are_exact_or_refused;
    /// Claim numbers are cut down to the greatest signed number.
    ClaimNumbersCutDown claim_numbers_cut_down:
        absurd::absurd_claim_numbers_are_exact_or_refused;
    /// A lease is given for as many milliseconds as fit in 32 bits.
    LongLeaseWraps long_lease_wraps:
        absurd::leases_of_any_length_are_given;
    /// A lease that is too long for the store's clock is refused.
    LongLeaseRefused long_lease_refused:
        absurd::leases_of_any_length_are_given;
    /// A lease of less than a second is refused.
    ShortLeaseRefused short_lease_refused:
        absurd::leases_of_any_length_are_given;
    /// A lease is given for whole seconds, and the rest is cut off.
    LeaseCutToSeconds lease_cut_to_seconds:
        leases::a_lease_is_not_cut_to_whole_seconds;
    /// A lease lives for ten seconds at the least.
    LeaseOfTenSecondsAtLeast lease_of_ten_seconds_at_least:
        leases::a_short_lease_lapses_before_a_longer_one;
    /// A body of one byte more than the limit is taken.
    OneByteOverTheLimit one_byte_over_the_limit:
        bounds::a_body_of_exactly_the_limit_is_kept;
    /// A body of the limit loses its last byte.
    LastByteAtTheLimitLost last_byte_at_the_limit_lost:
        bounds::a_body_of_exactly_the_limit_is_kept;
    /// The last slot of a thousand is forgotten when claims are withdrawn.
    ThousandthClaimForgotten thousandth_claim_forgotten:
        bounds::more_than_a_thousand_claims_die;
    /// Nobody can be replaced on a player who was never seen.
    NewPlayerNotReplaced new_player_not_replaced:
        past::replacing_somebody_on_a_new_player_takes_them;
    /// A claim's number is looked at before the lock.
    NumberBeforeLock number_before_lock:
        past::a_lost_claim_is_lost_whatever_its_number_is;
    /// A repeated write is known by its id alone, whatever became of its claim.
    WrittenByIdAlone written_by_id_alone:
        past::a_repeated_write_under_a_dead_claim_is_refused;
    /// A session that asks again is given a lock with the time of asking.
    SinceOfAskingAgain since_of_asking_again:
        past::acquiring_again_keeps_the_lock_as_it_is;
    /// A server that takes over from its own former run keeps that one's incarnation.
    IncarnationOfTheFormerRun incarnation_of_the_former_run:
        past::a_lock_tells_who_took_it_and_when;
    /// A request that is refused kills the claims all the same.
    RefusedRequestKillsClaims refused_request_kills_claims:
        pairs::a_refused_request_disturbs_no_write;
    /// Notices are drained in the order of what is in them.
    NoticesSorted notices_sorted:
        notices::notices_come_in_order_whatever_is_in_them, notices::notices_of_many_senders_come_once_and_in_order;
    /// The bound on notices is one for all servers.
    NoticesBoundedTogether notices_bounded_together:
        bounds::notices_are_bounded_for_each_server;
    /// A deletion that races an opening is applied after it was refused.
    RefusedDeletionApplied refused_deletion_applied:
        pairs::reopenings_beside_writes_find_what_is_final, claims::a_deletion_under_an_earlier_claim_is_overtaken;
    /// A store that is down has no leases.
    OutageIsNoLease outage_is_no_lease:
        outages::looking_fails_while_the_store_is_down;
    /// A store that is down has no holder of a player.
    OutageHasNoHolder outage_has_no_holder:
        outages::looking_fails_while_the_store_is_down;
    /// A store that is down has no record.
    OutageIsNoRecord outage_is_no_record:
        outages::looking_fails_while_the_store_is_down;
    /// A store that is down lists no slots.
    OutageIsAnEmptyList outage_is_an_empty_list:
        outages::looking_fails_while_the_store_is_down;
    /// Looking at a store that is down is said to have had an effect, perhaps.
    OutageInDoubt outage_in_doubt:
        outages::looking_fails_while_the_store_is_down;
    /// An opening that the store does not answer is lost.
    OutageLosesOpening outage_loses_opening:
        outages::slots_fail_while_the_store_is_down;
    /// A save that the store does not answer is lost.
    OutageLosesSave outage_loses_save:
        outages::slots_fail_while_the_store_is_down, outages::a_game_goes_on_when_the_store_is_back;
    /// A deletion that the store does not answer is overtaken.
    OutageOvertakesDeletion outage_overtakes_deletion:
        outages::slots_fail_while_the_store_is_down;
    /// A heartbeat that the store does not answer was superseded.
    OutageSupersedes outage_supersedes:
        outages::locks_and_leases_fail_while_the_store_is_down;
    /// The end of a lease that the store does not answer is done.
    OutageDropsLease outage_drops_lease:
        outages::locks_and_leases_fail_while_the_store_is_down;
    /// A request that the store does not answer is granted.
    OutageAcquires outage_acquires:
        outages::locks_and_leases_fail_while_the_store_is_down;
    /// A release that the store does not answer is of nothing.
    OutageIsNotHeld outage_is_not_held:
        outages::locks_and_leases_fail_while_the_store_is_down;
    /// A notice that the store does not answer finds no room.
    OutageIsFull outage_is_full:
        outages::locks_and_leases_fail_while_the_store_is_down;
    /// An erasure that the store does not answer is done.
    OutageErases outage_erases:
        outages::locks_and_leases_fail_while_the_store_is_down;
    /// A store that is down is an error of the set-up.
    OutageRejected outage_rejected:
        outages::looking_fails_while_the_store_is_down, outages::slots_fail_while_the_store_is_down;
    /// A client that lost its connection never makes another.
    NeverReconnects never_reconnects:
        outages::a_session_goes_on_when_the_store_is_back, outages::a_game_goes_on_when_the_store_is_back;
    /// A save that fails is applied, and said to have had no effect.
    FailedSaveApplied failed_save_applied:
        outages::a_session_goes_on_when_the_store_is_back;
    /// Saves are acknowledged before they are on disk.
    SavesNotSynced saves_not_synced:
        killed::acknowledged_writes_survive_a_kill, killed::saves_under_way_are_whole_or_absent_after_a_kill;
    /// A crash leaves the first half of a record.
    RecordHalfSynced record_half_synced:
        killed::saves_under_way_are_whole_or_absent_after_a_kill;
    /// Locks are acknowledged before they are on disk.
    LocksNotSynced locks_not_synced:
        killed::locks_and_claims_survive_a_kill, killed::acknowledged_writes_survive_a_kill;
    /// Claims are acknowledged before they are on disk.
    ClaimsNotSynced claims_not_synced:
        killed::locks_and_claims_survive_a_kill;
    /// An erasure is acknowledged before it is on disk.
    ErasureNotSynced erasure_not_synced:
        killed::an_erasure_survives_a_kill;
    /// Which incarnation is the latest is not on disk.
    IncarnationsNotSynced incarnations_not_synced:
        killed::a_superseded_server_is_superseded_after_a_kill;
}
