//! What can be wrong with a store in SQL.

use crate::mutant::flaws;

flaws! {
    "SQL", super::fixture;

    /// An opening reads the lock, and sets the claim in the next statement.
    LockReadBeforeTheClaim an_opening_reads_the_lock_first:
        pairs::openings_beside_a_take_over_leave_no_claim, pairs::openings_beside_a_release_leave_no_claim, pairs::take_overs_beside_each_other_leave_one_session, pairs::a_request_beside_a_release_gets_no_live_claims, pairs::releases_beside_each_other_end_it_once;
    /// An opening reads the record, and sets the claim in the next statement.
    RecordReadBeforeTheClaim an_opening_reads_the_record_first:
        pairs::reopenings_beside_writes_find_what_is_final;
    /// A take-over kills the claims, and writes the lock in the next statement.
    ClaimsKilledBeforeTheLock a_take_over_kills_the_claims_first:
        pairs::openings_beside_a_take_over_leave_no_claim, pairs::a_release_beside_a_take_over_leaves_the_new_session;
    /// A take-over writes the lock, and kills the claims in the next statement.
    TakeOverInTwo a_take_over_kills_the_claims_later:
        pairs::a_repeated_take_over_returns_when_the_claims_are_dead;
    /// A release removes the lock, and kills the claims in the next statement.
    ReleaseInTwo a_release_kills_the_claims_later:
        pairs::a_repeated_release_returns_when_the_claims_are_dead;
    /// A release kills the claims, and removes the lock in the next statement.
    ReleaseKillsClaimsFirst a_release_kills_the_claims_first:
        pairs::openings_beside_a_release_leave_no_claim, pairs::releases_beside_each_other_end_it_once;
    /// An erasure reads the lock, and erases in the next statement.
    ErasureInTwo an_erasure_reads_the_lock_first:
        pairs::an_erasure_beside_a_request_removes_all_or_nothing;
    /// An erasure begins before it looks at the lock.
    ErasureBeforeTheLook an_erasure_looks_later:
        pairs::an_erasure_beside_a_session_is_refused, pairs::an_erasure_beside_an_ending_removes_all_or_nothing;
    /// A write reads the lock, and then writes without looking at the claim.
    LockReadBeforeTheWrite a_write_reads_the_lock_first:
        pairs::saves_beside_a_take_over_count_or_are_refused, pairs::saves_beside_a_release_count_or_are_refused, pairs::deletions_beside_a_take_over_count_or_are_refused, pairs::deletions_beside_a_release_count_or_are_refused;
    /// Notices are read, and forgotten in the next statement.
    NoticesForgottenLater notices_are_forgotten_later:
        notices::notices_of_many_senders_come_once_and_in_order;
    /// Transactions take their lock when they first write, and those that read before are refused by the database.
    TransactionsDeferred transactions_are_deferred:
        pairs::an_erasure_beside_a_request_removes_all_or_nothing;
    /// Opening a slot does not compare fences.
    OpeningWithoutFence an_opening_without_the_fence:
        past::a_claim_of_an_earlier_lock_opens_nothing;
    /// A write does not compare claim numbers.
    WriteWithoutNumber a_write_without_the_number:
        pairs::reopenings_beside_writes_find_what_is_final;
    /// A write does not compare sessions.
    WriteWithoutSession a_write_without_the_session:
        past::a_claim_with_a_live_ones_number_is_dead;
    /// That a write was applied is recognised by its id alone.
    AppliedByWriteIdAlone applied_by_the_write_id_alone:
        past::a_repeated_write_under_a_dead_claim_is_refused;
    /// That a write was applied is recognised without looking at the claim.
    AppliedWithoutClaim applied_without_the_claim:
        past::a_repeated_write_under_a_dead_claim_is_refused;
    /// Claims are killed by a pattern.
    ClaimsKilledByPattern claims_are_killed_by_a_pattern:
        alike::ending_one_session_leaves_the_claims_of_names_that_are_alike;
    /// A player is erased by a pattern, which knows no capitals.
    ErasedByPattern erased_by_a_pattern:
        alike::erasing_one_player_leaves_names_that_are_alike;
    /// Notices are found without regard to capitals.
    NoticesIgnoreCase notices_ignore_capitals:
        alike::notices_reach_the_name_they_were_sent_to;
    /// Notices are drained in the order of their sessions' ids.
    NoticesSortedBySession notices_sorted_by_session:
        notices::notices_come_in_order_whatever_is_in_them;
    /// Notices are drained in the order of their players' names.
    NoticesSortedByPlayer notices_sorted_by_player:
        notices::notices_come_in_order_whatever_is_in_them;
    /// The bound on notices counts those of all servers.
    NoticesCountedTogether notices_are_counted_together:
        bounds::notices_are_bounded_for_each_server;
    /// A list stops at a thousand slots.
    ListOfAThousand a_list_of_a_thousand:
        bounds::more_than_a_thousand_slots_are_listed;
    /// An erasure stops at a thousand slots.
    ErasureOfAThousand an_erasure_of_a_thousand:
        bounds::more_than_a_thousand_slots_are_erased;
    /// A thousand claims are killed, and no more.
    AThousandClaimsKilled a_thousand_claims_are_killed:
        bounds::more_than_a_thousand_claims_die;
    /// A free player counts as held if their session is named.
    OnlyAHolderIsReplaced only_a_holder_is_replaced:
        past::replacing_somebody_on_a_new_player_takes_them;
    /// The lock keeps the time of the first session.
    SinceOfTheFirst since_of_the_first:
        past::a_lock_tells_who_took_it_and_when;
    /// A take-over by a server of the same name keeps the incarnation on record.
    IncarnationOfTheFirst incarnation_of_the_first:
        past::a_lock_tells_who_took_it_and_when;
    /// The lock's time is that of the last request of its session.
    SinceOfTheLastRequest since_of_the_last_request:
        past::acquiring_again_keeps_the_lock_as_it_is;
    /// A letter is looked for, and written in the next statement, over whatever is there by then.
    PostInTwo a_post_looks_in_a_statement_of_its_own:
        mail_races::one_of_many_letters_of_one_id_is_posted, mail_order::the_last_places_are_given_once;
    /// A letter is taken out whatever its posting is.
    DiscardWithoutPosting a_discard_without_the_posting:
        mail_memory::only_the_posting_that_is_named_is_meant, mail_memory::late_requests_from_before_an_erasure_change_nothing;
    /// A letter is settled whatever its posting is.
    SettleWithoutPosting a_settlement_without_the_posting:
        mail_memory::only_the_posting_that_is_named_is_meant;
    /// Taking a letter out deletes its row.
    DiscardDeletes a_discard_deletes_the_row:
        mail_memory::a_letter_that_was_taken_out_is_remembered, mail_order::a_full_mailbox_takes_no_more_and_drops_none;
    /// Letters are read in the order of their ids.
    LettersOrderedById letters_ordered_by_id:
        mail_order::letters_come_in_order_of_arrival;
    /// An erasure deletes the letters that wait, and leaves the others' ids.
    ErasureOfWaitingLetters an_erasure_of_waiting_letters:
        mail_memory::an_erasure_takes_mail_and_its_memory;
    /// A verdict is written over the one that is there.
    VerdictReplaced a_verdict_is_replaced:
        verdicts::the_first_verdict_stands, verdicts::all_who_decide_at_once_are_told_the_same;
    /// A verdict is forgotten in time when one of the parties is done.
    EitherPartyForgets either_party_forgets:
        verdicts::forgetting_by_one_party_keeps_the_verdict;
    /// The lock is read, and the version kept in the next statement.
    KeepInTwo a_version_reads_the_lock_first:
        versions::a_version_racing_a_take_over_is_kept_before_it_or_not;
    /// The oldest versions of a player go, of whichever slot.
    VersionsDroppedPerPlayer versions_dropped_per_player:
        versions::each_slot_has_versions_of_its_own;
    /// Versions are listed in the order in which they were kept.
    VersionsAscending versions_in_ascending_order:
        versions::the_newest_versions_stay_and_the_oldest_go;
    /// Only players with a record are listed.
    PlayersWithRecords only_players_with_records:
        players::who_has_mail_or_a_version_only_is_listed;
    /// A page of players begins with the last one of the page before.
    PageBeginsWithTheLast a_page_begins_with_the_last:
        players::everybody_is_listed_one_by_one;
}

