//! Letters: into the document exactly once, whatever crashes.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use playerdata_core::{
    Clock, Error, Event, Letter, LetterError, LetterId, OnConflict, Parcel, SaveReason, Sent,
    ServerName, Session, SessionManager, Slot, SlotName,
    backend::{self, Backend, MAX_LETTERS, MAX_NOTICES, Notice, NoticeKind, Posting, Retention},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use support::*;

/// A game's own type, which counts how often each letter came.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Profile {
    received: BTreeMap<String, u32>,
    order: Vec<String>,
}

async fn profiles(world: &World, name: &str) -> SessionManager<Profile> {
    SessionManager::typed(world.store.clone(), |_| Profile::default())
        .server_name(ServerName::new(name).unwrap())
        .clock(world.clock.clone())
        .on_letter(|_, profile: &mut Profile, letter| {
            let id = letter.id().to_string();
            profile.order.push(id.clone());
            *profile.received.entry(id).or_default() += 1;
            match letter.content().as_str() {
                Some("refuse") => Err("not this one"),
                Some("panic") => panic!("on purpose"),
                _ => Ok(()),
            }
        })
        .start()
        .await
        .unwrap()
}

async fn steal<D: playerdata_core::GameDocument>(
    manager: &SessionManager<D>,
) -> Result<(Session<D>, Slot<D>), Error> {
    let steal = OnConflict::Steal;
    let session = manager.start_session_with(1, steal).await?;
    let slot = session.load_slot("Slot1").await?;
    Ok((session, slot))
}

fn letter(id: impl std::fmt::Display) -> Letter {
    let letter = Letter::new(id.to_string(), json!({"Gold": 1})).unwrap();
    letter.from_sender("shop")
}

async fn waiting(world: &World) -> usize {
    let slot = SlotName::new("Slot1").unwrap();
    let (store, player) = (&world.memory, player(1));
    let letters = store.letters(&player, &slot, None, 2_000).await;
    letters.unwrap().len()
}

fn once(profile: &Profile, ids: impl IntoIterator<Item = String>) {
    let expected: BTreeMap<_, _> = ids.into_iter().map(|id| (id, 1)).collect();
    assert_eq!(profile.received, expected);
}

#[tokio::test(start_paused = true)]
async fn m1_a_letter_needs_no_session_and_the_first_of_its_id_counts() {
    let world = World::new();
    let manager = world.server("a").await;
    assert_eq!(
        manager.send(1, "Slot1", letter("l-1")).await.unwrap(),
        Sent::Posted
    );
    let second = Letter::new("l-1", json!(2)).unwrap();
    assert_eq!(
        manager.send(1, "Slot1", second).await.unwrap(),
        Sent::AlreadySent
    );
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    assert_eq!(slot.take_gift("l-1").unwrap(), json!({"Gold": 1}));
    session.end().await.unwrap();
    assert_eq!(waiting(&world).await, 0);
    // Taken in, it is remembered, whichever server asks.
    manager.shutdown(Duration::from_secs(5)).await;
    pass_secs(29 * 24 * 60 * 60).await;
    let later = world.server("b").await;
    let again = later.send(1, "Slot1", letter("l-1")).await.unwrap();
    assert_eq!(again, Sent::AlreadySent);
}

