//! Letters and the mailboxes they wait in.

use std::{fmt, time::Duration};

use bytes::Bytes;

use super::Lock;
use crate::{LetterId, SlotName, UnixMillis, WriteId};

/// The most letters that wait in one mailbox.
pub const MAX_LETTERS: usize = 1_000;

/// The longest content of a letter, in bytes.
pub const MAX_LETTER_BYTES: usize = 16 * 1024;

/// The longest text that says who sent a letter, in bytes.
pub const MAX_SENDER_BYTES: usize = 256;

/// How long a mailbox remembers the id of a letter, at the least: from when it
/// was discarded, and of a letter with [`Retention::UntilSettled`] also from
/// when it was settled.
pub const LETTER_MEMORY: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Something sent to a slot from outside its session.
///
/// Its `Debug` has the number of bytes of its content only: a log is not the
/// place for a player's data.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// Names the letter within its mailbox: of two with the same id, the first
    /// one posted counts.
    pub id: LetterId,
    /// Fresh for every letter that is posted, the same for every attempt at
    /// posting it. It distinguishes a letter from one that was posted under the
    /// same id before the mailbox was erased.
    pub posting: WriteId,
    /// Who sends it, for people to read: at most [`MAX_SENDER_BYTES`].
    pub sender: String,
    /// When it was made, by its sender's clock; for operators' eyes only.
    pub sent_at: UnixMillis,
    /// How long its id is remembered after it was discarded.
    pub retention: Retention,
    /// JSON text of at most [`MAX_LETTER_BYTES`], opaque to backends.
    pub content: Bytes,
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter")
            .field("id", &self.id)
            .field("posting", &self.posting)
            .field("sender", &self.sender)
            .field("sent_at", &self.sent_at)
            .field("retention", &self.retention)
            .field("content", &format_args!("{} bytes", self.content.len()))
            .finish()
    }
}

/// How long a mailbox remembers the id of a letter that was discarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Retention {
    /// For [`LETTER_MEMORY`].
    Timed,
    /// Until its sender has [settled](super::Backend::settle) it, and for
    /// [`LETTER_MEMORY`] from then on: it is in the outbox of a document and is
    /// posted again whenever that document is loaded, however late that is.
    UntilSettled,
}

impl Retention {
    /// The name under which stores keep it: `timed` or `until-settled`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timed => "timed",
            Self::UntilSettled => "until-settled",
        }
    }

    /// Reads a name back; `None` if this version does not know it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Timed, Self::UntilSettled]
            .into_iter()
            .find(|retention| retention.as_str() == name)
    }
}

/// What [`post`](super::Backend::post) did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posting {
    /// The letter waits in the mailbox.
    Posted {
        /// Who holds the player, as seen in the same step or after it: whoever
        /// acquires the lock later finds the letter when loading the slot.
        holder: Option<Lock>,
    },
    /// A letter of that id was posted before, and waits or is remembered. The
    /// mailbox stays as it was: the first content counts.
    AlreadyPosted {
        /// The posting of the letter that counts: that of the caller's own, if
        /// an earlier attempt of it was applied.
        posting: WriteId,
        /// Who holds the player, as above.
        holder: Option<Lock>,
    },
    /// [`MAX_LETTERS`] wait in the mailbox already. Nothing was changed.
    Full,
}

/// Where a letter stands in the order of a mailbox: greater than every one
/// that was posted to the mailbox before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LetterPosition(u64);

impl LetterPosition {
    /// Wraps a number read from a store.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number itself.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// A letter in its mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingLetter {
    /// Its place in the order of arrival.
    pub position: LetterPosition,
    /// The letter as it was posted.
    pub letter: Letter,
}

/// A letter that a mailbox knows, without what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownLetter {
    /// Whose mailbox of the player's.
    pub slot: SlotName,
    /// Its id.
    pub id: LetterId,
    /// Its posting.
    pub posting: WriteId,
    /// How long its id is remembered; that of one which was settled is
    /// [`Retention::Timed`].
    pub retention: Retention,
    /// Whether it waits. If not, it was discarded, and its id is remembered.
    pub waits: bool,
}
