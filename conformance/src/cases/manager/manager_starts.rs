//! Starts of sessions that go wrong half-way, and the locks that they must not
//! leave.

use playerdata_core::{Event, OnConflict};
use playerdata_faults::{Fault, When};

use super::{expect_free, expect_holder, expect_saves};
use crate::{Fixture, Rule};

/// A start whose first answer was lost asks again, and is given the lock that
/// it has already.
///
/// Proves [L8](Rule::L8) and [L1](Rule::L1). A backend that fails it keeps a
/// player out because of a lock that their own server took, without knowing it.
pub async fn a_start_whose_answer_was_lost_recognises_its_lock(fixture: Fixture) {
    let [a, _] = fixture.games().await;
    let player = fixture.player();
    a.inject(When::acquire().nth(1), Fault::ErrorAfter);
    let (session, slot) = a.play(&player).await;
    let [_, client] = fixture.clients();
    let holder = client.holder(&player).await;
    expect_holder(&fixture, Rule::L1, holder.as_ref(), &a, &session);
    expect_saves(&fixture, Rule::S3, &slot, 7, 1).await;
}

/// A start that gets no answer at all fails, and leaves no lock: the one that
/// it may have taken is released as soon as the store can be reached.
///
/// Proves [L8](Rule::L8) and [E3](Rule::E3). A backend that fails it locks a
/// player out for as long as the server lives that failed to let them in.
pub async fn a_start_without_an_answer_leaves_no_lock(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let player = fixture.player();
    a.inject(When::acquire(), Fault::ErrorAfter);
    let failed = a.start_session_with(player.clone(), OnConflict::Fail).await;
    fixture.unavailable("the store could not be reached", failed);
    a.calm();
    let [_, client] = fixture.clients();
    fixture
        .until(Rule::L8, "nobody holds the player", || async {
            client.holder(&player).await.is_none()
        })
        .await;
    b.play(&player).await;
}

/// A session whose first slot can't be loaded goes on, and its lock goes with
/// it.
///
/// Proves [L8](Rule::L8) and [S4](Rule::S4). A backend that fails it locks a
/// player out of every server because one could not read their data.
pub async fn a_first_load_that_fails_leaves_the_session(fixture: Fixture) {
    let [mut a, b] = fixture.games().await;
    let player = fixture.player();
    let session = a.join(&player).await;
    a.inject(When::open(), Fault::ErrorInDoubt);
    let failed = session.load_slot("Slot1").await;
    fixture.unavailable("the store could not be reached", failed);
    fixture.expect(Rule::L8, "the session goes on", session.is_active());
    a.calm();
    let slot = a.load(&session, "Slot1").await;
    drop((session, slot));
    a.told(Rule::L8, "that the session ended", |event| {
        matches!(event, Event::SessionEnded { .. }).then_some(())
    })
    .await;
    let [_, client] = fixture.clients();
    expect_free(&client, Rule::L8, &player).await;
    b.play(&player).await;
}

/// A start for which nobody waits any more leaves no lock: another server gets
/// the player.
///
/// Proves [L8](Rule::L8). A backend that fails it locks out a player
/// who left while they were let in.
pub async fn a_start_that_nobody_waits_for_leaves_no_lock(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let player = fixture.player();
    let [_, client] = fixture.clients();
    a.inject(When::acquire(), Fault::HangAfter);
    let lock_is_taken = async {
        while client.holder(&player).await.is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        started = a.start_session(player.clone()) => {
            fixture.expect(Rule::Fixture, "a start gets no answer", started.is_err());
        }
        () = lock_is_taken => {} // and nobody waits for the start any more
    }
    let within = fixture.patience();
    let asked = OnConflict::HandOver { within };
    let started = b.start_session_with(player.clone(), asked).await;
    let session = fixture.works(Rule::L8, "another server gets the player", started);
    b.end(&session).await;
    expect_free(&client, Rule::L8, &player).await;
}
