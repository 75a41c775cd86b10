//! Mail, when several want the same at the same time.

use std::collections::HashSet;

use playerdata_core::{
    PlayerId,
    backend::{Erasure, Letter, MAX_LETTERS, Posting},
};

use crate::{
    Fixture, Rule,
    driver::{joined, together},
};

const ROUNDS: u64 = 10;

/// Many post letters of one id at once: one of them is posted, the others are
/// told whose counts, and that one waits.
///
/// Proves [M1](Rule::M1). A backend that fails it looks for the id and then
/// writes the letter: a button pressed twice is a purchase made twice.
pub async fn one_of_many_letters_of_one_id_is_posted(fixture: Fixture) {
    let slot = fixture.slot();
    let clients = fixture.clients();
    for round in 0..ROUNDS {
        let player: PlayerId = round.into();
        let senders = (0..12_usize).map(|number| {
            let client = clients[number % 2].clone();
            let (player, slot) = (player.clone(), slot.clone());
            async move {
                let letter = client.world().letter("gift", number.to_string());
                let outcome = client.post(&player, &slot, &letter).await;
                (letter, outcome)
            }
        });
        let mut first: Vec<Letter> = Vec::new();
        let mut told = Vec::new();
        for (letter, outcome) in together(senders).await {
            match outcome {
                Posting::Posted { .. } => first.push(letter),
                Posting::AlreadyPosted { posting, .. } => told.push(posting),
                Posting::Full => fixture.fail(Rule::M1, "there is room"),
            }
        }
        fixture.expect_eq(Rule::M1, "one is posted", first.len(), 1);
        let expected = vec![first[0].posting; 11];
        fixture.expect_eq(Rule::M1, "what the others are told", told, expected);
        let waiting = clients[1].waiting(&player, &slot).await;
        fixture.expect_eq(Rule::M1, "it waits", waiting, first);
    }
}

/// Some post while another reads and takes out what it read: every letter is
/// read once, in the end.
///
/// Proves [M2](Rule::M2). A backend that fails it takes out what has just come,
/// or gives a letter twice.
pub async fn every_letter_is_read_once_while_more_come(fixture: Fixture) {
    const SENDERS: usize = 4;
    const EACH: usize = 25;
    let (player, slot) = (fixture.player(), fixture.slot());
    let clients = fixture.clients();
    let senders = (0..SENDERS).map(|sender| {
        let client = clients[sender % 2].clone();
        let (player, slot) = (player.clone(), slot.clone());
        async move {
            for number in 0..EACH {
                let letter = client.world().letter(&format!("{sender}-{number}"), "5");
                client.send(&player, &slot, &letter).await;
                // A store that never waits would keep the reader from its turn.
                tokio::task::yield_now().await;
            }
        }
    });
    let senders: Vec<_> = senders.map(tokio::spawn).collect();
    let reader = &clients[0];
    let mut read = Vec::new();
    loop {
        let done = senders.iter().all(tokio::task::JoinHandle::is_finished);
        let page = reader.letters(&player, &slot, None, 7).await;
        if page.is_empty() && done {
            break;
        }
        for waiting in page {
            read.push(waiting.letter.id.to_string());
            reader.take_out(&player, &slot, &waiting.letter).await;
        }
        // A store that never waits would keep the senders from their turn.
        tokio::task::yield_now().await;
    }
    for sender in senders {
        joined(sender.await);
    }
    fixture.expect_eq(Rule::M2, "all of them", read.len(), SENDERS * EACH);
    let different: HashSet<String> = read.into_iter().collect();
    fixture.expect_eq(Rule::M2, "each once", different.len(), SENDERS * EACH);
}

/// A letter is posted while a session starts on the player, which reads its
/// mail at once: either it finds the letter, or the sender is told of the
/// session.
///
/// Proves [M3](Rule::M3). A backend that fails it looks for the holder and then
/// writes the letter: the player has to come back again to get it.
pub async fn a_letter_is_found_by_who_starts_or_its_sender_is_told(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let slot = fixture.slot();
    for round in 0..ROUNDS * 5 {
        let player: PlayerId = round.into();
        let letter = fixture.letter("gift", "5");
        let start = {
            let (a, player, slot) = (a.clone(), player.clone(), slot.clone());
            async move {
                let session = a.join(&player).await;
                session.open(&slot).await;
                let found = a.client.waiting(&player, &slot).await;
                (Some((session.id(), !found.is_empty())), None)
            }
        };
        let post = {
            let (client, player, slot) = (b.client.clone(), player.clone(), slot.clone());
            let letter = letter.clone();
            async move { (None, Some(client.post(&player, &slot, &letter).await)) }
        };
        let start: futures::future::BoxFuture<'static, _> = Box::pin(start);
        let outcomes = together([start, Box::pin(post)]).await;
        let Some((session, found)) = outcomes[0].0 else {
            fixture.fail(Rule::Fixture, "a start says what it found");
        };
        let told = match &outcomes[1].1 {
            Some(Posting::Posted { holder }) => holder.as_ref().map(|lock| lock.session),
            other => fixture.fail(Rule::M1, &format!("it is posted, but: {other:?}")),
        };
        let known = found || told == Some(session);
        fixture.expect(Rule::M3, "found, or told", known);
    }
}

