//! `playerdata diff`.

use clap::Args;
use playerdata::{Revision, SlotName, StoreUrl, backend::Record};
use serde_json::{Value, json};

use super::{Whom, closing};
use crate::{
    Exit,
    desk::Desk,
    difference::{Difference, differences},
    failure::Failure,
    output::{document::table, escaped},
    record::Content,
    store_args::{StoreArgs, store_url},
};

/// Show the differences between a kept version of a slot and its present
/// state, between two versions, or between two stores
///
/// The exit code is 1 if there are any.
#[derive(Clone, Debug, Args)]
pub(crate) struct Diff {
    #[command(flatten)]
    whom: Whom,

    /// The slot
    #[arg(value_name = "SLOT")]
    slot: SlotName,

    /// The older revision
    #[arg(value_name = "REVISION", required_unless_present = "with")]
    old: Option<u64>,

    /// The newer revision; by default the slot's present one
    #[arg(value_name = "NEWER")]
    new: Option<u64>,

    /// Another store, whose slot is taken as the newer side
    #[arg(long, value_name = "STORE", value_parser = store_url)]
    with: Option<StoreUrl>,

    #[command(flatten)]
    store: StoreArgs,
}

impl Diff {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let desk = Desk::at(&self.store).await?;
        let told = self.tell(&desk).await;
        closing(desk, told).await
    }

    async fn tell(&self, desk: &Desk) -> Result<Exit, Failure> {
        let old = self.read(desk, self.old).await?;
        let new = match &self.with {
            None => self.read(desk, self.new).await?,
            Some(url) => {
                let mut store = self.store.clone();
                store.url = url.clone();
                let other = Desk::at(&store).await?;
                let read = self.read(&other, self.new).await;
                other.close().await;
                read?
            }
        };
        let found = differences(&document(&old, desk)?, &document(&new, desk)?);
        let json = || {
            let found = found.iter();
            let found = found.map(|it| json!({"path": it.path, "old": it.old, "new": it.new}));
            json!({
                "player": self.whom.player,
                "slot": self.slot,
                "old_revision": old.revision,
                "new_revision": new.revision,
                "differences": found.collect::<Value>(),
            })
        };
        desk.answer(json, || words(&found, old.revision, new.revision))?;
        Ok(if found.is_empty() {
            Exit::Ended
        } else {
            Exit::No
        })
    }

    /// What the slot has, or had at some revision.
    async fn read(&self, desk: &Desk, revision: Option<u64>) -> Result<Record, Failure> {
        let (player, slot) = (&self.whom.player, &self.slot);
        let now = desk
            .ask("read the slot", desk.backend.view(player, slot))
            .await?;
        let wanted = revision.map(Revision::new);
        let is_wanted = |record: &Record| wanted.is_none_or(|wanted| record.revision == wanted);
        if let Some(record) = now.filter(is_wanted) {
            return Ok(record);
        }
        let wanted = wanted.ok_or_else(|| Failure::NothingStored(player.clone(), slot.clone()))?;
        let kept = desk.backend.version(player, slot, wanted);
        let kept = desk.ask("read the version", kept).await?;
        kept.ok_or_else(|| Failure::NoVersion(player.clone(), slot.clone(), wanted))
    }
}

fn document(record: &Record, desk: &Desk) -> Result<Value, Failure> {
    match Content::of(record, &desk.codec) {
        Content::Readable { document, .. } => Ok(document),
        Content::Unreadable { why, .. } => Err(Failure::Unreadable(record.revision, why)),
    }
}

fn words(found: &[Difference], old: Revision, new: Revision) -> String {
    if found.is_empty() {
        return format!("revisions {old} and {new} are the same");
    }
    let cell = |value: &Option<Value>| {
        let value = value.as_ref();
        value.map_or_else(
            || "(nothing)".to_owned(),
            |value| escaped(&value.to_string()),
        )
    };
    let rows = found.iter().map(|it| {
        vec![
            escaped(&it.path),
            cell(&it.old),
            "→".to_owned(),
            cell(&it.new),
        ]
    });
    table(
        &[
            "",
            &format!("revision {old}"),
            "",
            &format!("revision {new}"),
        ],
        rows,
    )
}
