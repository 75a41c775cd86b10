//! Exact faults, on exactly the calls that were picked.

mod common;

use std::{sync::Arc, time::Duration};

use common::{PATIENCE, Player, within, written};
use playerdata_core::backend::{
    Acquisition, Backend, Effect, ErrorKind, Hazard, HazardKind, Release,
};
use playerdata_faults::{Fault, Operation, When};
use playerdata_memory::MemoryBackend;
use tokio::time::{Instant, sleep};

#[tokio::test(start_paused = true)]
async fn the_second_save_of_a_player_fails_after_it_was_applied_and_no_other_call_does() {
    let store = Arc::new(MemoryBackend::new());
    let other = Player::on(store.clone(), 1).await;
    let player = Player::on(store, 2).await;
    player.faulty.inject(
        When::save().of(&player.claim.player).nth(2),
        Fault::ErrorAfter,
    );

    for revision in 1..=3 {
        let saved = common::save(&player.faulty, &other.claim, revision).await;
        assert_eq!(saved.unwrap(), written(revision));
    }
    assert_eq!(player.save(1).await.unwrap(), written(1));
    let error = player.save(2).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Unavailable, Effect::Possible)
    );
    assert_eq!(player.revision().await, 2);
    assert_eq!(player.save(3).await.unwrap(), written(3));

    let injected = player.faulty.injected();
    assert_eq!(injected.len(), 1);
    assert_eq!(injected[0].call.operation, Operation::Save);
    assert_eq!(injected[0].call.player.as_ref(), Some(player.id()));
    assert_eq!(injected[0].fault, Fault::ErrorAfter);
}