#[tokio::test(start_paused = true)]
async fn m1_a_lost_answer_is_no_second_letter_and_what_can_not_be_sent_says_so() {
    let world = World::new();
    let manager = world.server("a").await;
    world.store.inject(When::post().nth(1), Fault::ErrorAfter);
    assert_eq!(
        manager.send(1, "Slot1", letter("l-1")).await.unwrap(),
        Sent::Posted
    );
    assert_eq!(waiting(&world).await, 1);
    let reason = async |letter| match manager.send(1, "Slot1", letter).await.unwrap_err() {
        Error::Letter { source, .. } => source,
        other => panic!("{other}"),
    };
    let long = Letter::new("l-2", json!("x".repeat(16 * 1024))).unwrap();
    assert!(matches!(*reason(long).await, LetterError::TooLong { .. }));
    let deep = (0..120).fold(json!(1), |inner, _| json!([inner]));
    let deep = Letter::new("l-2", deep).unwrap();
    assert!(matches!(*reason(deep).await, LetterError::NotStorable(_)));
    for number in 1..MAX_LETTERS {
        manager.send(1, "Slot1", letter(number)).await.unwrap();
    }
    let full = manager.send(1, "Slot1", letter("l-3")).await.unwrap_err();
    for part in ["letter l-3", "player 1", "Slot1", "1000"] {
        assert!(full.to_string().contains(part), "{full}");
    }
    assert_eq!(waiting(&world).await, MAX_LETTERS);
    world.store.inject(When::post(), Fault::ErrorBefore);
    let down = manager.send(1, "Slot1", letter("l-4")).await;
    assert!(matches!(down, Err(Error::StoreUnavailable(_))));
}