/// Letters are posted while the player is erased, again and again. What was
/// posted before is gone; what was posted meanwhile waits, whole, or is gone,
/// and nothing is known of it; what comes after waits.
///
/// Proves [M6](Rule::M6) and the contract on atomic steps. A backend that fails
/// it erases half a mailbox: a letter that is nowhere is known all the same,
/// and its next copy is refused.
pub async fn letters_racing_an_erasure_wait_or_are_forgotten(fixture: Fixture) {
    let (player, slot) = (fixture.player(), fixture.slot());
    let clients = fixture.clients();
    for round in 0..ROUNDS {
        let before = fixture.letter(&format!("before-{round}"), "5");
        clients[0].send(&player, &slot, &before).await;
        let actors = (0..6_usize).map(|number| {
            let client = clients[number % 2].clone();
            let (player, slot) = (player.clone(), slot.clone());
            let id = format!("meanwhile-{round}-{number}");
            async move {
                if number == 0 {
                    let erased = client.erase(&player).await;
                    let what = "nobody holds them";
                    client
                        .world()
                        .expect_eq(Rule::Erasure, what, erased, Erasure::Erased);
                    return None;
                }
                let letter = client.world().letter(&id, vec![b'5'; 3_000]);
                client.send(&player, &slot, &letter).await;
                Some(letter)
            }
        });
        let posted = together(actors).await;
        let waiting = clients[1].waiting(&player, &slot).await;
        let waits = |letter: &Letter| waiting.contains(letter);
        fixture.expect(Rule::M6, "what was there is gone", !waits(&before));
        for letter in posted.iter().flatten() {
            let known = clients[1].known_as(&player, &slot, letter).await;
            let expected = waits(letter).then_some(letter.posting);
            fixture.expect_eq(Rule::M6, "known if it waits", known, expected);
        }
        let waiting = clients[0].letters(&player, &slot, None, MAX_LETTERS).await;
        let grow = waiting.is_sorted_by(|one, next| one.position < next.position);
        fixture.expect(Rule::M4, "each at its own position", grow);
        let ids: Vec<_> = waiting.iter().map(|one| one.letter.id.clone()).collect();
        let meanwhile = ids
            .iter()
            .filter(|id| id.as_str().contains(&format!("-{round}-")));
        fixture.expect_eq(Rule::M1, "all wait now", meanwhile.count(), 5);
    }
}

/// Many take one letter out at once while its sender posts it again: it stays
/// out, and its id is known all the time.
///
/// Proves [M2](Rule::M2). A backend that fails it removes the letter and then
/// remembers its id: a copy that comes in between is taken in.
pub async fn a_letter_taken_out_by_many_is_not_taken_in_again(fixture: Fixture) {
    let slot = fixture.slot();
    let clients = fixture.clients();
    for round in 0..ROUNDS {
        let player: PlayerId = round.into();
        let letter = fixture.letter("gift", "5");
        clients[0].send(&player, &slot, &letter).await;
        let actors = (0..8_usize).map(|number| {
            let client = clients[number % 2].clone();
            let (player, slot, letter) = (player.clone(), slot.clone(), letter.clone());
            async move {
                if number < 3 {
                    client.take_out(&player, &slot, &letter).await;
                    return;
                }
                for _ in 0..5 {
                    let known = client.known_as(&player, &slot, &letter).await;
                    let posting = Some(letter.posting);
                    client.world().expect_eq(Rule::M2, "known", known, posting);
                }
            }
        });
        together(actors).await;
        let waiting = clients[1].waiting(&player, &slot).await;
        fixture.expect_eq(Rule::M2, "it stays out", waiting, Vec::new());
    }
}
