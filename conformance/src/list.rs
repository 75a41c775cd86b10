//! The list of all cases: the one place that names them.
//!
//! `tests/listing.rs` compares it with the functions that there are.

use std::fmt;

use futures::{FutureExt, future::BoxFuture};

use crate::{Fixture, cases};

/// A case in the list.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Case {
    /// The optional group it is in, if it is not for every store.
    pub group: Option<&'static str>,
    /// What it is about: the module it is in.
    pub subject: &'static str,
    /// What it proves: the name of its function.
    pub name: &'static str,
    start: fn(Fixture) -> BoxFuture<'static, ()>,
}

impl Case {
    /// Runs the case.
    ///
    /// # Panics
    ///
    /// The future panics if the case fails.
    #[must_use]
    pub fn run(&self, fixture: Fixture) -> BoxFuture<'static, ()> {
        (self.start)(fixture)
    }
}

impl fmt::Display for Case {
    /// As the test is named: `locks::a_free_player_is_acquired`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.subject, self.name)
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// All cases, optional groups included.
pub fn all_cases() -> impl Iterator<Item = &'static Case> + Clone {
    [EVERY_STORE, DURABLE, CHECKED_BASE, STEPWISE, OUTAGE, KILLED]
        .into_iter()
        .flatten()
}

const EVERY_STORE: &[Case] = crate::__every_store! { __list [None] };
const DURABLE: &[Case] = crate::__durable! { __list [Some("durable")] };
const CHECKED_BASE: &[Case] = crate::__checked_base! { __list [Some("checked_base")] };
const STEPWISE: &[Case] = crate::__stepwise! { __list [Some("stepwise")] };
const OUTAGE: &[Case] = crate::__outage! { __list [Some("outage")] };
const KILLED: &[Case] = crate::__killed! { __list [Some("killed")] };

#[doc(hidden)]
#[macro_export]
macro_rules! __list {
    ([$group:expr] $($subject:ident { $($case:ident,)* })*) => {
        &[$($(
            Case {
                group: $group,
                subject: stringify!($subject),
                name: stringify!($case),
                start: |fixture| cases::$subject::$case(fixture).boxed(),
            },
        )*)*]
    };
}

