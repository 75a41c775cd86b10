//! `playerdata export`.

use std::{fs, path::PathBuf};

use clap::Args;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use playerdata::{PlayerId, SlotName};

use super::closing;
use crate::{
    Exit,
    copy::{Extent, Pace, players, read},
    desk::Desk,
    failure::Failure,
    line::Line,
    output,
    progress::Progress,
    store_args::StoreArgs,
};

/// How many players are read at a time.
pub(super) const AT_ONCE: usize = 32;

/// Write players to standard output, one line of JSON for each
///
/// A line has all slots of a player with document, schema, revision, time and
/// what the library keeps beside the document, the mail that waits there, the
/// ids of letters that were taken in, and the verdicts on trades that are not
/// finished. Nobody is locked: what is saved in the meantime may be included or
/// not, but each player is exported as of one moment. A record that can't be
/// read is included byte for byte; a mailbox or a version that can't be read is
/// left out and reported, and the exit code is 1.
#[derive(Clone, Debug, Args)]
pub(crate) struct Export {
    /// Only the players listed in this file, one to a line
    #[arg(long, value_name = "FILE")]
    players: Option<PathBuf>,

    /// Include the kept versions
    #[arg(long)]
    versions: bool,

    /// A slot whose versions are looked for although nothing else is stored in
    /// it; can be given several times
    #[arg(long, value_name = "SLOT", alias = "mail-of")]
    slot: Vec<SlotName>,

    #[command(flatten)]
    pace: Pace,

    #[command(flatten)]
    store: StoreArgs,
}

impl Export {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let listed = self.players.as_ref().map(listed).transpose()?;
        let desk = Desk::at(&self.store).await?;
        let exported = self.export(&desk, listed).await;
        closing(desk, exported).await
    }

    async fn export(&self, desk: &Desk, listed: Option<Vec<PlayerId>>) -> Result<Exit, Failure> {
        let players = match listed {
            Some(listed) => stream::iter(listed.into_iter().map(Ok)).left_stream(),
            None => players(desk, &self.pace)?.right_stream(),
        };
        let extent = Extent {
            versions: self.versions,
            more_slots: self.slot.clone(),
            is_held: false,
        };
        let progress = Progress::begin("players written");
        let copies = players.map_ok(|player| {
            let extent = &extent;
            async move { Ok((read(desk, &player, extent).await, player)) }
        });
        let mut copies = std::pin::pin!(copies.try_buffered(AT_ONCE));
        let mut is_whole = true;
        while let Some((copy, player)) = copies.try_next().await? {
            let copy = match copy {
                Err(damage) if damage.is_damage() => {
                    let why = std::iter::once(output::chain(&damage));
                    is_whole &= !super::tell_left_out(&player, why);
                    continue;
                }
                copy => copy?,
            };
            is_whole &= !super::tell_left_out(&player, copy.left_out.iter().cloned());
            let line = serde_json::to_string(&Line::of(&copy)).map_err(std::io::Error::from)?;
            output::answer(&output::escaped(&line))?;
            progress.one_more();
        }
        Ok(if is_whole { Exit::Ended } else { Exit::No })
    }
}

pub(super) fn listed(path: &PathBuf) -> Result<Vec<PlayerId>, Failure> {
    let text = fs::read_to_string(path);
    let text = text.map_err(|source| Failure::Read {
        path: path.clone(),
        source,
    })?;
    let lines = (1..).zip(text.lines().map(str::trim));
    let lines = lines.filter(|(_, line)| !line.is_empty());
    let players = lines.map(|(number, line)| {
        PlayerId::new(line).map_err(|error| Failure::Line {
            path: path.clone(),
            number,
            why: output::chain(&error),
        })
    });
    players.collect()
}
