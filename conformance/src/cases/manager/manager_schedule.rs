//! The autosave, on a store that takes its time.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use playerdata_core::{Event, PlayerId, SaveReason, SlotName};
use playerdata_faults::{Fault, When};

use super::{expect_gold, expect_stored, save, set_gold};
use crate::{Fixture, Rule, driver::Game};

/// Waits until the autosave has written a player's slot, and gives the
/// revision that it made.
async fn told_saved(game: &mut Game, player: &PlayerId, why: SaveReason) -> u64 {
    let what = format!("that player {player} is saved ({why:?})");
    game.told(Rule::A1, &what, |event| match event {
        Event::SlotSaved {
            player: saved,
            revision,
            reason,
            ..
        } if saved == *player && reason == why => Some(revision.get()),
        _ => None,
    })
    .await
}

/// The autosave stores new players, then what changed, and of players who
/// change nothing, nothing.
///
/// Proves [A1](Rule::A1) and [S10](Rule::S10). A backend that fails it
/// acknowledges saves that it has not made, or has other ideas of how often a
/// slot was written.
pub async fn the_autosave_writes_what_changed(fixture: Fixture) {
    let [client, other] = fixture.clients();
    let mut a = client.game("server-a").autosaving(0).start().await;
    let (active, idle) = (PlayerId::from(1), PlayerId::from(2));
    let (_session, slot) = a.play(&active).await;
    let first = told_saved(&mut a, &active, SaveReason::Autosave).await;
    fixture.expect_eq(Rule::S10, "a new player is stored", first, 1);
    let (_idle_session, idle_slot) = a.play(&idle).await;
    let first = told_saved(&mut a, &idle, SaveReason::Autosave).await;
    fixture.expect_eq(Rule::S10, "another new player is stored", first, 1);
    for gold in 2..=4 {
        set_gold(&fixture, &slot, gold);
        let revision = told_saved(&mut a, &active, SaveReason::Autosave).await;
        fixture.expect_eq(Rule::S3, "the revision it made", revision, gold);
        expect_stored(&other, Rule::A1, &slot, gold, gold).await;
    }
    expect_stored(&other, Rule::A1, &idle_slot, 500, 1).await;
}

/// The forced cycle writes every open slot of every player, though nobody
/// changed anything, and they all stay open.
///
/// Proves [A6](Rule::A6) and [S9](Rule::S9). A backend that fails it keeps the
/// state of the first player, or of the first slot, only.
pub async fn the_forced_cycle_writes_every_open_slot(fixture: Fixture) {
    let [client, other] = fixture.clients();
    let mut a = client.game("server-a").autosaving(2).start().await;
    let (mut sessions, mut open) = (Vec::new(), Vec::new());
    let mut waiting = BTreeSet::new();
    for player in (1..=3_u64).map(PlayerId::from) {
        let session = a.join(&player).await;
        for name in ["Slot1", "Slot2"] {
            let slot = a.load(&session, name).await;
            save(&fixture, &slot).await;
            waiting.insert((player.clone(), slot.name().clone()));
            open.push(slot);
        }
        sessions.push(session);
    }
    let mut made: BTreeMap<(PlayerId, SlotName), u64> = BTreeMap::new();
    a.told(Rule::A6, "that every slot is written", |event| {
        if let Event::SlotSaved {
            player,
            slot,
            revision,
            reason: SaveReason::Forced,
        } = event
        {
            waiting.remove(&(player.clone(), slot.clone()));
            made.insert((player, slot), revision.get());
        }
        waiting.is_empty().then_some(())
    })
    .await;
    for slot in open {
        let key = (slot.player().clone(), slot.name().clone());
        let told = made.get(&key).copied().unwrap_or_default();
        let stored = other.view(slot.player(), slot.name()).await;
        let stored = stored.map_or(0, |record| record.revision.get());
        let what = format!("{key:?} is stored as revision {told} or later, not {stored}");
        fixture.expect(Rule::A6, &what, stored >= told);
    }
}

/// While the store can't be reached, failures are reported and changes kept;
/// when it is back, the autosave writes them.
///
/// Proves [A3](Rule::A3) and [E3](Rule::E3). A backend that fails it loses what
/// happened during an outage.
pub async fn the_autosave_makes_up_for_an_outage(fixture: Fixture) {
    let [client, other] = fixture.clients();
    let mut a = client.game("server-a").autosaving(0).start().await;
    let player = fixture.player();
    let (session, slot) = a.play(&player).await;
    told_saved(&mut a, &player, SaveReason::Autosave).await;
    a.inject(When::save(), Fault::ErrorInDoubt);
    set_gold(&fixture, &slot, 7);
    a.told(Rule::A3, "that a save failed", |event| {
        matches!(event, Event::SaveFailed { .. }).then_some(())
    })
    .await;
    fixture.expect(Rule::E3, "the session is not lost", session.is_active());
    fixture.expect(Rule::A3, "the change is kept", slot.is_unsaved());
    a.calm();
    let revision = told_saved(&mut a, &player, SaveReason::Autosave).await;
    fixture.expect_eq(Rule::S3, "the revision it made", revision, 2);
    expect_stored(&other, Rule::A3, &slot, 7, 2).await;
}

/// Two servers with many players each, all of whom change at once, save them
/// all; after the other server took them over, all of it is there.
///
/// Proves [A1](Rule::A1) and [S1](Rule::S1). A backend that fails it mixes up
/// what is saved at the same time, or loses some of it.
pub async fn many_players_are_autosaved_at_once(fixture: Fixture) {
    const PLAYERS: u64 = 20;

    let clients = fixture.clients();
    let setups = clients.iter().zip(["server-a", "server-b"]);
    let starts: Vec<_> = setups
        .map(|(client, server)| client.game(server).autosaving(0).start())
        .collect();
    let mut games = join_all(starts).await;
    let players: Vec<_> = (0..2 * PLAYERS).map(PlayerId::from).collect();
    let (first, second) = players.split_at(usize::try_from(PLAYERS).unwrap_or_default());
    let mut held = Vec::new();
    for (game, players) in games.iter().zip([first, second]) {
        let playing: Vec<_> = players.iter().map(|player| game.play(player)).collect();
        held.push(join_all(playing).await);
    }
    for (_, slot) in held.iter().flatten() {
        let own: u64 = slot.player().as_str().parse().unwrap_or_default();
        set_gold(&fixture, slot, 1_000 + own);
    }
    for (_, slot) in held.iter().flatten() {
        fixture
            .until(Rule::A1, "everything is saved", || async {
                !slot.is_unsaved()
            })
            .await;
    }
    for (game, held) in games.iter().zip(&held) {
        let ends: Vec<_> = held.iter().map(|(session, _)| game.end(session)).collect();
        join_all(ends).await;
    }
    games.reverse();
    for (game, held) in games.iter().zip(held) {
        let players = held.iter().map(|(session, _)| session.player());
        let playing: Vec<_> = players.map(|player| game.play(player)).collect();
        for (_, slot) in join_all(playing).await {
            let own: u64 = slot.player().as_str().parse().unwrap_or_default();
            expect_gold(&fixture, Rule::S1, "their own", &slot, 1_000 + own);
        }
    }
}
