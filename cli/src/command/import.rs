//! `playerdata import`.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::PathBuf,
};

use clap::Args;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::{closing, export::AT_ONCE};
use crate::{
    Exit,
    ask::{Consent, Wish},
    copy::{Arrival, PlayerCopy, unwritable, write},
    desk::Desk,
    failure::Failure,
    hold::Presence,
    line::Line,
    place::Place,
    progress::{Progress, Tally},
};

/// Put players into the store, from the lines of an export
///
/// What is there already is left as it is, so an import that was broken off is
/// made again from the beginning, and goes on where it was stopped. Nothing
/// newer is gone over, and nobody who is held, and a record that nobody can read
/// is left out: these are told, and the exit code is 1. The store is made if it is missing.
#[derive(Clone, Debug, Args)]
pub(crate) struct Import {
    /// The lines; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Go over what is newer
    #[arg(long)]
    replace_newer: bool,

    #[command(flatten)]
    consent: Consent,

    #[command(flatten)]
    place: Place,
}

impl Import {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let lines = self.lines()?;
        let what = format!("import the players of {}", self.file.display());
        match self.consent.to(&what)? {
            Wish::Leave => return Ok(Exit::No),
            Wish::Do | Wish::Say => {}
        }
        let settings = self.place.settings()?;
        let desk = Desk::open(&self.place.store, settings, self.place.json).await?;
        let imported = self.import(&desk, lines).await;
        closing(desk, imported).await
    }

    fn lines(&self) -> Result<Box<dyn BufRead>, Failure> {
        if self.file.as_os_str() == "-" {
            return Ok(Box::new(BufReader::new(io::stdin())));
        }
        let file = File::open(&self.file).map_err(|source| Failure::Read {
            path: self.file.clone(),
            source,
        })?;
        Ok(Box::new(BufReader::new(file)))
    }

    async fn import(&self, desk: &Desk, lines: Box<dyn BufRead>) -> Result<Exit, Failure> {
        let copies = (1..)
            .zip(lines.lines())
            .map(|(number, line)| self.copy(desk, number, line));
        if self.consent.dry_run {
            let players = copies.collect::<Result<Vec<_>, _>>()?.len();
            return super::tell_of(desk, &format!("would import {players} players"));
        }
        desk.refuse_hazards(&self.consent.accept_hazard).await?;
        let presence = Presence::begin(desk).await?;
        let progress = Progress::begin("players imported");
        let written = stream::iter(copies)
            .map(|copy| async { self.write(desk, &presence, copy?).await })
            .buffer_unordered(AT_ONCE)
            .try_fold(Tally::default(), async |tally, arrival| {
                progress.one_more();
                Ok(tally.with(arrival))
            })
            .await;
        presence.leave().await;
        written?.tell(desk)
    }

    fn copy(
        &self,
        desk: &Desk,
        number: u64,
        line: io::Result<String>,
    ) -> Result<PlayerCopy, Failure> {
        let line = line.map_err(|source| Failure::Read {
            path: self.file.clone(),
            source,
        })?;
        Line::read(&line, desk.settings.compress_from_bytes).map_err(|why| Failure::Line {
            path: self.file.clone(),
            number,
            why,
        })
    }

    async fn write(
        &self,
        desk: &Desk,
        presence: &Presence,
        copy: PlayerCopy,
    ) -> Result<Arrival, Failure> {
        let written = write(desk, presence, &copy, self.replace_newer).await;
        let arrival = super::or_left(&copy.player, written)?;
        super::tell_if_newer(&copy.player, arrival);
        match super::tell_left_out(&copy.player, unwritable(&copy)) {
            true => Ok(Arrival::Damaged),
            false => Ok(arrival),
        }
    }
}
