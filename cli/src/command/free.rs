//! `playerdata free`.

use clap::Args;
use playerdata::backend::{Lock, Release};
use serde_json::{Value, json};

use super::{Whom, closing};
use crate::{
    Exit,
    ask::{Consent, Wish},
    desk::{Desk, lock_json, lock_words},
    failure::Failure,
    store_args::StoreArgs,
};

/// Release a player from the session that holds them
///
/// Whatever that session has not saved is lost, and its later saves are
/// refused. Its server, if it is alive, is notified and drops the player. The
/// exit code is 1 if nobody holds the player.
#[derive(Clone, Debug, Args)]
pub(crate) struct Free {
    #[command(flatten)]
    whom: Whom,

    #[command(flatten)]
    consent: Consent,

    #[command(flatten)]
    store: StoreArgs,
}

impl Free {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let desk = Desk::at(&self.store).await?;
        let freed = self.free(&desk).await;
        closing(desk, freed).await
    }

    async fn free(&self, desk: &Desk) -> Result<Exit, Failure> {
        let player = &self.whom.player;
        let Some(lock) = desk.holder(player).await? else {
            let json = || json!({"player": player, "lock": null, "freed": false});
            desk.answer(json, || format!("player {player} is already free"))?;
            return Ok(Exit::No);
        };
        let live = desk.is_live(&lock).await?;
        let what = format!("free player {player}, {}", lock_words(&lock, live));
        let freed = match self.consent.to(&what)? {
            Wish::Leave => return Ok(Exit::No),
            Wish::Say => None,
            Wish::Do => Some(self.release(desk, &lock).await?),
        };
        let json = || -> Value {
            let lock = lock_json(&lock, live);
            let freed = freed == Some(Release::Released);
            json!({"player": player, "lock": lock, "freed": freed})
        };
        let words = || match freed {
            None => format!("would {what}"),
            Some(Release::Released) => format!("player {player} is free"),
            Some(Release::NotHeld) => {
                format!("nothing was done: {lock} does not hold player {player} any more")
            }
        };
        desk.answer(json, words)?;
        let gone = freed == Some(Release::NotHeld);
        Ok(if gone { Exit::No } else { Exit::Ended })
    }

    async fn release(&self, desk: &Desk, lock: &Lock) -> Result<Release, Failure> {
        let server = desk.server(&self.consent.accept_hazard).await?;
        let released = server.force_release(&self.whom.player, lock).await;
        desk.dismiss(server).await;
        Ok(released?)
    }
}
