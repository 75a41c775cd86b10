//! The order of a mailbox, its pages, and its bound.

use playerdata_core::{
    UnixMillis,
    backend::{Letter, LetterPosition, MAX_LETTER_BYTES, MAX_LETTERS, Posting, WaitingLetter},
};

use crate::{
    Fixture, Rule,
    driver::{Client, name, together},
};

/// Requires that positions grow.
fn expect_growing(fixture: &Fixture, letters: &[WaitingLetter]) {
    let grow = letters.is_sorted_by(|one, next| one.position < next.position);
    fixture.expect(Rule::M4, "each position is greater than the last", grow);
}

/// Letters come in order of arrival, whichever way they took, whatever their
/// ids are, and whatever their senders' clocks say.
///
/// Proves [M4](Rule::M4). A backend that fails it applies a refund before the
/// purchase that it is for.
pub async fn letters_come_in_order_of_arrival(fixture: Fixture) {
    let (player, slot) = (fixture.player(), fixture.slot());
    let clients = fixture.clients();
    let ids = ["b", "a", "10", "9", "B", "Z", "_", "~", "1", "aa", "!", "0"];
    let mut posted = Vec::new();
    for (number, id) in ids.into_iter().enumerate() {
        let letter = Letter {
            sent_at: UnixMillis::new(1_700_000_000_000 - number as u64),
            ..fixture.letter(id, "5")
        };
        let client = &clients[number % 2];
        client.send(&player, &slot, &letter).await;
        posted.push(letter);
    }
    for client in &clients {
        let found = client.letters(&player, &slot, None, MAX_LETTERS).await;
        expect_growing(&fixture, &found);
        let found: Vec<Letter> = found.into_iter().map(|found| found.letter).collect();
        fixture.expect_eq(Rule::M4, "in order", found, posted.clone());
    }
}

/// Many post at once, each letter after letter: each one's come in the order
/// in which they were sent, and all of them are there, each at its own
/// position.
///
/// Proves [M4](Rule::M4). A backend that fails it counts the letters and then
/// writes one: of two that come at once, one is lost, or the order is.
pub async fn letters_of_many_senders_keep_their_order(fixture: Fixture) {
    const SENDERS: usize = 8;
    const EACH: usize = 12;
    let (player, slot) = (fixture.player(), fixture.slot());
    let clients = fixture.clients();
    let senders = (0..SENDERS).map(|sender| {
        let client = clients[sender % 2].clone();
        let (player, slot) = (player.clone(), slot.clone());
        async move {
            for number in 0..EACH {
                let id = format!("{sender}-{number}");
                let letter = client.world().letter(&id, id.clone());
                client.send(&player, &slot, &letter).await;
            }
        }
    });
    together(senders).await;
    for client in &clients {
        let found = client.letters(&player, &slot, None, MAX_LETTERS).await;
        fixture.expect_eq(Rule::M1, "all of them", found.len(), SENDERS * EACH);
        expect_growing(&fixture, &found);
        for sender in 0..SENDERS {
            let prefix = format!("{sender}-");
            let ids = found.iter().map(|found| found.letter.id.as_str());
            let own: Vec<&str> = ids.filter(|id| id.starts_with(&prefix)).collect();
            let sent: Vec<String> = (0..EACH).map(|n| format!("{prefix}{n}")).collect();
            let sent: Vec<&str> = sent.iter().map(String::as_str).collect();
            fixture.expect_eq(Rule::M4, "one sender's", own, sent);
        }
    }
}

