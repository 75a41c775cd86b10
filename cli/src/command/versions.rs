//! `playerdata versions`.

use clap::Args;
use playerdata::SlotName;
use serde_json::{Value, json};

use super::{Whom, closing};
use crate::{
    Exit,
    desk::{Desk, time},
    failure::Failure,
    output::document::table,
    store_args::StoreArgs,
};

/// List the kept versions of a slot, newest first
///
/// The exit code is 1 if there are none.
#[derive(Clone, Debug, Args)]
pub(crate) struct Versions {
    #[command(flatten)]
    whom: Whom,

    /// The slot
    #[arg(value_name = "SLOT")]
    slot: SlotName,

    #[command(flatten)]
    store: StoreArgs,
}

impl Versions {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let desk = Desk::at(&self.store).await?;
        let listed = self.list(&desk).await;
        closing(desk, listed).await
    }

    async fn list(&self, desk: &Desk) -> Result<Exit, Failure> {
        let (player, slot) = (&self.whom.player, &self.slot);
        let listed = desk.backend.versions(player, slot);
        let versions = desk.ask("list the versions", listed).await?;
        let json = || {
            let versions = versions.iter().map(|version| {
                json!({
                    "revision": version.revision,
                    "saved_at": time(version.saved_at),
                    "saved_at_ms": version.saved_at,
                    "kept_at": time(version.kept_at),
                    "kept_at_ms": version.kept_at,
                    "schema": version.schema,
                    "body_bytes": version.body_bytes,
                })
            });
            json!({"player": player, "slot": slot, "versions": versions.collect::<Value>()})
        };
        let words = || {
            if versions.is_empty() {
                return format!("no version is kept of {slot} of player {player}");
            }
            let rows = versions.iter().map(|version| {
                vec![
                    version.revision.to_string(),
                    time(version.saved_at),
                    time(version.kept_at),
                    version.schema.to_string(),
                    version.body_bytes.to_string(),
                ]
            });
            table(&["revision", "saved", "kept", "schema", "bytes"], rows)
        };
        desk.answer(json, words)?;
        Ok(if versions.is_empty() {
            Exit::No
        } else {
            Exit::Ended
        })
    }
}
