//! Names: of any length and of every character that is allowed, and no two of
//! them the same thing.

use std::time::Duration;

use playerdata_core::{PlayerId, ServerId, ServerName, SlotName, backend::Renewal};

use crate::{Fixture, Rule, driver::name};

/// Every ASCII character that makes a name of its own.
fn characters<N>() -> Vec<N>
where
    N: for<'a> TryFrom<&'a str>,
{
    (0..128_u8)
        .filter_map(|byte| N::try_from(char::from(byte).to_string().as_str()).ok())
        .collect()
}

/// Gives each player a session and a record, and then requires that each has
/// their own still.
async fn expect_distinct_players(fixture: &Fixture, players: &[PlayerId]) {
    let [a, b] = fixture.servers();
    let slot = fixture.slot();
    let mut own = Vec::new();
    for player in players {
        let session = a.join(player).await;
        let saved = session.open(&slot).await.save(player.to_string()).await;
        own.push((session.lock(), saved));
    }
    for (player, (lock, saved)) in players.iter().zip(own) {
        let what = format!("player {player:?}");
        let holder = b.client.holder(player).await;
        fixture.expect_eq(Rule::Names, &what, holder, Some(lock));
        let seen = b.client.view(player, &slot).await;
        fixture.expect_eq(Rule::Names, &what, seen, Some(saved));
        let slots = b.client.list(player).await.len();
        fixture.expect_eq(Rule::Names, &what, slots, 1);
    }
}

/// Gives each slot a record, and then requires that each has its own still.
async fn expect_distinct_slots(fixture: &Fixture, slots: &[SlotName]) {
    let [a, b] = fixture.servers();
    let player = fixture.player();
    let session = a.join(&player).await;
    let mut own = Vec::new();
    for slot in slots {
        own.push(session.open(slot).await.save(slot.to_string()).await);
    }
    for (slot, saved) in slots.iter().zip(own) {
        let seen = b.client.view(&player, slot).await;
        fixture.expect_eq(Rule::Names, &format!("slot {slot:?}"), seen, Some(saved));
    }
    let listed = b.client.list(&player).await;
    let listed: Vec<_> = listed.into_iter().map(|slot| slot.slot).collect();
    let mut sorted = slots.to_vec();
    sorted.sort();
    fixture.expect_eq(Rule::Names, "listed, sorted by bytes", listed, sorted);
}

/// Gives each server a lease, and then requires that each has its own still,
/// by dropping them one by one.
async fn expect_distinct_servers(fixture: &Fixture, names: &[ServerName]) {
    let [a, b] = fixture.clients();
    let servers: Vec<ServerId> = names
        .iter()
        .map(|name| fixture.started(name.as_str()))
        .collect();
    let ttl = Duration::from_secs(3_600);
    for server in &servers {
        let renewal = a.renew_lease(server, ttl).await;
        let notices = Vec::new();
        fixture.expect_eq(
            Rule::Names,
            "its own",
            renewal,
            Renewal::Renewed { notices },
        );
    }
    for server in &servers {
        let live = b.lease_is_live(server).await;
        fixture.expect(Rule::Names, &format!("server {server} is live"), live);
        a.drop_lease(server).await;
    }
}

/// Player ids of every character that is allowed are different players:
/// capitals and small letters, signs that mean something to a store, digits
/// that look like numbers.
///
/// Proves the contract on names. A backend that fails it gives one player's
/// data to another.
pub async fn every_character_of_a_player_id_counts(fixture: Fixture) {
    expect_distinct_players(&fixture, &characters()).await;
}

