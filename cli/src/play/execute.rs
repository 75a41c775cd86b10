//! From a command to its answer.

use playerdata::{Document, Error, ItemDetails, Slot, backend::SlotSummary};
use serde::Serialize;
use serde_json::{Number, Value, json};
use thiserror::Error as ThisError;

use super::{
    Command, DocumentCommand as Doc, OwnedKey,
    begin::Game,
    command::{TOPICS, Topic},
    console::Answer,
    economy,
};
use crate::output::document;

/// Why a command could not be carried out.
#[derive(Debug, ThisError)]
pub(super) enum Refusal {
    #[error(transparent)]
    Playerdata(Box<Error>),
    #[error("{0} is not a whole number, as an item's quantity is")]
    NotAQuantity(Number),
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
    Answer(Answer),
    /// The game is to end.
    End,
}

/// Does what a command asks for.
pub(super) async fn execute(game: &mut Game, command: Command) -> Result<Outcome, Refusal> {
    let answer = match command {
        Command::Document(command) => execute_on(&game.slot, command)?,
        Command::Economy(command) => economy::execute(game, command).await?,
        Command::Save => {
            let revision = game.slot.save().await?.revision();
            Answer::line(format!("saved revision {revision}"))
        }
        Command::Load(slot) => {
            game.slot = game.session.load_slot(slot).await?;
            let (slot, revision) = (game.slot.name(), game.slot.revision());
            Answer::line(format!("loaded {slot} revision {revision}"))
        }
        Command::Slots => {
            let slots = game.session.slots().await?;
            json_of(&Value::from_iter(slots.iter().map(summary)))?
        }
        Command::Status => json_of(&status(game))?,
        // As when a server loses its power: nothing is cleaned up.
        Command::Crash => std::process::abort(),
        Command::End => return Ok(Outcome::End),
        Command::Help(topic) => help(topic),
    };
    Ok(Outcome::Answer(answer))
}

fn help(topic: Option<&Topic>) -> Answer {
    if let Some(Topic { usage, about }) = topic {
        return Answer::line(format!("{usage}: {about}"));
    }
    let usages: Vec<_> = TOPICS.iter().map(|topic| topic.usage).collect();
    let topics: Vec<_> = TOPICS
        .iter()
        .map(|topic| (topic.usage, topic.about.to_owned()))
        .collect();
    Answer::line(usages.join(" · ")).or_pretty(document::named(&topics, ""))
}

/// Sets a value, and says so if it is of another type than before: what was
/// meant as a number is easily typed as a text.
fn set(slot: &Slot<Document>, key: &OwnedKey, value: Value) -> Result<Answer, Refusal> {
    let before = slot.get::<Value>(key.as_key()).ok();
    slot.set(key.as_key(), value)?;
    let after = slot.get::<Value>(key.as_key())?;
    let note = before.and_then(|before| {
        let (old, new) = (type_of(&before), type_of(&after));
        let changed = old != new && !before.is_null();
        changed.then(|| format!("{} was {old} and is {new} now", key.shown()))
    });
    Ok(json_of(&after)?.with_note(note))
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}

/// Reads or changes the document: synchronous, as game code is.
fn execute_on(slot: &Slot<Document>, command: Doc) -> Result<Answer, Refusal> {
    match command {
        Doc::Get(key) => json_of(&slot.get::<Value>(key.as_key())?),
        Doc::Set(key, value) => set(slot, &key, value),
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
        Doc::Show => {
            let document = slot.snapshot().to_json();
            Ok(json_of(&document)?.or_pretty(document::pretty(&document)))
        }
    }
}

pub(super) fn json_of(value: &impl Serialize) -> Result<Answer, Refusal> {
    Ok(Answer::line(serde_json::to_string(value)?))
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
