//! What a mailbox remembers of letters that were taken out, and for how long.
//!
//! Ids may be remembered for longer than they have to. So where time passes,
//! what is required is that it was not forgotten too early; afterwards, that
//! the store does what it says.

use std::time::Duration;

use playerdata_core::{
    PlayerId, SlotName,
    backend::{Erasure, KnownLetter, LETTER_MEMORY, Letter, MAX_LETTERS, Retention},
};

use crate::{
    Fixture, Rule,
    driver::{Client, name},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Just not the whole of the time for which an id is remembered.
const ALMOST: Duration = LETTER_MEMORY.saturating_sub(Duration::from_secs(60));

/// Requires that a letter's id is known, and that it does not wait.
async fn expect_remembered(fixture: &Fixture, rule: Rule, when: &str, letter: &Letter) {
    let (player, slot) = (fixture.player(), fixture.slot());
    for client in fixture.clients() {
        let other = Letter {
            content: "another content".into(),
            ..fixture.letter(letter.id.as_str(), "")
        };
        for copy in [letter, &other] {
            let known = client.known_as(&player, &slot, copy).await;
            fixture.expect_eq(rule, when, known, Some(letter.posting));
        }
        let waiting = client.waiting_ids(&player, &slot).await;
        let waits = waiting.iter().any(|id| *id == letter.id.as_str());
        fixture.expect(rule, "what was taken out does not wait", !waits);
    }
}

/// Posts a letter and takes it out.
async fn post_and_take_out(fixture: &Fixture, client: &Client, letter: &Letter) {
    let (player, slot) = (fixture.player(), fixture.slot());
    client.send(&player, &slot, letter).await;
    client.take_out(&player, &slot, letter).await;
}

/// A letter that was taken out is gone, and its id is remembered: a copy of it
/// that comes late is not taken in, nor another letter of that id.
///
/// Proves [M2](Rule::M2). A backend that fails it gives a player the same gift
/// again and again, once for each time that its sender was in doubt.
pub async fn a_letter_that_was_taken_out_is_remembered(fixture: Fixture) {
    let (player, slot) = (fixture.player(), fixture.slot());
    let [a, b] = fixture.clients();
    let letters = [
        fixture.letter("timed", "5"),
        fixture.unsettled_letter("unsettled", "5"),
    ];
    let stays = fixture.letter("stays", "5");
    a.send(&player, &slot, &stays).await;
    for letter in &letters {
        post_and_take_out(&fixture, &b, letter).await;
        expect_remembered(&fixture, Rule::M2, "taken out", letter).await;
    }
    let waiting = a.waiting(&player, &slot).await;
    fixture.expect_eq(Rule::M2, "the other one stays", waiting, vec![stays]);
}

/// Taking a letter out again changes nothing, nor does taking out what was
/// never there, of a mailbox that has others and of one that has none.
///
/// Proves the contract on repeats. A backend that fails it fails a player's
/// load because an answer was lost, or takes a letter out that nobody applied.
pub async fn taking_out_again_changes_nothing(fixture: Fixture) {
    let (player, slot) = (fixture.player(), fixture.slot());
    let [a, b] = fixture.clients();
    let letter = fixture.letter("gift", "5");
    b.take_out(&player, &slot, &letter).await;
    a.settle(&player, &slot, &letter.id, letter.posting).await;
    let known = a.known_as(&player, &slot, &letter).await;
    fixture.expect_eq(Rule::Repeats, "not known before", known, None);
    let stays = fixture.letter("stays", "5");
    a.send(&player, &slot, &stays).await;
    for client in [&a, &b, &a] {
        client.take_out(&player, &slot, &letter).await;
        let unknown = fixture.letter("unknown", "5");
        client.take_out(&player, &slot, &unknown).await;
        client.take_out(&player, &name("other"), &stays).await;
        client.take_out(&name("other"), &slot, &stays).await;
        let waiting = client.waiting(&player, &slot).await;
        let expected = vec![stays.clone()];
        fixture.expect_eq(Rule::Repeats, "the other stays", waiting, expected);
    }
    expect_remembered(&fixture, Rule::Repeats, "still", &letter).await;
    let unknown = fixture.letter("unknown", "5");
    let known = b.known_as(&player, &slot, &unknown).await;
    fixture.expect_eq(Rule::Repeats, "nobody posted it", known, None);
}

/// Only the letter of the posting that is named is taken out or settled.
///
/// Proves [M2](Rule::M2). A backend that fails it takes a letter out by its id
/// alone: a request that is late by an erasure takes a new gift, which nobody
/// gets.
pub async fn only_the_posting_that_is_named_is_meant(fixture: Fixture) {
    let (player, slot) = (fixture.player(), fixture.slot());
    let [a, b] = fixture.clients();
    let letter = fixture.unsettled_letter("gift", "5");
    a.send(&player, &slot, &letter).await;
    for client in [&a, &b] {
        let other = fixture.letter("gift", "another");
        client.take_out(&player, &slot, &other).await;
        client
            .settle(&player, &slot, &other.id, other.posting)
            .await;
        let waiting = client.waiting(&player, &slot).await;
        fixture.expect_eq(Rule::M2, "it waits", waiting, vec![letter.clone()]);
    }
    b.take_out(&player, &slot, &letter).await;
    let other = fixture.letter("gift", "another");
    b.settle(&player, &slot, &other.id, other.posting).await;
    fixture.pass(LETTER_MEMORY + DAY);
    expect_remembered(&fixture, Rule::P2, "settled by nobody", &letter).await;
}

/// An id is remembered for thirty days from when its letter was taken out, not
/// from when it was posted. Afterwards a letter of that id may be taken in
/// again, and then it waits.
///
/// Proves [M2](Rule::M2). A backend that fails it forgets a gift that lay in
/// the mailbox for a month as soon as it was opened: the next copy is another
/// gift.
pub async fn an_id_is_remembered_from_when_its_letter_was_taken_out(fixture: Fixture) {
    let (player, slot) = (fixture.player(), fixture.slot());
    let [a, b] = fixture.clients();
    let letter = fixture.letter("gift", "5");
    a.send(&player, &slot, &letter).await;
    fixture.pass(LETTER_MEMORY + DAY);
    let waiting = b.waiting(&player, &slot).await;
    fixture.expect_eq(Rule::M1, "it waits still", waiting, vec![letter.clone()]);
    b.take_out(&player, &slot, &letter).await;
    fixture.pass(ALMOST);
    expect_remembered(&fixture, Rule::M2, "just not thirty days", &letter).await;
    if !fixture.pass(LETTER_MEMORY) {
        return;
    }
    let again = fixture.letter("gift", "again");
    let known = a.known_as(&player, &slot, &again).await;
    let waiting = b.waiting(&player, &slot).await;
    match known {
        None => fixture.expect_eq(Rule::M1, "taken in, it waits", waiting, vec![again]),
        Some(posting) => {
            fixture.expect_eq(Rule::M2, "remembered", posting, letter.posting);
            fixture.expect_eq(Rule::M2, "and gone", waiting, Vec::new());
        }
    }
}

/// A letter from an outbox is remembered until its sender has settled it,
/// however long that takes.
///
/// Proves [P2](Rule::P2). A backend that fails it forgets a transfer after a
/// month: when its sender plays again, what they sent arrives a second time.
pub async fn an_unsettled_letter_is_remembered_for_ever(fixture: Fixture) {
    let letter = fixture.unsettled_letter("parcel", "5");
    let [a, _] = fixture.clients();
    post_and_take_out(&fixture, &a, &letter).await;
    for _ in 0..4 {
        expect_remembered(&fixture, Rule::P2, "not settled", &letter).await;
        fixture.pass(LETTER_MEMORY * 12);
    }
    expect_remembered(&fixture, Rule::P2, "not settled yet", &letter).await;
}

/// A letter from an outbox that was settled after it was taken out is
/// remembered for thirty days from then on, for copies that are late.
///
/// Proves [P2](Rule::P2). A backend that fails it forgets a transfer as soon as
/// it is settled: a copy that was on its way arrives as another one.
pub async fn a_settled_letter_is_remembered_for_a_time(fixture: Fixture) {
    let (player, slot) = (fixture.player(), fixture.slot());
    let letter = fixture.unsettled_letter("parcel", "5");
    let [a, b] = fixture.clients();
    post_and_take_out(&fixture, &a, &letter).await;
    fixture.pass(LETTER_MEMORY * 2);
    b.settle(&player, &slot, &letter.id, letter.posting).await;
    expect_remembered(&fixture, Rule::P2, "settled", &letter).await;
    fixture.pass(ALMOST);
    expect_remembered(&fixture, Rule::P2, "just not thirty days", &letter).await;
    a.settle(&player, &slot, &letter.id, letter.posting).await;
    expect_remembered(&fixture, Rule::P2, "settled again", &letter).await;
}

/// A letter that is settled while it waits goes on waiting, and is remembered
/// for thirty days from when it is taken out.
///
/// Proves [P2](Rule::P2) and [M2](Rule::M2). A backend that fails it takes the
/// word of the sender that all is done for that of the receiver: the parcel is
/// gone.
pub async fn a_letter_that_is_settled_goes_on_waiting(fixture: Fixture) {
    let (player, slot) = (fixture.player(), fixture.slot());
    let letter = fixture.unsettled_letter("parcel", "5");
    let [a, b] = fixture.clients();
    a.send(&player, &slot, &letter).await;
    for client in [&a, &b] {
        client
            .settle(&player, &slot, &letter.id, letter.posting)
            .await;
        let waiting = client.waiting_ids(&player, &slot).await;
        let expected = vec!["parcel".to_owned()];
        fixture.expect_eq(Rule::P2, "it waits", waiting, expected);
        let known = client.known_as(&player, &slot, &letter).await;
        fixture.expect_eq(Rule::M1, "once", known, Some(letter.posting));
    }
    fixture.pass(LETTER_MEMORY + DAY);
    let waiting = b.waiting_ids(&player, &slot).await.len();
    fixture.expect_eq(Rule::P2, "it waits still", waiting, 1);
    b.take_out(&player, &slot, &letter).await;
    expect_remembered(&fixture, Rule::M2, "taken out", &letter).await;
    fixture.pass(ALMOST);
    expect_remembered(&fixture, Rule::M2, "just not thirty days", &letter).await;
}

/// An erasure takes letters and remembered ids along: each letter may be
/// posted as if it were new. Other players, and what they remember, stay.
///
/// Proves [M6](Rule::M6). A backend that fails it keeps what a player has the
/// right to have deleted, or refuses mail to whoever comes back.
pub async fn an_erasure_takes_mail_and_its_memory(fixture: Fixture) {
    let (player, slot) = (fixture.player(), fixture.slot());
    let other = name("player-11");
    let [a, b] = fixture.clients();
    let [waits, gone, unsettled, settled] = [
        fixture.letter("waits", "5"),
        fixture.letter("gone", "5"),
        fixture.unsettled_letter("unsettled", "5"),
        fixture.unsettled_letter("settled", "5"),
    ];
    let letters = [&waits, &gone, &unsettled, &settled];
    let slots = [slot, name("other")];
    for player in [&player, &other] {
        for slot in &slots {
            for letter in letters {
                a.send(player, slot, letter).await;
            }
            for letter in [&gone, &unsettled, &settled] {
                b.take_out(player, slot, letter).await;
            }
            b.settle(player, slot, &settled.id, settled.posting).await;
        }
    }
    let erased = a.erase(&player).await;
    fixture.expect_eq(Rule::Erasure, "nobody holds them", erased, Erasure::Erased);
    for slot in &slots {
        let waiting = b.waiting(&player, slot).await;
        fixture.expect_eq(Rule::M6, "no letters", waiting, Vec::new());
        let mut again = Vec::new();
        for letter in letters {
            again.push(fixture.letter(letter.id.as_str(), "again"));
        }
        for letter in &again {
            let known = a.known_as(&player, slot, letter).await;
            fixture.expect_eq(Rule::M6, "nothing is remembered", known, None);
        }
        let waiting = b.waiting(&player, slot).await;
        fixture.expect_eq(Rule::M6, "the new ones", waiting, again);
        for letter in letters {
            let known = a.known_as(&other, slot, letter).await;
            fixture.expect_eq(Rule::M6, "another's", known, Some(letter.posting));
        }
        let waiting = b.waiting(&other, slot).await;
        fixture.expect_eq(Rule::M6, "another's", waiting, vec![waits.clone()]);
    }
}

/// Requests from before an erasure arrive when a letter of the same id was
/// posted since: it is neither taken out nor settled.
///
/// Proves [M2](Rule::M2) and [M6](Rule::M6). A backend that fails it loses a
/// gift to a player who comes back.
pub async fn late_requests_from_before_an_erasure_change_nothing(fixture: Fixture) {
    let (player, slot) = (fixture.player(), fixture.slot());
    let [a, b] = fixture.clients();
    let before = fixture.unsettled_letter("gift", "before");
    a.send(&player, &slot, &before).await;
    a.erase(&player).await;
    let late = async || {
        for client in [&a, &b] {
            client.take_out(&player, &slot, &before).await;
            let (id, posting) = (&before.id, before.posting);
            client.settle(&player, &slot, id, posting).await;
        }
    };
    late().await;
    let since = fixture.unsettled_letter("gift", "since");
    b.send(&player, &slot, &since).await;
    late().await;
    let waiting = a.waiting(&player, &slot).await;
    fixture.expect_eq(Rule::M2, "it waits", waiting, vec![since.clone()]);
    b.take_out(&player, &slot, &since).await;
    late().await;
    fixture.pass(LETTER_MEMORY + DAY);
    expect_remembered(&fixture, Rule::P2, "settled by nobody", &since).await;
}

/// Whatever was remembered of a mailbox, it takes as many letters as ever: ids
/// take no room.
///
/// Proves [M1](Rule::M1). A backend that fails it is full of letters that
/// nobody sees.
pub async fn remembered_ids_take_no_room(fixture: Fixture) {
    let (player, slot) = (fixture.player(), fixture.slot());
    let [a, b] = fixture.clients();
    let count = MAX_LETTERS + 50;
    for number in 0..count {
        let letter = fixture.letter(&number.to_string(), "5");
        a.send(&player, &slot, &letter).await;
        b.take_out(&player, &slot, &letter).await;
    }
    let waiting = b.waiting(&player, &slot).await;
    fixture.expect_eq(Rule::M1, "none waits", waiting, Vec::new());
    for number in (0..count).step_by(97) {
        let letter = fixture.letter(&number.to_string(), "again");
        let known = a.known_as(&player, &slot, &letter).await;
        fixture.expect(Rule::M2, "remembered", known.is_some());
    }
}

fn known(slot: &SlotName, letter: &Letter, retention: Retention, waits: bool) -> KnownLetter {
    KnownLetter {
        slot: slot.clone(),
        id: letter.id.clone(),
        posting: letter.posting,
        retention,
        waits,
    }
}

/// What mailboxes know is listed, of all slots: letters that wait, and ids that
/// are remembered, each with how long that is.
///
/// Proves [M2](Rule::M2) for whoever moves to another store. A backend that
/// fails it lets a gift be taken in again where the player has moved to.
pub async fn what_mailboxes_know_is_listed(fixture: Fixture) {
    let [a, b] = fixture.clients();
    let (player, slots) = (fixture.player(), ["Slot1", "Slot2"].map(name::<SlotName>));
    let timed = |id| fixture.letter(id, "5");
    let unsettled = |id| fixture.unsettled_letter(id, "5");
    let mut expected = Vec::new();
    for slot in &slots {
        for (letter, is_discarded, is_settled) in [
            (timed("a"), false, false),
            (timed("b"), true, false),
            (unsettled("c"), false, false),
            (unsettled("d"), true, false),
            (unsettled("e"), true, true),
            (unsettled("f"), false, true),
        ] {
            a.send(&player, slot, &letter).await;
            if is_discarded {
                b.take_out(&player, slot, &letter).await;
            }
            if is_settled {
                a.settle(&player, slot, &letter.id, letter.posting).await;
            }
            let retention = match is_settled {
                true => Retention::Timed,
                false => letter.retention,
            };
            expected.push(known(slot, &letter, retention, !is_discarded));
        }
    }
    a.send(&name("another"), &slots[0], &timed("g")).await;
    for client in [&a, &b] {
        let found = client.known_letters(&player, None, 100).await;
        fixture.expect_eq(Rule::M2, "what is known", found, expected.clone());
    }
    a.erase(&player).await;
    let found = b.known_letters(&player, None, 100).await;
    fixture.expect_eq(Rule::M6, "nothing after an erasure", found, Vec::new());
}

/// Letters to somebody who never played are known, while they wait and when
/// they were taken out, and looking makes nobody known.
///
/// Proves [M1](Rule::M1) for whoever moves to another store. A backend that
/// fails it leaves behind what was bought for a player who has not come yet.
pub async fn letters_of_who_never_played_are_known(fixture: Fixture) {
    let [a, b] = fixture.clients();
    let (player, slot) = (fixture.player(), fixture.slot());
    let found = b.known_letters(&player, None, 10).await;
    fixture.expect_eq(Rule::M1, "nobody", found, Vec::new());
    let letter = fixture.letter("gift", "5");
    a.send(&player, &slot, &letter).await;
    for waits in [true, false] {
        let expected = vec![known(&slot, &letter, Retention::Timed, waits)];
        let found = b.known_letters(&player, None, 10).await;
        fixture.expect_eq(Rule::M1, "it is known", found, expected);
        a.take_out(&player, &slot, &letter).await;
    }
}

/// Known letters come page by page, sorted by slot and id, each once, wherever
/// a page ends.
///
/// Proves [M2](Rule::M2) for whoever moves to another store. A backend that
/// fails it forgets some of what it refused.
pub async fn known_letters_are_listed_page_by_page(fixture: Fixture) {
    let [a, b] = fixture.clients();
    let player: PlayerId = fixture.player();
    let mut expected = Vec::new();
    for slot in ["a", "B", "a-b", "a1"].map(name::<SlotName>) {
        for (id, waits) in [("~", true), ("a", false), ("a!", true)] {
            let letter = fixture.letter(id, "5");
            a.send(&player, &slot, &letter).await;
            if !waits {
                a.take_out(&player, &slot, &letter).await;
            }
            expected.push(known(&slot, &letter, Retention::Timed, waits));
        }
    }
    expected.sort_by(|a, b| (&a.slot, &a.id).cmp(&(&b.slot, &b.id)));
    for limit in [1, 2, 5, 12] {
        let mut found: Vec<KnownLetter> = Vec::new();
        loop {
            let after = found.last().map(|last| (&last.slot, &last.id));
            let page = b.known_letters(&player, after, limit).await;
            fixture.expect(Rule::M2, "no more than asked for", page.len() <= limit);
            let is_last = page.len() < limit;
            found.extend(page);
            if is_last || found.len() > expected.len() {
                break;
            }
        }
        let what = format!("all of them, {limit} at a time");
        fixture.expect_eq(Rule::M2, &what, found, expected.clone());
    }
}
