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
    store_args::StoreArgs,
    watch::{Manner, watch},
};

/// Show who holds players, as it changes: servers, their leases and sessions,
/// saves a second, lost sessions
///
/// It asks the store, and nothing else: who holds each player, and the
/// revisions of those who are held. So it shows what is there when it looks,
/// and how old that is. It counts a session as lost if its server's lease
/// had lapsed, and then somebody else got the player; where another server's
/// session came after one of a live server, it changed hands. At a terminal, q
/// or Ctrl-C ends it.
#[derive(Clone, Debug, Args)]
pub(crate) struct Watch {
    /// How often to show an update, and to look at the players who are held
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = interval)]
    interval: Duration,

    /// End after this many updates
    #[arg(long, value_name = "UPDATES")]
    count: Option<NonZeroU64>,

    /// Ask the store at most this many things a second
    #[arg(long, value_name = "CALLS", default_value = "1000")]
    rate: NonZeroU32,

    #[command(flatten)]
    store: StoreArgs,
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
        let desk = Desk::at(&self.store).await?;
        let manner = Manner {
            interval: self.interval,
            count: self.count,
            rate: self.rate,
            json: self.store.json,
        };
        let watched = watch(&desk, &manner).await;
        closing(desk, watched.map(|()| Exit::Ended)).await
    }
}
