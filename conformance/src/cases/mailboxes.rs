//! Mailboxes: what is posted waits, whoever holds the player.

use bytes::Bytes;
use playerdata_core::{
    LetterId, PlayerId, SlotName, UnixMillis,
    backend::{Erasure, Letter, Lock, MAX_LETTER_BYTES, MAX_SENDER_BYTES, Posting},
};

use crate::{
    Fixture, Rule,
    driver::{Client, RawSlot, name},
};

/// A letter to a player of whom nothing is known waits as it was posted, with
/// its id, its sender and all, and is read through either client as often as
/// anybody likes.
///
/// Proves [M1](Rule::M1). A backend that fails it needs a player to have played
/// before they can be given something, or gives them something else.
pub async fn a_posted_letter_waits_as_it_was_posted(fixture: Fixture) {
    let [a, b] = fixture.clients();
    let (player, slot) = (fixture.player(), fixture.slot());
    let letters = [
        fixture.letter("gift", r#"{"Gold":5}"#),
        fixture.unsettled_letter("parcel", r#"{"Items":[]}"#),
    ];
    let empty = a.letters(&player, &slot, None, 10).await;
    fixture.expect_eq(Rule::M1, "an empty mailbox", empty, Vec::new());
    for letter in &letters {
        let outcome = a.post(&player, &slot, letter).await;
        let posted = Posting::Posted { holder: None };
        fixture.expect_eq(Rule::M1, "nobody is needed", outcome, posted);
    }
    for client in [&b, &a, &b] {
        let found = client.waiting(&player, &slot).await;
        fixture.expect_eq(Rule::M1, "as they were posted", found, letters.to_vec());
    }
}

/// Whoever opens a slot is told whether letters wait for it: those that were
/// posted before, with or without a session, and no longer those that were
/// taken out.
///
/// Proves M3. A backend that fails it keeps a gift from its player until the
/// next one comes.
pub async fn an_opening_says_whether_letters_wait(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot, other) = (fixture.player(), fixture.slot(), name("Other"));
    let letters = ["first", "second"].map(|id| fixture.letter(id, "5"));
    let session = a.join(&player).await;
    let mail = |what, open: &RawSlot, waits| {
        fixture.expect_eq(Rule::M3, what, open.opened().mail, waits);
    };
    mail("none was posted", &session.open(&slot).await, false);
    b.client.send(&player, &slot, &letters[0]).await;
    mail("one waits", &session.open(&slot).await, true);
    mail("for another slot", &session.open(&other).await, false);
    b.client.send(&player, &slot, &letters[1]).await;
    session.release().await;
    let next = b.join(&player).await;
    mail("two wait", &next.open(&slot).await, true);
    for (letter, waits) in letters.iter().zip([true, false]) {
        let (id, posting) = (&letter.id, letter.posting);
        a.client.discard(&player, &slot, id, posting).await;
        mail("one was taken out", &next.open(&slot).await, waits);
    }
}

/// A letter is posted again, as when its answer was lost: it is there once,
/// and its sender recognises it by its posting.
///
/// Proves [M1](Rule::M1) and the contract on repeats. A backend that fails it
/// doubles a gift whenever the network is slow.
pub async fn a_repeated_post_is_known_by_its_posting(fixture: Fixture) {
    let (player, slot) = (fixture.player(), fixture.slot());
    let [a, b] = fixture.clients();
    let letter = fixture.letter("gift", "5");
    a.send(&player, &slot, &letter).await;
    for client in [&a, &b, &a] {
        let again = client.post(&player, &slot, &letter).await;
        let known = Posting::AlreadyPosted {
            posting: letter.posting,
            holder: None,
        };
        fixture.expect_eq(Rule::Repeats, "its own posting", again, known);
    }
    let found = b.waiting(&player, &slot).await;
    fixture.expect_eq(Rule::M1, "once", found, vec![letter]);
}

/// Another letter is posted under an id that waits: the first one stays, with
/// its content, its place and all, and the other's sender is told whose counts.
///
/// Proves [M1](Rule::M1). A backend that fails it lets a purchase that is sent
/// twice with another price overwrite the first.
pub async fn of_one_id_the_first_content_counts(fixture: Fixture) {
    let (player, slot) = (fixture.player(), fixture.slot());
    let [a, b] = fixture.clients();
    let first = fixture.letter("gift", "the first");
    let next = fixture.letter("next", "the next");
    a.send(&player, &slot, &first).await;
    a.send(&player, &slot, &next).await;
    for client in [&a, &b] {
        let other = fixture.unsettled_letter("gift", "another, and longer");
        let known = client.known_as(&player, &slot, &other).await;
        let counts = Some(first.posting);
        fixture.expect_eq(Rule::M1, "the posting that counts", known, counts);
    }
    let found = b.waiting(&player, &slot).await;
    fixture.expect_eq(Rule::M1, "as the first was", found, vec![first, next]);
}

/// A letter's content comes back byte for byte, from none to 16 KiB, and so do
/// its sender and any time.
///
/// Proves the contract on bodies. A backend that fails it cuts a gift off, or
/// refuses one that another store takes.
pub async fn a_letter_is_kept_to_its_last_byte(fixture: Fixture) {
    let (player, slot) = (fixture.player(), fixture.slot());
    let [a, b] = fixture.clients();
    let every_byte: Vec<u8> = (0..=255).collect();
    let contents = [
        Bytes::new(),
        Bytes::from_static(b"0"),
        Bytes::from_static(b"\0"),
        every_byte.clone().into(),
        every_byte.repeat(MAX_LETTER_BYTES / 256).into(),
        vec![0; MAX_LETTER_BYTES].into(),
    ];
    let senders = [
        String::new(),
        "It's \"the shop\"; -- %s \\ \0 \n".to_owned(),
        "żółw 🐢".to_owned(),
        "s".repeat(MAX_SENDER_BYTES),
        "🐢".repeat(MAX_SENDER_BYTES / "🐢".len()),
        "null".to_owned(),
    ];
    let times = [0, 1, u64::MAX, i64::MAX as u64 + 1, 253_402_300_800_000, 7];
    let mut posted = Vec::new();
    for (number, content) in contents.into_iter().enumerate() {
        let letter = Letter {
            sender: senders[number].clone(),
            sent_at: UnixMillis::new(times[number]),
            ..fixture.letter(&format!("letter-{number}"), content)
        };
        a.send(&player, &slot, &letter).await;
        posted.push(letter);
    }
    let found = b.waiting(&player, &slot).await;
    fixture.expect_eq(Rule::Bodies, "as many", found.len(), posted.len());
    for (found, posted) in found.into_iter().zip(posted) {
        fixture.expect_eq(Rule::Bodies, "byte for byte", found, posted);
    }
}

/// Gives each mailbox a letter of one id, and then requires that each has its
/// own still.
async fn expect_distinct_mailboxes(fixture: &Fixture, mailboxes: &[(PlayerId, SlotName)]) {
    let [a, b] = fixture.clients();
    let mut own = Vec::new();
    for (player, slot) in mailboxes {
        let letter = fixture.letter("gift", format!("{player:?} {slot:?}"));
        a.send(player, slot, &letter).await;
        own.push(letter);
    }
    for (index, (player, slot)) in mailboxes.iter().enumerate() {
        let what = format!("the mailbox of {player:?} and {slot:?}");
        let found = b.waiting(player, slot).await;
        fixture.expect_eq(Rule::Names, &what, found, vec![own[index].clone()]);
        // What is taken out of one stays in the others.
        b.take_out(player, slot, &own[index]).await;
        let found = a.waiting(player, slot).await;
        fixture.expect_eq(Rule::Names, &what, found, Vec::new());
    }
}

/// Each slot has a mailbox of its own, however alike their names are, and of
/// one id each may have a letter.
///
/// Proves the contract on names. A backend that fails it gives what was sent to
/// one character to another.
pub async fn each_slot_has_a_mailbox_of_its_own(fixture: Fixture) {
    let player = fixture.player();
    let slots = [
        "Slot1", "slot1", "SLOT1", "Slot", "Slot11", "1", "01", "a_b", "a-b",
    ];
    let mailboxes: Vec<_> = slots
        .into_iter()
        .map(|slot| (player.clone(), name(slot)))
        .collect();
    expect_distinct_mailboxes(&fixture, &mailboxes).await;
}

/// Each player has mailboxes of their own, however alike their ids are.
///
/// Proves the contract on names. A backend that fails it gives what was sent to
/// one player to another.
pub async fn each_player_has_mailboxes_of_their_own(fixture: Fixture) {
    let slot = fixture.slot();
    let stem = "p".repeat(PlayerId::MAX_BYTES - 1);
    let longest = [format!("{stem}1"), format!("{stem}2"), stem];
    let players = [
        "alice", "Alice", "alice_", "alice%", "alice*", "al_ce", "1", "01", "1.0", "1e0", "a\\b",
        "a\\\\b", "alice:", "a:b", "*", "%",
    ];
    let players = players
        .into_iter()
        .chain(longest.iter().map(String::as_str));
    let mailboxes: Vec<_> = players.map(|player| (name(player), slot.clone())).collect();
    expect_distinct_mailboxes(&fixture, &mailboxes).await;
}

/// Ids of letters that differ in one byte are different ones, up to the
/// longest.
///
/// Proves the contract on names. A backend that fails it takes one purchase for
/// the repetition of another: it is never granted.
pub async fn letters_whose_ids_are_alike_are_different_ones(fixture: Fixture) {
    let (player, slot) = (fixture.player(), fixture.slot());
    let [a, b] = fixture.clients();
    let stem = "i".repeat(LetterId::MAX_BYTES - 1);
    let longest = [format!("{stem}1"), format!("{stem}2"), format!("{stem}I")];
    let ids = [
        "gift",
        "Gift",
        "gift1",
        "gif",
        "1",
        "01",
        "1.0",
        "1e0",
        "*",
        "%",
        "g_ft",
        "a:b",
        "a::b",
        "a\\b",
        "a\\\\b",
        "'",
        "\"",
        "NULL",
        "123e4567-e89b-12d3-a456-426614174000",
        "123E4567-E89B-12D3-A456-426614174000",
    ];
    let ids = ids.into_iter().chain(longest.iter().map(String::as_str));
    let letters: Vec<Letter> = ids.map(|id| fixture.letter(id, id.to_owned())).collect();
    for letter in &letters {
        let known = a.known_as(&player, &slot, letter).await;
        fixture.expect_eq(Rule::Names, letter.id.as_str(), known, None);
    }
    let found = b.waiting(&player, &slot).await;
    fixture.expect_eq(Rule::Names, "all of them", found, letters.clone());
    for (index, letter) in letters.iter().enumerate() {
        b.take_out(&player, &slot, letter).await;
        let left = a.waiting(&player, &slot).await;
        let expected = letters[index + 1..].to_vec();
        fixture.expect_eq(Rule::Names, "only that one goes", left, expected);
    }
}

/// Requires what a letter's sender is told about the holder, for a new letter
/// and for one that is known.
async fn expect_holder(fixture: &Fixture, client: &Client, when: &str, lock: Option<&Lock>) {
    let (player, slot) = (fixture.player(), fixture.slot());
    let holder = lock.cloned();
    let letter = fixture.letter(&when.replace(' ', "-"), "5");
    let outcome = client.post(&player, &slot, &letter).await;
    let posted = Posting::Posted {
        holder: holder.clone(),
    };
    fixture.expect_eq(Rule::M3, when, outcome, posted);
    let again = client.post(&player, &slot, &letter).await;
    let posting = letter.posting;
    let known = Posting::AlreadyPosted { posting, holder };
    fixture.expect_eq(Rule::M3, when, again, known);
}

/// Whoever posts is told who holds the player: nobody at first, the holder,
/// who took the player over, nobody again.
///
/// Proves [M3](Rule::M3). A backend that fails it has a game send word of the
/// letter to a server that the player has left: it waits until they play again.
pub async fn the_sender_is_told_who_holds_the_player(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let player = fixture.player();
    expect_holder(&fixture, &b.client, "nobody yet", None).await;
    let first = a.join(&player).await;
    expect_holder(&fixture, &b.client, "held", Some(&first.lock())).await;
    expect_holder(&fixture, &a.client, "held still", Some(&first.lock())).await;
    let thief = b.take_over(&player, first.id()).await;
    expect_holder(&fixture, &a.client, "taken over", Some(&thief.lock())).await;
    thief.release().await;
    expect_holder(&fixture, &a.client, "released", None).await;
    let next = a.join(&player).await;
    expect_holder(&fixture, &b.client, "held again", Some(&next.lock())).await;
}

/// Mail comes and goes while a session has the player and the slot open: it
/// saves under its claim, and finds what it saved.
///
/// Proves [M1](Rule::M1). A backend that fails it makes every gift throw its
/// player out, or refuses gifts to whoever plays.
pub async fn mail_disturbs_no_session(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let mut open = session.open(&slot).await;
    for round in 0..4 {
        let saved = open.save(format!("round {round}")).await;
        let letter = fixture.unsettled_letter(&format!("gift-{round}"), "5");
        b.client.send(&player, &slot, &letter).await;
        for client in [&a.client, &b.client] {
            let seen = client.view(&player, &slot).await;
            fixture.expect_eq(Rule::M1, "the record", seen, Some(saved.clone()));
        }
        open.save(format!("round {round}, with a letter")).await;
        b.client
            .settle(&player, &slot, &letter.id, letter.posting)
            .await;
        b.client.take_out(&player, &slot, &letter).await;
    }
    let holder = b.client.holder(&player).await;
    fixture.expect_eq(Rule::M1, "the holder", holder, Some(session.lock()));
    let found = session.open(&slot).await.opened().last_write;
    let seen = a.client.view(&player, &slot).await;
    let last_write = seen.map(|record| record.write_id);
    fixture.expect_eq(Rule::M1, "its last write", found, last_write);
}

/// A slot that has nothing but mail is in no list, is seen as nothing, and
/// opens as one that was never written.
///
/// Proves [M1](Rule::M1) and the contract on views. A backend that fails it
/// shows a character that nobody made.
pub async fn mail_makes_no_slot(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let other: SlotName = name("other");
    let session = a.join(&player).await;
    session.open(&other).await.save("data").await;
    let letters = [fixture.letter("1", "5"), fixture.unsettled_letter("2", "5")];
    for letter in &letters {
        b.client.send(&player, &slot, letter).await;
    }
    b.client.take_out(&player, &slot, &letters[1]).await;
    for client in fixture.clients() {
        let listed = client.list(&player).await;
        let listed: Vec<_> = listed.into_iter().map(|slot| slot.slot).collect();
        fixture.expect_eq(Rule::Views, "the other one", listed, vec![other.clone()]);
        let seen = client.view(&player, &slot).await;
        fixture.expect_eq(Rule::Views, "no record", seen, None);
    }
    let mut open = session.open(&slot).await;
    let found = (open.base().get(), open.opened().last_write);
    fixture.expect_eq(Rule::Views, "never written", found, (0, None));
    open.save("the first").await;
}

/// Letters wait through all that happens to the slot: it is opened, saved,
/// deleted, taken over and released.
///
/// Proves [M1](Rule::M1). A backend that fails it loses a player's mail with a
/// character, or with a session.
pub async fn letters_wait_whatever_happens_to_the_slot(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let letter = fixture.letter("gift", "5");
    a.client.send(&player, &slot, &letter).await;
    let expect_waiting = async |when| {
        for client in fixture.clients() {
            let found = client.waiting(&player, &slot).await;
            fixture.expect_eq(Rule::M1, when, found, vec![letter.clone()]);
        }
    };
    let session = a.join(&player).await;
    expect_waiting("held").await;
    let mut open = session.open(&slot).await;
    expect_waiting("opened").await;
    open.save("data").await;
    expect_waiting("saved").await;
    open.delete().await;
    expect_waiting("deleted").await;
    open.save("again").await;
    let thief = b.take_over(&player, session.id()).await;
    expect_waiting("taken over").await;
    thief.open(&slot).await.delete().await;
    thief.release().await;
    expect_waiting("released").await;
    let refused = b.join(&player).await;
    let erased = a.client.erase(&player).await;
    let held = matches!(erased, Erasure::Locked { .. });
    fixture.expect(Rule::Erasure, "a held player is not erased", held);
    expect_waiting("not erased").await;
    refused.release().await;
}
