//! `playerdata move`.

use std::cell::Cell;

use clap::Args;
use futures::{StreamExt as _, TryStreamExt as _};
use playerdata::{PlayerId, SessionManager, SlotName, StoreUrl, backend::HazardKind};
use serde_json::Value;

use super::{closing, export::AT_ONCE};
use crate::{
    Exit,
    ask::{Consent, Wish},
    copy::{Arrival, Extent, Pace, is_there, players, read, unwritable, write},
    desk::Desk,
    failure::Failure,
    hold::Hold,
    progress::{Progress, Tally},
    store_args::{StoreArgs, store_url},
};

/// Copy all players to another store, and compare the two
///
/// Each player is held at both stores while they are copied, read back and
/// compared. Players who are there already are skipped: after an interruption,
/// run the same command again, and it goes on where it stopped. Players who are
/// held, slots that are newer at the destination, and what can't be read are
/// left alone and listed, and the exit code is 1. The players stay in the old
/// store as well: point the game at the new one, and keep the old one until you
/// are sure.
#[derive(Clone, Debug, Args)]
pub(crate) struct Move {
    /// The other store; created if it is missing
    #[arg(long, value_name = "STORE", value_parser = store_url)]
    to: StoreUrl,

    /// Include the kept versions
    #[arg(long)]
    versions: bool,

    /// A slot whose versions are looked for although nothing else is stored in
    /// it; can be given several times
    #[arg(long, value_name = "SLOT", alias = "mail-of")]
    slot: Vec<SlotName>,

    /// Replace slots even if they are newer there
    #[arg(long)]
    replace_newer: bool,

    #[command(flatten)]
    pace: Pace,

    #[command(flatten)]
    consent: Consent,

    #[command(flatten)]
    store: StoreArgs,
}

/// Both stores, and the operator's servers there.
struct Way<'a> {
    from: &'a Desk,
    to: &'a Desk,
    at_from: SessionManager<Value>,
    at_to: SessionManager<Value>,
    extent: Extent,
    replace_newer: bool,
}

impl Move {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        if self.to == self.store.url {
            return Err(Failure::SameStore);
        }
        let from = Desk::at(&self.store).await?;
        let what = format!("copy all players of {} to {}", self.store.url, self.to);
        match self.consent.to(&what)? {
            Wish::Leave => return Ok(Exit::No),
            Wish::Do => {}
            Wish::Say => {
                let told = count(&from, &self.pace).await;
                return closing(from, told).await;
            }
        }
        let to = Desk::open(&self.to, self.store.settings()?, self.store.json).await?;
        let moved = self.go(&from, &to).await;
        to.close().await;
        closing(from, moved).await
    }

    async fn go(&self, from: &Desk, to: &Desk) -> Result<Exit, Failure> {
        let at_to = to.server(&self.consent.accept_hazard).await?;
        // Nothing is lost by leaving a store that is at risk.
        let at_from = match from.server(&HazardKind::ALL).await {
            Ok(at_from) => at_from,
            Err(failure) => {
                to.dismiss(at_to).await;
                return Err(failure);
            }
        };
        let way = Way {
            from,
            to,
            at_from,
            at_to,
            extent: Extent {
                versions: self.versions,
                more_slots: self.slot.clone(),
                is_held: true,
            },
            replace_newer: self.replace_newer,
        };
        let moved = way.all(&self.pace).await;
        from.dismiss(way.at_from).await;
        to.dismiss(way.at_to).await;
        moved?.tell(to)
    }
}

async fn count(from: &Desk, pace: &Pace) -> Result<Exit, Failure> {
    let players = players(from, pace)?.try_fold(0_u64, async |count, _| Ok(count + 1));
    let players = players.await?;
    super::tell_of(from, &format!("would copy {players} players"))
}

impl Way<'_> {
    /// Stops at the first interruption, with nobody half copied.
    async fn all(&self, pace: &Pace) -> Result<Tally, Failure> {
        let progress = Progress::begin("players copied");
        let stopped = Cell::new(false);
        let interrupted = async {
            // Where it can't be listened to, it ends the program at once.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            stopped.set(true);
        };
        let players = players(self.from, pace)?.take_until(Box::pin(interrupted));
        let tally = players
            .map(|player| async { self.one(player?).await })
            .buffer_unordered(AT_ONCE)
            .try_fold(Tally::default(), async |tally, arrival| {
                progress.one_more();
                Ok(tally.with(arrival))
            })
            .await?;
        Ok(tally.stopped(stopped.get()))
    }

    async fn one(&self, player: PlayerId) -> Result<Arrival, Failure> {
        super::or_left(&player, self.copy(&player).await)
            .inspect(|arrival| super::tell_if_newer(&player, *arrival))
    }

    async fn copy(&self, player: &PlayerId) -> Result<Arrival, Failure> {
        let hold = Hold::take(self.from, &self.at_from, player).await?;
        let copied = self.copy_held(player).await;
        hold.release().await?;
        copied
    }

    async fn copy_held(&self, player: &PlayerId) -> Result<Arrival, Failure> {
        let copy = read(self.from, player, &self.extent).await?;
        let arrival = write(self.to, &self.at_to, &copy, self.replace_newer).await?;
        if arrival != Arrival::Newer && !is_there(self.to, &copy).await? {
            return Err(Failure::Differs(player.clone()));
        }
        let left_out = copy.left_out.iter().cloned().chain(unwritable(&copy));
        match super::tell_left_out(player, left_out) {
            true => Ok(Arrival::Damaged),
            false => Ok(arrival),
        }
    }
}
