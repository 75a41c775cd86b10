//! `playerdata put`.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use clap::Args;
use playerdata::{
    Error, RecoverOptions, Revision, SlotName,
    backend::{Encoding, Record},
};
use serde_json::{Value, json};

use super::{Whom, closing};
use crate::{
    Exit,
    ask::{Consent, Wish},
    desk::Desk,
    failure::Failure,
    output,
    record::Content,
    store_args::StoreArgs,
};

/// Replace the document in a slot by one given as JSON
///
/// This repairs a record that can't be read. What the library stores beside the
/// document is kept if it can be read; if not, that is reported. Refused while
/// a session holds the player, and if the slot was written to in the meantime.
#[derive(Clone, Debug, Args)]
pub(crate) struct Put {
    #[command(flatten)]
    whom: Whom,

    /// The slot
    #[arg(value_name = "SLOT")]
    slot: SlotName,

    /// A file with the document as JSON; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The revision to replace; by default the present one
    #[arg(long, value_name = "REVISION")]
    base: Option<u64>,

    /// The version of the document's schema; by default that of what it
    /// replaces, or of the newest version if that is not known
    #[arg(long, value_name = "VERSION")]
    schema: Option<u32>,

    /// Take the player from a session that holds them; whatever that session
    /// has not saved is lost
    #[arg(long)]
    steal: bool,

    #[command(flatten)]
    consent: Consent,

    #[command(flatten)]
    store: StoreArgs,
}

impl Put {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let document = read(&self.file)?;
        let desk = Desk::at(&self.store).await?;
        let put = self.put(&desk, &document).await;
        closing(desk, put).await
    }

    async fn put(&self, desk: &Desk, document: &Value) -> Result<Exit, Failure> {
        let (player, slot) = (&self.whom.player, &self.slot);
        let viewed = desk
            .ask("read the slot", desk.backend.view(player, slot))
            .await?;
        let found = viewed
            .as_ref()
            .map(|record| Content::of(record, &desk.codec));
        let there = viewed
            .as_ref()
            .map_or_else(Revision::default, |record| record.revision);
        let base = self.base.map_or(there, Revision::new);
        let schema = self.schema(desk, viewed.as_ref()).await?;
        let replaced = match &found {
            None => "an empty slot".to_owned(),
            Some(Content::Readable { .. }) => format!("revision {base}"),
            Some(Content::Unreadable { .. }) => format!("revision {base}, which can't be read"),
        };
        let what = format!("put a document into {slot} of player {player}, in place of {replaced}");
        let revision = match self.consent.to(&what)? {
            Wish::Leave => return Ok(Exit::No),
            Wish::Say => None,
            Wish::Do => Some(self.write(desk, document, base, schema).await?),
        };
        if let (Some(_), Some(Content::Unreadable { .. })) = (revision, &found) {
            output::message(
                "note: what was stored beside the document could not be read, and is gone\n",
            );
        }
        let json = || json!({"player": player, "slot": slot, "base": base, "revision": revision});
        let words = || match revision {
            None => format!("would {what}"),
            Some(revision) => format!("{slot} of player {player} is at revision {revision}"),
        };
        desk.answer(json, words)?;
        Ok(Exit::Ended)
    }

    /// The schema to put it with, if not with that of what it replaces: where
    /// that is not known, with that of the newest version that is kept.
    async fn schema(&self, desk: &Desk, there: Option<&Record>) -> Result<Option<u32>, Failure> {
        let is_known = there.is_none_or(|record| record.body.encoding != Encoding::Unknown);
        if self.schema.is_some() || is_known {
            return Ok(self.schema);
        }
        let (player, slot) = (&self.whom.player, &self.slot);
        let listed = desk.backend.versions(player, slot);
        let listed = desk.ask("list the versions", listed).await?;
        match listed.first() {
            Some(newest) => Ok(Some(newest.schema)),
            None => Err(Failure::UnknownSchema(player.clone(), slot.clone())),
        }
    }

    async fn write(
        &self,
        desk: &Desk,
        document: &Value,
        base: Revision,
        schema: Option<u32>,
    ) -> Result<Revision, Failure> {
        let mut options = RecoverOptions::new();
        if self.steal {
            options = options.steal();
        }
        if let Some(version) = schema {
            options = options.schema(version);
        }
        let server = desk.server(&self.consent.accept_hazard).await?;
        let (player, slot) = (&self.whom.player, &self.slot);
        let put = server.put(player, slot, document, base, options).await;
        desk.dismiss(server).await;
        put.map_err(|error| match error {
            Error::Unencodable { .. } | Error::Undecodable { .. } => {
                Failure::Unfit(Box::new(error))
            }
            other => other.into(),
        })
    }
}

fn read(path: &Path) -> Result<Value, Failure> {
    let path = path.to_owned();
    let mut text = Vec::new();
    let read = if path.as_os_str() == "-" {
        io::stdin().lock().read_to_end(&mut text).map(|_| text)
    } else {
        fs::read(&path)
    };
    let text = match read {
        Ok(text) => text,
        Err(source) => return Err(Failure::Read { path, source }),
    };
    serde_json::from_slice(&text).map_err(|source| Failure::NotJson { path, source })
}
