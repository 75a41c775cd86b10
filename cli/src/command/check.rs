//! `playerdata check`.

use std::collections::HashMap;

use clap::Args;
use futures::TryStreamExt as _;
use playerdata::{
    PlayerId, ServerId, SlotName,
    backend::{Hazard, Record, SlotSummary, VersionSummary, WaitingLetter},
};
use serde::Serialize;
use serde_json::json;

use super::{closing, mail};
use crate::{
    Exit,
    copy::{Pace, players},
    desk::{Desk, time},
    failure::Failure,
    output::{chain, escaped, style},
    record::Content,
    store_args::StoreArgs,
};

/// Look for problems: risky store settings, records and mail that can't be
/// read, locks of dead servers
///
/// All players are checked, or one. The exit code is 1 if a fault is found; a
/// note is only worth knowing.
#[derive(Clone, Debug, Args)]
pub(crate) struct Check {
    /// The only player to check
    #[arg(value_name = "PLAYER", allow_negative_numbers = true)]
    player: Option<PlayerId>,

    /// Read the kept versions, too, each of them
    #[arg(long)]
    versions: bool,

    #[command(flatten)]
    pace: Pace,

    #[command(flatten)]
    store: StoreArgs,
}

/// What was found, and what to do about it.
#[derive(Debug, Serialize)]
struct Finding {
    fault: bool,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    player: Option<PlayerId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slot: Option<SlotName>,
    what: String,
    advice: String,
}

/// How much was looked at.
#[derive(Debug, Default, Serialize)]
struct Seen {
    players: u64,
    records: u64,
    faults: u64,
    notes: u64,
}

/// A round through the store.
struct Round<'a> {
    desk: &'a Desk,
    versions: bool,
    seen: Seen,
    /// Servers that hold somebody, and whether they live.
    servers: HashMap<ServerId, bool>,
}

impl Check {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let desk = Desk::at(&self.store).await?;
        let checked = self.check(&desk).await;
        closing(desk, checked).await
    }

    async fn check(&self, desk: &Desk) -> Result<Exit, Failure> {
        let mut round = Round {
            desk,
            versions: self.versions,
            seen: Seen::default(),
            servers: HashMap::new(),
        };
        let hazards = desk.ask("look at the store's settings", desk.backend.hazards());
        for hazard in hazards.await? {
            round.tell(&of_hazard(hazard))?;
        }
        match &self.player {
            Some(player) => round.look_at(player).await?,
            None => round.look_at_all(&self.pace).await?,
        }
        let seen = &round.seen;
        desk.answer(
            || json!({ "seen": seen }),
            || {
                format!(
                    "{} players and {} records checked: {} faults, {} notes",
                    seen.players, seen.records, seen.faults, seen.notes
                )
            },
        )?;
        Ok(if seen.faults == 0 {
            Exit::Ended
        } else {
            Exit::No
        })
    }
}

fn of_hazard(hazard: Hazard) -> Finding {
    let advice = match hazard.kind.is_fatal() {
        true => "no server starts a session on it; change the store's settings",
        false => "change the store's settings, or accept that this can happen",
    };
    Finding {
        fault: hazard.kind.is_fatal(),
        kind: hazard.kind.as_str(),
        player: None,
        slot: None,
        what: hazard.what.into_owned(),
        advice: advice.to_owned(),
    }
}

