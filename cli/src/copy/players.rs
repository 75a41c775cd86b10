//! All players of a store, one page after the other.

use std::{num::NonZeroU32, pin::Pin, sync::Arc};

use clap::Args;
use futures::{Stream, TryStreamExt as _, stream};
use playerdata::{PlayerId, backend::PlayersCursor};

use crate::{desk::Desk, failure::Failure, pace::Turns};

/// How many players are asked for at a time.
const PAGE: u32 = 1_000;

/// How fast the players of a store are listed.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Pace {
    /// Ask the store for at most this many players a second; by default for as
    /// many as it gives
    #[arg(long, value_name = "PLAYERS")]
    rate: Option<NonZeroU32>,

    /// On DynamoDB, scan this many segments of the table at the same time
    #[arg(long, value_name = "SEGMENTS", value_parser = clap::value_parser!(u32).range(1..=256))]
    segments: Option<u32>,
}

type Listing<'a> = Pin<Box<dyn Stream<Item = Result<PlayerId, Failure>> + 'a>>;

/// All players, with a page of each segment at a time in memory.
pub(crate) fn players<'a>(desk: &'a Desk, pace: &Pace) -> Result<Listing<'a>, Failure> {
    let turns = Arc::new(Turns::new(pace.rate));
    let begin = |first| segment(desk, Arc::clone(&turns), first);
    let Some(segments) = pace.segments else {
        return Ok(Box::pin(begin(None)));
    };
    if desk.backend.name() != "dynamodb" {
        return Err(Failure::NoSegments(desk.backend.name()));
    }
    let segments = (0..segments).map(|number| {
        // A place in a scan, as the backend reads it.
        let first = PlayersCursor::new(format!("{number}/{segments}"));
        Box::pin(begin(Some(first)))
    });
    Ok(Box::pin(stream::select_all(segments)))
}

/// The players from a place on.
fn segment<'a>(
    desk: &'a Desk,
    turns: Arc<Turns>,
    first: Option<PlayersCursor>,
) -> impl Stream<Item = Result<PlayerId, Failure>> + 'a {
    let pages = stream::try_unfold(Some(first), move |after| {
        let turns = Arc::clone(&turns);
        async move {
            let Some(after) = after else {
                return Ok::<_, Failure>(None);
            };
            let limit = turns.at_once(PAGE);
            // By what is asked for: a store may read as much for an empty page.
            turns.take(limit).await;
            let page = desk.backend.players(after.as_ref(), limit as usize);
            let page = desk.ask("list the players", page).await?;
            let players = stream::iter(page.players.into_iter().map(Ok));
            Ok(Some((players, page.next.map(Some))))
        }
    });
    pages.try_flatten()
}