/// Player ids that look like numbers, patterns, paths, quotes or keys are
/// taken as they are.
///
/// Proves the contract on names. A backend that fails it takes `1` and `01` for
/// one player, or one's id for a pattern that matches others.
pub async fn odd_player_ids_are_taken_as_they_are(fixture: Fixture) {
    let odd = [
        "1",
        "01",
        "1.0",
        "1e0",
        "+1",
        "-1",
        "0x1",
        "0",
        "-0",
        "NaN",
        "null",
        "NULL",
        "true",
        "player:1",
        "player:1:Slot1",
        "player/1",
        "player\\1",
        "player#1",
        "player|1",
        "..",
        ".",
        "~",
        "a%",
        "a_",
        "ab",
        "a*",
        "a?",
        "[ab]",
        "'a'",
        "\"a\"",
        "`a`",
        "a;--",
        "$1",
        "?1",
        ":1",
        "@1",
        "a%00b",
        "a%20b",
        "a+b",
        "a&b=c",
        "<a>",
        "lock",
        "fence",
        "CON",
        "a.",
        "a",
    ];
    expect_distinct_players(&fixture, &odd.map(name)).await;
}

/// Player ids of the longest length count to their last byte, and so does the
/// shortest; a long id and a long slot name go together.
///
/// Proves the contract on names. A backend that fails it cuts names off, and
/// two players become one.
pub async fn player_ids_count_to_their_last_byte(fixture: Fixture) {
    let stem = "x".repeat(PlayerId::MAX_BYTES - 1);
    let players = [
        name("x"),
        name(&stem),
        name(&format!("{stem}1")),
        name(&format!("{stem}2")),
    ];
    expect_distinct_players(&fixture, &players).await;
    let [a, b] = fixture.servers();
    let longest_id = name(&"y".repeat(PlayerId::MAX_BYTES));
    let longest_name = name(&"s".repeat(SlotName::MAX_BYTES));
    let session = a.join(&longest_id).await;
    let saved = session.open(&longest_name).await.save("long").await;
    let seen = b.client.view(&longest_id, &longest_name).await;
    fixture.expect_eq(Rule::Names, "both at their longest", seen, Some(saved));
}

/// Slot names of every character that is allowed are different slots.
///
/// Proves the contract on names. A backend that fails it saves one character
/// over another.
pub async fn every_character_of_a_slot_name_counts(fixture: Fixture) {
    expect_distinct_slots(&fixture, &characters()).await;
}

/// Slot names of the longest length count to their last byte, and in capitals
/// and small letters.
///
/// Proves the contract on names. A backend that fails it saves one character
/// over another.
pub async fn slot_names_count_to_their_last_byte(fixture: Fixture) {
    let stem = "x".repeat(SlotName::MAX_BYTES - 1);
    let long = ["", "1", "2", "x", "X"].map(|end| name(&format!("{stem}{end}")));
    expect_distinct_slots(&fixture, &long).await;
}

/// Slot names that look like numbers or like a store's own words are taken as
/// they are.
///
/// Proves the contract on names. A backend that fails it lets a slot hide the
/// player's lock.
pub async fn odd_slot_names_are_taken_as_they_are(fixture: Fixture) {
    let odd = [
        "0", "00", "1", "01", "-1", "_", "-", "--", "null", "NULL", "true", "lock", "fence",
        "session", "slot", "slots", "rest", "LOCK", "player", "Slot1", "slot1", "SLOT1",
    ];
    expect_distinct_slots(&fixture, &odd.map(name)).await;
    let [_, b] = fixture.servers();
    let held = b.client.holder(&fixture.player()).await;
    fixture.expect(Rule::Names, "the lock is still there", held.is_some());
}

/// Server names of every character that is allowed are different servers.
///
/// Proves the contract on names. A backend that fails it lets one server
/// supersede another.
pub async fn every_character_of_a_server_name_counts(fixture: Fixture) {
    expect_distinct_servers(&fixture, &characters()).await;
}

/// Server names of the longest length count to their last byte, and ones that
/// look like numbers or paths are taken as they are.
///
/// Proves the contract on names. A backend that fails it lets one server
/// supersede another.
pub async fn odd_and_long_server_names_are_taken_as_they_are(fixture: Fixture) {
    let stem = "x".repeat(ServerName::MAX_BYTES - 1);
    let mut names = ["", "1", "2", "X"]
        .map(|end| name(&format!("{stem}{end}")))
        .to_vec();
    names.extend(
        [
            "1",
            "01",
            "1.0",
            "-1",
            "..",
            "eu-1.example",
            "EU-1.example",
            "null",
        ]
        .map(name),
    );
    expect_distinct_servers(&fixture, &names).await;
}
