//! `playerdata players`.

use clap::Args;
use futures::TryStreamExt as _;
use serde_json::json;

use super::closing;
use crate::{
    Exit,
    copy::{Pace, players},
    desk::Desk,
    failure::Failure,
    store_args::StoreArgs,
};

/// List the players who have anything stored, one to a line
///
/// The order is the store's own. A player who is written to during the listing
/// may be listed twice; one who was there throughout is never left out. The
/// exit code is 1 if there are none.
#[derive(Clone, Debug, Args)]
pub(crate) struct Players {
    /// Only players whose id begins like this
    #[arg(long, default_value = "", hide_default_value = true)]
    prefix: String,

    #[command(flatten)]
    pace: Pace,

    #[command(flatten)]
    store: StoreArgs,
}

impl Players {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let desk = Desk::at(&self.store).await?;
        let listed = self.list(&desk).await;
        closing(desk, listed).await
    }

    async fn list(&self, desk: &Desk) -> Result<Exit, Failure> {
        let mut any = false;
        let mut players = players(desk, &self.pace)?;
        while let Some(player) = players.try_next().await? {
            if player.as_str().starts_with(&self.prefix) {
                any = true;
                desk.answer(|| json!({"player": player}), || player.to_string())?;
            }
        }
        Ok(if any { Exit::Ended } else { Exit::No })
    }
}