/// Letters are read in pages of any size, from any position: of a letter that
/// stays, of one that is gone, and of none that ever was. A page that is not
/// full is the last.
///
/// Proves [M4](Rule::M4). A backend that fails it reads a letter that stays
/// again and again, and never comes to those behind it.
pub async fn letters_are_read_past_those_that_stay(fixture: Fixture) {
    let (player, slot) = (fixture.player(), fixture.slot());
    let [a, b] = fixture.clients();
    for number in 0..20 {
        let letter = fixture.letter(&number.to_string(), "5");
        a.send(&player, &slot, &letter).await;
    }
    let all = b.letters(&player, &slot, None, MAX_LETTERS).await;
    for limit in [1, 3, 7, 20, 21, usize::MAX] {
        for (index, read) in all.iter().enumerate() {
            let page = a.letters(&player, &slot, Some(read.position), limit).await;
            let rest = &all[index + 1..];
            let expected = rest[..rest.len().min(limit)].to_vec();
            fixture.expect_eq(Rule::M4, "from there on", page, expected);
        }
        let page = b.letters(&player, &slot, None, limit).await;
        let expected = all[..all.len().min(limit)].to_vec();
        fixture.expect_eq(Rule::M4, "from the first one on", page, expected);
    }
    // Of each three one stays, which is read past.
    for (_, gone) in all.iter().enumerate().filter(|(index, _)| index % 3 != 0) {
        b.take_out(&player, &slot, &gone.letter).await;
    }
    let stay: Vec<_> = all.iter().step_by(3).cloned().collect();
    for read in &all {
        let page = a.letters(&player, &slot, Some(read.position), 4).await;
        let rest = stay.iter().filter(|stays| stays.position > read.position);
        let expected: Vec<_> = rest.take(4).cloned().collect();
        fixture.expect_eq(Rule::M4, "past those that stay", page, expected);
    }
    // A store may refuse what is beyond what it can hold.
    for beyond in [all[19].position.get() + 1, i64::MAX as u64] {
        let beyond = Some(LetterPosition::new(beyond));
        let page = b.letters(&player, &slot, beyond, 10).await;
        fixture.expect_eq(Rule::M4, "nothing beyond", page, Vec::new());
    }
}

/// A position is given once: a letter that comes when others are gone, the
/// last one included, or all of them, comes after where these stood.
///
/// Proves [M4](Rule::M4). A backend that fails it puts a new letter where a
/// reader has been already: it is found at the next login, if at all.
pub async fn a_position_is_never_given_twice(fixture: Fixture) {
    let (player, slot) = (fixture.player(), fixture.slot());
    let [a, b] = fixture.clients();
    let mut last = None;
    for round in 0..6 {
        for number in 0..3 {
            let letter = fixture.letter(&format!("{round}-{number}"), "5");
            a.send(&player, &slot, &letter).await;
        }
        let page = b.letters(&player, &slot, last, MAX_LETTERS).await;
        fixture.expect_eq(Rule::M4, "the new ones", page.len(), 3);
        expect_growing(&fixture, &page);
        last = page.last().map(|waiting| waiting.position);
        // The last one, the last two, and all of them.
        for gone in page.iter().rev().take(1 + round % 3) {
            b.take_out(&player, &slot, &gone.letter).await;
        }
    }
}

/// Fills a mailbox, several letters at a time.
async fn fill(fixture: &Fixture, letters: &[Letter]) {
    let clients = fixture.clients();
    let senders = letters.chunks(letters.len().div_ceil(8).max(1));
    let senders = senders.enumerate().map(|(number, letters)| {
        let (client, letters) = (clients[number % 2].clone(), letters.to_vec());
        let (player, slot) = (fixture.player(), fixture.slot());
        async move {
            for letter in letters {
                client.send(&player, &slot, &letter).await;
            }
        }
    });
    together(senders).await;
}

fn letters(fixture: &Fixture, count: usize, bytes: usize) -> Vec<Letter> {
    let content = vec![b'5'; bytes];
    (0..count)
        .map(|number| fixture.letter(&format!("letter-{number}"), content.clone()))
        .collect()
}

async fn expect_full(fixture: &Fixture, client: &Client, id: &str) {
    let letter = fixture.letter(id, "5");
    let outcome = client
        .post(&fixture.player(), &fixture.slot(), &letter)
        .await;
    fixture.expect_eq(Rule::M1, "no room", outcome, Posting::Full);
}

