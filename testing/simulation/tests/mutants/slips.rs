//! Managers that do a step too early, or leave it out, are caught.

use crate::slip::Slip;

caught! {
    fn h4_fails_if_what_is_replaced_is_not_kept() { Slip::ReplacedNotKept breaks H4 }
    fn h4_fails_if_an_outbox_is_put_back() { Slip::OutboxPutBack breaks H4 }
    fn h4_fails_if_the_newest_record_is_put_back() { Slip::NewestPutBack breaks H4 }
    fn x1_fails_if_a_key_is_stored_after_its_change() { Slip::KeyAfterChange breaks X1 }
    fn x2_fails_if_keys_are_forgotten() { Slip::KeysForgotten breaks X2 }
    fn x3_fails_if_the_keys_of_what_is_replaced_stay() { Slip::KeysOfReplaced breaks X3 }
    fn m1_fails_if_a_letter_is_not_sent() { Slip::LetterNotSent breaks M1 }
    fn m2_fails_if_an_id_is_stored_after_its_letter() { Slip::IdAfterLetter breaks M2 }
    fn m2_fails_if_a_letter_is_discarded_before_it_is_saved() { Slip::DiscardBeforeSave breaks M2 }
    fn m2_fails_if_a_letter_is_not_discarded() { Slip::DiscardLeftOut breaks M2 }
    fn m3_fails_if_a_load_looks_for_no_letters() { Slip::LettersIgnored breaks M3 }
    fn m3_fails_if_a_holder_is_not_told_of_mail() { Slip::HolderNotTold breaks M3 }
    fn p2_fails_if_a_parcel_enters_the_outbox_too_late() { Slip::OutboxAfterParcel breaks P2 }
    fn p2_fails_if_a_parcel_is_sent_before_it_is_saved() { Slip::SendBeforeSave breaks P2 }
    fn p2_fails_if_a_parcel_is_not_sent() { Slip::SendLeftOut breaks P2 }
    fn p2_fails_if_a_letter_is_settled_too_early() { Slip::SettleBeforeSave breaks P2 }
    fn p3_fails_if_a_parcel_enters_the_escrow_too_late() { Slip::EscrowAfterParcel breaks P3 }
    fn p3_fails_if_a_trade_is_decided_before_it_is_saved() { Slip::DecideBeforeSave breaks P3 }
    fn p3_fails_if_a_trade_is_not_decided() { Slip::DecideLeftOut breaks P3 }
    fn p3_fails_if_a_verdict_is_ignored() { Slip::VerdictIgnored breaks P3 }
    fn p3_fails_if_a_load_ignores_an_escrow() { Slip::EscrowIgnored breaks P3 }
    fn p3_fails_if_a_load_asks_for_the_trade_to_be_made() { Slip::LoadAsksCommit breaks P3 }
    fn p3_fails_if_a_verdict_is_forgotten_before_anybody_acts() { Slip::ForgetBeforeAct breaks P3 }
    fn p3_fails_if_a_verdict_is_forgotten_before_that_is_saved() { Slip::ForgetBeforeSave breaks P3 }
    fn p4_fails_if_a_parcel_enters_the_outbox_too_late() { Slip::OutboxAfterParcel breaks P4 }
    fn p4_fails_if_a_verdict_is_ignored() { Slip::VerdictIgnored breaks P4 }
}
