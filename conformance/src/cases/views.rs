//! Reading without the lock: views and lists.

use playerdata_core::{
    SlotName,
    backend::{Record, SlotSummary},
};

use crate::{Fixture, Rule, driver::name};

/// A record as a list shows it.
fn summary(slot: &SlotName, record: &Record) -> SlotSummary {
    SlotSummary {
        slot: slot.clone(),
        revision: record.revision,
        saved_at: record.saved_at,
        schema: record.body.schema,
        body_bytes: record.body.bytes.len() as u64,
    }
}

/// What was never saved is seen as nothing: of an unknown player, of one who
/// is held, in a slot that is open, and when all that is over.
///
/// Proves [S4](Rule::S4). A backend that fails it answers with an error, or
/// makes something up, for a player who is new.
pub async fn nothing_is_seen_where_nothing_was_saved(fixture: Fixture) {
    let [a, _] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let expect_nothing = async |when| {
        for client in fixture.clients() {
            let seen = client.view(&player, &slot).await;
            fixture.expect_eq(Rule::S4, when, seen, None);
            let listed = client.list(&player).await;
            fixture.expect_eq(Rule::S4, when, listed, Vec::new());
        }
    };
    expect_nothing("of an unknown player").await;
    let session = a.join(&player).await;
    expect_nothing("of a player who is held").await;
    session.open(&slot).await;
    expect_nothing("in a slot that is open").await;
    session.release().await;
    expect_nothing("when all that is over").await;
}

/// A view through the other client shows each save and deletion once it was
/// acknowledged.
///
/// Proves [S1](Rule::S1). A backend that fails it shows an operator, or a web
/// page, what the player no longer has.
pub async fn a_view_shows_what_was_acknowledged(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let mut open = session.open(&slot).await;
    for round in 0..10 {
        let saved = open.save(format!("round {round}")).await;
        for client in [&b.client, &a.client] {
            let seen = client.view(&player, &slot).await;
            fixture.expect_eq(Rule::S1, "at once", seen, Some(saved.clone()));
        }
        if round % 3 == 0 {
            open.delete().await;
            let seen = b.client.view(&player, &slot).await;
            fixture.expect_eq(Rule::S1, "gone at once", seen, None);
        }
    }
}

/// A record is seen alike while its slot is open, opened again, released,
/// and taken over.
///
/// Proves the contract on views. A backend that fails it moves a record out of
/// sight when somebody plays.
pub async fn a_record_is_seen_whoever_has_it_open(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let mut open = session.open(&slot).await;
    let saved = open.save("data").await;
    let expect_seen = async |when| {
        for client in fixture.clients() {
            let seen = client.view(&player, &slot).await;
            fixture.expect_eq(Rule::Views, when, seen, Some(saved.clone()));
            let listed = client.list(&player).await;
            let expected = vec![summary(&slot, &saved)];
            fixture.expect_eq(Rule::Views, when, listed, expected);
        }
    };
    expect_seen("open").await;
    session.open(&slot).await;
    expect_seen("opened again").await;
    session.release().await;
    expect_seen("released").await;
    let next = b.join(&player).await;
    expect_seen("locked").await;
    next.open(&slot).await;
    expect_seen("open again").await;
    let thief = a.take_over(&player, next.id()).await;
    expect_seen("taken over").await;
    thief.open(&slot).await;
    expect_seen("open again").await;
}

/// Views, lists and questions for the holder disturb no session.
///
/// Proves the contract on views. A backend that fails it lets a look at a
/// player throw them out.
pub async fn looking_disturbs_no_session(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let mut open = session.open(&slot).await;
    for round in 0..3 {
        for client in fixture.clients() {
            client.view(&player, &slot).await;
            client.list(&player).await;
            client.holder(&player).await;
        }
        open.save(format!("round {round}")).await;
    }
    let holder = b.client.holder(&player).await;
    fixture.expect_eq(Rule::Views, "undisturbed", holder, Some(session.lock()));
}

/// A list has every slot that holds a record, sorted by name, with what the
/// record says; none that was only opened, none that was deleted.
///
/// Proves the contract on views. A backend that fails it hides a character from
/// its player, or shows one that is gone.
pub async fn a_list_has_the_slots_that_hold_a_record(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let player = fixture.player();
    let session = a.join(&player).await;
    let mut expected = Vec::new();
    for text in [
        "b", "a", "_", "-", "B", "A", "10", "9", "ab", "Slot-1", "slot_1",
    ] {
        let slot: SlotName = name(text);
        let mut open = session.open(&slot).await;
        open.save("first").await;
        let saved = open.save(format!("the data of {text}")).await;
        expected.push(summary(&slot, &saved));
    }
    session.open(&name("only-opened")).await;
    let mut deleted = session.open(&name("deleted")).await;
    deleted.save("gone").await;
    deleted.delete().await;
    session
        .open(&name("deleted-unwritten"))
        .await
        .delete()
        .await;
    expected.sort_by(|one, other| one.slot.cmp(&other.slot));
    for client in fixture.clients() {
        let listed = client.list(&player).await;
        fixture.expect_eq(Rule::Views, "as saved", listed, expected.clone());
    }
    session.release().await;
    let listed = b.client.list(&player).await;
    fixture.expect_eq(Rule::Views, "released, the same", listed, expected);
}

/// A list has all of 150 slots, open ones and others.
///
/// Proves the contract on views. A backend that fails it returns the first page
/// of its store's answer.
pub async fn a_list_has_all_of_many_slots(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let player = fixture.player();
    let first = a.join(&player).await;
    let mut expected = Vec::new();
    let mut save = async |session: &crate::driver::RawSession, numbers| {
        for number in numbers {
            let slot: SlotName = name(&format!("Slot{number:03}"));
            let saved = session.open(&slot).await.save(vec![b'x'; number]).await;
            expected.push(summary(&slot, &saved));
        }
    };
    save(&first, 0..75_usize).await;
    first.release().await;
    save(&b.join(&player).await, 75..150).await;
    for client in fixture.clients() {
        let listed = client.list(&player).await;
        fixture.expect_eq(Rule::Views, "all of them", listed, expected.clone());
    }
}
