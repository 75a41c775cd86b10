//! `playerdata rewind`.

use std::path::PathBuf;

use clap::Args;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use playerdata::{
    PlayerId, RestoreOptions, Revision, SessionManager, SlotName, UnixMillis,
    backend::{Record, SlotSummary},
};
use serde_json::{Value, json};

use super::{closing, export::AT_ONCE, export::listed};
use crate::{
    Exit,
    ask::{Consent, Wish},
    copy::{Pace, players},
    desk::{Desk, time},
    failure::Failure,
    output::{self, chain},
    progress::Progress,
    record::Content,
    store_args::StoreArgs,
};

/// Go back to the state before a moment, for all players
///
/// For a bad deploy: each slot that was saved since that moment gets the newest
/// version from before it, and what that replaces is kept as a version. Players
/// who were not saved since are not touched. Players who are held, and slots
/// that have no version from before, are left alone and listed, and the exit
/// code is 1; a rewind can be repeated, and does what is left to do. Stop the
/// game servers first: players who play during it are rewound, too.
#[derive(Clone, Debug, Args)]
pub(crate) struct Rewind {
    /// The moment, such as 2026-11-28T10:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    before: UnixMillis,

    /// Only the players listed in this file, one to a line
    #[arg(long, value_name = "FILE")]
    players: Option<PathBuf>,

    /// Only this slot
    #[arg(long, value_name = "SLOT")]
    slot: Option<SlotName>,

    #[command(flatten)]
    pace: Pace,

    #[command(flatten)]
    consent: Consent,

    #[command(flatten)]
    store: StoreArgs,
}

fn moment(text: &str) -> Result<UnixMillis, String> {
    let at = humantime::parse_rfc3339_weak(text).map_err(|error| error.to_string())?;
    let since = at.duration_since(std::time::UNIX_EPOCH);
    let since = since.map_err(|_| "it is before 1970".to_owned())?;
    let millis = u64::try_from(since.as_millis()).map_err(|error| error.to_string())?;
    Ok(UnixMillis::new(millis))
}

/// What happened to the slots.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    restored: u64,
    untouched: u64,
    left: u64,
}

/// What becomes of one slot.
enum Step {
    Restored,
    /// It is as it was then.
    Untouched,
    /// It needs somebody to look at it, for this reason.
    Left(String),
}