/// The cases that every store has to pass.
#[doc(hidden)]
#[macro_export]
macro_rules! __every_store {
    ($then:ident $context:tt) => {
        $crate::$then! { $context
            locks {
                a_free_player_is_acquired,
                a_held_player_is_refused_to_others,
                acquiring_again_changes_nothing,
                a_named_holder_is_replaced,
                another_holder_than_the_one_named_stays,
                a_named_holder_who_has_gone_is_no_hindrance,
                a_late_acquire_of_a_replaced_session_is_refused,
                a_released_player_is_free,
                releasing_again_changes_nothing,
                a_late_release_removes_nobody_elses_lock,
                a_late_release_leaves_the_same_servers_later_session,
                players_of_one_server_are_independent,
            }
            fences {
                the_fence_grows_through_releases,
                the_fence_grows_through_replacements,
                the_fence_survives_erasures,
                the_fence_survives_deletions,
                the_fence_grows_when_the_one_to_replace_has_gone,
                the_lock_shows_its_fence,
            }
            lost {
                a_save_after_a_take_over_is_lost,
                a_deletion_after_a_take_over_is_lost,
                an_opening_after_a_take_over_is_lost,
                everything_is_lost_after_a_thief_who_has_gone,
                everything_is_lost_after_a_thief_who_opened_nothing,
                everything_is_lost_after_a_release,
                everything_is_lost_to_a_later_session_of_the_same_server,
                everything_is_lost_after_an_erasure,
                everything_is_lost_without_a_lock,
                a_take_over_kills_the_claims_on_all_slots,
                a_release_kills_the_claims_on_all_slots,
                a_release_kills_all_claims_whichever_its_caller_knows,
            }
            together {
                a_free_player_is_acquired_and_the_slot_opened,
                nothing_is_opened_of_a_player_who_is_held,
                asking_again_opens_nothing_and_kills_no_claim,
                a_late_copy_brings_no_claim_back,
                a_named_holder_is_replaced_and_the_slot_opened,
                a_release_ends_what_was_opened_with_the_lock,
                an_opening_with_the_lock_says_whether_letters_wait,
                one_of_many_at_once_gets_the_player_and_the_slot,
            }
            claims {
                a_save_under_an_earlier_claim_is_overtaken,
                a_deletion_under_an_earlier_claim_is_overtaken,
                opening_again_shows_the_last_write,
                opening_again_under_the_same_claim_keeps_it_alive,
                a_late_opening_is_overtaken,
                claim_numbers_are_compared_as_numbers,
                a_new_session_counts_its_claims_from_1,
                claims_on_different_slots_are_independent,
                a_claim_stays_dead_when_its_session_acquires_again,
                a_claim_stays_dead_when_nobody_came_between,
                a_claim_that_was_never_opened_writes_nothing,
                a_claim_is_good_for_its_own_slot_only,
            }
            slots {
                a_new_slot_opens_empty,
                the_next_session_opens_what_was_saved,
                a_thief_opens_what_was_saved,
                the_revision_grows_by_one_per_write,
                a_repeated_save_is_answered_as_the_first,
                a_repeated_deletion_is_answered_as_the_first,
                a_deletion_counts_as_a_write,
                a_deleted_slot_can_be_saved_again,
                an_empty_slot_can_be_deleted,
                slots_are_independent,
            }
            records {
                a_body_of_no_bytes_is_a_record,
                every_byte_is_kept,
                bodies_of_many_sizes_are_kept,
                the_largest_body_is_kept,
                a_body_over_the_limit_changes_nothing,
                the_limit_is_one_that_can_be_tried,
                what_comes_with_a_body_is_kept,
                a_save_with_an_earlier_time_is_written,
                a_claimant_with_an_earlier_time_takes_over,
            }
            views {
                nothing_is_seen_where_nothing_was_saved,
                a_view_shows_what_was_acknowledged,
                a_record_is_seen_whoever_has_it_open,
                looking_disturbs_no_session,
                a_list_has_the_slots_that_hold_a_record,
                a_list_has_all_of_many_slots,
            }
            names {
                every_character_of_a_player_id_counts,
                odd_player_ids_are_taken_as_they_are,
                player_ids_count_to_their_last_byte,
                every_character_of_a_slot_name_counts,
                slot_names_count_to_their_last_byte,
                odd_slot_names_are_taken_as_they_are,
                every_character_of_a_server_name_counts,
                odd_and_long_server_names_are_taken_as_they_are,
            }
            leases {
                a_renewed_lease_is_live,
                a_lease_is_that_of_one_incarnation,
                a_lease_lapses_and_can_be_renewed,
                a_renewal_extends_the_lease,
                a_later_incarnation_supersedes_a_live_one,
                a_later_incarnation_supersedes_one_that_is_gone,
                superseded_is_for_ever_when_the_later_one_lapses,
                superseded_is_for_ever_when_the_later_one_drops,
                incarnations_are_ordered_by_their_bytes,
                a_dropped_lease_is_over,
                only_its_own_incarnation_drops_a_lease,
                a_renewal_brings_back_no_lock,
                a_holder_without_a_lease_goes_on,
                a_lapsed_lease_frees_no_player,
                a_lease_is_not_cut_to_whole_seconds,
                a_short_lease_lapses_before_a_longer_one,
            }
            notices {
                a_notice_is_drained_once,
                notices_come_oldest_first,
                a_repeated_notice_comes_again,
                a_notice_waits_for_its_server,
                a_superseded_server_drains_nothing,
                each_server_drains_its_own_notices,
                notices_are_bounded,
                notices_are_forgotten_with_their_own_lease,
                notices_come_in_order_whatever_is_in_them,
                notices_of_many_senders_come_once_and_in_order,
            }
            erase {
                an_erased_player_has_nothing,
                a_held_player_is_not_erased,
                erasing_again_finds_nothing,
                all_of_many_slots_are_erased,
                other_players_are_not_erased,
            }
            races {
                one_of_many_claimants_wins,
                one_of_many_thieves_wins,
                fences_of_racing_thieves_are_unique,
                repeated_acquires_at_once_give_one_fence,
                a_release_racing_others_removes_only_its_own_lock,
                an_erasure_racing_a_claimant_erases_all_or_nothing,
                the_latest_of_racing_incarnations_has_the_lease,
                notices_racing_renewals_are_drained_once,
            }
            save_races {
                a_save_racing_a_take_over_counts_or_is_refused,
                a_save_racing_a_release_counts_or_is_refused,
                a_save_racing_a_reopening_counts_or_is_refused,
                a_counter_passed_around_counts_right,
                a_counter_fought_over_counts_what_was_acknowledged,
                slots_opened_at_once_are_all_open,
                the_greatest_of_racing_claims_lives,
                views_while_a_session_writes_are_whole,
            }
            alike {
                ending_one_session_leaves_the_claims_of_names_that_are_alike,
                erasing_one_player_leaves_names_that_are_alike,
                opening_one_slot_leaves_names_that_are_alike,
                notices_reach_the_name_they_were_sent_to,
            }
            bounds {
                more_than_a_thousand_claims_die,
                more_than_a_thousand_slots_are_listed,
                more_than_a_thousand_slots_are_erased,
                a_body_of_exactly_the_limit_is_kept,
                notices_are_bounded_for_each_server,
            }
            absurd {
                absurd_times_are_kept_as_they_came,
                absurd_claim_numbers_are_exact_or_refused,
                absurd_fences_open_nothing,
                leases_of_any_length_are_given,
            }
            past {
                a_claim_of_an_earlier_lock_opens_nothing,
                a_repeated_write_under_a_dead_claim_is_refused,
                acquiring_again_keeps_the_lock_as_it_is,
                a_lock_tells_who_took_it_and_when,
                replacing_somebody_on_a_new_player_takes_them,
                a_lost_claim_is_lost_whatever_its_number_is,
                a_claim_with_a_live_ones_number_is_dead,
            }
            pairs {
                openings_beside_a_take_over_leave_no_claim,
                openings_beside_a_release_leave_no_claim,
                saves_beside_a_take_over_count_or_are_refused,
                saves_beside_a_release_count_or_are_refused,
                deletions_beside_a_take_over_count_or_are_refused,
                deletions_beside_a_release_count_or_are_refused,
                reopenings_beside_writes_find_what_is_final,
                a_release_beside_a_take_over_leaves_the_new_session,
                take_overs_beside_each_other_leave_one_session,
                a_request_beside_a_release_gets_no_live_claims,
                an_erasure_beside_an_ending_removes_all_or_nothing,
                an_erasure_beside_a_request_removes_all_or_nothing,
                an_erasure_beside_a_session_is_refused,
                releases_beside_each_other_end_it_once,
                a_refused_request_disturbs_no_write,
                a_repeated_take_over_returns_when_the_claims_are_dead,
                a_repeated_release_returns_when_the_claims_are_dead,
            }
            cancelled {
                a_dropped_save_is_whole_or_absent,
                a_dropped_opening_is_no_hindrance,
                a_dropped_acquire_can_be_asked_again,
                a_dropped_take_over_can_be_asked_again,
                a_dropped_release_can_be_asked_again,
                a_dropped_erasure_can_be_asked_again,
                a_dropped_post_can_be_sent_again,
                a_letter_can_be_taken_out_again_after_a_dropped_call,
                a_dropped_decision_stands_or_was_never_made,
                a_version_can_be_kept_again_after_a_dropped_call,
                a_dropped_erasure_takes_mail_and_versions_when_asked_again,
            }
            mailboxes {
                a_posted_letter_waits_as_it_was_posted,
                a_repeated_post_is_known_by_its_posting,
                of_one_id_the_first_content_counts,
                a_letter_is_kept_to_its_last_byte,
                each_slot_has_a_mailbox_of_its_own,
                each_player_has_mailboxes_of_their_own,
                letters_whose_ids_are_alike_are_different_ones,
                the_sender_is_told_who_holds_the_player,
                mail_disturbs_no_session,
                mail_makes_no_slot,
                letters_wait_whatever_happens_to_the_slot,
                an_opening_says_whether_letters_wait,
            }
            mail_order {
                letters_come_in_order_of_arrival,
                letters_of_many_senders_keep_their_order,
                letters_are_read_past_those_that_stay,
                a_position_is_never_given_twice,
                a_full_mailbox_takes_no_more_and_drops_none,
                the_fullest_mailbox_is_read,
                the_last_places_are_given_once,
            }
            mail_memory {
                a_letter_that_was_taken_out_is_remembered,
                taking_out_again_changes_nothing,
                only_the_posting_that_is_named_is_meant,
                an_id_is_remembered_from_when_its_letter_was_taken_out,
                an_unsettled_letter_is_remembered_for_ever,
                a_settled_letter_is_remembered_for_a_time,
                a_letter_that_is_settled_goes_on_waiting,
                an_erasure_takes_mail_and_its_memory,
                late_requests_from_before_an_erasure_change_nothing,
                remembered_ids_take_no_room,
                what_mailboxes_know_is_listed,
                letters_of_who_never_played_are_known,
                known_letters_are_listed_page_by_page,
            }
            mail_races {
                one_of_many_letters_of_one_id_is_posted,
                every_letter_is_read_once_while_more_come,
                a_letter_is_found_by_who_starts_or_its_sender_is_told,
                letters_racing_an_erasure_wait_or_are_forgotten,
                a_letter_taken_out_by_many_is_not_taken_in_again,
            }
            verdicts {
                the_first_verdict_stands,
                each_trade_has_a_verdict_of_its_own,
                all_who_decide_at_once_are_told_the_same,
                forgetting_by_one_party_keeps_the_verdict,
                a_verdict_that_both_forgot_is_kept_for_late_callers,
                an_abort_is_kept_for_late_callers,
                forgetting_what_was_not_decided_changes_nothing,
                a_verdict_outlives_its_players,
            }
            versions {
                a_version_is_the_record_as_it_was_stored,
                versions_outlive_the_slot,
                the_newest_versions_stay_and_the_oldest_go,
                a_policy_that_keeps_none_removes_none,
                a_version_too_soon_is_not_kept,
                an_opening_says_how_old_the_newest_version_is_or_nothing,
                a_revision_is_kept_once,
                what_was_never_kept_is_no_version,
                a_slot_that_holds_nothing_keeps_nothing,
                who_lost_the_player_keeps_nothing,
                a_claim_of_an_earlier_lock_keeps_nothing,
                a_claim_need_not_be_alive_to_keep_a_version,
                keeping_versions_disturbs_no_session,
                versions_are_in_no_list,
                each_slot_has_versions_of_its_own,
                an_erasure_takes_all_versions,
                a_late_request_keeps_nothing_of_an_erased_player,
                the_largest_record_is_kept_as_a_version,
                versions_kept_while_a_session_saves_are_whole,
                a_version_racing_a_take_over_is_kept_before_it_or_not,
            }
            players {
                nobody_is_listed_in_an_empty_store,
                everybody_with_a_record_is_listed,
                everybody_is_listed_one_by_one,
                who_has_mail_or_a_version_only_is_listed,
                who_never_had_anything_is_not_listed,
                who_was_erased_is_not_listed,
                odd_players_are_listed_as_they_are,
                who_is_there_throughout_a_listing_is_listed,
                who_plays_during_a_listing_is_listed,
                a_player_of_many_things_is_one_player,
                a_foreign_cursor_is_refused,
            }
            manager_locks {
                one_of_many_starts_at_once_gets_the_player,
                a_held_player_is_refused_and_its_holder_plays_on,
                a_hand_over_brings_what_was_not_saved_yet,
                a_player_passed_around_counts_right,
                the_victim_of_a_theft_is_told_who_the_thief_is,
                a_victim_that_is_not_told_finds_out_when_it_saves,
                a_session_started_again_ends_the_former_one,
            }
            manager_starts {
                a_start_whose_answer_was_lost_recognises_its_lock,
                a_start_without_an_answer_leaves_no_lock,
                a_first_load_that_fails_leaves_the_session,
                a_start_that_nobody_waits_for_leaves_no_lock,
            }
            manager_take_overs {
                a_crashed_servers_players_wait_for_its_lease,
                who_waits_for_a_crashed_server_gets_the_player,
                a_restarted_server_has_its_players_back_at_once,
                a_superseded_server_is_told_and_starts_nothing,
                a_lapsed_lease_that_nobody_used_costs_nothing,
                wrong_clocks_cost_no_save,
                a_clock_that_went_back_supersedes_all_the_same,
            }
            manager_frozen {
                the_saves_of_a_frozen_server_are_refused,
                a_frozen_server_has_lost_a_player_who_has_gone,
                a_deletion_that_arrives_after_a_theft_is_refused,
                the_release_of_a_frozen_server_frees_nobody,
            }
            manager_saves {
                a_save_is_what_the_next_game_loads,
                a_save_whose_answer_was_lost_is_recognised,
                a_save_that_was_not_applied_is_made_after_all,
                a_slot_outlives_many_lost_answers,
                a_save_that_arrives_late_lands_on_nothing_newer,
                a_new_player_is_stored_unchanged,
            }
            manager_schedule {
                the_autosave_writes_what_changed,
                the_forced_cycle_writes_every_open_slot,
                the_autosave_makes_up_for_an_outage,
                many_players_are_autosaved_at_once,
            }
            manager_loads {
                a_load_that_fails_gives_no_defaults,
                a_body_that_cannot_be_decoded_stays,
                a_newer_schema_is_refused_untouched,
                an_older_schema_is_migrated_once,
            }
            manager_documents {
                a_games_own_type_comes_back_as_it_was,
                a_compressed_document_comes_back_item_by_item,
                a_document_as_large_as_the_store_takes_is_saved,
            }
            manager_slots {
                several_slots_are_open_at_once,
                a_deleted_slot_starts_over,
                odd_player_ids_have_data_of_their_own,
                long_player_ids_have_data_of_their_own,
                the_end_of_one_session_leaves_the_others,
            }
            manager_ends {
                an_end_saves_and_frees_the_player,
                a_last_save_that_fails_keeps_the_player,
                a_release_that_is_tried_again_frees_nobody_else,
                a_dropped_session_is_saved_and_released,
                a_shutdown_saves_and_frees_everybody,
                an_outage_loses_no_session_and_no_change,
                a_shutdown_without_the_store_frees_nobody,
            }
            manager_bad_days {
                what_was_acknowledged_survives_a_bad_day,
            }
            manager_operators {
                an_operator_sees_a_player_and_disturbs_nobody,
                a_freed_player_is_lost_to_the_game_that_had_them,
                freeing_spares_a_later_session,
                an_erased_player_is_a_new_one,
            }
            manager_mail {
                a_letter_to_somebody_offline_is_in_the_next_load_once,
                a_letter_reaches_somebody_who_plays_elsewhere,
                a_letter_whose_answer_was_lost_is_one_letter,
                a_crash_before_the_save_loses_no_letter,
                a_theft_before_the_save_loses_and_doubles_no_letter,
                a_crash_before_the_discard_doubles_no_letter,
                a_theft_before_the_discard_doubles_no_letter,
            }
            manager_transfers {
                a_parcel_to_somebody_offline_is_moved_once,
                a_parcel_reaches_somebody_who_plays_elsewhere,
                the_next_load_sends_what_a_crash_left,
                a_parcel_that_is_sent_again_after_a_crash_counts_once,
                a_parcel_that_is_sent_again_after_a_theft_counts_once,
            }
            manager_trades {
                two_players_of_a_server_trade_once,
                a_crash_after_the_verdict_leaves_a_trade,
                a_crash_before_the_verdict_leaves_no_trade,
                a_theft_while_a_trade_is_saved_leaves_no_trade,
                a_theft_before_the_verdict_ends_the_trade_for_both,
                a_theft_after_the_verdict_leaves_a_trade,
                a_change_made_once_is_made_on_one_server_only,
            }
        }
    };
}

