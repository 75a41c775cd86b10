//! `playerdata holder`.

use clap::Args;
use serde_json::json;

use super::{Whom, closing};
use crate::{
    Exit,
    desk::{Desk, lock_json, lock_words},
    failure::Failure,
    store_args::StoreArgs,
};

/// Show which session of which server holds a player
///
/// The exit code is 1 if none does.
#[derive(Clone, Debug, Args)]
pub(crate) struct Holder {
    #[command(flatten)]
    whom: Whom,

    #[command(flatten)]
    store: StoreArgs,
}

impl Holder {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let desk = Desk::at(&self.store).await?;
        let told = self.tell(&desk).await;
        closing(desk, told).await
    }

    async fn tell(&self, desk: &Desk) -> Result<Exit, Failure> {
        let player = &self.whom.player;
        let Some(lock) = desk.holder(player).await? else {
            let json = || json!({"player": player, "lock": null});
            desk.answer(json, || format!("player {player}: free"))?;
            return Ok(Exit::No);
        };
        let live = desk.is_live(&lock).await?;
        let json = || json!({"player": player, "lock": lock_json(&lock, live)});
        desk.answer(json, || {
            format!("player {player}: {}", lock_words(&lock, live))
        })?;
        Ok(Exit::Ended)
    }
}
