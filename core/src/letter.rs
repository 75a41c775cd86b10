//! What is sent to a slot from outside its session.

use std::fmt;

use serde_json::Value;
use thiserror::Error;

use crate::{
    InvalidName, LetterId, UnixMillis,
    backend::{self, MAX_SENDER_BYTES},
    excerpt::SerdeError,
};

/// Something sent to a slot from outside its session; see
/// [`SessionManager::send`](crate::SessionManager::send).
///
/// ```
/// use playerdata_core::Letter;
/// use serde_json::json;
///
/// let letter = Letter::new("order-17", json!({"Amounts": {"Currency": 100}}))?.from_sender("web shop");
/// assert_eq!(letter.sender(), "web shop");
/// # Ok::<(), playerdata_core::InvalidName>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Letter {
    id: LetterId,
    sender: String,
    sent_at: UnixMillis,
    content: Value,
}

impl Letter {
    /// A letter of that content: any JSON of up to 16 KiB, a
    /// [`Parcel`](crate::Parcel) for one.
    ///
    /// The id is the sender's name for it. Of two letters to a slot with the
    /// same id, the first counts, for 30 days at least after it was taken in.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] if the id is not a valid one.
    pub fn new<I>(id: I, content: impl Into<Value>) -> Result<Self, InvalidName>
    where
        I: TryInto<LetterId, Error: Into<InvalidName>>,
    {
        Ok(Self {
            id: id.try_into().map_err(Into::into)?,
            sender: String::new(),
            sent_at: UnixMillis::default(),
            content: content.into(),
        })
    }

    /// Says who sends it, for people to read. More than 256 bytes are cut.
    #[must_use]
    pub fn from_sender(mut self, sender: impl Into<String>) -> Self {
        let mut sender = sender.into();
        sender.truncate(sender.floor_char_boundary(MAX_SENDER_BYTES));
        self.sender = sender;
        self
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &LetterId {
        &self.id
    }

    /// Who sent it; empty if nobody said so.
    #[must_use]
    pub fn sender(&self) -> &str {
        &self.sender
    }

    /// When it was sent, by its sender's clock.
    #[must_use]
    pub fn sent_at(&self) -> UnixMillis {
        self.sent_at
    }

    /// What is in it.
    #[must_use]
    pub fn content(&self) -> &Value {
        &self.content
    }

    /// A letter out of a mailbox, if its content can be read.
    pub(crate) fn of(letter: &backend::Letter) -> Result<Self, SerdeError> {
        let content = serde_json::from_slice(&letter.content).map_err(SerdeError::new)?;
        Ok(Self {
            id: letter.id.clone(),
            sender: letter.sender.clone(),
            sent_at: letter.sent_at,
            content,
        })
    }
}

/// Without the content: a player's data does not belong in a log.
impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter")
            .field("id", &self.id)
            .field("sender", &self.sender)
            .field("sent_at", &self.sent_at)
            .finish_non_exhaustive()
    }
}

/// The outcome of sending a letter.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = std::sync::Arc::new(playerdata_memory::MemoryBackend::new());
/// # let manager = playerdata_core::SessionManager::builder(backend).start().await?;
/// use playerdata_core::{Letter, Sent};
/// use serde_json::json;
///
/// let cake = || Letter::new("gift-17", json!("a cake"));
/// assert_eq!(manager.send("bob", "Slot1", cake()?).await?, Sent::Posted);
/// assert_eq!(manager.send("bob", "Slot1", cake()?).await?, Sent::AlreadySent);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sent {
    /// It waits in the mailbox, by this call.
    Posted,
    /// A letter of that id was sent before: that one counts.
    AlreadySent,
}

/// Why a letter was not sent. Nothing was changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LetterError {
    /// As many letters wait for the slot as may: 1 000. Send it again when the
    /// player has been there.
    #[error(
        "{} letters are waiting for the slot, which is the limit",
        backend::MAX_LETTERS
    )]
    MailboxFull,
    /// Its content is longer than 16 KiB of JSON.
    #[error("its content has {bytes} bytes of JSON, more than {limit}")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The longest that can be sent.
        limit: usize,
    },
    /// Its content is nested too deep to be read again.
    #[error("its content can't be stored")]
    NotStorable(#[source] SerdeError),
}
