//! From a command to its answer.

use playerdata::{Document, Error, ItemDetails, Slot, backend::SlotSummary};
use serde::Serialize;
use serde_json::{Value, json};
use thiserror::Error as ThisError;

use super::{Command, DocumentCommand as Doc, begin::Game, command::help};

/// Why a command could not be carried out.
#[derive(Debug, ThisError)]
pub(super) enum Refusal {
    #[error(transparent)]
    Playerdata(Box<Error>),
    #[error("the answer can't be written as JSON")]
    Json(#[from] serde_json::Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Playerdata(Box::new(error))
    }
}

/// What a command comes to.
pub(super) enum Outcome {
    /// It is answered, and the game goes on.
    Answer(String),
    /// The game is to end.
    End,
}

/// Does what a command asks for.
pub(super) async fn execute(game: &mut Game, command: Command) -> Result<Outcome, Refusal> {
    let answer = match command {
        Command::Document(command) => execute_on(&game.slot, command)?,
        Command::Save => format!("saved revision {}", game.slot.save().await?.revision()),
        Command::Load(slot) => {
            game.slot = game.session.load_slot(slot).await?;
            let (slot, revision) = (game.slot.name(), game.slot.revision());
            format!("loaded {slot} revision {revision}")
        }
        Command::Slots => {
            let slots = game.session.slots().await?;
            Value::from_iter(slots.iter().map(summary)).to_string()
        }
        Command::Status => status(game).to_string(),
        // As when a server loses its power: nothing is cleaned up.
        Command::Crash => std::process::abort(),
        Command::End => return Ok(Outcome::End),
        Command::Help => help(),
    };
    Ok(Outcome::Answer(answer))
}

/// Reads or changes the document: synchronous, as game code is.
fn execute_on(slot: &Slot<Document>, command: Doc) -> Result<String, Refusal> {
    match command {
        Doc::Get(key) => json_of(&slot.get::<Value>(key.as_key())?),
        Doc::Set(key, value) => {
            slot.set(key.as_key(), value)?;
            json_of(&slot.get::<Value>(key.as_key())?)
        }
        Doc::Increment(key, amount) => json_of(&slot.increment(key.as_key(), amount)?),
        Doc::Decrement(key, amount) => json_of(&slot.decrement(key.as_key(), amount)?),
        Doc::Has(key) => json_of(&slot.has(key.as_key())),
        Doc::Add(item, amount, None) => json_of(&slot.add_item(&item, amount)?),
        Doc::Add(item, amount, Some(item_type)) => {
            let details = ItemDetails::of_type(&item_type);
            json_of(&slot.add_item_with(&item, amount, &details)?)
        }
        Doc::Remove(item, amount) => json_of(&slot.remove_item(&item, amount)?),
        Doc::Item(item, None) => json_of(&slot.lookup_item(&item)?),
        Doc::Item(item, Some(field)) => json_of(&slot.lookup_item_field::<Value>(&item, &field)?),
        Doc::Edit(item, field, value) => {
            slot.edit_item(&item, &field, &value)?;
            let name = match &value {
                Value::String(new_name) if field == "Name" => new_name,
                _ => &item,
            };
            json_of(&slot.lookup_item_field::<Value>(name, &field)?)
        }
        Doc::Items => json_of(slot.snapshot().inventory()),
        Doc::Clear => {
            slot.clear_inventory()?;
            json_of(slot.snapshot().inventory())
        }
        Doc::Show => json_of(&*slot.snapshot()),
    }
}

fn json_of(value: &impl Serialize) -> Result<String, Refusal> {
    Ok(serde_json::to_string(value)?)
}

fn summary(summary: &SlotSummary) -> Value {
    json!({
        "slot": summary.slot,
        "revision": summary.revision,
        "saved_at_ms": summary.saved_at,
        "schema": summary.schema,
        "body_bytes": summary.body_bytes,
    })
}

fn status(game: &Game) -> Value {
    json!({
        "player": game.session.player(),
        "session": game.session.id(),
        "server": game.manager.server().name,
        "fence": game.session.fence(),
        "slot": game.slot.name(),
        "revision": game.slot.revision(),
        "unsaved": game.slot.is_unsaved(),
    })
}
