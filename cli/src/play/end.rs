//! Saving, releasing, and reporting what could not be saved.

use playerdata::{Document, EndError, Error};

use super::{
    begin::Game,
    console::{Answer, Console},
    signals::Signals,
    turns::Stop,
};
use crate::{Exit, output::chain};

/// Ends the session, whatever is left of it.
pub(super) async fn end(game: Game, stop: Stop, signals: &mut Signals, console: &Console) -> Exit {
    let ended = tokio::select! {
        ended = game.session.end() => ended,
        () = signals.received() => {
            console.tell("play: interrupted again: changes may not have been saved");
            return Exit::Store;
        }
    };
    let exit = match ended {
        Ok(()) => {
            // If nobody reads it, the exit code still says it.
            let _ = console.answer(&Answer::line("ended".to_owned()));
            Exit::Ended
        }
        Err(error) => not_ended(&game, &error, stop, console).await,
    };
    if !game.session.is_active() {
        // Nothing is left that the lease protects: nobody should wait for it.
        let within = game.manager.settings().operation_timeout;
        game.manager.shutdown(within).await;
        game.store.close().await;
    }
    exit
}

/// Says why, and prints what is not in the store.
async fn not_ended(game: &Game, error: &EndError<Document>, stop: Stop, console: &Console) -> Exit {
    match stop {
        Stop::Leaving => _ = console.refuse(&chain(error)),
        Stop::Over => console.tell(format_args!("play: {}", chain(&*error.cause))),
    }
    for unsaved in &error.unsaved {
        let document = serde_json::to_string(&*unsaved.document);
        console.tell(format_args!(
            "play: {} was not saved; it was {}",
            unsaved.slot,
            document.unwrap_or_else(|error| error.to_string())
        ));
    }
    if let Error::SessionLost { .. } = *error.cause {
        return Exit::Lost;
    }
    // The program ends either way. If the store is there, the player is free;
    // if not, the lock is left to lapse with the lease.
    if !error.cause.is_transient()
        && let Err(error) = game.session.abandon().await
    {
        console.tell(format_args!("play: {}", chain(&error)));
    }
    Exit::Store
}
