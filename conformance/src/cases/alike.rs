//! Names that are alike, in what ends, kills, forgets and erases: only what
//! is named is meant.

use std::time::Duration;

use playerdata_core::{
    PlayerId, ServerId, SessionId, SlotName,
    backend::{Erasure, Notice, NoticeKind, Renewal},
};

use crate::{
    Fixture, Rule,
    driver::{Client, RawSession, RawSlot, name},
};

/// Ids that a store may take for one another, or for a pattern that matches
/// others: in capitals, as numbers, as GUIDs, as patterns and escapes, by
/// their beginnings, and at the greatest length.
fn alike() -> Vec<PlayerId> {
    let short = [
        "alice",
        "Alice",
        "ALICE",
        "alicE1",
        "alice1",
        "alice_",
        "alice%",
        "alice*",
        "al_ce",
        "al%",
        "al?ce",
        "a[l]ice",
        "a.*",
        "%",
        "*",
        "_____",
        "1",
        "01",
        "1.0",
        "1e0",
        "+1",
        "0x1",
        "a\\b",
        "a\\\\b",
        "a/b",
        "a//b",
        "a\\n",
        "ab",
        "a%62",
        "alice:",
        "alice:Slot1",
        "alice#",
        "123e4567-e89b-12d3-a456-426614174000",
        "123E4567-E89B-12D3-A456-426614174000",
        "123e4567e89b12d3a456426614174000",
        "urn:uuid:123e4567-e89b-12d3-a456-426614174000",
    ];
    let mut players: Vec<PlayerId> = short.into_iter().map(name).collect();
    let stem = "p".repeat(PlayerId::MAX_BYTES - 1);
    players.extend(["", "1", "2", "P"].map(|end| name(&format!("{stem}{end}"))));
    players
}

/// A session of each player, with two slots open, whose names are alike too.
async fn sessions(fixture: &Fixture) -> Vec<(RawSession, Vec<RawSlot>)> {
    let [a, _] = fixture.servers();
    let mut sessions = Vec::new();
    for player in alike() {
        let session = a.join(&player).await;
        let mut open = Vec::new();
        for slot in ["slot", "SLOT"] {
            let mut slot = session.open(&name(slot)).await;
            slot.save(player.to_string()).await;
            open.push(slot);
        }
        sessions.push((session, open));
    }
    sessions
}

async fn expect_alive(fixture: &Fixture, session: &RawSession, open: &mut [RawSlot], gone: &str) {
    let [_, b] = fixture.clients();
    let holder = b.holder(&open[0].claim().player).await;
    let what = format!("it is not {gone} that is held");
    fixture.expect_eq(Rule::Names, &what, holder, Some(session.lock()));
    for slot in open {
        slot.save("it goes on").await;
    }
}

/// The session of one player after another is released, or replaced: the
/// claims of players whose ids are like theirs stay alive, and their own die.
///
/// Proves the contract on names, and [L4](Rule::L4). A backend that fails it
/// finds the claims of a session by a pattern or a beginning: whoever leaves
/// takes the slots of others out of their hands.
pub async fn ending_one_session_leaves_the_claims_of_names_that_are_alike(fixture: Fixture) {
    let [_, b] = fixture.servers();
    let mut left = sessions(&fixture).await;
    while !left.is_empty() {
        let (gone, dead) = left.remove(0);
        let player = dead[0].claim().player.clone();
        if left.len() % 2 == 0 {
            gone.through(&b.client).release().await;
        } else {
            b.take_over(&player, gone.id()).await;
        }
        // Who comes next in the list is most like the one who has gone.
        for (session, open) in left.iter_mut().take(6) {
            expect_alive(&fixture, session, open, player.as_str()).await;
        }
        let late = dead[0].try_save("late").await;
        let lost = matches!(late, playerdata_core::backend::WriteOutcome::Lost { .. });
        fixture.expect(Rule::L4, "its own claims are dead", lost);
    }
}

