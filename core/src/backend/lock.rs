//! Locks and leases, and what can come of asking for them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Claim, Opened};
use crate::{ClaimNumber, Fence, Incarnation, PlayerId, ServerId, SessionId, SlotName, UnixMillis};

/// Who wants a player's lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimant {
    /// The session that the lock will name; fresh for every start of a session.
    pub session: SessionId,
    /// The server that runs it.
    pub server: ServerId,
    /// When it was asked for, by the server's clock; for operators' eyes only.
    pub at: UnixMillis,
}

/// The record in the store that says which session holds a player.
///
/// A store may keep it as serde writes it, under the names of its fields: this
/// form stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// The session that holds the player.
    pub session: SessionId,
    /// The server that runs the session.
    pub server: ServerId,
    /// The generation of the lock.
    pub fence: Fence,
    /// When it was taken, by its server's clock; for operators' eyes only.
    pub since: UnixMillis,
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "session {} of server {} (fence {})",
            self.session, self.server.name, self.fence
        )
    }
}

/// The outcome of [`acquire`](super::Backend::acquire).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acquisition {
    /// The lock is the claimant's.
    Acquired {
        /// Its generation.
        fence: Fence,
    },
    /// Another session holds it.
    Held {
        /// The lock as it stands.
        holder: Lock,
    },
}

/// The outcome of [`acquire_and_open`](super::Backend::acquire_and_open).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The lock is the claimant's.
    Acquired {
        /// Its generation.
        fence: Fence,
        /// The slot, if it was opened too: under the claim number
        /// [`ClaimNumber::with_lock`](crate::ClaimNumber::with_lock). `None` says
        /// nothing of the slot: the caller opens it by itself.
        opened: Option<Opened>,
    },
    /// Another session holds it, and nothing was opened.
    Held {
        /// The lock as it stands.
        holder: Lock,
    },
}

impl Admission {
    /// What became of the lock.
    #[must_use]
    pub fn acquisition(&self) -> Acquisition {
        match self {
            Self::Acquired { fence, .. } => Acquisition::Acquired { fence: *fence },
            Self::Held { holder } => Acquisition::Held {
                holder: holder.clone(),
            },
        }
    }

    /// The claim on the slot, with what was found in it, if it was opened.
    #[must_use]
    pub fn opened(
        &self,
        player: &PlayerId,
        session: SessionId,
        slot: &SlotName,
    ) -> Option<(Claim, &Opened)> {
        let Self::Acquired {
            fence,
            opened: Some(opened),
        } = self
        else {
            return None;
        };
        let claim = Claim {
            player: player.clone(),
            session,
            fence: *fence,
            slot: slot.clone(),
            number: ClaimNumber::with_lock(*fence)?,
        };
        Some((claim, opened))
    }
}

impl From<Acquisition> for Admission {
    /// The same, without an opened slot.
    fn from(acquisition: Acquisition) -> Self {
        match acquisition {
            Acquisition::Acquired { fence } => Self::Acquired {
                fence,
                opened: None,
            },
            Acquisition::Held { holder } => Self::Held { holder },
        }
    }
}

/// The outcome of [`release`](super::Backend::release).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// The lock was this session's and is gone, by this call.
    Released,
    /// The lock is not this session's, and not by this call: released before or
    /// by another call at the same time, replaced, or never taken.
    NotHeld,
}

/// The outcome of [`renew_lease`](super::Backend::renew_lease).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// The lease is live for the time asked for.
    Renewed {
        /// What others sent to this server since the last renewal,
        /// oldest first. The store has forgotten them.
        notices: Vec<Notice>,
    },
    /// A later incarnation of the name has renewed before. This one never
    /// will again.
    Superseded {
        /// The latest incarnation that the store has seen.
        by: Incarnation,
    },
}

/// A message to a server, drained at its heartbeat.
///
/// A store may keep it as serde writes it, under the names of its fields and of
/// its [kind](NoticeKind::as_str): this form stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The player it is about.
    pub player: PlayerId,
    /// The session of the addressee that it is about.
    pub session: SessionId,
    /// What is said of it.
    pub kind: NoticeKind,
    /// Who says it.
    pub from: ServerId,
}

/// What a notice says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoticeKind {
    /// Somebody asks for the player: save and release, please.
    HandOver,
    /// The player was taken: the session is lost.
    Taken,
    /// A letter waits for one of the player's slots.
    Mail,
}

impl NoticeKind {
    /// Every kind that this version knows.
    pub const ALL: [Self; 3] = [Self::HandOver, Self::Taken, Self::Mail];

    /// The name under which stores keep it: `hand-over`, `taken` or `mail`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HandOver => "hand-over",
            Self::Taken => "taken",
            Self::Mail => "mail",
        }
    }

    /// Reads a name back; `None` if this version does not know it. A store
    /// leaves out a notice whose kind it does not know when it drains them:
    /// a newer server has sent it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl Serialize for NoticeKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_str().serialize(serializer)
    }
}

/// Takes the names of the variants, too, which is how version 0.1 wrote them.
impl<'de> Deserialize<'de> for NoticeKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known = match name.as_str() {
            "HandOver" => Some(Self::HandOver),
            "Taken" => Some(Self::Taken),
            "Mail" => Some(Self::Mail),
            name => Self::from_name(name),
        };
        known.ok_or_else(|| de::Error::custom(format_args!("{name:?} is not a kind of notice")))
    }
}

/// The outcome of [`notify`](super::Backend::notify).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notification {
    /// The next renewal of the server's lease brings it.
    Queued,
    /// [`MAX_NOTICES`](super::MAX_NOTICES) are waiting already; it was dropped.
    Full,
}

/// The outcome of [`erase`](super::Backend::erase).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Erasure {
    /// Nothing of the player is left but the fence.
    Erased,
    /// A session holds the player. Nothing was changed.
    Locked {
        /// The lock as it stands.
        holder: Lock,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = r#"{"name":"eu-1","incarnation":"0197f7a2-5c1e-4c6a-9d0e-0b6f0a1b2c3d"}"#;
    const SESSION: &str = "00000000-0000-4000-8000-000000000001";

    #[test]
    fn locks_and_notices_are_written_and_read_in_the_form_that_stores_have() {
        let stored = format!(
            r#"{{"session":"{SESSION}","server":{SERVER},"fence":3,"since":1700000000000}}"#
        );
        let lock: Lock = serde_json::from_str(&stored).unwrap();
        assert_eq!((lock.fence.get(), lock.server.name.as_str()), (3, "eu-1"));
        assert_eq!(serde_json::to_string(&lock).unwrap(), stored);

        let stored = |kind| {
            format!(r#"{{"player":"4711","session":"{SESSION}","kind":"{kind}","from":{SERVER}}}"#)
        };
        for (kind, before) in NoticeKind::ALL
            .into_iter()
            .zip(["HandOver", "Taken", "Mail"])
        {
            let notice: Notice = serde_json::from_str(&stored(before)).unwrap();
            assert_eq!(notice.kind, kind);
            let now = stored(kind.as_str());
            assert_eq!(serde_json::to_string(&notice).unwrap(), now);
            assert_eq!(serde_json::from_str::<Notice>(&now).unwrap(), notice);
        }
        assert!(serde_json::from_str::<Notice>(&stored("something-new")).is_err());
    }
}
