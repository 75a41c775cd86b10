//! What game code does that it had better not: it gives up starts, drops the
//! handles to sessions and keeps slots, and shuts servers down that are slow.

use std::{sync::Arc, time::Duration};

use fastrand::Rng;
use playerdata_core::{Document, OnConflict, PlayerId, Session, Slot};
use playerdata_faults::{Fault, When};
use tokio::time::{sleep, timeout};

use crate::{
    Rule, holdings::change_of, ledger::Author, process::Process, visit::told, world::World,
};

/// How long nobody may have to wait after a start that was given up: longer
/// than any calls of the store take, shorter than the hand-over it waited for.
const AFTER_GIVING_UP: Duration = Duration::from_secs(60);

/// Sometimes gives up a start. Whoever comes next does not wait for it (E12).
pub(crate) async fn give_up_a_start(
    world: &World,
    process: &Process,
    player: &PlayerId,
    rng: &mut Rng,
) {
    let Some(manager) = process.manager().filter(|_| rng.u8(0..8) == 0) else {
        return;
    };
    let ledger = &world.ledger;
    let patience = Duration::from_millis([1, 50, 3_000][rng.usize(0..3)]);
    ledger.note(format_args!("{player} comes to {process} for {patience:?}"));
    let within = Duration::MAX;
    let start = manager.start_session_with(player.clone(), OnConflict::HandOver { within });
    match timeout(patience, start).await {
        Ok(Ok(session)) => {
            let id = session.id();
            ledger.step(|state| state.started(player, id, session.fence()));
            drop(session);
            ledger.step(|state| state.left(id));
            return;
        }
        Ok(Err(error)) => return told(world, player, "no session", &error),
        Err(_) => ledger.note(format_args!("{player} GIVES UP a start on {process}")),
    }
    // Nothing but what the network holds back is in the way.
    if process.is_frozen() || manager.session(player).is_some() {
        return;
    }
    let next = manager.start_session_with(player.clone(), OnConflict::Fail);
    match timeout(AFTER_GIVING_UP, next).await {
        Ok(Ok(session)) => {
            let id = session.id();
            ledger.step(|state| state.started(player, id, session.fence()));
            drop(session);
            ledger.step(|state| state.left(id));
        }
        Ok(Err(error)) => told(world, player, "no session", &error),
        Err(_) => ledger.breaks(
            Rule::Recovered,
            format_args!("a start of {player} waits for one that was given up"),
        ),
    }
}

/// Drops the session and keeps a slot for a while: the session goes on (E5).
pub(crate) async fn keep_a_slot_only(
    world: Arc<World>,
    session: Session<Document>,
    slot: Slot<Document>,
    rng: &mut Rng,
) {
    let author = Author {
        session: session.id(),
        player: session.player().clone(),
        slot: slot.name().clone(),
    };
    drop(session);
    sleep(Duration::from_millis(rng.u64(0..=10_000))).await;
    let ledger = &world.ledger;
    let at_least = change_of(&slot.snapshot()).unwrap_or_default();
    match slot.save().await {
        Ok(saved) => {
            ledger.note(format_args!("a slot KEPT its session and was saved"));
            ledger.step(|state| state.saved(&author, saved.revision(), at_least));
        }
        Err(error) => told(&world, &author.player, "not saved", &error),
    }
}

/// Makes every save of a server slow, so that a shutdown does not get done.
pub(crate) fn slow_down(process: &Process) {
    let slow = Fault::Delay {
        request: Duration::from_millis(900),
        answer: Duration::from_millis(900),
    };
    process.inject(When::save(), slow);
}
