//! A server that is partitioned, paused, or cut off.

mod common;

use std::time::Duration;

use common::{PATIENCE, Player, within, written};
use playerdata_core::backend::{Backend as _, Effect};
use playerdata_faults::{Fault, When};
use tokio::time::{Instant, sleep};

const WHILE: Duration = Duration::from_secs(30);

#[tokio::test(start_paused = true)]
async fn a_partition_loses_requests_for_its_time_and_for_one_server_only() {
    let player = Player::new(1).await;
    let elsewhere = Player::on(player.store.clone(), 2).await;
    player.faulty.partition_for(WHILE);
    assert!(within(player.save(1)).await.is_none());
    assert_eq!(elsewhere.save(1).await.unwrap(), written(1));
    sleep(WHILE).await;
    assert_eq!(
        player.revision().await,
        0,
        "what was lost does not come back"
    );
    assert_eq!(player.save(1).await.unwrap(), written(1));
}

#[tokio::test(start_paused = true)]
async fn a_partition_loses_the_answer_of_a_request_that_got_through_before_it() {
    let player = Player::new(1).await;
    let fault = Fault::Delay {
        request: Duration::ZERO,
        answer: Duration::from_secs(1),
    };
    player.faulty.inject(When::save(), fault);
    let faulty = player.faulty.clone();
    let partition = async move {
        sleep(Duration::from_millis(500)).await;
        faulty.partition_for(WHILE);
    };
    let (told, ()) = tokio::join!(within(player.save(1)), partition);
    assert!(told.is_none());
    assert_eq!(player.revision().await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_requests_and_lets_them_through_at_its_end() {
    let player = Player::new(1).await;
    player.faulty.pause_for(WHILE);
    let begin = Instant::now();
    assert_eq!(player.save(1).await.unwrap(), written(1));
    assert_eq!(begin.elapsed(), WHILE);
}

#[tokio::test(start_paused = true)]
async fn what_a_paused_server_sent_arrives_although_it_gave_up_waiting() {
    let player = Player::new(1).await;
    player.faulty.pause_for(WHILE);
    assert!(within(player.save(1)).await.is_none());
    assert_eq!(player.revision().await, 0);
    sleep(WHILE).await;
    assert_eq!(player.revision().await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_server_can_be_reconnected_before_the_time() {
    let player = Player::new(1).await;
    player.faulty.pause_for(WHILE);
    let faulty = player.faulty.clone();
    let begin = Instant::now();
    let reconnect = async move {
        sleep(PATIENCE).await;
        faulty.reconnect();
    };
    let (saved, ()) = tokio::join!(player.save(1), reconnect);
    assert_eq!(saved.unwrap(), written(1));
    assert_eq!(begin.elapsed(), PATIENCE);
}

#[tokio::test(start_paused = true)]
async fn nothing_of_a_server_that_was_cut_off_gets_out_but_what_is_on_its_way() {
    let player = Player::new(1).await;
    let fault = Fault::HangThenApply { after: WHILE };
    player.faulty.inject(When::save().nth(1), fault);
    assert!(within(player.save(1)).await.is_none());
    player.faulty.cut();
    let error = within(player.save(1))
        .await
        .expect("it fails at once")
        .unwrap_err();
    assert_eq!(error.effect(), Effect::None);
    player.faulty.calm();
    assert!(player.save(1).await.is_err(), "for good");
    sleep(WHILE).await;
    assert_eq!(player.revision().await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_crash_loses_what_a_paused_server_had_not_sent() {
    let player = Player::new(1).await;
    player.faulty.pause_for(WHILE);
    let faulty = player.faulty.clone();
    let cut = async move {
        sleep(Duration::from_secs(1)).await;
        faulty.cut();
    };
    let (saved, ()) = tokio::join!(player.save(1), cut);
    assert!(saved.is_err());
    sleep(WHILE).await;
    assert_eq!(player.revision().await, 0);
}

#[tokio::test(start_paused = true)]
async fn what_the_store_could_lose_is_asked_through_the_connection_like_all_else() {
    let player = Player::new(1).await;
    assert_eq!(player.faulty.hazards().await.unwrap(), []);
    player.faulty.partition_for(WHILE);
    assert!(within(player.faulty.hazards()).await.is_none());
}