/// One player after another is erased: those whose ids are like theirs keep
/// what they have, in their slots and as their locks.
///
/// Proves the contract on names and on erasure. A backend that fails it erases
/// `alice` with `Alice`, or everybody with `%`.
pub async fn erasing_one_player_leaves_names_that_are_alike(fixture: Fixture) {
    let [_, b] = fixture.clients();
    let mut left = sessions(&fixture).await;
    for (session, _) in &left[..left.len() / 2] {
        session.release().await;
    }
    let gone: Vec<_> = left.drain(..left.len() / 2).collect();
    let mut kept: Vec<PlayerId> = gone
        .iter()
        .map(|(_, open)| open[0].claim().player.clone())
        .collect();
    kept.reverse();
    while let Some(player) = kept.pop() {
        let erased = b.erase(&player).await;
        fixture.expect_eq(Rule::Erasure, "nobody holds them", erased, Erasure::Erased);
        let slots = b.list(&player).await.len();
        fixture.expect_eq(Rule::Erasure, "the player's slots", slots, 0);
        for other in &kept {
            let what = format!("the slots of {other}, when {player} is erased");
            let slots = b.list(other).await.len();
            fixture.expect_eq(Rule::Names, &what, slots, 2);
        }
    }
    for (session, open) in &mut left {
        expect_alive(&fixture, session, open, "somebody like them").await;
    }
}

/// Opening and deleting one slot leaves slots whose names are like its own,
/// with their claims and their records.
///
/// Proves the contract on names. A backend that fails it kills the claim on
/// `SLOT1` when `Slot1` is opened.
pub async fn opening_one_slot_leaves_names_that_are_alike(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let stem = "s".repeat(SlotName::MAX_BYTES - 1);
    let mut slots: Vec<SlotName> = [
        "slot", "Slot", "SLOT", "slot1", "slot_", "sl_t", "slot-", "1", "01", "_", "-", "____",
    ]
    .map(name)
    .to_vec();
    slots.extend(["", "1", "S"].map(|end| name(&format!("{stem}{end}"))));
    let session = a.join(&fixture.player()).await;
    let mut open = Vec::new();
    for slot in &slots {
        let mut slot = session.open(slot).await;
        slot.save("first").await;
        open.push(slot);
    }
    for number in 0..open.len() {
        let mut again = session.through(&b.client).open(&slots[number]).await;
        again.delete().await;
        open[number] = again;
        for (other, slot) in slots.iter().zip(&mut open).skip(number + 1) {
            let seen = b.client.view(&fixture.player(), other).await;
            let what = format!("{other} is there when {} is deleted", slots[number]);
            fixture.expect(Rule::Names, &what, seen.is_some());
            slot.save("its claim is alive").await;
        }
    }
}

/// Names of servers that are alike.
fn servers(fixture: &Fixture) -> Vec<ServerId> {
    let stem = "g".repeat(playerdata_core::ServerName::MAX_BYTES - 1);
    let short = [
        "a", "A", "ab", "a.", "a-", "a_", "_", "1", "01", "1.0", "-1", "aB",
    ];
    let mut names: Vec<String> = short.map(ToOwned::to_owned).to_vec();
    names.extend(["", "1", "2", "G"].map(|end| format!("{stem}{end}")));
    names.iter().map(|name| fixture.started(name)).collect()
}

const LONG: Duration = Duration::from_secs(3_600);

async fn drain(client: &Client, server: &ServerId) -> Vec<Notice> {
    match client.renew_lease(server, LONG).await {
        Renewal::Renewed { notices } => notices,
        Renewal::Superseded { .. } => client
            .world()
            .fail(Rule::Names, "nobody else has started under this name"),
    }
}

/// Notices for servers whose names are alike reach the one that they were
/// sent to; the end of one's lease forgets only its own.
///
/// Proves the contract on names and on notices. A backend that fails it
/// delivers a notice for `A` to `a`: the server that was asked hears nothing,
/// and a player waits for a minute.
pub async fn notices_reach_the_name_they_were_sent_to(fixture: Fixture) {
    let [a, b] = fixture.clients();
    let servers = servers(&fixture);
    let mut sent = Vec::new();
    for round in 0..2 {
        for server in &servers {
            let notice = Notice {
                player: fixture.player(),
                session: SessionId::from_uuid(fixture.ids().next_id()),
                kind: NoticeKind::HandOver,
                from: fixture.started("asker"),
            };
            b.notify(&server.name, &notice).await;
            sent.push(notice);
        }
        if round == 0 {
            for (server, notice) in servers.iter().zip(sent.drain(..)) {
                let what = format!("what {} drains", server.name);
                let drained = drain(&a, server).await;
                fixture.expect_eq(Rule::Names, &what, drained, vec![notice]);
            }
        }
    }
    for (number, (server, notice)) in servers.iter().zip(sent).enumerate() {
        if number % 2 == 0 {
            a.drop_lease(server).await;
            continue;
        }
        let drained = drain(&a, server).await;
        let what = format!("what {} drains when others have gone", server.name);
        fixture.expect_eq(Rule::Names, &what, drained, vec![notice]);
        let live = b.lease_is_live(server).await;
        fixture.expect(Rule::Names, "its lease is its own", live);
    }
}
