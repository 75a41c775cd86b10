//! `playerdata mail`.

use clap::Args;
use playerdata::{
    PlayerId, SlotName,
    backend::{Letter, WaitingLetter},
};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::{Whom, closing};
use crate::{
    Exit,
    desk::{Desk, time},
    failure::Failure,
    output::{document::table, escaped},
    store_args::StoreArgs,
};

/// How many are asked for at a time.
const PAGE: usize = 100;

/// How much of a letter is shown in a table, in characters.
const EXCERPT: usize = 60;

/// List the letters waiting for a slot, in order of arrival
///
/// The exit code is 1 if there are none.
#[derive(Clone, Debug, Args)]
pub(crate) struct Mail {
    #[command(flatten)]
    whom: Whom,

    /// The slot
    #[arg(value_name = "SLOT")]
    slot: SlotName,

    #[command(flatten)]
    store: StoreArgs,
}

impl Mail {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let desk = Desk::at(&self.store).await?;
        let listed = self.list(&desk).await;
        closing(desk, listed).await
    }

    async fn list(&self, desk: &Desk) -> Result<Exit, Failure> {
        let (player, slot) = (&self.whom.player, &self.slot);
        let letters = letters(desk, player, slot).await?;
        let json = || {
            let letters = letters.iter().map(|WaitingLetter { letter, .. }| {
                json!({
                    "id": letter.id,
                    "sender": letter.sender,
                    "sent_at": time(letter.sent_at),
                    "sent_at_ms": letter.sent_at,
                    "content": content(&letter.content),
                })
            });
            json!({"player": player, "slot": slot, "letters": letters.collect::<Value>()})
        };
        let words = || {
            if letters.is_empty() {
                return format!("no letters are waiting for {slot} of player {player}");
            }
            let rows = letters.iter().map(|WaitingLetter { letter, .. }| {
                vec![
                    letter.id.to_string(),
                    escaped(&letter.sender),
                    time(letter.sent_at),
                    excerpt(&letter.content),
                ]
            });
            table(&["id", "sender", "sent", "content"], rows)
        };
        desk.answer(json, words)?;
        Ok(if letters.is_empty() {
            Exit::No
        } else {
            Exit::Ended
        })
    }
}

/// All letters of a mailbox: there are never more than a thousand.
pub(crate) async fn letters(
    desk: &Desk,
    player: &PlayerId,
    slot: &SlotName,
) -> Result<Vec<WaitingLetter>, Failure> {
    let mut letters: Vec<WaitingLetter> = Vec::new();
    loop {
        let after = letters.last().map(|letter| letter.position);
        let page = desk.backend.letters(player, slot, after, PAGE);
        let page = desk.ask("read the mailbox", page).await?;
        let last = page.len() < PAGE;
        letters.extend(page);
        if last {
            return Ok(letters);
        }
    }
}

/// What is in a letter, as JSON; as a text if it is something else.
pub(crate) fn content(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned()))
}

/// Whether the game can make anything of it.
pub(crate) fn is_readable(letter: &Letter) -> bool {
    serde_json::from_slice::<IgnoredAny>(&letter.content).is_ok()
}

fn excerpt(bytes: &[u8]) -> String {
    let text = escaped(&String::from_utf8_lossy(bytes));
    match text.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
