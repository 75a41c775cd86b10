//! What the scripts of the model find by chance, and how short they are made.

use playerdata_conformance::model::{Scripts, difference};

use crate::{fixture, flaws::Flaw};

/// Enough for luck to play no part in what is found; how short it is made
/// depends on the scripts, so that they are always the same.
const SCRIPTS: u32 = 2_000;
const SEED: u64 = 1;

/// Requires that scripts find the flaw, and that no more than `calls` of them
/// are left when the script is at its shortest.
fn expect_found(flaw: Flaw, calls: usize) {
    let scripts = Scripts::default().checked_base().count(SCRIPTS).seed(SEED);
    let found = difference(|| async { fixture(Some(flaw)) }, scripts);
    let found = found.unwrap_or_else(|| panic!("no script notices {flaw:?}"));
    assert!(
        found.calls() <= calls,
        "{flaw:?} can be shown in {calls} calls: {found}"
    );
    let printed = found.to_string();
    let calls = printed.matches(" a.").count() + printed.matches(" b.").count();
    assert_eq!(calls, found.calls(), "a line per call: {found}");
}

macro_rules! found {
    ($($test:ident: $flaw:ident within $calls:literal;)+) => {
        $(
            #[test]
            fn $test() {
                expect_found(Flaw::$flaw, $calls);
            }
        )+
    };
}

found! {
    a_lock_taken_from_its_holder: AcquireUnchecked within 2;
    a_lock_taken_from_another_than_the_one_named: AnyHolderReplaced within 2;
    a_fence_that_does_not_grow: TakeOverKeepsFence within 3;
    a_fence_that_is_erased: EraseResetsFence within 5;
    a_lock_that_stays_when_it_is_released: ReleaseForgotten within 3;
    a_save_without_the_lock: SaveUnchecked within 5;
    a_claim_left_by_a_take_over: ClaimsLeftInSlots within 6;
    a_claim_left_by_a_release: ReleaseForgetsClaims within 6;
    a_claim_that_comes_back_to_life: ClaimsComeBackToLife within 7;
    a_claim_that_is_not_the_last: StaleClaimAccepted within 6;
    an_opening_that_comes_late: LateOpeningAccepted within 6;
    a_write_that_won_and_looks_lost: RepeatedWriteRefused within 5;
    an_old_write_that_lands_on_a_newer_one: BaseUnchecked within 7;
    a_revision_that_is_forgotten: DeletionForgetsRevision within 6;
    an_encoding_that_is_forgotten: EncodingForgotten within 5;
    a_lease_that_never_lapses: LeaseNeverLapses within 3;
    a_notice_that_is_lost: NoticesLost within 2;
    a_letter_that_is_overwritten: SecondContentCounts within 3;
    a_letter_that_is_taken_out_by_its_id: LetterTakenOutByIdAlone within 3;
    a_letter_that_is_taken_in_again: IdForgottenWithItsLetter within 4;
    a_verdict_that_is_overwritten: VerdictOverwritten within 2;
    a_version_that_outlives_an_erasure: ErasureLeavesVersions within 7;
    a_player_who_is_not_listed: MailAloneUnlisted within 2;
}
