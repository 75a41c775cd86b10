//! `playerdata send`.

use bytes::Bytes;
use clap::Args;
use playerdata::{
    Clock as _, IdSource as _, Incarnation, LetterId, RandomIds, ServerId, SlotName, SystemClock,
    WriteId,
    backend::{Letter, Lock, MAX_LETTER_BYTES, Notice, NoticeKind, Posting, Retention},
};
use serde_json::{Value, json};

use super::{Whom, closing};
use crate::{
    Exit,
    ask::{Consent, Wish},
    desk::{Desk, operator},
    failure::Failure,
    output,
    place::Place,
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
    place: Place,
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
        let desk = Desk::at(&self.place).await?;
        let sent = self.send(&desk).await;
        closing(desk, sent).await
    }

    async fn send(&self, desk: &Desk) -> Result<Exit, Failure> {
        let (player, slot) = (&self.whom.player, &self.slot);
        let posting = WriteId::from_uuid(RandomIds.next_id());
        let id = self.id.clone();
        let id = id.unwrap_or_else(|| {
            let fresh = RandomIds.next_id().to_string();
            LetterId::new(fresh).expect("a GUID is the id of a letter")
        });
        let what = format!("send letter {id} to {slot} of player {player}");
        let posted = match self.consent.to(&what)? {
            Wish::Leave => return Ok(Exit::No),
            Wish::Say => None,
            Wish::Do => Some(self.post(desk, id.clone(), posting).await?),
        };
        let (sent, words) = match &posted {
            None => (false, format!("would {what}")),
            Some(Posting::Posted { .. }) => (true, format!("letter {id} is sent")),
            Some(Posting::AlreadyPosted { posting: first, .. }) if *first == posting => {
                (true, format!("letter {id} is sent"))
            }
            Some(Posting::AlreadyPosted { .. }) => (
                false,
                format!("letter {id} was already sent; the first one counts"),
            ),
            Some(Posting::Full) => (false, "the mailbox is full".to_owned()),
        };
        let json = json!({"player": player, "slot": slot, "id": id, "sent": sent});
        desk.answer(|| json, || words)?;
        let full = posted == Some(Posting::Full);
        Ok(if full { Exit::No } else { Exit::Ended })
    }

    async fn post(&self, desk: &Desk, id: LetterId, posting: WriteId) -> Result<Posting, Failure> {
        let letter = Letter {
            id,
            posting,
            sender: operator().to_string(),
            sent_at: SystemClock.now(),
            retention: Retention::Timed,
            content: Bytes::from(self.content.to_string()),
        };
        let posted = desk.backend.post(&self.whom.player, &self.slot, &letter);
        let posted = desk.ask("send the letter", posted).await?;
        if let Posting::Posted { holder } | Posting::AlreadyPosted { holder, .. } = &posted
            && let Some(holder) = holder
        {
            self.tell(desk, holder).await;
        }
        Ok(posted)
    }

    /// Tells the holder's server. Should that fail, the letter is found when
    /// the slot is loaded next.
    async fn tell(&self, desk: &Desk, holder: &Lock) {
        let notice = Notice {
            player: self.whom.player.clone(),
            session: holder.session,
            kind: NoticeKind::Mail,
            from: ServerId {
                name: operator(),
                incarnation: Incarnation::starting_at(SystemClock.now(), RandomIds.next_id()),
            },
        };
        let told = desk.backend.notify(&holder.server.name, &notice);
        if let Err(error) = desk.ask("notify the server", told).await {
            output::message(&format!("note: {}\n", output::chain(&error)));
        }
    }
}
