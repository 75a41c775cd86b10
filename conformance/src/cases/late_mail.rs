//! Group `stepwise`: mail, verdicts and versions, when the process that asks
//! for them is frozen in between and wakes up when others went on.

use std::time::Duration;

use playerdata_core::{
    PlayerId, TradeId,
    backend::{Erasure, KeepPolicy, Keeping, Verdict},
};

use crate::{
    Fixture, Rule,
    driver::{RawSession, RawSlot},
};

const ALWAYS: KeepPolicy = KeepPolicy {
    most: 8,
    min_age: Duration::ZERO,
};

/// A letter falls asleep on its way. A copy of it is posted and taken out;
/// when the first one wakes up, it is not taken in again.
///
/// Proves [M2](Rule::M2). A backend that fails it gives a gift twice to whoever
/// has a slow server.
pub async fn a_late_copy_of_a_letter_is_not_taken_in_again(fixture: Fixture) {
    let slow = fixture.process();
    let slot = fixture.slot();
    for step in 0.. {
        let player = PlayerId::from(step as u64);
        let letter = fixture.letter("gift", "5");
        let late = {
            let (client, player, slot) = (slow.client.clone(), player.clone(), slot.clone());
            let letter = letter.clone();
            async move { client.backend().post(&player, &slot, &letter).await }
        };
        let Some(frozen) = slow.freeze(step, late).await else {
            break;
        };
        let [a, b] = fixture.clients();
        let known = a.known_as(&player, &slot, &letter).await;
        let own = known.is_none_or(|posting| posting == letter.posting);
        fixture.expect(Rule::M1, "posted, or known as its own", own);
        b.take_out(&player, &slot, &letter).await;
        let _ = frozen.wake().await;
        let waiting = b.waiting(&player, &slot).await;
        fixture.expect_eq(Rule::M2, "it stays out", waiting, Vec::new());
    }
}

/// To take a letter out falls asleep. The player is erased, and gets another
/// letter of that id; when the first request wakes up, that one waits still.
///
/// Proves [M2](Rule::M2) and [M6](Rule::M6). A backend that fails it takes out
/// a letter that nobody read.
pub async fn a_late_request_takes_no_other_letter_out(fixture: Fixture) {
    let slow = fixture.process();
    let slot = fixture.slot();
    for step in 0.. {
        let player = PlayerId::from(step as u64);
        let [a, b] = fixture.clients();
        let before = fixture.unsettled_letter("gift", "before");
        a.send(&player, &slot, &before).await;
        let late = {
            let (client, player, slot) = (slow.client.clone(), player.clone(), slot.clone());
            let (id, posting) = (before.id.clone(), before.posting);
            async move {
                let backend = client.backend();
                backend.discard(&player, &slot, &id, posting).await?;
                backend.settle(&player, &slot, &id, posting).await
            }
        };
        let Some(frozen) = slow.freeze(step, late).await else {
            break;
        };
        let erased = b.erase(&player).await;
        fixture.expect_eq(Rule::Erasure, "nobody holds them", erased, Erasure::Erased);
        let since = fixture.unsettled_letter("gift", "since");
        a.send(&player, &slot, &since).await;
        let _ = frozen.wake().await;
        let waiting = b.waiting(&player, &slot).await;
        fixture.expect_eq(Rule::M2, "it waits", waiting, vec![since]);
    }
}

/// A decision falls asleep. Another one is made, the other way; when the first
/// one wakes up, it is told that verdict, as everybody is.
///
/// Proves [P3](Rule::P3). A backend that fails it has two verdicts on one
/// trade.
pub async fn a_late_decision_is_told_what_stands(fixture: Fixture) {
    let slow = fixture.process();
    for step in 0.. {
        let trade = TradeId::from_uuid(fixture.ids().next_id());
        let late = {
            let client = slow.client.clone();
            async move { client.backend().decide(trade, Verdict::Commit).await }
        };
        let Some(frozen) = slow.freeze(step, late).await else {
            break;
        };
        let [a, b] = fixture.clients();
        let told = a.decide(trade, Verdict::Abort).await;
        if let Ok(late) = frozen.wake().await {
            fixture.expect_eq(Rule::P3, "the one that stands", late, told);
        }
        let stands = b.decide(trade, Verdict::Commit).await;
        fixture.expect_eq(Rule::P3, "it stands", stands, told);
    }
}

/// A session that has the player, with a saved slot.
async fn play(fixture: &Fixture, player: &PlayerId, text: &'static str) -> (RawSession, RawSlot) {
    let [_, b] = fixture.servers();
    let session = b.join(player).await;
    let mut open = session.open(&fixture.slot()).await;
    open.save(text).await;
    (session, open)
}