impl Flaw {
    /// What it makes of the statements: this becomes that.
    #[allow(clippy::too_many_lines)] // a table
    pub(crate) fn change(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::TransactionsDeferred => ("BEGIN IMMEDIATE", "BEGIN"),
            Self::OpeningWithoutFence => (" AND fence = :fence", ""),
            Self::LockReadBeforeTheWrite => (
                "AND claim_session = :session AND claim_number = :number AND revision = :base",
                "AND revision = :base",
            ),
            Self::WriteWithoutNumber => (
                "AND claim_session = :session AND claim_number = :number AND revision",
                "AND claim_session = :session AND revision",
            ),
            Self::WriteWithoutSession => (
                "AND claim_session = :session AND claim_number = :number AND revision",
                "AND claim_number = :number AND revision",
            ),
            Self::AppliedByWriteIdAlone => (
                "AND claim_session = :session AND claim_number = :number
      AND revision = :made AND write_id",
                "AND write_id",
            ),
            Self::AppliedWithoutClaim => (
                "AND claim_session = :session AND claim_number = :number
      AND revision = :made",
                "AND revision = :made",
            ),
            Self::ClaimsKilledByPattern => (
                "player = :player AND claim_session IS NOT NULL",
                "player LIKE :player || '%'",
            ),
            Self::ErasedByPattern => (
                "DELETE FROM slot WHERE player = :player",
                "DELETE FROM slot WHERE player LIKE :player",
            ),
            Self::NoticesIgnoreCase => (
                "WHERE server = :name",
                "WHERE server = :name COLLATE NOCASE",
            ),
            Self::NoticesSortedBySession => ("ORDER BY number", "ORDER BY session"),
            Self::NoticesSortedByPlayer => ("ORDER BY number", "ORDER BY player"),
            Self::NoticesCountedTogether => {
                ("FROM notice WHERE server = :name) <", "FROM notice) <")
            }
            Self::ListOfAThousand => ("ORDER BY slot", "ORDER BY slot LIMIT 1000"),
            Self::ErasureOfAThousand => (
                "DELETE FROM slot WHERE player = :player",
                "DELETE FROM slot WHERE rowid IN
                    (SELECT rowid FROM slot WHERE player = :player LIMIT 1000)",
            ),
            Self::AThousandClaimsKilled => (
                "WHERE player = :player AND claim_session IS NOT NULL",
                "WHERE rowid IN (SELECT rowid FROM slot
                    WHERE player = :player AND claim_session IS NOT NULL LIMIT 1000)",
            ),
            Self::OnlyAHolderIsReplaced => (
                "(session IS NULL OR session = :replacing)",
                "(session IS NULL AND :replacing IS NULL OR session = :replacing)",
            ),
            Self::SinceOfTheFirst => (
                "since = excluded.since",
                "since = ifnull(since, excluded.since)",
            ),
            Self::IncarnationOfTheFirst => (
                "incarnation = excluded.incarnation,\n        since",
                "incarnation = CASE server WHEN excluded.server
                    THEN ifnull(incarnation, excluded.incarnation)
                    ELSE excluded.incarnation END,\n        since",
            ),
            Self::SinceOfTheLastRequest => (
                "SET fence = fence + 1,",
                "SET fence = fence + (session IS NOT excluded.session),",
            ),
            Self::DiscardWithoutPosting => (" AND waits AND posting = :posting", " AND waits"),
            Self::SettleWithoutPosting => ("id = :id AND posting = :posting", "id = :id"),
            Self::DiscardDeletes => (
                "UPDATE letter SET waits = 0, content = x'', until = CASE WHEN timed THEN :until END
    WHERE",
                "DELETE FROM letter WHERE :until IS NOT NULL AND",
            ),
            Self::LettersOrderedById => ("ORDER BY position", "ORDER BY id"),
            Self::ErasureOfWaitingLetters => (
                "DELETE FROM letter WHERE player = :player",
                "DELETE FROM letter WHERE waits AND player = :player",
            ),
            Self::VerdictReplaced => (
                "ON CONFLICT (trade) DO NOTHING",
                "ON CONFLICT (trade) DO UPDATE SET verdict = excluded.verdict",
            ),
            Self::EitherPartyForgets => (
                "(first OR :first) AND (second OR :second)",
                "(first OR :first) OR (second OR :second)",
            ),
            Self::VersionsDroppedPerPlayer => (
                "SELECT number FROM version WHERE player = :player AND slot = :slot",
                "SELECT number FROM version WHERE player = :player AND :slot IS NOT NULL",
            ),
            Self::VersionsAscending => (
                "length(body) FROM version
    WHERE player = :player AND slot = :slot ORDER BY number DESC",
                "length(body) FROM version
    WHERE player = :player AND slot = :slot ORDER BY number",
            ),
            Self::PlayersWithRecords => (
                "
        UNION SELECT player FROM letter WHERE waits
        UNION SELECT player FROM version)",
                ")",
            ),
            Self::PageBeginsWithTheLast => ("player > :after", "player >= :after"),
            _ => return None,
        })
    }

    /// A second change, for a flaw that takes two.
    pub(crate) fn second_change(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::SinceOfTheLastRequest => Some((
                "(session IS NULL OR session = :replacing)
      AND session IS NOT excluded.session",
                "(session IS NULL OR session = :replacing OR session = excluded.session)",
            )),
            _ => None,
        }
    }
}

