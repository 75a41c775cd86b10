//! Letters, and what waits in a mailbox.

use bytes::Bytes;
use playerdata_core::{
    PlayerId, SlotName, WriteId,
    backend::{Letter, MAX_LETTERS, Posting, Retention},
};

use super::{Client, World, world::name};
use crate::Rule;

impl World {
    /// A letter that was never posted before. Its id is remembered for a time
    /// once it is discarded.
    #[must_use]
    pub fn letter(&self, id: &str, content: impl Into<Bytes>) -> Letter {
        Letter {
            id: name(id),
            posting: WriteId::from_uuid(self.ids().next_id()),
            sender: "a friend".to_owned(),
            sent_at: self.time(),
            retention: Retention::Timed,
            content: content.into(),
        }
    }

    /// A letter whose id is remembered until it is settled.
    #[must_use]
    pub fn unsettled_letter(&self, id: &str, content: impl Into<Bytes>) -> Letter {
        Letter {
            retention: Retention::UntilSettled,
            ..self.letter(id, content)
        }
    }
}

impl Client {
    /// Posts a letter, which has to find room and be the first of its id.
    pub async fn send(&self, player: &PlayerId, slot: &SlotName, letter: &Letter) {
        let outcome = self.post(player, slot, letter).await;
        let posted = matches!(outcome, Posting::Posted { .. });
        let what = format!("{} is the first of its id, and there is room", letter.id);
        self.world().expect(Rule::M1, &what, posted);
    }

    /// The posting that counts for a letter's id, if there is one: of a letter
    /// that waits, or that is remembered.
    ///
    /// # Panics
    ///
    /// If the mailbox is full.
    pub async fn known_as(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        letter: &Letter,
    ) -> Option<WriteId> {
        match self.post(player, slot, letter).await {
            Posting::Posted { .. } => None,
            Posting::AlreadyPosted { posting, .. } => Some(posting),
            Posting::Full => self
                .world()
                .fail(Rule::M1, "a mailbox with room says that it is full"),
        }
    }

    /// All letters that wait, in their order.
    pub async fn waiting(&self, player: &PlayerId, slot: &SlotName) -> Vec<Letter> {
        let waiting = self.letters(player, slot, None, MAX_LETTERS + 1).await;
        waiting.into_iter().map(|waiting| waiting.letter).collect()
    }

    /// Their ids.
    pub async fn waiting_ids(&self, player: &PlayerId, slot: &SlotName) -> Vec<String> {
        let waiting = self.waiting(player, slot).await;
        let ids = waiting.into_iter().map(|letter| letter.id.to_string());
        ids.collect()
    }

    /// Takes a letter out of its mailbox.
    pub async fn take_out(&self, player: &PlayerId, slot: &SlotName, letter: &Letter) {
        self.discard(player, slot, &letter.id, letter.posting).await;
    }
}
