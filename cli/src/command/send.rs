//! `playerdata send`.

use clap::Args;
use playerdata::{
    Error, IdSource as _, Letter, LetterError, LetterId, RandomIds, Sent, SlotName,
    backend::MAX_LETTER_BYTES,
};
use serde_json::{Value, json};

use super::{Whom, closing};
use crate::{
    Exit,
    ask::{Consent, Wish},
    desk::Desk,
    failure::Failure,
    store_args::StoreArgs,
};

/// Send a letter to a slot, whether or not a session holds the player
///
/// The game gets it when the slot is next loaded, or within a heartbeat if it
/// is open. Of two letters with the same id only the first counts: with --id,
/// the command can be repeated safely. The exit code is 1 if the mailbox is
/// full.
#[derive(Clone, Debug, Args)]
pub(crate) struct Send {
    #[command(flatten)]
    whom: Whom,

    /// The slot
    #[arg(value_name = "SLOT")]
    slot: SlotName,

    /// The content of the letter
    #[arg(value_name = "JSON", value_parser = json_text)]
    content: Value,

    /// The id of the letter; by default a new one
    #[arg(long, value_name = "ID")]
    id: Option<LetterId>,

    #[command(flatten)]
    consent: Consent,

    #[command(flatten)]
    store: StoreArgs,
}

fn json_text(text: &str) -> Result<Value, String> {
    let content: Value =
        serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
    match content.to_string().len() {
        bytes if bytes > MAX_LETTER_BYTES => Err(format!(
            "it has {bytes} bytes, and a letter takes {MAX_LETTER_BYTES}"
        )),
        _ => Ok(content),
    }
}

impl Send {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let desk = Desk::at(&self.store).await?;
        let sent = self.send(&desk).await;
        closing(desk, sent).await
    }

    async fn send(&self, desk: &Desk) -> Result<Exit, Failure> {
        let (player, slot) = (&self.whom.player, &self.slot);
        let id = self.id.clone();
        let id = id.unwrap_or_else(|| {
            let fresh = RandomIds.next_id().to_string();
            LetterId::new(fresh).expect("a GUID is the id of a letter")
        });
        let what = format!("send letter {id} to {slot} of player {player}");
        let posted = match self.consent.to(&what)? {
            Wish::Leave => return Ok(Exit::No),
            Wish::Say => None,
            Wish::Do => Some(self.post(desk, &id).await?),
        };
        let (sent, words) = match posted {
            None => (false, format!("would {what}")),
            Some(Posted::Sent) => (true, format!("letter {id} is sent")),
            Some(Posted::Before) => (
                false,
                format!("letter {id} was already sent; the first one counts"),
            ),
            Some(Posted::Full) => (false, "the mailbox is full".to_owned()),
        };
        let json = json!({"player": player, "slot": slot, "id": id, "sent": sent});
        desk.answer(|| json, || words)?;
        let full = matches!(posted, Some(Posted::Full));
        Ok(if full { Exit::No } else { Exit::Ended })
    }

    async fn post(&self, desk: &Desk, id: &LetterId) -> Result<Posted, Failure> {
        let server = desk.server(&self.consent.accept_hazard).await?;
        let letter = Letter::new(id.clone(), self.content.clone()).map_err(Error::from);
        let sender = server.server().name.to_string();
        let sent = match letter {
            Ok(letter) => {
                let letter = letter.from_sender(sender);
                let (player, slot) = (self.whom.player.clone(), self.slot.clone());
                server.send(player, slot, letter).await
            }
            Err(error) => Err(error),
        };
        desk.dismiss(server).await;
        match sent {
            Ok(Sent::AlreadySent) => Ok(Posted::Before),
            Ok(_) => Ok(Posted::Sent),
            Err(Error::Letter { source, .. }) if matches!(*source, LetterError::MailboxFull) => {
                Ok(Posted::Full)
            }
            Err(error @ Error::Letter { .. }) => Err(Failure::Unfit(Box::new(error))),
            Err(error) => Err(error.into()),
        }
    }
}

/// What became of a letter.
#[derive(Clone, Copy)]
enum Posted {
    Sent,
    /// One of its id was there before.
    Before,
    Full,
}