#[tokio::test(start_paused = true)]
async fn what_happened_and_what_is_told_come_in_all_four_combinations() {
    let after = Duration::from_secs(60);
    let slow = Fault::Delay {
        request: Duration::from_secs(1),
        answer: Duration::from_secs(2),
    };
    // The fault, whether the save is applied at once, and whether it is told so.
    let cases = [
        (slow, true, true),
        (Fault::Duplicate { after }, true, true),
        (Fault::ErrorAfter, true, false),
        (Fault::HangAfter, true, false),
        (Fault::ErrorBefore, false, false),
        (Fault::Rejected, false, false),
        (Fault::ErrorInDoubt, false, false),
        (Fault::HangBefore, false, false),
        (Fault::HangThenApply { after }, false, false),
        (Fault::Lie, false, true),
    ];
    for (fault, happened, acknowledged) in cases {
        let player = Player::new(1).await;
        player.faulty.inject(When::save(), fault);
        let told = within(player.save(1)).await;
        assert_eq!(matches!(told, Some(Ok(_))), acknowledged, "{fault:?}");
        assert_eq!(player.revision().await == 1, happened, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_says_whether_the_call_may_have_been_applied() {
    for (fault, effect) in [
        (Fault::ErrorBefore, Effect::None),
        (Fault::ErrorInDoubt, Effect::Possible),
        (Fault::ErrorAfter, Effect::Possible),
    ] {
        let player = Player::new(1).await;
        player.faulty.inject(When::any(), fault);
        assert_eq!(player.save(1).await.unwrap_err().effect(), effect);
    }
}

#[tokio::test(start_paused = true)]
async fn a_delay_takes_its_time_on_both_ways() {
    let player = Player::new(1).await;
    let fault = Fault::Delay {
        request: Duration::from_secs(1),
        answer: Duration::from_secs(2),
    };
    player.faulty.inject(When::save(), fault);
    let begin = Instant::now();
    player.save(1).await.unwrap();
    assert_eq!(begin.elapsed(), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_request_is_applied_although_its_caller_gave_up() {
    let late = Duration::from_secs(20);
    for fault in [
        Fault::HangThenApply { after: late },
        Fault::Delay {
            request: late,
            answer: Duration::ZERO,
        },
    ] {
        let player = Player::new(1).await;
        player.faulty.inject(When::save(), fault);
        assert!(within(player.save(1)).await.is_none());
        assert_eq!(player.revision().await, 0);
        sleep(late).await;
        assert_eq!(player.revision().await, 1, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_arrives_long_after_newer_calls() {
    let player = Player::new(1).await;
    let after = Duration::from_secs(60);
    player
        .faulty
        .inject(When::acquire(), Fault::Duplicate { after });
    let acquired = player
        .faulty
        .acquire(player.id(), &player.claimant, None)
        .await;
    assert!(matches!(acquired, Ok(Acquisition::Acquired { .. })));
    let released = player
        .faulty
        .release(player.id(), player.claim.session)
        .await;
    assert_eq!(released.unwrap(), Release::Released);
    sleep(after - PATIENCE).await;
    assert_eq!(player.store.holder(player.id()).await.unwrap(), None);
    sleep(PATIENCE * 2).await;
    let holder = player.store.holder(player.id()).await.unwrap();
    assert_eq!(holder.map(|lock| lock.fence.get()), Some(2));
}

#[tokio::test(start_paused = true)]
async fn a_lie_changes_nothing_where_no_answer_can_be_made_up() {
    let player = Player::new(1).await;
    player.faulty.inject(When::any(), Fault::Lie);
    let holder = player.faulty.holder(player.id()).await.unwrap();
    assert_eq!(holder.map(|lock| lock.session), Some(player.claim.session));
    let released = player
        .faulty
        .release(player.id(), player.claim.session)
        .await;
    assert_eq!(released.unwrap(), Release::Released, "so it says");
    assert!(player.store.holder(player.id()).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn from_nth_picks_all_later_ones_and_the_first_entry_of_the_script_wins() {
    let player = Player::new(1).await;
    player
        .faulty
        .inject(
            When::save().on(&player.claim.slot).from_nth(2),
            Fault::ErrorBefore,
        )
        .inject(When::calls_of(Operation::Save), Fault::ErrorAfter);
    assert_eq!(player.save(1).await.unwrap_err().effect(), Effect::Possible);
    for _ in 0..3 {
        assert_eq!(player.save(2).await.unwrap_err().effect(), Effect::None);
    }
    assert_eq!(player.revision().await, 1);
    player.faulty.calm();
    assert_eq!(player.save(2).await.unwrap(), written(2));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_dies_in_a_call_hears_nothing_any_more_applied_or_not() {
    for applied in [false, true] {
        let player = Player::new(1).await;
        player
            .faulty
            .inject(When::any_about_players().nth(2), Fault::Crash { applied });
        let server = &player.claimant.server;
        player.faulty.renew_lease(server, PATIENCE).await.unwrap(); // not counted
        assert_eq!(player.save(1).await.unwrap(), written(1));
        assert!(!player.faulty.is_cut());
        assert_eq!(player.save(2).await.unwrap_err().effect(), Effect::Possible);
        assert!(player.faulty.is_cut());
        assert_eq!(player.revision().await, 1 + u64::from(applied));
        assert_eq!(player.save(3).await.unwrap_err().effect(), Effect::None);
        assert_eq!(player.revision().await, 1 + u64::from(applied));
    }
}

#[tokio::test(start_paused = true)]
async fn calls_are_recorded_from_when_it_is_asked_for_whatever_becomes_of_them() {
    let player = Player::new(1).await;
    player.save(1).await.unwrap();
    assert!(player.faulty.calls().is_empty());
    player.faulty.record_calls();
    player.faulty.inject(When::save(), Fault::ErrorBefore);
    player.save(2).await.unwrap_err();
    sleep(PATIENCE).await;
    player.faulty.holder(player.id()).await.unwrap();
    let calls = player.faulty.calls();
    let made: Vec<_> = calls.iter().map(|call| call.operation).collect();
    assert_eq!(made, [Operation::Save, Operation::Holder]);
    assert_eq!(calls[0].slot.as_ref(), Some(&player.claim.slot));
    assert_eq!(calls[1].at - calls[0].at, PATIENCE);
    assert_eq!(player.faulty.count(Operation::Save), 1);
    player.faulty.record_calls();
    assert_eq!(player.faulty.count(Operation::Save), 0);
}

#[tokio::test(start_paused = true)]
async fn hazards_are_the_stores_until_others_are_set() {
    let player = Player::new(1).await;
    let (faulty, store) = (&player.faulty, &player.store);
    assert_eq!(
        faulty.hazards().await.unwrap(),
        store.hazards().await.unwrap()
    );
    let set = vec![Hazard::new(HazardKind::EvictsPlayers, "allkeys-lru")];
    faulty.set_hazards(set.clone());
    assert_eq!(faulty.hazards().await.unwrap(), set);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "injected")]
async fn a_call_can_panic() {
    let player = Player::new(1).await;
    player.faulty.inject(When::save(), Fault::Panic);
    let _ = player.save(1).await;
}