/// A flaw that changes nothing would prove nothing.
#[test]
fn every_change_is_one() {
    let changes = [
        Flaw::OpeningWithoutFence,
        Flaw::LockReadBeforeTheWrite,
        Flaw::WriteWithoutNumber,
        Flaw::WriteWithoutSession,
        Flaw::AppliedByWriteIdAlone,
        Flaw::AppliedWithoutClaim,
        Flaw::ClaimsKilledByPattern,
        Flaw::ErasedByPattern,
        Flaw::IncarnationOfTheFirst,
        Flaw::SinceOfTheLastRequest,
        Flaw::DiscardWithoutPosting,
        Flaw::SettleWithoutPosting,
        Flaw::DiscardDeletes,
        Flaw::LettersOrderedById,
        Flaw::ErasureOfWaitingLetters,
        Flaw::VerdictReplaced,
        Flaw::EitherPartyForgets,
        Flaw::VersionsDroppedPerPlayer,
        Flaw::VersionsAscending,
        Flaw::PlayersWithRecords,
        Flaw::PageBeginsWithTheLast,
    ];
    for flaw in changes {
        let (from, _) = flaw.change().expect("it changes a statement");
        let found = super::statements::ALL.iter().any(|sql| sql.contains(from));
        assert!(found, "{flaw:?} changes nothing");
    }
}