/// The group `durable`.
#[doc(hidden)]
#[macro_export]
macro_rules! __durable {
    ($then:ident $context:tt) => {
        $crate::$then! { $context
            durable {
                records_survive_a_restart,
                a_session_survives_a_restart,
                dead_claims_survive_no_restart,
                the_fence_survives_a_restart,
                leases_survive_a_restart,
                mail_verdicts_and_versions_survive_a_restart,
            }
            manager_durable {
                games_and_store_start_again,
            }
        }
    };
}

/// The group `checked_base`.
#[doc(hidden)]
#[macro_export]
macro_rules! __checked_base {
    ($then:ident $context:tt) => {
        $crate::$then! { $context
            checked_base {
                a_save_on_an_older_base_is_overtaken,
                a_deletion_on_an_older_base_is_overtaken,
                a_save_from_before_a_deletion_is_overtaken,
                a_save_on_a_base_to_come_is_overtaken,
                a_repeated_save_leaves_a_newer_one,
                one_of_many_writes_on_one_base_is_applied,
            }
        }
    };
}

/// The group `stepwise`.
#[doc(hidden)]
#[macro_export]
macro_rules! __stepwise {
    ($then:ident $context:tt) => {
        $crate::$then! { $context
            late {
                a_late_erasure_removes_nothing_that_was_saved_since,
                a_late_take_over_replaces_nobody_else,
                a_late_request_takes_nobody,
                a_late_release_frees_nobody_else,
                a_late_opening_takes_no_slot,
                a_late_save_lands_on_nothing_newer,
                a_late_deletion_removes_nothing_newer,
                slots_opened_during_a_slow_ending_are_lost,
                a_late_call_under_an_earlier_claim_changes_nothing,
                a_late_heartbeat_ends_no_later_lease,
                a_late_notice_undoes_no_other,
                a_late_look_shows_what_was_there,
            }
            late_mail {
                a_late_copy_of_a_letter_is_not_taken_in_again,
                a_late_request_takes_no_other_letter_out,
                a_late_decision_is_told_what_stands,
                a_late_erasure_takes_nothing_of_who_came_back,
                a_late_erasure_takes_all_of_a_mailbox_or_nothing,
                a_late_request_keeps_no_version_of_others,
            }
        }
    };
}

/// The group `outage`.
#[doc(hidden)]
#[macro_export]
macro_rules! __outage {
    ($then:ident $context:tt) => {
        $crate::$then! { $context
            outages {
                looking_fails_while_the_store_is_down,
                slots_fail_while_the_store_is_down,
                locks_and_leases_fail_while_the_store_is_down,
                mail_and_verdicts_fail_while_the_store_is_down,
                versions_and_listings_fail_while_the_store_is_down,
                a_session_goes_on_when_the_store_is_back,
                a_game_goes_on_when_the_store_is_back,
            }
        }
    };
}

/// The group `killed`.
#[doc(hidden)]
#[macro_export]
macro_rules! __killed {
    ($then:ident $context:tt) => {
        $crate::$then! { $context
            killed {
                acknowledged_writes_survive_a_kill,
                saves_under_way_are_whole_or_absent_after_a_kill,
                locks_and_claims_survive_a_kill,
                an_erasure_survives_a_kill,
                a_superseded_server_is_superseded_after_a_kill,
                mail_verdicts_and_versions_survive_a_kill,
            }
        }
    };
}
