//! From the arguments to a session that holds the player.

use playerdata::{
    Document, Error, Events, OnConflict, Session, SessionManager, Settings, Slot, Store,
    backend::Lock,
};

use super::{Arguments, Conflict, console::Console, signals::Signals};
use crate::{failure::Failure, logging, store_args};

/// A player who is here to play.
pub(super) struct Game {
    pub(super) store: Store,
    pub(super) manager: SessionManager,
    pub(super) events: Events,
    pub(super) session: Session<Document>,
    /// The slot that commands are about. Others may be open, too.
    pub(super) slot: Slot<Document>,
    /// How many commands were refused.
    pub(super) refused: usize,
}

pub(super) async fn begin(
    arguments: &Arguments,
    console: &Console,
) -> Result<(Game, Signals), Failure> {
    let settings = store_args::settings(arguments.config.as_ref())?;
    let otherwise = match settings.debug {
        true => "warn,playerdata_core=debug",
        false => "warn",
    };
    logging::start(otherwise, console.messages())?;
    let opened = arguments.store.open(&settings).await;
    let store = opened.map_err(|error| Failure::Open(Box::new(error)))?;
    let mut builder = SessionManager::builder(store.backend()).settings(settings);
    if let Some(name) = &arguments.server {
        builder = builder.server_name(name.clone());
    }
    let manager = builder.start().await?;
    // Until here a signal ends the program at once, and nothing is lost.
    let mut signals = Signals::listen().map_err(Failure::Signals)?;
    let events = manager.events();
    match take_player(&store, &manager, arguments, &mut signals, console).await {
        Ok((session, slot)) => {
            let game = Game {
                store,
                manager,
                events,
                session,
                slot,
                refused: 0,
            };
            welcome(&game, console);
            Ok((game, signals))
        }
        Err(failure) => {
            // Gives up lock and lease. That fails, too, if the store is away.
            if failure.is_answered() {
                let within = manager.settings().operation_timeout;
                manager.shutdown(within).await;
                store.close().await;
            }
            Err(failure)
        }
    }
}

async fn take_player(
    store: &Store,
    manager: &SessionManager,
    arguments: &Arguments,
    signals: &mut Signals,
    console: &Console,
) -> Result<(Session<Document>, Slot<Document>), Failure> {
    let player = &arguments.player;
    // Asked politely first, so that whoever waits knows for whom.
    let first = manager.start_session_with(player.clone(), OnConflict::Fail);
    let session = match first.await {
        Ok(session) => session,
        Err(Error::PlayerHeld { player, holder }) if arguments.on_conflict != Conflict::Fail => {
            let on_conflict = match arguments.on_conflict {
                Conflict::Steal => steal(&holder, console),
                _ => hand_over(store, manager.settings(), &holder, console),
            };
            tokio::select! {
                session = manager.start_session_with(player, on_conflict) => session?,
                () = signals.received() => return Err(interrupted(holder)),
            }
        }
        Err(error) => return Err(error.into()),
    };
    let slot = session.load_slot(arguments.slot.clone()).await?;
    Ok((session, slot))
}

fn interrupted(holder: Lock) -> Failure {
    Failure::Interrupted(Box::new(holder))
}

fn steal(holder: &Lock, console: &Console) -> OnConflict {
    console.tell(format_args!("stealing the player from {holder}"));
    OnConflict::Steal
}

/// Waits long enough for the lease of a crashed server to lapse, and says so:
/// whoever has just seen one crash is not to think that the player is lost.
fn hand_over(store: &Store, settings: &Settings, holder: &Lock, console: &Console) -> OnConflict {
    let lease = settings.lock_expiry.saturating_add(store.max_clock_skew());
    let within = lease.saturating_add(settings.heartbeat_interval.saturating_mul(2));
    console.tell(format_args!(
        "the player is held by {holder}: asking it to hand over, and waiting for up to {}",
        humantime::format_duration(within)
    ));
    console.tell(format_args!(
        "if that server is dead, its lease lapses within {}, and the player then comes here; \
         a server that is restarted under the same name (--server NAME) does not have to wait",
        humantime::format_duration(lease)
    ));
    OnConflict::HandOver { within }
}

fn welcome(game: &Game, console: &Console) {
    if !console.is_interactive() {
        return;
    }
    let (player, server) = (game.session.player(), &game.manager.server().name);
    let (slot, revision) = (game.slot.name(), game.slot.revision());
    console.tell(format_args!(
        "player {player} is here, on server {server}, in {slot} at revision {revision}; \
         `help` lists the commands, `end` saves and leaves"
    ));
}
