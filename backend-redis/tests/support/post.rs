//! Letters to post.

use bytes::Bytes;
use playerdata_core::{
    IdSource as _, LetterId, RandomIds, UnixMillis, WriteId,
    backend::{Letter, Retention, WaitingLetter},
};

/// A letter that nobody has posted yet.
pub fn letter(id: &str, content: impl Into<Bytes>) -> Letter {
    Letter {
        id: LetterId::new(id).unwrap(),
        posting: WriteId::from_uuid(RandomIds.next_id()),
        sender: "the shop".to_owned(),
        sent_at: UnixMillis::new(1_000),
        retention: Retention::Timed,
        content: content.into(),
    }
}

/// One that is remembered until it is settled.
pub fn unsettled(id: &str) -> Letter {
    Letter {
        retention: Retention::UntilSettled,
        ..letter(id, "{}")
    }
}

/// The ids of letters, in their order.
pub fn ids(letters: &[WaitingLetter]) -> Vec<&str> {
    let ids = letters.iter().map(|waiting| waiting.letter.id.as_str());
    ids.collect()
}
