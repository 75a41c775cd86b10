//! Mailboxes: what gets in, what is refused, what is remembered, and what an
//! erasure takes along.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::{StreamExt, future::join_all, stream};
use playerdata_core::{
    PlayerId, SlotName, WriteId,
    backend::{
        Backend, Effect, Erasure, ErrorKind, LETTER_MEMORY, Letter, LetterPosition,
        MAX_LETTER_BYTES, MAX_LETTERS, MAX_SENDER_BYTES, Posting,
    },
};
use playerdata_dynamodb::DynamoDbBackend;
use support::{
    wire::{Fault, Wire},
    *,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The posting that an answer says is there already.
fn already(posting: Posting) -> WriteId {
    match posting {
        Posting::AlreadyPosted { posting, .. } => posting,
        other => panic!("{other:?}"),
    }
}

async fn mailbox() -> (Store, DynamoDbBackend, PlayerId, SlotName) {
    let store = Store::open().await;
    let backend = store.backend();
    (store, backend, player("p"), slot("s"))
}

/// When DynamoDB may tidy the id of a letter away.
async fn ttl(store: &Store, id: &str) -> Option<u64> {
    let item = store.item(&player("p"), &format!("mail#s#id#{id}")).await;
    let item = item.unwrap();
    item.get("ttl")
        .map(|ttl| ttl.as_n().unwrap().parse().unwrap())
}

#[tokio::test]
async fn m1_the_first_content_counts_and_is_there_byte_for_byte() {
    let (_store, backend, player, slot) = mailbox().await;
    let first = Letter {
        sender: "ü".repeat(MAX_SENDER_BYTES / 2),
        content: vec![b'x'; MAX_LETTER_BYTES].into(),
        ..letter_until_settled("#letter#!~", 1)
    };
    posted(&backend, &player, &slot, &first).await;
    let other = letter("#letter#!~", 2);
    for (letter, by) in [(&first, 1), (&other, 1)] {
        let again = backend.post(&player, &slot, letter).await.unwrap();
        assert_eq!(already(again), posting(by));
    }
    assert_eq!(waiting(&backend, &player, &slot).await, [first]);
    let empty = Letter {
        sender: String::new(),
        content: Vec::new().into(),
        ..letter("empty", 3)
    };
    posted(&backend, &player, &slot, &empty).await;
    assert_eq!(waiting(&backend, &player, &slot).await[1], empty);
}

#[tokio::test]
async fn m1_whoever_holds_the_player_is_told_and_a_letter_is_no_slot() {
    let (_store, backend, player, slot) = mailbox().await;
    acquired(&backend, &player, &claimant(1), None).await;
    let posting = backend.post(&player, &slot, &letter("a", 1)).await.unwrap();
    let holder = backend.holder(&player).await.unwrap();
    assert!(holder.is_some());
    assert_eq!(
        posting,
        Posting::Posted {
            holder: holder.clone()
        }
    );
    let again = backend.post(&player, &slot, &letter("a", 2)).await.unwrap();
    let expected = Posting::AlreadyPosted {
        posting: support::posting(1),
        holder,
    };
    assert_eq!(again, expected);
    assert_eq!(backend.list(&player).await.unwrap(), []);
}

#[tokio::test]
async fn m1_mailboxes_whose_names_begin_alike_are_different_ones() {
    let (_store, backend, player, _) = mailbox().await;
    let names = ["s", "S", "s1", "s-1", "s_1", "s-"];
    for (number, name) in (1..).zip(names) {
        posted(&backend, &player, &slot(name), &letter("a", number)).await;
    }
    for (number, name) in (1..).zip(names) {
        let found = waiting(&backend, &player, &slot(name)).await;
        assert_eq!(found, [letter("a", number)], "{name}");
    }
}

#[tokio::test]
async fn m1_m4_a_thousand_wait_in_order_whoever_posts_at_once_and_one_more_is_refused() {
    const AT_ONCE: usize = 3;
    let (_store, backend, player, slot) = mailbox().await;
    let largest = |number: usize| Letter {
        content: vec![b'x'; MAX_LETTER_BYTES].into(),
        ..letter(&format!("l{number}"), number as u128)
    };
    let begun = stream::iter(0..MAX_LETTERS).map(|number| {
        let (backend, player, slot) = (&backend, &player, &slot);
        async move { posted(backend, player, slot, &largest(number)).await }
    });
    begun.buffered(AT_ONCE).collect::<Vec<()>>().await;

    let full = backend.post(&player, &slot, &letter("more", 1_000)).await;
    assert_eq!(full.unwrap(), Posting::Full);
    let again = backend.post(&player, &slot, &largest(7)).await.unwrap();
    assert_eq!(already(again), posting(7), "also in a full mailbox");

    let letters = backend.letters(&player, &slot, None, usize::MAX).await;
    let letters = letters.unwrap();
    assert_eq!(letters.len(), MAX_LETTERS);
    assert!(letters.is_sorted_by(|one, next| one.position < next.position));
    // Who was answered before another began comes before it.
    for (place, waiting) in letters.iter().enumerate() {
        let begun = waiting.letter.posting.as_uuid().as_u128() as usize;
        assert!(begun.abs_diff(place) < 2 * AT_ONCE, "{begun} at {place}");
    }
    let gone = &letters[0].letter;
    let discarded = backend
        .discard(&player, &slot, &gone.id, gone.posting)
        .await;
    discarded.unwrap();
    posted(&backend, &player, &slot, &letter("more", 1_000)).await;
    let full = backend
        .post(&player, &slot, &letter("another", 1_001))
        .await;
    assert_eq!(full.unwrap(), Posting::Full);

    assert_eq!(backend.erase(&player).await.unwrap(), Erasure::Erased);
    assert_eq!(waiting(&backend, &player, &slot).await, []);
    posted(&backend, &player, &slot, &largest(7)).await;
}

#[tokio::test]
async fn m1_of_many_who_post_at_once_all_get_in_and_each_id_once() {
    let (store, backend, player, slot) = mailbox().await;
    let backends: Vec<_> = (0..4).map(|_| store.backend()).collect();
    let posting = (0..24).map(|number| {
        let letter = letter(&format!("l{}", number % 12), number as u128);
        let (backend, player, slot) = (&backends[number % 4], &player, &slot);
        async move { backend.post(player, slot, &letter).await.unwrap() }
    });
    let postings = join_all(posting).await;
    let new = |posting: &&Posting| matches!(posting, Posting::Posted { .. });
    assert_eq!(postings.iter().filter(new).count(), 12);
    let letters = backend.letters(&player, &slot, None, usize::MAX).await;
    let letters = letters.unwrap();
    assert_eq!(letters.len(), 12);
    assert!(letters.is_sorted_by(|one, next| one.position < next.position));
    let mail = store.item(&player, "mail").await.unwrap();
    assert_eq!(mail["waiting#s"].as_n().unwrap(), "12");
}

#[tokio::test]
async fn m4_letters_are_read_in_order_from_any_position_on() {
    let (_store, backend, player, slot) = mailbox().await;
    let letters: Vec<_> = (1..=5)
        .map(|number| letter(&format!("l{}", 9 - number), number))
        .collect();
    for letter in &letters {
        posted(&backend, &player, &slot, letter).await;
    }
    let mut after = None;
    for pair in letters.chunks(2) {
        let page = backend.letters(&player, &slot, after, 2).await.unwrap();
        let found: Vec<_> = page.iter().map(|waiting| &waiting.letter).collect();
        assert_eq!(found, pair.iter().collect::<Vec<_>>());
        after = page.last().map(|waiting| waiting.position);
    }
    let page = backend.letters(&player, &slot, after, 2).await.unwrap();
    assert_eq!(page, []);
    let last = Some(LetterPosition::new(u64::MAX));
    for (after, limit) in [(None, 0), (last, 9)] {
        let page = backend.letters(&player, &slot, after, limit).await;
        assert_eq!(page.unwrap(), []);
    }
}

#[tokio::test]
async fn m2_an_id_that_is_there_is_refused_whatever_its_ttl_says() {
    let (store, backend, player, slot) = mailbox().await;
    posted(&backend, &player, &slot, &letter("a", 1)).await;
    assert_eq!(ttl(&store, "a").await, None, "while it waits");
    let (id, number) = (letter_id("a"), posting(1));
    for _ in 0..2 {
        backend.discard(&player, &slot, &id, number).await.unwrap();
        assert_eq!(waiting(&backend, &player, &slot).await, []);
    }
    let at_least = NOW.saturating_add(LETTER_MEMORY + DAY).get() / 1_000;
    assert!(ttl(&store, "a").await.unwrap() >= at_least);
    store.clock.advance(3 * LETTER_MEMORY);
    for number in [1, 2] {
        let late = backend.post(&player, &slot, &letter("a", number)).await;
        assert_eq!(already(late.unwrap()), posting(1));
    }
    assert_eq!(waiting(&backend, &player, &slot).await, []);
}

#[tokio::test]
async fn m2_p2_an_id_from_an_outbox_is_remembered_until_it_is_settled() {
    let (store, backend, player, slot) = mailbox().await;
    for (settled_first, id, number) in [(true, "a", 1), (false, "b", 2)] {
        let (letter, id_) = (letter_until_settled(id, number), letter_id(id));
        posted(&backend, &player, &slot, &letter).await;
        let settle = async || {
            let settled = backend.settle(&player, &slot, &id_, letter.posting);
            settled.await.unwrap();
        };
        if settled_first {
            settle().await;
            let found = waiting(&backend, &player, &slot).await;
            assert_eq!(found.len(), 1, "it stays, and DynamoDB leaves it");
            assert_eq!(ttl(&store, id).await, None);
        }
        let discarded = backend.discard(&player, &slot, &id_, letter.posting);
        discarded.await.unwrap();
        assert_eq!(ttl(&store, id).await.is_some(), settled_first);
        settle().await;
        let at_least = NOW.saturating_add(LETTER_MEMORY + DAY).get() / 1_000;
        assert!(ttl(&store, id).await.unwrap() >= at_least);
        let late = backend.post(&player, &slot, &letter).await.unwrap();
        assert_eq!(already(late), letter.posting);
    }
}

#[tokio::test]
async fn m2_an_id_is_remembered_by_the_services_clock() {
    const AHEAD: i64 = 400 * 24 * 60 * 60;
    let (store, backend, player, slot) = mailbox().await;
    posted(&backend, &player, &slot, &letter("a", 1)).await;
    // A server whose clock is more than a year behind, at its first call.
    let wire = Wire::new();
    wire.plan(|_, _| Fault::Ahead(AHEAD));
    let behind = store.backend_on(&wire);
    let id = letter_id("a");
    let discarded = behind.discard(&player, &slot, &id, posting(1)).await;
    discarded.unwrap();
    let by_the_service = NOW.get() / 1_000 + AHEAD as u64;
    let memory = (LETTER_MEMORY + DAY).as_secs();
    let ttl = ttl(&store, "a").await.unwrap();
    assert!(ttl + 2 >= by_the_service + memory, "{ttl}");
}

#[tokio::test]
async fn m2_a_letter_of_another_posting_is_left_alone() {
    let (store, backend, player, slot) = mailbox().await;
    posted(&backend, &player, &slot, &letter("a", 1)).await;
    assert_eq!(backend.erase(&player).await.unwrap(), Erasure::Erased);
    let second = letter_until_settled("a", 2);
    posted(&backend, &player, &slot, &second).await;
    let before = store.dump().await;
    for (id, number) in [("a", 1), ("b", 2)] {
        let (id, number) = (letter_id(id), posting(number));
        backend.discard(&player, &slot, &id, number).await.unwrap();
        backend.settle(&player, &slot, &id, number).await.unwrap();
    }
    assert_eq!(store.dump().await, before);
    assert_eq!(waiting(&backend, &player, &slot).await, [second]);
}

#[tokio::test]
async fn m2_a_letter_that_is_settled_while_it_is_discarded_is_remembered_for_a_time() {
    let (store, backend, player, slot) = mailbox().await;
    posted(&backend, &player, &slot, &letter_until_settled("a", 1)).await;
    let wire = Wire::new();
    wire.once("TransactWriteItems", Fault::Held);
    let discarding = {
        let (backend, player, slot) = (store.backend_on(&wire), player.clone(), slot.clone());
        tokio::spawn(async move {
            let id = letter_id("a");
            backend.discard(&player, &slot, &id, posting(1)).await
        })
    };
    wire.until_held().await;
    let id = letter_id("a");
    backend
        .settle(&player, &slot, &id, posting(1))
        .await
        .unwrap();
    wire.let_go();
    discarding.await.unwrap().unwrap();
    assert_eq!(waiting(&backend, &player, &slot).await, []);
    assert!(ttl(&store, "a").await.is_some());
}

/// Posts a letter whose first attempt gets stuck on its way.
async fn stuck(store: &Store, letter: &Letter) -> Wire {
    let wire = Wire::new();
    wire.once("TransactWriteItems", Fault::Stuck);
    let backend = store.backend_on(&wire);
    posted(&backend, &player("p"), &slot("s"), letter).await;
    wire
}

#[tokio::test]
async fn m2_a_late_copy_of_a_post_is_refused_after_a_discard_and_after_it_is_settled() {
    for is_settled in [false, true] {
        let (store, backend, player, slot) = mailbox().await;
        let letter = letter_until_settled("a", 1);
        let wire = stuck(&store, &letter).await;
        let discarded = backend.discard(&player, &slot, &letter.id, letter.posting);
        discarded.await.unwrap();
        if is_settled {
            let settled = backend.settle(&player, &slot, &letter.id, letter.posting);
            settled.await.unwrap();
        }
        let before = store.dump().await;
        wire.deliver_stuck().await;
        assert_eq!(store.dump().await, before);
    }
}

#[tokio::test]
async fn m2_a_late_copy_of_a_post_does_not_land_on_a_letter_of_the_same_id_after_an_erasure() {
    let (store, backend, player, slot) = mailbox().await;
    let wire = stuck(&store, &letter("a", 1)).await;
    assert_eq!(backend.erase(&player).await.unwrap(), Erasure::Erased);
    posted(&backend, &player, &slot, &letter("a", 2)).await;
    let before = store.dump().await;
    wire.deliver_stuck().await;
    assert_eq!(store.dump().await, before);
}

/// Makes the mailbox look as if it had filled up.
async fn fill_up(store: &Store) {
    let mut mail = store.item(&player("p"), "mail").await.unwrap();
    for (name, number) in [("drawn", 2_000), ("waiting#s", MAX_LETTERS)] {
        let number = AttributeValue::N(number.to_string());
        mail.insert(name.to_owned(), number);
    }
    let request = store.client().put_item().table_name(&store.table);
    request.set_item(Some(mail)).send().await.unwrap();
}

#[tokio::test]
async fn m1_a_post_that_may_get_in_later_is_never_said_to_have_found_the_mailbox_full() {
    for (fault, effect) in [
        (Fault::Stuck, Some(Effect::Possible)),
        (Fault::Answered(400, "ThrottlingException"), None),
    ] {
        let (store, backend, player, slot) = mailbox().await;
        posted(&backend, &player, &slot, &letter("a", 1)).await;
        let wire = Wire::new();
        wire.plan(move |before, _| match before {
            1 => fault,
            2 => Fault::Held, // the second attempt
            _ => Fault::None,
        });
        let unsure = store.backend_on(&wire);
        let posting =
            tokio::spawn(async move { unsure.post(&player, &slot, &letter("b", 2)).await });
        wire.until_held().await;
        fill_up(&store).await;
        wire.let_go();
        match (posting.await.unwrap(), effect) {
            (Err(error), Some(effect)) => {
                let found = (error.kind(), error.effect());
                assert_eq!(found, (ErrorKind::Unavailable, effect), "{error}");
            }
            (outcome, _) => assert_eq!(outcome.unwrap(), Posting::Full),
        }
    }
}

#[tokio::test]
async fn s5_what_cannot_be_read_of_a_mailbox_is_corrupt_and_stays() {
    let damages = [
        ("mail#s#letter#00000000000000000001", "sender"),
        ("mail#s#letter#00000000000000000001", "content"),
        ("mail#s#id#a", "posting"),
        ("mail#s#id#a", "retention"),
        ("mail", "drawn"),
        ("mail", "waiting#s"),
    ];
    for (sort, attribute) in damages {
        let (store, backend, player, slot) = mailbox().await;
        posted(&backend, &player, &slot, &letter("a", 1)).await;
        store.damage(&player, sort, attribute).await;
        let before = store.dump().await;
        let error = match sort.rsplit('#').next().unwrap() {
            "mail" => {
                let posted = backend.post(&player, &slot, &letter("b", 2)).await;
                posted.unwrap_err()
            }
            "a" => {
                let id = letter_id("a");
                let discarded = backend.discard(&player, &slot, &id, posting(1));
                discarded.await.unwrap_err()
            }
            _ => backend.letters(&player, &slot, None, 9).await.unwrap_err(),
        };
        let found = (error.kind(), error.effect());
        assert_eq!(found, (ErrorKind::Corrupt, Effect::None), "{error}");
        let told = error.to_string();
        assert!(told.contains(sort) && told.contains(attribute), "{told}");
        assert_eq!(store.dump().await, before);
        // What can't be read can be erased all the same.
        assert_eq!(backend.erase(&player).await.unwrap(), Erasure::Erased);
        assert_eq!(store.keys(&player).await, ["lock"]);
    }
}

/// A mailbox with a letter that waits and one that is remembered.
async fn used_mailbox() -> (Store, DynamoDbBackend, PlayerId, SlotName) {
    let (store, backend, player, slot) = mailbox().await;
    acquired(&backend, &player, &claimant(1), None).await;
    backend.release(&player, session(1)).await.unwrap();
    for (id, number) in [("old", 1), ("gone", 2)] {
        posted(&backend, &player, &slot, &letter(id, number)).await;
    }
    let gone = letter_id("gone");
    backend
        .discard(&player, &slot, &gone, posting(2))
        .await
        .unwrap();
    (store, backend, player, slot)
}

/// The new letter is there whole, with its id and its count, and nothing else.
async fn has_only_the_new_one(store: &Store, at: &str) {
    let (backend, player, slot) = (store.backend(), player("p"), slot("s"));
    assert_eq!(
        waiting(&backend, &player, &slot).await,
        [letter("new", 9)],
        "{at}"
    );
    let keys = store.keys(&player).await;
    let [lock, mail, id, own] = &keys[..] else {
        panic!("{at}: {keys:?}");
    };
    assert_eq!(
        [lock.as_str(), mail, id],
        ["lock", "mail", "mail#s#id#new"],
        "{at}"
    );
    assert!(own.starts_with("mail#s#letter#"), "{at}");
    let mail = store.item(&player, "mail").await.unwrap();
    assert!(!mail.contains_key("erasing"), "{at}");
    assert_eq!(mail["waiting#s"].as_n().unwrap(), "1", "{at}");
    // And what is erased is forgotten, so that it can be posted.
    for (id, number) in [("old", 3), ("gone", 4)] {
        posted(&backend, &player, &slot, &letter(id, number)).await;
    }
}

#[tokio::test]
async fn m6_an_erasure_that_is_late_anywhere_removes_no_letter_that_was_posted_since() {
    for calls in 0..8 {
        for retries in [false, true] {
            let (store, backend, player, slot) = used_mailbox().await;
            let wire = Wire::new();
            wire.at(calls, Fault::Held);
            let options = store.options().attempt_timeout(Duration::from_secs(600));
            let eraser = DynamoDbBackend::from_config(store.config(&wire).build(), options);
            let eraser = eraser.unwrap();
            let erased = player.clone();
            let mut erasing = tokio::spawn(async move { eraser.erase(&erased).await });
            tokio::select! {
                () = wire.until_held() => {}
                _ = &mut erasing => {
                    assert_eq!(calls, 5, "look, begin, close the mail, read, remove");
                    return;
                }
            }
            if retries {
                assert_eq!(backend.erase(&player).await.unwrap(), Erasure::Erased);
            }
            posted(&backend, &player, &slot, &letter("new", 9)).await;
            wire.let_go();
            let at = format!("frozen before call {calls}, erased by another: {retries}");
            assert_eq!(erasing.await.unwrap().unwrap(), Erasure::Erased, "{at}");
            // What is posted before it has begun and come to the mail is there
            // to be erased. (One that begins late, or again, begins then.)
            let was_before = calls < 2 || calls == 2 && !retries;
            match was_before {
                true => assert_eq!(store.keys(&player).await, ["lock"], "{at}"),
                false => has_only_the_new_one(&store, &at).await,
            }
        }
    }
    panic!("an erasure takes more than 8 calls");
}

#[tokio::test]
async fn m6_a_post_beside_an_erasure_is_there_whole_or_not_at_all() {
    for calls in 0..4 {
        let (store, backend, player, slot) = used_mailbox().await;
        let wire = Wire::new();
        wire.at(calls, Fault::Held);
        let poster = store.backend_on(&wire);
        let (player_, slot_) = (player.clone(), slot.clone());
        let mut posting =
            tokio::spawn(async move { poster.post(&player_, &slot_, &letter("new", 9)).await });
        tokio::select! {
            () = wire.until_held() => {}
            _ = &mut posting => {
                assert_eq!(calls, 3, "look, put, look at the lock");
                return;
            }
        }
        assert_eq!(backend.erase(&player).await.unwrap(), Erasure::Erased);
        wire.let_go();
        let posting = posting.await.unwrap().unwrap();
        assert_eq!(posting, Posting::Posted { holder: None });
        match calls {
            2 => assert_eq!(store.keys(&player).await, ["lock"]),
            _ => has_only_the_new_one(&store, "posted late").await,
        }
    }
    panic!("a post takes more than 4 calls");
}

#[tokio::test]
async fn m6_who_posts_carries_an_erasure_through_whose_server_died() {
    for calls in 0..8 {
        let (store, backend, player, slot) = used_mailbox().await;
        let wire = Wire::new();
        wire.plan(move |before, _| match before < calls {
            true => Fault::None,
            false => Fault::Silence,
        });
        let dying = store.backend_on(&wire);
        let erased = wire.until_silence(dying.erase(&player)).await;
        posted(&backend, &player, &slot, &letter("new", 9)).await;
        // From the closing of the mail on, it is as good as done.
        let at = format!("died before call {calls}");
        if calls >= 3 {
            has_only_the_new_one(&store, &at).await;
        } else {
            let found = waiting(&backend, &player, &slot).await;
            assert_eq!(found, [letter("old", 1), letter("new", 9)], "{at}");
            // And whoever takes the player erases all of it, if it was begun.
            acquired(&backend, &player, &claimant(1), None).await;
            let found = waiting(&backend, &player, &slot).await;
            assert_eq!(found.is_empty(), calls == 2, "{at}");
        }
        if erased.is_some() {
            return;
        }
    }
    panic!("an erasure takes more than 8 calls");
}

#[tokio::test]
async fn m6_mail_to_somebody_who_was_never_there_is_erased() {
    let (store, backend, player, slot) = mailbox().await;
    posted(&backend, &player, &slot, &letter("a", 1)).await;
    assert_eq!(backend.erase(&player).await.unwrap(), Erasure::Erased);
    assert_eq!(store.keys(&player).await, ["lock"], "the fence");
    acquired(&backend, &player, &claimant(1), None).await;
}

#[tokio::test]
async fn m6_a_late_discard_or_settlement_brings_nothing_back_that_was_erased() {
    for call in 0..2 {
        for settles in [false, true] {
            let (store, backend, player, slot) = mailbox().await;
            posted(&backend, &player, &slot, &letter_until_settled("a", 1)).await;
            let wire = Wire::new();
            wire.at(call, Fault::Held);
            let late = store.backend_on(&wire);
            let (player_, slot_) = (player.clone(), slot.clone());
            let mut running = tokio::spawn(async move {
                let (id, number) = (letter_id("a"), posting(1));
                match settles {
                    true => late.settle(&player_, &slot_, &id, number).await,
                    false => late.discard(&player_, &slot_, &id, number).await,
                }
            });
            tokio::select! {
                () = wire.until_held() => {}
                _ = &mut running => continue, // settling takes one call
            }
            assert_eq!(backend.erase(&player).await.unwrap(), Erasure::Erased);
            wire.let_go();
            running.await.unwrap().unwrap();
            assert_eq!(
                store.keys(&player).await,
                ["lock"],
                "{call}, settles: {settles}"
            );
        }
    }
}
