//! `playerdata import`.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::PathBuf,
};

use clap::Args;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use playerdata::SessionManager;
use serde_json::Value;

use super::{closing, export::AT_ONCE};
use crate::{
    Exit,
    ask::{Consent, Wish},
    copy::{Arrival, PlayerCopy, unwritable, write},
    desk::Desk,
    failure::Failure,
    line::Line,
    progress::{Progress, Tally},
    store_args::StoreArgs,
};

/// Put players into the store, from an export
///
/// Players who are there already are skipped: after an interruption, run the
/// same command again, and it goes on where it stopped. Players who are held,
/// slots that are newer in the store, and records that nobody can read are left
/// alone and listed, and the exit code is 1. The store is created if it is
/// missing.
#[derive(Clone, Debug, Args)]
pub(crate) struct Import {
    /// The file that `export` wrote; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Replace slots even if they are newer in the store
    #[arg(long)]
    replace_newer: bool,

    #[command(flatten)]
    consent: Consent,

    #[command(flatten)]
    store: StoreArgs,
}

impl Import {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let lines = self.lines()?;
        let what = format!("import the players of {}", self.file.display());
        match self.consent.to(&what)? {
            Wish::Leave => return Ok(Exit::No),
            Wish::Do | Wish::Say => {}
        }
        let settings = self.store.settings()?;
        let desk = Desk::open(&self.store.url, settings, self.store.json).await?;
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
            let players = copies.map(|copy| copy.map(|_| 1_u64));
            let players = players.sum::<Result<u64, _>>()?;
            return super::tell_of(desk, &format!("would import {players} players"));
        }
        let server = desk.server(&self.consent.accept_hazard).await?;
        let progress = Progress::begin("players imported");
        let written = stream::iter(copies)
            .map(|copy| async { self.write(desk, &server, copy?).await })
            .buffer_unordered(AT_ONCE)
            .try_fold(Tally::default(), async |tally, arrival| {
                progress.one_more();
                Ok(tally.with(arrival))
            })
            .await;
        desk.dismiss(server).await;
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
        server: &SessionManager<Value>,
        copy: PlayerCopy,
    ) -> Result<Arrival, Failure> {
        let written = write(desk, server, &copy, self.replace_newer).await;
        let arrival = super::or_left(&copy.player, written)?;
        super::tell_if_newer(&copy.player, arrival);
        match super::tell_left_out(&copy.player, unwritable(&copy)) {
            true => Ok(Arrival::Damaged),
            false => Ok(arrival),
        }
    }
}