/// A thousand letters wait. One more finds no room, a repetition of one that
/// waits is recognised, the player's other mailboxes have room, and so does
/// this one when a letter has gone. None is dropped for another.
///
/// Proves [M1](Rule::M1). A backend that fails it drops the oldest gift for the
/// newest, or says of one that waits that there is no room for it.
pub async fn a_full_mailbox_takes_no_more_and_drops_none(fixture: Fixture) {
    let (player, slot) = (fixture.player(), fixture.slot());
    let [a, b] = fixture.clients();
    let sent = letters(&fixture, MAX_LETTERS, 1);
    fill(&fixture, &sent[1..]).await;
    let last = fixture.letter("the-last-place", "5");
    a.send(&player, &slot, &last).await;
    for client in [&a, &b] {
        expect_full(&fixture, client, "one-more").await;
        let known = client.known_as(&player, &slot, &sent[500]).await;
        fixture.expect_eq(Rule::M1, "it waits", known, Some(sent[500].posting));
    }
    let other = fixture.letter("one-more", "5");
    a.send(&player, &name("other"), &other).await;
    a.send(&name("other"), &slot, &other).await;
    let waiting = b.waiting(&player, &slot).await;
    fixture.expect_eq(Rule::M1, "all of them", waiting.len(), MAX_LETTERS);
    b.take_out(&player, &slot, &sent[500]).await;
    let known = a.known_as(&player, &slot, &sent[500]).await;
    fixture.expect_eq(Rule::M2, "remembered", known, Some(sent[500].posting));
    a.send(&player, &slot, &fixture.letter("in-its-place", "5"))
        .await;
    expect_full(&fixture, &b, "one-more").await;
    let mut ids = a.waiting_ids(&player, &slot).await;
    let last: Vec<String> = ids.split_off(ids.len() - 2);
    let expected = ["the-last-place", "in-its-place"].map(str::to_owned);
    fixture.expect_eq(Rule::M4, "the last two", last, expected.to_vec());
    let missing = sent[1..]
        .iter()
        .filter(|letter| !ids.iter().any(|id| *id == letter.id.as_str()))
        .map(|letter| letter.id.to_string());
    let gone = vec![sent[500].id.to_string()];
    fixture.expect_eq(Rule::M1, "none is dropped", missing.collect(), gone);
}

/// A thousand letters of 16 KiB each are read in one call, and in pages.
///
/// Proves [M1](Rule::M1). A backend that fails it takes what it can't give
/// back: a player whose mailbox is full can't load their slot.
pub async fn the_fullest_mailbox_is_read(fixture: Fixture) {
    let (player, slot) = (fixture.player(), fixture.slot());
    let sent = letters(&fixture, MAX_LETTERS, MAX_LETTER_BYTES);
    fill(&fixture, &sent).await;
    let [a, b] = fixture.clients();
    let all = a.letters(&player, &slot, None, MAX_LETTERS).await;
    fixture.expect_eq(Rule::M1, "all of them", all.len(), MAX_LETTERS);
    expect_growing(&fixture, &all);
    for waiting in &all {
        let number = waiting.letter.id.as_str().rsplit('-').next();
        let number: Option<usize> = number.and_then(|number| number.parse().ok());
        let same = number.is_some_and(|number| sent[number] == waiting.letter);
        fixture.expect(Rule::Bodies, "each as it was posted", same);
    }
    let (mut read, mut after) = (0, None);
    loop {
        let page = b.letters(&player, &slot, after, 300).await;
        let expected = &all[read..(read + 300).min(all.len())];
        let same = page == expected;
        fixture.expect(Rule::M4, "a page is a part of the whole", same);
        read += page.len();
        after = page.last().map(|waiting| waiting.position);
        if page.len() < 300 {
            break;
        }
    }
    fixture.expect_eq(Rule::M4, "all pages", read, MAX_LETTERS);
}

/// Many post at once into a mailbox that has room for three: three are taken,
/// the others find none, and all that was there stays.
///
/// Proves [M1](Rule::M1). A backend that fails it counts the letters and then
/// writes one: its mailboxes have no bound when it matters.
pub async fn the_last_places_are_given_once(fixture: Fixture) {
    let (player, slot) = (fixture.player(), fixture.slot());
    let sent = letters(&fixture, MAX_LETTERS - 3, 1);
    fill(&fixture, &sent).await;
    let clients = fixture.clients();
    let racers = (0..12_usize).map(|number| {
        let client = clients[number % 2].clone();
        let (player, slot) = (player.clone(), slot.clone());
        async move {
            let letter = client.world().letter(&format!("racer-{number}"), "5");
            client.post(&player, &slot, &letter).await
        }
    });
    let outcomes = together(racers).await;
    let full = outcomes
        .iter()
        .filter(|outcome| **outcome == Posting::Full)
        .count();
    fixture.expect_eq(Rule::M1, "no room for the others", full, 9);
    let waiting = clients[1].waiting(&player, &slot).await;
    fixture.expect_eq(Rule::M1, "all that fit", waiting.len(), MAX_LETTERS);
}
