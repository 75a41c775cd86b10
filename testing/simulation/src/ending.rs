//! The faults stop: now everything has to be there.

use std::{sync::Arc, time::Duration};

use playerdata_core::{Error, Letter, OnConflict, Parcel, PlayerId};
use playerdata_faults::Odds;
use tokio::time::sleep;

use crate::{
    Rule,
    holdings::LETTER,
    ledger::{State, Stored},
    process::Process,
    visit::{self, SLOTS, STALLS, Visit},
    world::{World, server_name, slot_name},
};

/// Until the last duplicate has arrived, the last lease has lapsed by a clock
/// that was set back, and every server has tidied up.
const CALM: Duration = Duration::from_secs(120);
/// How long a player may have to be waited for then.
const HAND_OVER: OnConflict = OnConflict::HandOver {
    within: Duration::from_secs(30),
};

/// Ends all faults, waits, and looks whether the servers tidied up.
pub(crate) async fn calm_down(world: &World) {
    world.ledger.note(format_args!("CALM"));
    world.calm();
    for process in world.processes() {
        process.calm();
        process.send_everybody_away();
    }
    world.ledger.step(State::everybody_left);
    sleep(CALM).await;
    let live: Vec<_> = world.up().iter().map(|process| process.number).collect();
    world
        .ledger
        .step(|state| state.check_no_lock_is_left_behind(&live));
}

/// Loads everything that every player has, on a server of its own.
pub(crate) async fn recover(world: &Arc<World>) {
    let ledger = &world.ledger;
    let rescue = match Process::start(world, server_name(99), Odds::none()).await {
        Ok(process) => process,
        Err(error) => {
            return ledger.breaks(Rule::Recovered, format_args!("no server starts: {error}"));
        }
    };
    for player in world.players.iter().chain(&world.put_back) {
        recover_player(world, &rescue, player).await;
    }
    come_to_rest(world, &rescue).await;
    keep_and_save(world, &rescue).await;
    rescue.shut_down(ledger).await;
}

/// A letter of somebody on another server is in an open slot before long.
async fn send_to_who_is_here(world: &Arc<World>, rescue: &Arc<Process>) {
    let ledger = &world.ledger;
    let (player, slot) = (&world.traders[0], slot_name(SLOTS[0]));
    let sender = match Process::start(world, server_name(98), Odds::none()).await {
        Ok(process) => process,
        Err(error) => {
            return ledger.breaks(Rule::Recovered, format_args!("no server starts: {error}"));
        }
    };
    let session = visit::start(world, rescue, player, HAND_OVER).await;
    let (Some(session), Some(manager)) = (session, sender.manager()) else {
        return ledger.breaks(Rule::Recovered, format_args!("{player} can't come"));
    };
    let mut visit = Visit::new(Arc::clone(world), Arc::clone(rescue), session);
    // What is wrong with it has been told, and shows below.
    let _ = visit.load(SLOTS[0]).await;
    let id = format!("{LETTER}last");
    let letter = Letter::new(&*id, Parcel::new().item(&*id, 1));
    let letter = letter.expect("the simulation's ids are valid");
    let sent = manager.send(player.clone(), slot.clone(), letter).await;
    sleep(world.settings.heartbeat_interval * 2).await;
    ledger.step(|state| {
        let is_there = sent.is_ok() && visit.has_gift(&slot, &id);
        let what = format_args!("{player}/{slot} is open, and {id} does not get there: {sent:?}");
        state.unless(is_there, Rule::M3, what);
    });
    visit.end().await;
    ledger.step(|state| state.left(visit.id()));
    drop(manager);
    sender.shut_down(ledger).await;
}

/// Rounds until everything that is on its way has arrived.
const ROUNDS: usize = 6;

/// Lets everything arrive that is on its way, and counts it.
async fn come_to_rest(world: &Arc<World>, rescue: &Arc<Process>) {
    send_to_who_is_here(world, rescue).await;
    let ledger = &world.ledger;
    for _ in 0..ROUNDS {
        let mut visits = Vec::new();
        for player in &world.traders {
            let Some(session) = visit::start(world, rescue, player, HAND_OVER).await else {
                return ledger.breaks(Rule::Recovered, format_args!("{player} can't come"));
            };
            let mut visit = Visit::new(Arc::clone(world), Arc::clone(rescue), session);
            for slot in &SLOTS[..STALLS] {
                if let Err(error) = visit.load(slot).await {
                    let what = format_args!("{player}/{slot} can't be loaded: {error}");
                    return ledger.breaks(Rule::Recovered, what);
                }
            }
            visits.push(visit);
        }
        sleep(world.settings.autosave_interval * 2).await;
        for visit in &mut visits {
            visit.end().await;
            ledger.step(|state| state.left(visit.id()));
        }
        if ledger.step(|state| state.is_at_rest()) {
            break;
        }
    }
    ledger.step(State::check_rest);
    for ((player, slot), receipt) in world.shop.granted() {
        if world.traders.contains(&player) {
            let why = "its shop was told is granted";
            ledger.step(|state| state.has_key(&player, &slot, &receipt, why));
        }
    }
}

/// While the document of one newcomer is kept, that of another is saved; and
/// both sessions end.
async fn keep_and_save(world: &Arc<World>, rescue: &Arc<Process>) {
    let ledger = &world.ledger;
    let mut visits = Vec::new();
    for newcomer in [98, 99] {
        let player = PlayerId::from(newcomer);
        let Some(session) = visit::start(world, rescue, &player, HAND_OVER).await else {
            return ledger.breaks(Rule::Recovered, format_args!("{player} can't come"));
        };
        let mut visit = Visit::new(Arc::clone(world), Arc::clone(rescue), session);
        // What is wrong with it has been told, and shows below.
        let _ = visit.load(SLOTS[0]).await;
        visits.push(visit);
    }
    let [keeping, other] = &mut visits[..] else {
        return;
    };
    let keeper = keeping.keep();
    other.change();
    sleep(world.settings.autosave_interval * 2).await;
    ledger.step(|state| {
        let saved = keeper.is_some() && other.is_saved();
        let what = format_args!("a document is kept, and another one is not saved");
        state.unless(saved, Rule::A9, what);
    });
    for visit in [other, keeping] {
        visit.end().await;
        ledger.step(|state| state.left(visit.id()));
    }
    if let Some(keeper) = keeper {
        visits[0].release(keeper);
    }
}

async fn recover_player(world: &Arc<World>, rescue: &Arc<Process>, player: &PlayerId) {
    let ledger = &world.ledger;
    for slot in SLOTS {
        // A first load that fails ends the session: a session for each.
        let Some(session) = visit::start(world, rescue, player, HAND_OVER).await else {
            return ledger.breaks(
                Rule::Recovered,
                format_args!("{player} can't be had any more"),
            );
        };
        let id = session.id();
        let mut visit = Visit::new(Arc::clone(world), Arc::clone(rescue), session);
        let loaded = visit.load(slot).await;
        let stored = ledger.step(|state| state.stored(player, &slot_name(slot)));
        let expected = matches!(
            (&loaded, stored),
            (Ok(()), Some(Stored::Readable(_)) | None)
                | (Err(Error::Undecodable { .. }), Some(Stored::Undecodable))
                | (Err(Error::Migration { .. }), Some(Stored::Newer))
        );
        if !expected {
            let loaded = loaded.map_err(|error| error.to_string());
            ledger.breaks(
                Rule::Recovered,
                format_args!("{player}/{slot} has {stored:?}, and loading gave {loaded:?}"),
            );
        }
        visit.end().await;
        ledger.step(|state| state.left(id));
    }
}
