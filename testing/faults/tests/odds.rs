//! Faults at random, the same for the same seed.

mod common;

use std::mem::{Discriminant, discriminant};

use common::{Player, within};
use playerdata_core::backend::Backend;
use playerdata_faults::{Fault, Odds};

/// What is injected into calls that one caller makes one after the other.
async fn injected(odds: Odds, seed: u64, calls: u64) -> Vec<Fault> {
    let player = Player::new(1).await;
    player.faulty.with_odds(odds, seed);
    for _ in 0..calls {
        let _ = within(player.faulty.holder(player.id())).await;
    }
    let injected = player.faulty.injected();
    injected
        .into_iter()
        .map(|injected| injected.fault)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_seed_gives_the_same_faults_and_another_seed_gives_others() {
    let first = injected(Odds::disaster(), 7, 300).await;
    assert!(first.len() > 50, "{}", first.len());
    assert_eq!(first, injected(Odds::disaster(), 7, 300).await);
    assert_ne!(first, injected(Odds::disaster(), 8, 300).await);
}

#[tokio::test(start_paused = true)]
async fn a_disaster_has_every_fault_but_lies() {
    let kinds: Vec<Discriminant<Fault>> = injected(Odds::disaster(), 1, 2_000)
        .await
        .iter()
        .map(discriminant)
        .collect();
    let zero = std::time::Duration::ZERO;
    let all = [
        Fault::Delay {
            request: zero,
            answer: zero,
        },
        Fault::ErrorBefore,
        Fault::ErrorInDoubt,
        Fault::ErrorAfter,
        Fault::HangBefore,
        Fault::HangAfter,
        Fault::HangThenApply { after: zero },
        Fault::Duplicate { after: zero },
    ];
    for fault in all {
        assert!(kinds.contains(&discriminant(&fault)), "{fault:?}");
    }
    assert!(!kinds.contains(&discriminant(&Fault::Lie)));
}

#[tokio::test(start_paused = true)]
async fn partitions_and_pauses_happen_at_random_too() {
    let mut odds = Odds::none();
    odds.partition = 1.0;
    let player = Player::new(1).await;
    player.faulty.with_odds(odds.clone(), 1);
    let mut answered = 0;
    for _ in 0..20 {
        answered += u32::from(within(player.faulty.holder(player.id())).await.is_some());
    }
    assert!(
        answered < 20,
        "every call begins a partition; some last longer than its way"
    );
    (odds.partition, odds.pause) = (0.0, 1.0);
    player.faulty.calm();
    player.faulty.with_odds(odds, 1);
    let begin = tokio::time::Instant::now();
    player.faulty.holder(player.id()).await.unwrap();
    assert!(!begin.elapsed().is_zero(), "the call was held");
}

#[tokio::test(start_paused = true)]
async fn without_a_script_and_odds_nothing_is_changed() {
    assert_eq!(injected(Odds::none(), 1, 100).await, []);
    let player = Player::new(1).await;
    assert_eq!(player.faulty.name(), player.store.name());
    assert_eq!(player.faulty.limits(), player.store.limits());
    assert_eq!(player.save(1).await.unwrap(), common::written(1));
}