/// An erasure falls asleep, and somebody starts a session, keeps a version and
/// gets mail. When the erasure wakes up, all of that is there: the version, a
/// letter that waits, and what is remembered of one that was taken out.
///
/// Proves [M6](Rule::M6) and [H5](Rule::H5). A backend that fails it erases a
/// player who has come back.
pub async fn a_late_erasure_takes_nothing_of_who_came_back(fixture: Fixture) {
    let slow = fixture.process();
    let slot = fixture.slot();
    for step in 0.. {
        let player = PlayerId::from(step as u64);
        let [a, b] = fixture.clients();
        let (session, open) = play(&fixture, &player, "before").await;
        a.keep_version(open.claim(), ALWAYS).await;
        a.send(&player, &slot, &fixture.letter("before", "5")).await;
        session.release().await;
        let late = {
            let (client, player) = (slow.client.clone(), player.clone());
            async move { client.backend().erase(&player).await }
        };
        let Some(frozen) = slow.freeze(step, late).await else {
            break;
        };
        let (_session, open) = play(&fixture, &player, "since").await;
        let kept = a.keep_version(open.claim(), ALWAYS).await;
        let revision = open.base();
        fixture.expect_eq(Rule::H1, "kept", kept, Keeping::Kept { revision });
        let letters = ["waits", "gone"].map(|id| fixture.letter(id, "5"));
        for letter in &letters {
            b.send(&player, &slot, letter).await;
        }
        a.take_out(&player, &slot, &letters[1]).await;
        let _ = frozen.wake().await;
        let ids = a.waiting_ids(&player, &slot).await;
        let waits = ids.last().is_some_and(|id| id == "waits");
        fixture.expect(Rule::M6, "it waits", waits);
        for letter in &letters {
            let known = b.known_as(&player, &slot, letter).await;
            fixture.expect_eq(Rule::M6, "known", known, Some(letter.posting));
        }
        let version = b.version(&player, &slot, revision).await;
        fixture.expect(Rule::H5, "the version is there", version.is_some());
    }
}

/// An erasure falls asleep; another one is made to its end, and the player
/// gets mail. The first one may take that along, or leave it, and then all of
/// it: a letter that is gone is not known.
///
/// Proves [M6](Rule::M6) and the contract on steps. A backend that fails it
/// takes a letter and keeps its id: its next copy is refused.
pub async fn a_late_erasure_takes_all_of_a_mailbox_or_nothing(fixture: Fixture) {
    let slow = fixture.process();
    let slot = fixture.slot();
    for step in 0.. {
        let player = PlayerId::from(step as u64);
        let [a, b] = fixture.clients();
        a.send(&player, &slot, &fixture.letter("before", "5")).await;
        let late = {
            let (client, player) = (slow.client.clone(), player.clone());
            async move { client.backend().erase(&player).await }
        };
        let Some(frozen) = slow.freeze(step, late).await else {
            break;
        };
        let erased = b.erase(&player).await;
        fixture.expect_eq(Rule::Erasure, "nobody holds them", erased, Erasure::Erased);
        let gone = a.waiting(&player, &slot).await;
        fixture.expect_eq(Rule::M6, "no letters", gone, Vec::new());
        let letters = ["waits", "gone"].map(|id| fixture.letter(id, "5"));
        for letter in &letters {
            b.send(&player, &slot, letter).await;
        }
        a.take_out(&player, &slot, &letters[1]).await;
        let _ = frozen.wake().await;
        let waits = !a.waiting(&player, &slot).await.is_empty();
        for letter in &letters {
            let known = b.known_as(&player, &slot, letter).await;
            let expected = waits.then_some(letter.posting);
            fixture.expect_eq(Rule::M6, "known if the other waits", known, expected);
        }
    }
}

/// To keep a version falls asleep, and the player is taken by another session,
/// or erased. When the request wakes up, it keeps nothing of what they have.
///
/// Proves [H5](Rule::H5). A backend that fails it looks at the lock and copies
/// in the next step: an erased player is in the store again.
pub async fn a_late_request_keeps_no_version_of_others(fixture: Fixture) {
    let slow = fixture.process();
    let slot = fixture.slot();
    let mut number = 0;
    for erases in [false, true] {
        for step in 0.. {
            number += 1;
            let player = PlayerId::from(number);
            let [a, b] = fixture.servers();
            let old = a.join(&player).await;
            let mut open = old.open(&slot).await;
            open.save("old").await;
            let late = {
                let (client, claim) = (slow.client.clone(), open.claim().clone());
                async move { client.backend().keep_version(&claim, ALWAYS).await }
            };
            let Some(frozen) = slow.freeze(step, late).await else {
                break;
            };
            let session = if erases {
                old.release().await;
                b.client.erase(&player).await;
                b.join(&player).await
            } else {
                b.take_over(&player, old.id()).await
            };
            let mut newer = session.open(&slot).await;
            newer.save("newer").await;
            let before = b.client.versions(&player, &slot).await;
            let gone = !erases || before.is_empty();
            fixture.expect(Rule::H5, "erased", gone);
            let _ = frozen.wake().await;
            let after = a.client.versions(&player, &slot).await;
            fixture.expect_eq(Rule::H5, "nothing was added", after, before);
        }
    }
}