#[tokio::test(start_paused = true)]
async fn m2_whatever_crashes_at_whichever_step_each_letter_is_applied_once() {
    let ids = || (0..34).map(|number| format!("l-{number}"));
    for applied in [false, true] {
        for step in 0.. {
            let world = World::new();
            let sender = world.server("sender").await;
            for id in ids() {
                sender.send(1, "Slot1", letter(id)).await.unwrap();
            }
            let dying = World::on(world.memory.clone(), world.clock.clone());
            let victim = profiles(&dying, "victim").await;
            dying.store.inject(
                When::any_about_players().nth(step + 1),
                Fault::Crash { applied },
            );
            let script = async {
                let (session, slot) = steal(&victim).await?;
                slot.save().await?;
                pass_secs(1).await;
                session.end().await.map_err(|error| *error.cause)
            };
            let _ = tokio::time::timeout(Duration::from_secs(300), script).await;
            let next = profiles(&world, "next").await;
            for _ in 0..2 {
                let (session, slot) = steal(&next).await.unwrap();
                once(&slot.snapshot(), ids());
                assert_eq!(slot.snapshot().order, ids().collect::<Vec<_>>());
                session.end().await.unwrap();
                for id in ids() {
                    let again = sender.send(1, "Slot1", letter(id)).await.unwrap();
                    assert_eq!(again, Sent::AlreadySent, "step {step}");
                }
            }
            assert_eq!(waiting(&world).await, 0, "step {step}");
            let stored = world.stored_whole(&player(1), "Slot1").await;
            assert!(stored.get("$playerdata").is_none(), "step {step}: {stored}");
            if !dying.store.is_cut() {
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn m2_a_letter_is_discarded_only_after_the_write_that_has_it() {
    let world = World::new();
    let manager = profiles(&world, "a").await;
    manager.send(1, "Slot1", letter("l-1")).await.unwrap();
    let (_session, slot) = steal(&manager).await.unwrap();
    once(&slot.snapshot(), ["l-1".to_owned()]);
    world.store.inject(When::save(), Fault::ErrorInDoubt);
    assert!(slot.save().await.is_err());
    pass_secs(60).await;
    assert_eq!(
        (waiting(&world).await, world.store.count(Op::Discard)),
        (1, 0)
    );
    world.store.calm();
    world.store.inject(When::discard().nth(1), Fault::Rejected);
    slot.save().await.unwrap();
    pass_ms(1).await;
    assert_eq!(waiting(&world).await, 1);
    let beside = &world.stored_whole(&player(1), "Slot1").await["$playerdata"];
    assert!(beside["letters"]["l-1"].is_string() && beside["v"] == 3);
    pass_secs(6).await;
    assert_eq!(waiting(&world).await, 0, "it is tried again");
    slot.save().await.unwrap();
    let stored = world.stored_whole(&player(1), "Slot1").await;
    assert!(stored.get("$playerdata").is_none(), "{stored}");
}

#[tokio::test(start_paused = true)]
async fn m3_letters_are_in_the_document_before_game_code_has_the_slot() {
    let world = World::new();
    let sender = world.server("a").await;
    sender.send(1, "Slot1", letter("l-1")).await.unwrap();
    let manager = profiles(&world, "b").await;
    // Without the letters there is no slot.
    world.store.inject(When::letters(), Fault::ErrorBefore);
    let session = manager.start_session(1).await.unwrap();
    let failed = session.load_slot("Slot1").await;
    assert!(matches!(failed, Err(Error::StoreUnavailable(_))));
    world.store.calm();
    let slot = session.load_slot("Slot1").await.unwrap();
    once(&slot.snapshot(), ["l-1".to_owned()]);
}

#[tokio::test(start_paused = true)]
async fn m3_an_open_slot_gets_its_letters_within_a_heartbeat_and_without_any_nothing_is_asked() {
    let world = World::new();
    let (here, there) = (world.server("a").await, profiles(&world, "b").await);
    let (session, slot) = steal(&there).await.unwrap();
    slot.save().await.unwrap();
    world.store.record_calls();
    pass_secs(20).await;
    assert_eq!(world.calls_about_players(), 0);
    let mut events = there.events();
    here.send(1, "Slot1", letter("l-1")).await.unwrap();
    pass_ms(5_100).await;
    once(&slot.snapshot(), ["l-1".to_owned()]);
    let is_it = |event: &Event| matches!(event, Event::LetterDelivered { letter, .. } if letter.as_str() == "l-1");
    assert_eq!(count(&drain(&mut events), is_it), 1);
    // From the same server at once.
    there.send(1, "Slot1", letter("l-2")).await.unwrap();
    pass_ms(1).await;
    assert_eq!(slot.snapshot().received.len(), 2);
    pass_secs(60).await;
    assert_eq!(waiting(&world).await, 0, "the autosave stored them");
    session.end().await.unwrap();
}

/// The mailbox that was read still shows the first letter, and the document no
/// longer knows that it had it.
#[tokio::test(start_paused = true)]
async fn m2_a_letter_that_is_discarded_while_the_mailbox_is_read_is_not_applied_again() {
    let world = World::new();
    let manager = profiles(&world, "a").await;
    let (session, slot) = steal(&manager).await.unwrap();
    manager.send(1, "Slot1", letter("l-1")).await.unwrap();
    pass_ms(1).await;
    once(&slot.snapshot(), ["l-1".to_owned()]);
    let slowly = Fault::Delay {
        request: Duration::ZERO,
        answer: Duration::from_secs(2),
    };
    world.store.inject(When::letters().nth(1), slowly);
    manager.send(1, "Slot1", letter("l-2")).await.unwrap();
    pass_ms(1).await;
    slot.save().await.unwrap();
    pass_secs(1).await;
    assert_eq!(waiting(&world).await, 1, "the first is discarded");
    slot.save().await.unwrap();
    pass_secs(3).await;
    once(&slot.snapshot(), ["l-1".to_owned(), "l-2".to_owned()]);
    session.end().await.unwrap();
    let stored = profiles(&world, "b").await;
    let (_session, slot) = steal(&stored).await.unwrap();
    once(&slot.snapshot(), ["l-1".to_owned(), "l-2".to_owned()]);
}

#[tokio::test(start_paused = true)]
async fn m3_a_notice_that_fails_is_sent_again_and_so_is_a_look_that_fails() {
    let world = World::new();
    let (here, there) = (world.server("a").await, profiles(&world, "b").await);
    let (_session, slot) = steal(&there).await.unwrap();
    world
        .store
        .inject(When::notify().nth(1), Fault::ErrorBefore);
    world.store.inject(When::letters(), Fault::ErrorBefore);
    let mut events = there.events();
    here.send(1, "Slot1", letter("l-1")).await.unwrap();
    pass_secs(20).await;
    let delayed = |event: &Event| matches!(event, Event::MailDelayed { .. });
    assert!(count(&drain(&mut events), delayed) > 0);
    world.store.calm();
    pass_secs(6).await;
    once(&slot.snapshot(), ["l-1".to_owned()]);
}

/// The renewal has taken the notice out of the store, and its answer is lost.
#[tokio::test(start_paused = true)]
async fn m3_a_notice_that_a_lost_answer_took_along_costs_one_heartbeat() {
    for fault in [Fault::ErrorAfter, Fault::HangAfter] {
        let world = World::new();
        let (here, there) = (world.server("a").await, profiles(&world, "b").await);
        let (session, slot) = steal(&there).await.unwrap();
        let _second = session.load_slot("Slot2").await.unwrap();
        slot.save().await.unwrap();
        here.send(1, "Slot1", letter("l-1")).await.unwrap();
        world.store.inject(When::renew_lease().nth(1), fault); // of either server
        world.store.inject(When::renew_lease().nth(2), fault); // and of the other
        pass_secs(20).await;
        once(&slot.snapshot(), ["l-1".to_owned()]);
        pass_secs(60).await;
        world.store.record_calls();
        pass_secs(20).await;
        assert_eq!(world.store.count(Op::Letters), 0, "once is enough");
    }
}

/// What is dropped is not lost: a full queue of notices says that there is mail
/// for anybody.
#[tokio::test(start_paused = true)]
async fn m3_more_letters_at_once_than_notices_can_wait_all_arrive_within_a_heartbeat() {
    let world = World::new();
    let (here, there) = (world.server("a").await, profiles(&world, "b").await);
    let (_session, slot) = steal(&there).await.unwrap();
    slot.save().await.unwrap();
    let name = ServerName::new("b").unwrap();
    let holder = world.memory.holder(&player(1)).await.unwrap();
    let of_others = Notice {
        player: player(2),
        session: holder.unwrap().session,
        kind: NoticeKind::Mail,
        from: here.server().clone(),
    };
    for _ in 0..MAX_NOTICES {
        world.memory.notify(&name, &of_others).await.unwrap();
    }
    here.send(1, "Slot1", letter("l-1")).await.unwrap();
    pass_ms(5_100).await;
    once(&slot.snapshot(), ["l-1".to_owned()]);
}

#[tokio::test(start_paused = true)]
async fn m3_a_notice_that_no_attempt_gets_through_is_sent_when_the_store_is_back() {
    let world = World::new();
    let (here, there) = (world.server("a").await, profiles(&world, "b").await);
    let (_session, slot) = steal(&there).await.unwrap();
    slot.save().await.unwrap();
    world.store.inject(When::notify(), Fault::ErrorBefore);
    here.send(1, "Slot1", letter("l-1")).await.unwrap();
    pass_secs(30).await;
    assert_eq!(slot.snapshot().received.len(), 0);
    world.store.calm();
    pass_secs(30).await;
    once(&slot.snapshot(), ["l-1".to_owned()]);
    world.store.record_calls();
    pass_secs(60).await;
    assert_eq!(world.store.count(Op::Notify), 0, "once is enough");
}

/// A sender that crashes between the letter and its notice was told nothing,
/// and sends it again, or whoever loads its outbox does.
#[tokio::test(start_paused = true)]
async fn m3_a_letter_that_is_sent_again_is_told_of_again() {
    let world = World::new();
    let (here, there) = (world.server("a").await, profiles(&world, "b").await);
    let (_session, slot) = steal(&there).await.unwrap();
    slot.save().await.unwrap();
    let content = json!({"Gold": 1}).to_string().into();
    let posted_without_a_notice = backend::Letter {
        id: LetterId::new("l-1").unwrap(),
        posting: "00000000-0000-4000-8000-000000000001".parse().unwrap(),
        sender: "shop".to_owned(),
        sent_at: world.clock.now(),
        retention: Retention::Timed,
        content,
    };
    let (store, name) = (&world.memory, SlotName::new("Slot1").unwrap());
    let player = player(1);
    let posted = store.post(&player, &name, &posted_without_a_notice).await;
    assert!(matches!(posted, Ok(Posting::Posted { holder: Some(_) })));
    pass_secs(20).await;
    assert_eq!(slot.snapshot().received.len(), 0);
    let again = here.send(1, "Slot1", letter("l-1")).await.unwrap();
    assert_eq!(again, Sent::AlreadySent);
    pass_secs(6).await;
    once(&slot.snapshot(), ["l-1".to_owned()]);
}

#[tokio::test(start_paused = true)]
async fn m3_a_slot_that_is_kept_gets_its_letters_later_and_nothing_waits_for_it() {
    let world = World::new();
    let manager = profiles(&world, "a").await;
    let (_session, slot) = steal(&manager).await.unwrap();
    let (go_on, kept) = (Arc::new(AtomicBool::new(false)), slot.clone());
    let stop = go_on.clone();
    let keeper = std::thread::spawn(move || {
        kept.modify(|_| {
            while !stop.load(Ordering::Acquire) {
                std::thread::yield_now();
            }
        })
    });
    while !matches!(slot.modify(|_| ()), Err(Error::SlotBusy { .. })) {
        std::thread::yield_now();
    }
    let mut events = manager.events();
    manager.send(1, "Slot1", letter("l-1")).await.unwrap();
    wait_for(&mut events, |event| {
        matches!(event, Event::MailDelayed { .. })
    })
    .await;
    assert!(slot.snapshot().received.is_empty());
    go_on.store(true, Ordering::Release);
    keeper.join().unwrap().unwrap();
    wait_for(&mut events, |event| {
        matches!(event, Event::LetterDelivered { .. })
    })
    .await;
    once(&slot.snapshot(), ["l-1".to_owned()]);
}

#[tokio::test(start_paused = true)]
async fn m4_one_that_is_refused_or_panics_stays_is_told_and_holds_up_no_other() {
    let world = World::new();
    let manager = profiles(&world, "a").await;
    for (id, content) in [
        ("l-1", "refuse"),
        ("l-2", "fine"),
        ("l-3", "panic"),
        ("l-4", "fine"),
    ] {
        let letter = Letter::new(id, json!(content)).unwrap();
        manager.send(1, "Slot1", letter).await.unwrap();
    }
    let mut events = manager.events();
    let refusals = |events: Vec<Event>| -> Vec<(String, String)> {
        let refused = events.into_iter().filter_map(|event| match event {
            Event::LetterRefused { letter, why, .. } => Some((letter.to_string(), why.to_string())),
            _ => None,
        });
        refused.collect()
    };
    for _ in 0..2 {
        let (session, slot) = steal(&manager).await.unwrap();
        assert_eq!(
            slot.snapshot().order,
            ["l-2", "l-4"],
            "nothing of the others is left"
        );
        let told = refusals(drain(&mut events));
        let expected = [("l-1", "not this one"), ("l-3", "its handler panicked")];
        assert_eq!(
            told,
            expected.map(|(id, why)| (id.to_owned(), why.to_owned()))
        );
        // Not again in the same session.
        manager.send(1, "Slot1", letter("l-2")).await.unwrap();
        pass_secs(31).await;
        assert!(refusals(drain(&mut events)).is_empty());
        assert_eq!(waiting(&world).await, 2);
        session.end().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn m4_a_flood_is_applied_in_order_and_in_portions_that_are_saved() {
    let world = World::new();
    let manager = profiles(&world, "a").await;
    for number in 0..100 {
        manager.send(1, "Slot1", letter(number)).await.unwrap();
    }
    let mut events = manager.events();
    let (session, slot) = steal(&manager).await.unwrap();
    let order: Vec<_> = (0..100).map(|number| number.to_string()).collect();
    assert_eq!(slot.snapshot().order, order);
    assert_eq!(
        waiting(&world).await,
        4,
        "the last portion waits for its save"
    );
    let saved = |event: &Event| {
        matches!(
            event,
            Event::SlotSaved {
                reason: SaveReason::Mail,
                ..
            }
        )
    };
    assert_eq!(count(&drain(&mut events), saved), 3);
    session.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn m5_a_document_has_them_in_its_gift_bank_and_claims_parcels_within_its_limits() {
    let world = World::new();
    let manager = world.server_with("a", |s| s.max_item_quantity = 6).await;
    let parcel = Parcel::new().item("Bread", 2).amount("Currency", 5);
    let gift = Letter::new("g-1", parcel.clone()).unwrap();
    manager.send(1, "Slot1", gift).await.unwrap();
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    let refused = slot.claim_gift("g-1").unwrap_err();
    assert!(matches!(refused, Error::Document { .. }), "{refused}");
    slot.remove_item("Bread", 1).unwrap();
    assert_eq!(slot.claim_gift("g-1").unwrap(), parcel);
    assert_eq!(
        (
            slot.count_item("Bread"),
            slot.get::<u64>("Currency").unwrap()
        ),
        (6, 505)
    );
    assert!(slot.claim_gift("g-1").is_err(), "once");
    session.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn m5_for_a_games_own_type_that_says_nothing_letters_wait() {
    let world = World::new();
    let typed = SessionManager::typed(world.store.clone(), |_| Profile::default());
    let manager = typed.start().await.unwrap();
    manager.send(1, "Slot1", letter("l-1")).await.unwrap();
    let (session, slot) = steal(&manager).await.unwrap();
    pass_secs(31).await;
    assert!(slot.snapshot().received.is_empty());
    session.end().await.unwrap();
    assert_eq!(
        (waiting(&world).await, world.store.count(Op::Letters)),
        (1, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn m2_a_document_that_is_no_object_is_loaded_and_its_letters_wait() {
    let world = World::new();
    let typed = SessionManager::typed(world.store.clone(), |_| vec![0_u8]);
    let typed = typed.on_letter(|_, list: &mut Vec<u8>, _| {
        list.push(1);
        Ok::<_, Error>(())
    });
    let manager = typed.start().await.unwrap();
    manager.send(1, "Slot1", letter("l-1")).await.unwrap();
    let mut events = manager.events();
    let (session, slot) = steal(&manager).await.unwrap();
    assert_eq!(*slot.snapshot(), [0]);
    let delayed = |event: &Event| matches!(event, Event::MailDelayed { error, .. } if matches!(**error, Error::NoEnvelope { .. }));
    assert_eq!(count(&drain(&mut events), delayed), 1);
    session.end().await.unwrap();
    assert_eq!(waiting(&world).await, 1);
}

#[tokio::test(start_paused = true)]
async fn m6_erasing_a_player_erases_mail_and_its_memory() {
    let world = World::new();
    let manager = profiles(&world, "a").await;
    manager.send(1, "Slot1", letter("l-1")).await.unwrap();
    let (session, _slot) = steal(&manager).await.unwrap();
    session.end().await.unwrap();
    manager.send(1, "Slot1", letter("l-2")).await.unwrap();
    manager.erase(&player(1)).await.unwrap();
    assert_eq!(waiting(&world).await, 0);
    for id in ["l-1", "l-2"] {
        assert_eq!(
            manager.send(1, "Slot1", letter(id)).await.unwrap(),
            Sent::Posted
        );
    }
    let (_session, slot) = steal(&manager).await.unwrap();
    once(&slot.snapshot(), ["l-1".to_owned(), "l-2".to_owned()]);
}

#[tokio::test(start_paused = true)]
async fn m2_a_theft_between_apply_and_save_costs_no_letter_and_doubles_none() {
    let world = World::new();
    let (one, two) = (profiles(&world, "a").await, profiles(&world, "b").await);
    one.send(1, "Slot1", letter("l-1")).await.unwrap();
    let (_session, first) = steal(&one).await.unwrap();
    let (_other, second) = steal(&two).await.unwrap();
    assert!(first.save().await.is_err(), "it is lost");
    pass_secs(31).await;
    once(&second.snapshot(), ["l-1".to_owned()]);
    assert_eq!(waiting(&world).await, 0);
}
