//! `playerdata show`.

use clap::Args;
use playerdata::{SlotName, backend::Record};
use serde_json::{Value, json};

use super::{Whom, closing};
use crate::{
    Exit,
    desk::{Desk, lock_json, lock_words},
    failure::Failure,
    output,
    record::{Content, record_json, record_words},
    store_args::StoreArgs,
};

/// Show what is stored for a player, whether or not a session holds them
///
/// A record that can't be read is shown with the reason and its first bytes.
/// The exit code is then 1, as it is if nothing is stored.
#[derive(Clone, Debug, Args)]
pub(crate) struct Show {
    #[command(flatten)]
    whom: Whom,

    /// The slot; if left out, all of them
    #[arg(value_name = "SLOT")]
    slot: Option<SlotName>,

    /// Write the stored bytes of the slot exactly as they are, and nothing else
    #[arg(long, requires = "slot", conflicts_with = "json")]
    raw: bool,

    #[command(flatten)]
    store: StoreArgs,
}

impl Show {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let desk = Desk::at(&self.store).await?;
        let shown = self.show(&desk).await;
        closing(desk, shown).await
    }

    async fn show(&self, desk: &Desk) -> Result<Exit, Failure> {
        let records = self.records(desk).await?;
        if let (true, Some((_, record))) = (self.raw, records.first()) {
            output::bytes(&record.body.bytes)?;
            return Ok(Exit::Ended);
        }
        let player = &self.whom.player;
        let lock = desk.holder(player).await?;
        let live = match &lock {
            Some(lock) => desk.is_live(lock).await?,
            None => false,
        };
        let records: Vec<_> = records
            .into_iter()
            .map(|(slot, record)| {
                let content = Content::of(&record, &desk.codec);
                (slot, record, content)
            })
            .collect();
        let json = || {
            let slots = records.iter();
            json!({
                "player": player,
                "lock": lock.as_ref().map(|lock| lock_json(lock, live)),
                "slots": slots.map(|(slot, r, c)| record_json(slot, r, c)).collect::<Value>(),
            })
        };
        let words = || {
            let held = lock.as_ref();
            let held = held.map_or_else(|| "free".to_owned(), |lock| lock_words(lock, live));
            let mut parts = vec![format!("player {player}: {held}")];
            parts.extend(records.iter().map(|(slot, r, c)| record_words(slot, r, c)));
            if records.is_empty() {
                parts.push("nothing is stored".to_owned());
            }
            parts.join("\n\n")
        };
        desk.answer(json, words)?;
        let whole = !records.is_empty() && records.iter().all(|(.., c)| c.is_readable());
        Ok(if whole { Exit::Ended } else { Exit::No })
    }

    async fn records(&self, desk: &Desk) -> Result<Vec<(SlotName, Record)>, Failure> {
        let player = &self.whom.player;
        let slots = match &self.slot {
            Some(slot) => vec![slot.clone()],
            None => {
                let listed = desk
                    .ask("list the slots", desk.backend.list(player))
                    .await?;
                listed.into_iter().map(|summary| summary.slot).collect()
            }
        };
        let mut records = Vec::new();
        for slot in slots {
            let viewed = desk
                .ask("read the slot", desk.backend.view(player, &slot))
                .await?;
            records.extend(viewed.map(|record| (slot, record)));
        }
        Ok(records)
    }
}