impl Rewind {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let named = self.players.as_ref().map(listed).transpose()?;
        let desk = Desk::at(&self.store).await?;
        let rewound = self.rewind(&desk, named).await;
        closing(desk, rewound).await
    }

    async fn rewind(&self, desk: &Desk, named: Option<Vec<PlayerId>>) -> Result<Exit, Failure> {
        let whom = match &named {
            None => "all players".to_owned(),
            Some(named) => format!("{} players", named.len()),
        };
        let what = format!("restore {whom} to before {}", time(self.before));
        let server = match self.consent.to(&what)? {
            Wish::Leave => return Ok(Exit::No),
            Wish::Say => None,
            Wish::Do => Some(desk.server(&self.consent.accept_hazard).await?),
        };
        let rewound = self.all(desk, server.as_ref(), named).await;
        if let Some(server) = server {
            desk.dismiss(server).await;
        }
        self.tell(desk, rewound?)
    }

    async fn all(
        &self,
        desk: &Desk,
        server: Option<&SessionManager<Value>>,
        named: Option<Vec<PlayerId>>,
    ) -> Result<Tally, Failure> {
        let players = match named {
            Some(named) => stream::iter(named.into_iter().map(Ok)).left_stream(),
            None => players(desk, &self.pace)?.right_stream(),
        };
        let progress = Progress::begin("players looked at");
        players
            .map(|player| async { self.one(desk, server, player?).await })
            .buffer_unordered(AT_ONCE)
            .try_fold(Tally::default(), async |sum, one| {
                progress.one_more();
                Ok(Tally {
                    restored: sum.restored + one.restored,
                    untouched: sum.untouched + one.untouched,
                    left: sum.left + one.left,
                })
            })
            .await
    }

    async fn one(
        &self,
        desk: &Desk,
        server: Option<&SessionManager<Value>>,
        player: PlayerId,
    ) -> Result<Tally, Failure> {
        let mut tally = Tally::default();
        let slots = desk.ask("list the slots", desk.backend.list(&player)).await;
        let slots = match slots {
            Err(failure) if failure.is_damage() => {
                tally.left += 1;
                output::message(&format!("skipped: player {player}: {}\n", chain(&failure)));
                return Ok(tally);
            }
            slots => slots?,
        };
        let is_asked = |slot: &SlotSummary| self.slot.as_ref().is_none_or(|it| *it == slot.slot);
        for SlotSummary { slot, .. } in slots.into_iter().filter(is_asked) {
            let step = self.slot(desk, server, &player, &slot).await;
            let step = match step {
                Err(failure) if failure.is_damage() || failure.exit() == Exit::Held => {
                    Step::Left(chain(&failure))
                }
                step => step?,
            };
            match step {
                Step::Restored => tally.restored += 1,
                Step::Untouched => tally.untouched += 1,
                Step::Left(why) => {
                    tally.left += 1;
                    output::message(&format!("skipped: player {player}, {slot}: {why}\n"));
                }
            }
        }
        Ok(tally)
    }

    async fn slot(
        &self,
        desk: &Desk,
        server: Option<&SessionManager<Value>>,
        player: &PlayerId,
        slot: &SlotName,
    ) -> Result<Step, Failure> {
        let viewed = desk.backend.view(player, slot);
        let Some(there) = desk.ask("read the slot", viewed).await? else {
            return Ok(Step::Untouched); // deleted since
        };
        let is_readable = Content::of(&there, &desk.codec).is_readable();
        if there.saved_at < self.before && is_readable {
            return Ok(Step::Untouched);
        }
        let listed = desk.backend.versions(player, slot);
        let listed = desk.ask("list the versions", listed).await?;
        let mut before = listed.iter().filter(|it| it.saved_at < self.before);
        let Some(newest) = before.next() else {
            return Ok(Step::Left("no version from before is kept".to_owned()));
        };
        if self
            .is_as_then(desk, player, slot, newest.revision, &there)
            .await?
        {
            return Ok(Step::Untouched);
        }
        if let Some(server) = server {
            let options = RestoreOptions::new();
            let restored = server.restore(player, slot, newest.revision, options);
            restored.await?;
        }
        Ok(Step::Restored)
    }

    /// Whether the slot has the document that a version has.
    async fn is_as_then(
        &self,
        desk: &Desk,
        player: &PlayerId,
        slot: &SlotName,
        version: Revision,
        there: &Record,
    ) -> Result<bool, Failure> {
        let kept = desk.backend.version(player, slot, version);
        let kept = desk.ask("read the version", kept).await?;
        let document = |record: &Record| match Content::of(record, &desk.codec) {
            Content::Readable { document, .. } => Some((record.body.schema, document)),
            Content::Unreadable { .. } => None,
        };
        let then = kept.as_ref().and_then(document);
        Ok(then.is_some() && then == document(there))
    }

    fn tell(&self, desk: &Desk, tally: Tally) -> Result<Exit, Failure> {
        let Tally {
            restored,
            untouched,
            left,
        } = tally;
        let json = || {
            json!({
                "dry_run": self.consent.dry_run,
                "restored": restored,
                "untouched": untouched,
                "left": left,
            })
        };
        let words = || {
            let would = match self.consent.dry_run {
                true => "would be ",
                false => "",
            };
            format!("{restored} slots {would}restored, {untouched} untouched, {left} left")
        };
        desk.answer(json, words)?;
        Ok(if left == 0 { Exit::Ended } else { Exit::No })
    }
}
