//! Commands that count exactly once: rewards, letters, gifts and transfers.

use playerdata::{
    Document, IdempotencyKey, Letter, LetterId, Once, Parcel, PlayerId, Sent, Slot, SlotName,
    Transferred, backend::WaitingLetter,
};
use serde_json::{Number, Value, json};

use super::{
    begin::Game,
    console::Answer,
    execute::{Refusal, json_of},
};

/// The most letters that can wait for a slot.
const ALL_LETTERS: usize = 1_000;

/// What counts exactly once, whatever crashes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum EconomyCommand {
    /// Adds to a number, at most once for a key, and saves.
    Once(IdempotencyKey, String, Number),
    /// Sends a letter to a slot.
    Send(PlayerId, SlotName, LetterId, Value),
    /// Lists the letters that wait for the slot.
    Mail,
    /// Reads the gift bank.
    Gifts,
    /// Moves a gift into the inventory and the attributes.
    Claim(String),
    /// Moves a number of an item, or an amount, to another slot.
    Transfer(IdempotencyKey, PlayerId, SlotName, String, Number),
}

pub(super) async fn execute(game: &Game, command: EconomyCommand) -> Result<Answer, Refusal> {
    let slot = &game.slot;
    match command {
        EconomyCommand::Once(key, attribute, amount) => once(slot, key, &attribute, amount).await,
        EconomyCommand::Send(player, to, id, content) => {
            let letter = Letter::new(id, content).map_err(playerdata::Error::InvalidName)?;
            let sender = game.session.player().to_string();
            let sent = game.manager.send(player, to, letter.from_sender(sender));
            Ok(match sent.await? {
                Sent::AlreadySent => line("already sent"),
                _ => line("sent"),
            })
        }
        EconomyCommand::Mail => mail(game).await,
        EconomyCommand::Gifts => json_of(slot.snapshot().gift_bank()),
        EconomyCommand::Claim(id) => json_of(&slot.claim_gift(&id)?),
        EconomyCommand::Transfer(key, player, to, name, amount) => {
            let parcel = parcel_of(slot, name, amount)?;
            Ok(match slot.transfer(key, parcel, player, to).await? {
                Transferred::Sent => line("transferred"),
                Transferred::AlreadyTransferred => line("already transferred"),
                _ => line("it has left this slot, and waits to be sent"),
            })
        }
    }
}

/// Saves also what an earlier call applied: that may not be in the store yet.
async fn once(
    slot: &Slot<Document>,
    key: IdempotencyKey,
    attribute: &str,
    amount: Number,
) -> Result<Answer, Refusal> {
    let once = slot.apply_once(key, |document| document.increment(attribute, amount))?;
    slot.save().await?;
    match once {
        Once::Applied(value) => json_of(&value),
        _ => Ok(line("already applied")),
    }
}

async fn mail(game: &Game) -> Result<Answer, Refusal> {
    let (player, slot) = (game.session.player(), game.slot.name());
    let letters = game.manager.letters(player, slot, None, ALL_LETTERS);
    let letters = letters.await?;
    let letters = letters.iter().map(|WaitingLetter { letter, .. }| {
        json!({
            "id": letter.id,
            "sender": letter.sender,
            "sent_at_ms": letter.sent_at,
            "content": crate::command::mail::content(&letter.content),
        })
    });
    json_of(&letters.collect::<Value>())
}

/// An item, unless there is none of that name and there is such an attribute.
fn parcel_of(slot: &Slot<Document>, name: String, amount: Number) -> Result<Parcel, Refusal> {
    if !slot.has_item(&name, 1) && slot.has(&*name) {
        return Ok(Parcel::new().amount(name, amount));
    }
    let quantity = amount.as_u64().ok_or(Refusal::NotAQuantity(amount))?;
    Ok(Parcel::new().item(name, quantity))
}

fn line(text: &str) -> Answer {
    Answer::line(text.to_owned())
}