impl Round<'_> {
    async fn look_at_all(&mut self, pace: &Pace) -> Result<(), Failure> {
        let mut players = players(self.desk, pace)?;
        while let Some(player) = players.try_next().await? {
            self.look_at(&player).await?;
        }
        Ok(())
    }

    async fn look_at(&mut self, player: &PlayerId) -> Result<(), Failure> {
        self.seen.players += 1;
        if let Some(failure) = damage(self.look_at_lock(player).await)? {
            self.tell(&unreadable(player, None, &failure, LOCK_ADVICE))?;
        }
        let listed = self.desk.backend.list(player);
        let listed = self.desk.ask("list the slots", listed).await;
        let slots = match listed {
            Err(failure) if failure.is_damage() => {
                return self.tell(&unreadable(player, None, &failure, LOCK_ADVICE));
            }
            listed => listed?,
        };
        for SlotSummary { slot, .. } in slots {
            self.look_at_slot(player, &slot).await?;
            if let Some(failure) = damage(self.look_at_mail(player, &slot).await)? {
                self.tell(&unreadable(player, Some(&slot), &failure, MAIL_ADVICE))?;
            }
            if let Some(failure) = damage(self.look_at_versions(player, &slot).await)? {
                self.tell(&unreadable(player, Some(&slot), &failure, VERSION_ADVICE))?;
            }
        }
        Ok(())
    }

    async fn look_at_lock(&mut self, player: &PlayerId) -> Result<(), Failure> {
        let Some(lock) = self.desk.holder(player).await? else {
            return Ok(());
        };
        let live = match self.servers.get(&lock.server) {
            Some(live) => *live,
            None => {
                let live = self.desk.is_live(&lock).await?;
                self.servers.insert(lock.server.clone(), live);
                live
            }
        };
        if live {
            return Ok(());
        }
        self.tell(&Finding {
            fault: false,
            kind: "dead-lock",
            player: Some(player.clone()),
            slot: None,
            what: format!(
                "held since {} by {lock}, whose server is dead",
                time(lock.since)
            ),
            advice: "nothing: the next server that asks for the player gets them; `free` frees \
                     the player now"
                .to_owned(),
        })
    }

    async fn look_at_slot(&mut self, player: &PlayerId, slot: &SlotName) -> Result<(), Failure> {
        self.seen.records += 1;
        let viewed = self.desk.backend.view(player, slot);
        match self.desk.ask("read the slot", viewed).await {
            Ok(Some(record)) => self.look_at_record(player, slot, &record),
            // Deleted since it was listed.
            Ok(None) => Ok(()),
            Err(failure) if failure.is_damage() => {
                self.tell(&unreadable(player, Some(slot), &failure, SLOT_ADVICE))
            }
            Err(other) => Err(other),
        }
    }

    async fn look_at_mail(&mut self, player: &PlayerId, slot: &SlotName) -> Result<(), Failure> {
        for WaitingLetter { letter, .. } in mail::letters(self.desk, player, slot).await? {
            if !mail::is_readable(&letter) {
                let failure = Failure::UnreadableLetter(letter.id);
                self.tell(&unreadable(player, Some(slot), &failure, MAIL_ADVICE))?;
            }
        }
        Ok(())
    }

    async fn look_at_versions(
        &mut self,
        player: &PlayerId,
        slot: &SlotName,
    ) -> Result<(), Failure> {
        let desk = self.desk;
        let listed = desk.backend.versions(player, slot);
        let listed = desk.ask("list the versions", listed).await?;
        let to_read = if self.versions { listed } else { Vec::new() };
        for VersionSummary { revision, .. } in to_read {
            let kept = desk.backend.version(player, slot, revision);
            let kept = desk.ask("read the version", kept).await;
            let why = match kept {
                Ok(Some(record)) => match Content::of(&record, &desk.codec) {
                    Content::Readable { .. } => continue,
                    Content::Unreadable { why, .. } => why,
                },
                // It went since it was listed.
                Ok(None) => continue,
                Err(failure) if failure.is_damage() => chain(&failure),
                Err(other) => return Err(other),
            };
            let failure = Failure::UnreadableVersion(revision, why);
            self.tell(&unreadable(player, Some(slot), &failure, VERSION_ADVICE))?;
        }
        Ok(())
    }

    fn look_at_record(
        &mut self,
        player: &PlayerId,
        slot: &SlotName,
        record: &Record,
    ) -> Result<(), Failure> {
        let envelope = match Content::of(record, &self.desk.codec) {
            Content::Readable { envelope, .. } => envelope,
            Content::Unreadable { why, .. } => {
                let failure = Failure::Unreadable(record.revision, why);
                return self.tell(&unreadable(player, Some(slot), &failure, RECORD_ADVICE));
            }
        };
        for (member, advice) in [
            (
                "outbox",
                "it is sent when the slot is loaded next, or by the server that has it now",
            ),
            (
                "escrow",
                "the trade is finished when the slot is loaded next",
            ),
        ] {
            if envelope.as_ref().is_some_and(|it| it.get(member).is_some()) {
                self.tell(&Finding {
                    fault: false,
                    kind: member,
                    player: Some(player.clone()),
                    slot: Some(slot.clone()),
                    what: format!("something is in its {member}"),
                    advice: advice.to_owned(),
                })?;
            }
        }
        Ok(())
    }

    fn tell(&mut self, finding: &Finding) -> Result<(), Failure> {
        match finding.fault {
            true => self.seen.faults += 1,
            false => self.seen.notes += 1,
        }
        self.desk.answer(|| json!(finding), || words(finding))
    }
}

const RECORD_ADVICE: &str =
    "look at it with `show`; `put` puts a document in its place, `restore` a version";
const SLOT_ADVICE: &str = "`export` has what can be read of the player; `erase` the player then, \
                           and `import` that: the documents of the backend say what is stored where";
const LOCK_ADVICE: &str = "nobody can start a session: the documents of the backend say how a \
                           player is stored, and what to do";
const MAIL_ADVICE: &str = "its letters don't reach the player, and perhaps the slot can't be \
                           loaded; `export` has all the rest: `erase` the player then, and \
                           `import` that";
const VERSION_ADVICE: &str = "`restore` another one; the document of the slot is as it was";

/// What is damaged, if what failed is that.
fn damage(looked: Result<(), Failure>) -> Result<Option<Failure>, Failure> {
    match looked {
        Err(failure) if failure.is_damage() => Ok(Some(failure)),
        looked => looked.map(|()| None),
    }
}

fn unreadable(player: &PlayerId, slot: Option<&SlotName>, why: &Failure, advice: &str) -> Finding {
    Finding {
        fault: true,
        kind: "unreadable",
        player: Some(player.clone()),
        slot: slot.cloned(),
        what: chain(why),
        advice: advice.to_owned(),
    }
}

fn words(finding: &Finding) -> String {
    let kind = match finding.fault {
        true => style::styled(style::ERROR, "fault"),
        false => style::styled(style::NAME, "note"),
    };
    let player = finding
        .player
        .iter()
        .map(|player| format!(" player {player}"));
    let slot = finding.slot.iter().map(|slot| format!(", {slot}"));
    let whose: String = player.chain(slot).collect();
    let whose = if whose.is_empty() {
        " the store"
    } else {
        &whose
    };
    format!(
        "{kind}{whose}: {} ({})\n  {}",
        escaped(&finding.what),
        finding.kind,
        finding.advice
    )
}
