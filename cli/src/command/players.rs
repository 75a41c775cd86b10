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
    place::Place,
};

/// List the players that something is stored of, one on a line
///
/// They come in the store's own order. One that is written meanwhile may come
/// twice; none that was there all the time is left out. The exit code is 1 if
/// there is none.
#[derive(Clone, Debug, Args)]
pub(crate) struct Players {
    /// Only those that begin so
    #[arg(long, default_value = "", hide_default_value = true)]
    prefix: String,

    #[command(flatten)]
    pace: Pace,

    #[command(flatten)]
    place: Place,
}

impl Players {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let desk = Desk::at(&self.place).await?;
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
