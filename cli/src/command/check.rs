//! `playerdata check`.

use std::collections::HashMap;

use clap::Args;
use futures::TryStreamExt as _;
use playerdata::{
    PlayerId, ServerId, SlotName,
    backend::{Hazard, Record},
};
use serde::Serialize;
use serde_json::json;

use super::closing;
use crate::{
    Exit,
    copy::{Pace, players},
    desk::{Desk, time},
    failure::Failure,
    output::{chain, escaped, style},
    place::Place,
    record::Content,
};

/// Look for what is wrong: how the store is set up, records that can't be read,
/// locks of servers that are dead
///
/// All players are looked at, or one. The exit code is 1 if there is a fault;
/// what is only worth knowing is a note.
#[derive(Clone, Debug, Args)]
pub(crate) struct Check {
    /// The only player to look at
    #[arg(value_name = "PLAYER", allow_negative_numbers = true)]
    player: Option<PlayerId>,

    #[command(flatten)]
    pace: Pace,

    #[command(flatten)]
    place: Place,
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
    seen: Seen,
    /// Servers that hold somebody, and whether they live.
    servers: HashMap<ServerId, bool>,
}

impl Check {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let desk = Desk::at(&self.place).await?;
        let checked = self.check(&desk).await;
        closing(desk, checked).await
    }

    async fn check(&self, desk: &Desk) -> Result<Exit, Failure> {
        let mut round = Round {
            desk,
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
                    "{} players and {} records looked at: {} faults, {} notes",
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
        false => "change the store's settings, or know that this can happen",
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
        if let Err(Failure::Store { what, source }) = self.look_at_lock(player).await {
            self.tell(&unreadable(player, None, &Failure::Store { what, source }))?;
        }
        let listed = self.desk.backend.list(player);
        match self.desk.ask("list the slots", listed).await {
            Ok(slots) => {
                for summary in slots {
                    self.look_at_slot(player, &summary.slot).await?;
                }
                Ok(())
            }
            Err(Failure::Store { what, source }) => {
                self.tell(&unreadable(player, None, &Failure::Store { what, source }))
            }
            Err(other) => Err(other),
        }
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
                "held by {lock} since {}, whose server is dead",
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
            Err(Failure::Store { what, source }) => {
                let failure = Failure::Store { what, source };
                self.tell(&unreadable(player, Some(slot), &failure))
            }
            Err(other) => Err(other),
        }
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
                return self.tell(&unreadable(
                    player,
                    Some(slot),
                    &Failure::Unreadable(record.revision, why),
                ));
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

fn unreadable(player: &PlayerId, slot: Option<&SlotName>, why: &Failure) -> Finding {
    Finding {
        fault: true,
        kind: "unreadable",
        player: Some(player.clone()),
        slot: slot.cloned(),
        what: chain(why),
        advice: "look at it with `show`; `put` puts a document in its place".to_owned(),
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
