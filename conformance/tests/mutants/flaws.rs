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
        lost::a_save_after_a_take_over_is_lost, lost::everything_is_lost_after_a_release, claims::a_save_under_an_earlier_claim_is_overtaken, manager_locks::a_victim_that_is_not_told_finds_out_when_it_saves, manager_frozen::the_saves_of_a_frozen_server_are_refused, manager_mail::a_theft_before_the_save_loses_and_doubles_no_letter, manager_trades::a_theft_while_a_trade_is_saved_leaves_no_trade;
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
        slots::the_next_session_opens_what_was_saved, slots::a_thief_opens_what_was_saved, save_races::a_counter_fought_over_counts_what_was_acknowledged, manager_saves::a_save_is_what_the_next_game_loads, manager_locks::a_player_passed_around_counts_right, manager_schedule::the_autosave_writes_what_changed, manager_schedule::the_forced_cycle_writes_every_open_slot, manager_schedule::the_autosave_makes_up_for_an_outage, manager_ends::a_last_save_that_fails_keeps_the_player, manager_ends::an_outage_loses_no_session_and_no_change, manager_bad_days::what_was_acknowledged_survives_a_bad_day, manager_transfers::the_next_load_sends_what_a_crash_left, manager_trades::two_players_of_a_server_trade_once, manager_trades::a_crash_before_the_verdict_leaves_no_trade, manager_trades::a_change_made_once_is_made_on_one_server_only;
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
        names::every_character_of_a_player_id_counts, names::every_character_of_a_slot_name_counts, names::every_character_of_a_server_name_counts, manager_slots::several_slots_are_open_at_once, manager_slots::odd_player_ids_have_data_of_their_own, mailboxes::each_slot_has_a_mailbox_of_its_own, mailboxes::each_player_has_mailboxes_of_their_own, versions::each_slot_has_versions_of_its_own, players::odd_players_are_listed_as_they_are;
    /// Names are cut off at 60 bytes.
    NamesCutOff names_cut_off:
        names::player_ids_count_to_their_last_byte, names::slot_names_count_to_their_last_byte, names::odd_and_long_server_names_are_taken_as_they_are, manager_slots::long_player_ids_have_data_of_their_own;
    /// Names that look like numbers are stored as numbers.
    NamesTakenForNumbers names_taken_for_numbers:
        names::odd_player_ids_are_taken_as_they_are, names::odd_slot_names_are_taken_as_they_are, names::odd_and_long_server_names_are_taken_as_they_are, manager_slots::odd_player_ids_have_data_of_their_own, mailboxes::each_player_has_mailboxes_of_their_own, players::odd_players_are_listed_as_they_are;
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
        erase::a_held_player_is_not_erased;
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
        cancelled::a_dropped_erasure_can_be_asked_again, cancelled::a_dropped_erasure_takes_mail_and_versions_when_asked_again;
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
        notices::a_notice_is_drained_once, notices::notices_come_oldest_first, manager_locks::a_hand_over_brings_what_was_not_saved_yet, manager_locks::the_victim_of_a_theft_is_told_who_the_thief_is, manager_mail::a_letter_reaches_somebody_who_plays_elsewhere;
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
    /// A repeated write is known by its id alone, whatever happened to its claim.
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
    /// A letter to a player who was never seen is acknowledged, and lost.
    UnknownPlayerGetsNoMail unknown_player_gets_no_mail:
        mailboxes::a_posted_letter_waits_as_it_was_posted, manager_mail::a_letter_to_somebody_offline_is_in_the_next_load_once, manager_transfers::a_parcel_to_somebody_offline_is_moved_once;
    /// A letter that is posted again is another letter.
    RepeatedPostDoubled repeated_post_doubled:
        mailboxes::a_repeated_post_is_known_by_its_posting, mail_memory::a_letter_that_was_taken_out_is_remembered, mail_races::one_of_many_letters_of_one_id_is_posted, manager_mail::a_letter_whose_answer_was_lost_is_one_letter, manager_mail::a_letter_to_somebody_offline_is_in_the_next_load_once, manager_transfers::a_parcel_that_is_sent_again_after_a_crash_counts_once;
    /// Of two letters of one id, the second one's content counts.
    SecondContentCounts second_content_counts:
        mailboxes::of_one_id_the_first_content_counts;
    /// Whoever posts an id that is known is told their own posting.
    ToldOfTheirOwnPosting told_of_their_own_posting:
        mailboxes::of_one_id_the_first_content_counts, mail_races::one_of_many_letters_of_one_id_is_posted;
    /// A letter is cut off at 8 KiB.
    LetterCutOff letter_cut_off:
        mailboxes::a_letter_is_kept_to_its_last_byte, mail_order::the_fullest_mailbox_is_read, cancelled::a_dropped_post_can_be_sent_again;
    /// A letter ends at its first zero.
    LetterCutAtZero letter_cut_at_zero:
        mailboxes::a_letter_is_kept_to_its_last_byte;
    /// A letter's time is stored as a signed number.
    LetterTimesSigned letter_times_signed:
        mailboxes::a_letter_is_kept_to_its_last_byte;
    /// The text that says who sent a letter is cut off at 64 bytes.
    SenderCutOff sender_cut_off:
        mailboxes::a_letter_is_kept_to_its_last_byte;
    /// All slots of a player share one mailbox.
    MailboxPerPlayer mailbox_per_player:
        mailboxes::each_slot_has_a_mailbox_of_its_own;
    /// Ids of letters are compared without regard to capitals.
    LetterIdsIgnoreCase letter_ids_ignore_case:
        mailboxes::letters_whose_ids_are_alike_are_different_ones;
    /// Whoever posts a letter is told that nobody holds the player.
    SenderIsToldOfNobody sender_is_told_of_nobody:
        mailboxes::the_sender_is_told_who_holds_the_player, mail_races::a_letter_is_found_by_who_starts_or_its_sender_is_told, manager_mail::a_letter_reaches_somebody_who_plays_elsewhere, manager_transfers::a_parcel_reaches_somebody_who_plays_elsewhere;
    /// Whoever opens a slot is told that no letters wait.
    MailNotAnnounced mail_not_announced:
        mailboxes::an_opening_says_whether_letters_wait;
    /// A release whose caller knows of claims that are not there is refused.
    ReleaseBelievesItsCaller release_believes_its_caller:
        lost::a_release_kills_all_claims_whichever_its_caller_knows;
    /// To ask for a player whom another has, and for a slot, ends the claim on it.
    HeldPlayerOpened held_player_opened:
        together::nothing_is_opened_of_a_player_who_is_held;
    /// A session that asks again for its lock and a slot has it opened again.
    AskingAgainOpens asking_again_opens:
        together::asking_again_opens_nothing_and_kills_no_claim;
    /// A late copy of a start makes the claim again that its session had.
    LateCopyBringsClaimBack late_copy_brings_claim_back:
        together::a_late_copy_brings_no_claim_back;
    /// A slot that is opened with the lock is read, and not claimed.
    OpenedWithTheLockUnclaimed opened_with_the_lock_unclaimed:
        together::a_free_player_is_acquired_and_the_slot_opened, together::a_named_holder_is_replaced_and_the_slot_opened, together::one_of_many_at_once_gets_the_player_and_the_slot;
    /// Who opens a slot with the lock finds nothing in it.
    OpenedWithTheLockEmpty opened_with_the_lock_empty:
        together::a_free_player_is_acquired_and_the_slot_opened, together::a_named_holder_is_replaced_and_the_slot_opened, together::a_release_ends_what_was_opened_with_the_lock;
    /// Who opens a slot with the lock is told that no letters wait.
    OpenedWithTheLockWithoutMail opened_with_the_lock_without_mail:
        together::an_opening_with_the_lock_says_whether_letters_wait;
    /// Whoever opens a slot is told that a version has just been kept.
    VersionAlwaysNew version_always_new:
        versions::an_opening_says_how_old_the_newest_version_is_or_nothing;
    /// A letter kills the claims of the session that has the player.
    PostKillsClaims post_kills_claims:
        mailboxes::mail_disturbs_no_session;
    /// A letter counts as a write of its slot.
    PostCountsAsWrite post_counts_as_write:
        mailboxes::mail_makes_no_slot, mailboxes::mail_disturbs_no_session;
    /// Letters go when their slot is deleted.
    MailGoesWithTheSlot mail_goes_with_the_slot:
        mailboxes::letters_wait_whatever_happens_to_the_slot;
    /// Letters go when their player is released.
    MailGoesWithTheSession mail_goes_with_the_session:
        mailboxes::letters_wait_whatever_happens_to_the_slot;
    /// A letter goes when it is read.
    LettersGoWhenRead letters_go_when_read:
        manager_mail::a_crash_before_the_save_loses_no_letter, manager_mail::a_theft_before_the_save_loses_and_doubles_no_letter;
    /// Letters are read in the order of their ids.
    LettersSortedById letters_sorted_by_id:
        mail_order::letters_come_in_order_of_arrival, mail_order::letters_of_many_senders_keep_their_order;
    /// Letters are read in the order of their senders' clocks.
    LettersSortedByTheirTime letters_sorted_by_their_time:
        mail_order::letters_come_in_order_of_arrival;
    /// A letter's position is counted, and written in a second step.
    PositionReadThenWritten position_read_then_written:
        mail_order::letters_of_many_senders_keep_their_order;
    /// A position counts the letters that wait.
    PagesCountLetters pages_count_letters:
        mail_order::letters_are_read_past_those_that_stay;
    /// A page begins at the position that it is asked to begin behind.
    PagesBeginAtThePosition pages_begin_at_the_position:
        mail_order::letters_are_read_past_those_that_stay;
    /// A letter's position is the one behind the last that waits.
    PositionsGivenAgain positions_given_again:
        mail_order::a_position_is_never_given_twice;
    /// There is no bound to the letters that wait.
    MailboxUnbounded mailbox_unbounded:
        mail_order::a_full_mailbox_takes_no_more_and_drops_none, mail_order::the_last_places_are_given_once;
    /// A full mailbox drops its oldest letter for a new one.
    OldestLetterDropped oldest_letter_dropped:
        mail_order::a_full_mailbox_takes_no_more_and_drops_none, mail_order::the_last_places_are_given_once;
    /// Whether there is room is looked at before whether the letter is known.
    FullBeforeKnown full_before_known:
        mail_order::a_full_mailbox_takes_no_more_and_drops_none;
    /// One answer has room for a megabyte of letters.
    LettersOfOneMegabyte letters_of_one_megabyte:
        mail_order::the_fullest_mailbox_is_read;
    /// Letters are counted, and one is written in a second step.
    LettersCountedThenWritten letters_counted_then_written:
        mail_order::the_last_places_are_given_once;
    /// Only letters that wait are listed as known.
    OnlyWaitingLettersKnown only_waiting_letters_known:
        mail_memory::what_mailboxes_know_is_listed;
    /// Only letters that were taken out are listed as known.
    OnlyDiscardedLettersKnown only_discarded_letters_known:
        mail_memory::what_mailboxes_know_is_listed, mail_memory::letters_of_who_never_played_are_known;
    /// Letters are listed as known for slots that hold a record only.
    KnownLettersOfSlotsWithARecord known_letters_of_slots_with_a_record:
        mail_memory::letters_of_who_never_played_are_known;
    /// Every known letter is listed as one that is remembered for a time.
    KnownLettersAllTimed known_letters_all_timed:
        mail_memory::what_mailboxes_know_is_listed;
    /// A page of known letters goes on behind the id, whatever the slot.
    KnownLettersPagedById known_letters_paged_by_id:
        mail_memory::known_letters_are_listed_page_by_page;
    /// An id is forgotten when its letter is taken out.
    IdForgottenWithItsLetter id_forgotten_with_its_letter:
        mail_memory::a_letter_that_was_taken_out_is_remembered, mail_races::a_letter_taken_out_by_many_is_not_taken_in_again, cancelled::a_letter_can_be_taken_out_again_after_a_dropped_call, mail_order::a_full_mailbox_takes_no_more_and_drops_none, manager_mail::a_crash_before_the_discard_doubles_no_letter, manager_mail::a_theft_before_the_discard_doubles_no_letter, manager_transfers::a_parcel_that_is_sent_again_after_a_theft_counts_once;
    /// To take out what is not there remembers it.
    NothingTakenOutIsRemembered nothing_taken_out_is_remembered:
        mail_memory::taking_out_again_changes_nothing;
    /// A letter is taken out by its id alone.
    LetterTakenOutByIdAlone letter_taken_out_by_id_alone:
        mail_memory::only_the_posting_that_is_named_is_meant, mail_memory::late_requests_from_before_an_erasure_change_nothing;
    /// A letter is settled by its id alone.
    SettledByIdAlone settled_by_id_alone:
        mail_memory::only_the_posting_that_is_named_is_meant, mail_memory::late_requests_from_before_an_erasure_change_nothing;
    /// An id is remembered for a day.
    RememberedForADay remembered_for_a_day:
        mail_memory::an_id_is_remembered_from_when_its_letter_was_taken_out, mail_memory::an_unsettled_letter_is_remembered_for_ever;
    /// An id is remembered from when its letter was posted.
    RememberedFromItsPosting remembered_from_its_posting:
        mail_memory::an_id_is_remembered_from_when_its_letter_was_taken_out, mail_memory::a_letter_that_is_settled_goes_on_waiting;
    /// An id from an outbox is forgotten in time, settled or not.
    UnsettledForgottenInTime unsettled_forgotten_in_time:
        mail_memory::an_unsettled_letter_is_remembered_for_ever;
    /// An id is forgotten when it is settled.
    ForgottenWhenSettled forgotten_when_settled:
        mail_memory::a_settled_letter_is_remembered_for_a_time, cancelled::a_letter_can_be_taken_out_again_after_a_dropped_call;
    /// A letter goes when it is settled, whether it was taken out or not.
    SettledLetterGoes settled_letter_goes:
        mail_memory::a_letter_that_is_settled_goes_on_waiting;
    /// An erasure leaves the letters that wait.
    ErasureLeavesMail erasure_leaves_mail:
        mail_memory::an_erasure_takes_mail_and_its_memory, mail_races::letters_racing_an_erasure_wait_or_are_forgotten, cancelled::a_dropped_erasure_takes_mail_and_versions_when_asked_again, players::who_was_erased_is_not_listed;
    /// An erasure takes letters, and leaves the ids that are remembered.
    ErasureLeavesIds erasure_leaves_ids:
        mail_memory::an_erasure_takes_mail_and_its_memory, cancelled::a_dropped_erasure_takes_mail_and_versions_when_asked_again;
    /// An erasure lists the letters, and takes those that came since for read.
    MailListedThenErased mail_listed_then_erased:
        mail_races::letters_racing_an_erasure_wait_or_are_forgotten;
    /// Ids that are remembered count towards the bound of a mailbox.
    RememberedIdsTakeRoom remembered_ids_take_room:
        mail_memory::remembered_ids_take_no_room;
    /// An id is looked for, and its letter written in a second step.
    IdLookedForThenWritten id_looked_for_then_written:
        mail_races::one_of_many_letters_of_one_id_is_posted;
    /// To take a letter out, the mailbox is read, and written in a second step.
    MailboxReadThenWritten mailbox_read_then_written:
        mail_races::every_letter_is_read_once_while_more_come;
    /// Who holds the player is read before the letter is written.
    HolderReadThenPosted holder_read_then_posted:
        mail_races::a_letter_is_found_by_who_starts_or_its_sender_is_told;
    /// A letter is taken out, and its id remembered in a second step.
    LetterGoesThenRemembered letter_goes_then_remembered:
        mail_races::a_letter_taken_out_by_many_is_not_taken_in_again, cancelled::a_letter_can_be_taken_out_again_after_a_dropped_call;
    /// An id is written, and its letter in a second step.
    LetterFollowsItsId letter_follows_its_id:
        cancelled::a_dropped_post_can_be_sent_again;
    /// The last verdict stands.
    VerdictOverwritten verdict_overwritten:
        verdicts::the_first_verdict_stands, verdicts::each_trade_has_a_verdict_of_its_own, verdicts::all_who_decide_at_once_are_told_the_same, cancelled::a_dropped_decision_stands_or_was_never_made, manager_trades::a_crash_after_the_verdict_leaves_a_trade, manager_trades::a_theft_after_the_verdict_leaves_a_trade;
    /// A verdict to abort gives way to one to commit.
    AbortOverwritten abort_overwritten:
        verdicts::the_first_verdict_stands, verdicts::an_abort_is_kept_for_late_callers, manager_trades::a_theft_before_the_verdict_ends_the_trade_for_both;
    /// A verdict to abort is forgotten after a day.
    AbortForgottenEarly abort_forgotten_early:
        verdicts::an_abort_is_kept_for_late_callers, verdicts::forgetting_by_one_party_keeps_the_verdict;
    /// Trades are distinguished by the second half of their ids.
    TradesComparedShort trades_compared_short:
        verdicts::each_trade_has_a_verdict_of_its_own;
    /// A verdict is looked for, and written in a second step.
    VerdictReadThenWritten verdict_read_then_written:
        verdicts::all_who_decide_at_once_are_told_the_same;
    /// A verdict is forgotten when one party needs it no more.
    OnePartyForgets one_party_forgets:
        verdicts::forgetting_by_one_party_keeps_the_verdict;
    /// A party that says twice that it is done counts for two.
    PartiesCounted parties_counted:
        verdicts::forgetting_by_one_party_keeps_the_verdict;
    /// A verdict is forgotten as soon as both parties need it no more.
    ForgottenByBothAtOnce forgotten_by_both_at_once:
        verdicts::a_verdict_that_both_forgot_is_kept_for_late_callers;
    /// That a party is done is remembered of a trade without a verdict.
    ForgettingComesFirst forgetting_comes_first:
        verdicts::forgetting_what_was_not_decided_changes_nothing;
    /// An erasure takes the verdict whose name is the player's.
    ErasureTakesVerdicts erasure_takes_verdicts:
        verdicts::a_verdict_outlives_its_players;
    /// A version names a revision, and is read from the slot.
    VersionReadFromTheSlot version_read_from_the_slot:
        versions::a_version_is_the_record_as_it_was_stored;
    /// A version has the time at which it was kept for that at which it was saved.
    VersionHasTimeOfKeeping version_has_time_of_keeping:
        versions::a_version_is_the_record_as_it_was_stored;
    /// Versions go when their slot is deleted.
    DeletionTakesVersions deletion_takes_versions:
        versions::versions_outlive_the_slot, versions::a_slot_that_holds_nothing_keeps_nothing;
    /// The newest version goes when there are too many.
    NewestVersionGoes newest_version_goes:
        versions::the_newest_versions_stay_and_the_oldest_go;
    /// One version goes for each that is kept, however many there are.
    OneVersionGoesAtATime one_version_goes_at_a_time:
        versions::the_newest_versions_stay_and_the_oldest_go;
    /// Versions are listed with the oldest first.
    VersionsOldestFirst versions_oldest_first:
        versions::the_newest_versions_stay_and_the_oldest_go, versions::versions_kept_while_a_session_saves_are_whole;
    /// Revisions of versions are sorted as text: 10 comes before 9.
    VersionsSortedAsText versions_sorted_as_text:
        versions::the_newest_versions_stay_and_the_oldest_go;
    /// A policy that keeps none removes all.
    NoneKeptRemovesAll none_kept_removes_all:
        versions::a_policy_that_keeps_none_removes_none;
    /// A version is kept however young the last one is.
    MinAgeIgnored min_age_ignored:
        versions::a_version_too_soon_is_not_kept;
    /// No version is kept while the newest one was kept in the future.
    FutureVersionIsRecent future_version_is_recent:
        versions::a_version_too_soon_is_not_kept;
    /// A revision is kept as often as somebody asks.
    RevisionKeptTwice revision_kept_twice:
        versions::a_revision_is_kept_once, cancelled::a_version_can_be_kept_again_after_a_dropped_call;
    /// A revision that is kept again has the time of asking.
    KeptAgainIsKeptNow kept_again_is_kept_now:
        versions::a_revision_is_kept_once;
    /// Who asks for a version that was never kept gets the one before.
    NearestVersionGiven nearest_version_given:
        versions::what_was_never_kept_is_no_version;
    /// To keep a version of a slot that holds nothing pushes the others out.
    EmptySlotPushesVersionsOut empty_slot_pushes_versions_out:
        versions::a_slot_that_holds_nothing_keeps_nothing;
    /// A version is kept by whoever asks.
    VersionWithoutTheLock version_without_the_lock:
        versions::who_lost_the_player_keeps_nothing, versions::a_late_request_keeps_nothing_of_an_erased_player;
    /// A version of a player who was erased is kept from what was not tidied up yet.
    VersionOfAnErasedPlayer version_of_an_erased_player:
        versions::a_late_request_keeps_nothing_of_an_erased_player;
    /// To keep a version, sessions are compared and no fences.
    VersionUnderAnyFence version_under_any_fence:
        versions::a_claim_of_an_earlier_lock_keeps_nothing;
    /// A version is kept under a live claim only.
    VersionNeedsLiveClaim version_needs_live_claim:
        versions::a_claim_need_not_be_alive_to_keep_a_version;
    /// To keep a version kills the claim on the slot.
    KeepingKillsClaims keeping_kills_claims:
        versions::keeping_versions_disturbs_no_session;
    /// To keep a version counts as a write.
    KeepingCountsAsWrite keeping_counts_as_write:
        versions::keeping_versions_disturbs_no_session;
    /// A list of slots shows their versions.
    ListShowsVersions list_shows_versions:
        versions::versions_are_in_no_list;
    /// Versions of all slots of a player are counted together.
    VersionsCountedPerPlayer versions_counted_per_player:
        versions::each_slot_has_versions_of_its_own;
    /// An erasure leaves the versions.
    ErasureLeavesVersions erasure_leaves_versions:
        versions::an_erasure_takes_all_versions, cancelled::a_dropped_erasure_takes_mail_and_versions_when_asked_again;
    /// A version is cut off at 64 KiB.
    VersionCutOff version_cut_off:
        versions::the_largest_record_is_kept_as_a_version;
    /// The revision of a version is read in one step, and its body in another.
    VersionReadInTwoSteps version_read_in_two_steps:
        versions::versions_kept_while_a_session_saves_are_whole;
    /// The lock is looked at, and the version kept in a second step.
    LockCheckedThenKept lock_checked_then_kept:
        versions::a_version_racing_a_take_over_is_kept_before_it_or_not;
    /// A version is written in two steps, with a moment between them.
    VersionWrittenInTwoSteps version_written_in_two_steps:
        cancelled::a_version_can_be_kept_again_after_a_dropped_call;
    /// After the last page, a listing begins again.
    ListingBeginsAgain listing_begins_again:
        players::nobody_is_listed_in_an_empty_store, players::everybody_is_listed_one_by_one;
    /// A player on the edge of two pages is on neither.
    PlayerOnTheEdgeLost player_on_the_edge_lost:
        players::everybody_with_a_record_is_listed, players::everybody_is_listed_one_by_one;
    /// Who has nothing but mail is not listed.
    MailAloneUnlisted mail_alone_unlisted:
        players::who_has_mail_or_a_version_only_is_listed;
    /// Who has nothing but a version is not listed.
    VersionAloneUnlisted version_alone_unlisted:
        players::who_has_mail_or_a_version_only_is_listed;
    /// Everybody is listed who was ever held.
    EverybodyKnownIsListed everybody_known_is_listed:
        players::who_never_had_anything_is_not_listed, players::who_was_erased_is_not_listed;
    /// A cursor counts the players that were listed.
    PagesCountPlayers pages_count_players:
        players::who_is_there_throughout_a_listing_is_listed;
    /// Who is held is not listed.
    HeldPlayersUnlisted held_players_unlisted:
        players::who_plays_during_a_listing_is_listed;
    /// A player is listed for each slot, whatever the limit of a page is.
    PlayerForEachSlot player_for_each_slot:
        players::a_player_of_many_things_is_one_player;
    /// A cursor of another store begins at the beginning.
    ForeignCursorBegins foreign_cursor_begins:
        players::a_foreign_cursor_is_refused;
    /// Letters are kept in memory.
    MailKeptInMemory mail_kept_in_memory:
        durable::mail_verdicts_and_versions_survive_a_restart;
    /// Verdicts are kept in memory.
    VerdictsKeptInMemory verdicts_kept_in_memory:
        durable::mail_verdicts_and_versions_survive_a_restart;
    /// Versions are kept in memory.
    VersionsKeptInMemory versions_kept_in_memory:
        durable::mail_verdicts_and_versions_survive_a_restart;
    /// Letters are acknowledged before they are on disk.
    MailNotSynced mail_not_synced:
        killed::mail_verdicts_and_versions_survive_a_kill;
    /// Verdicts are answered before they are on disk.
    VerdictsNotSynced verdicts_not_synced:
        killed::mail_verdicts_and_versions_survive_a_kill;
    /// Versions are acknowledged before they are on disk.
    VersionsNotSynced versions_not_synced:
        killed::mail_verdicts_and_versions_survive_a_kill;
    /// A letter that the store does not answer finds no room.
    OutageTakesMail outage_takes_mail:
        outages::mail_and_verdicts_fail_while_the_store_is_down;
    /// A store that is down has no letters.
    OutageHasNoMail outage_has_no_mail:
        outages::mail_and_verdicts_fail_while_the_store_is_down;
    /// A letter that the store does not answer was taken out.
    OutageTakesOut outage_takes_out:
        outages::mail_and_verdicts_fail_while_the_store_is_down;
    /// A letter that the store does not answer is settled.
    OutageSettles outage_settles:
        outages::mail_and_verdicts_fail_while_the_store_is_down;
    /// A store that is down knows no letters.
    OutageKnowsNoLetters outage_knows_no_letters:
        outages::mail_and_verdicts_fail_while_the_store_is_down;
    /// Who asks a store that is down for a verdict has written it.
    OutageDecides outage_decides:
        outages::mail_and_verdicts_fail_while_the_store_is_down;
    /// A verdict that the store does not answer is forgotten.
    OutageForgets outage_forgets:
        outages::mail_and_verdicts_fail_while_the_store_is_down;
    /// To keep a version that the store does not answer loses the session.
    OutageLosesVersion outage_loses_version:
        outages::versions_and_listings_fail_while_the_store_is_down;
    /// A store that is down has no versions.
    OutageHasNoVersions outage_has_no_versions:
        outages::versions_and_listings_fail_while_the_store_is_down;
    /// A store that is down has no version of any revision.
    OutageIsNoVersion outage_is_no_version:
        outages::versions_and_listings_fail_while_the_store_is_down;
    /// A store that is down has no players.
    OutageHasNoPlayers outage_has_no_players:
        outages::versions_and_listings_fail_while_the_store_is_down;
}
