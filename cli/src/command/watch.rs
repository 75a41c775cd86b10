//! `playerdata watch`.

use std::{
    num::{NonZeroU32, NonZeroU64},
    time::Duration,
};

use clap::Args;

use super::closing;
use crate::{
    Exit,
    desk::Desk,
    failure::Failure,
    place::Place,
    watch::{Manner, watch},
};

/// Show who holds players, as it changes: servers, their leases and sessions,
/// saves a second, lost sessions
///
/// It asks the store, and nothing else: who holds each player, and the
/// revisions of those who are held. So it shows what is there when it looks,
/// and how old that is. It counts a session as lost if its server's lease
/// had lapsed, and then somebody else got the player; where another server's
/// session came after one of a live server, it changed hands. At a terminal it
/// is ended by q or Ctrl-C.
#[derive(Clone, Debug, Args)]
pub(crate) struct Watch {
    /// How often it is shown, and looked at if the store has no more than that
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = interval)]
    interval: Duration,

    /// End after so many updates
    #[arg(long, value_name = "UPDATES")]
    count: Option<NonZeroU64>,

    /// Ask the store so many things a second at the most
    #[arg(long, value_name = "CALLS", default_value = "1000")]
    rate: NonZeroU32,

    #[command(flatten)]
    place: Place,
}

fn interval(text: &str) -> Result<Duration, String> {
    let interval = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    match interval {
        _ if interval < Duration::from_millis(10) => Err("10ms is the shortest".to_owned()),
        _ if interval > Duration::from_secs(86_400) => Err("1day is the longest".to_owned()),
        _ => Ok(interval),
    }
}

impl Watch {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let desk = Desk::at(&self.place).await?;
        let manner = Manner {
            interval: self.interval,
            count: self.count,
            rate: self.rate,
            json: self.place.json,
        };
        let watched = watch(&desk, &manner).await;
        closing(desk, watched.map(|()| Exit::Ended)).await
    }
}
