//! The mailboxes of a player's slots.
//!
//! A letter is kept as one line of text, then its sender and its content:
//!
//! ```text
//! pl1 <id> <posting> <sent at, ms> <bytes of sender> <bytes of content>\n<sender><content>
//! ```

use bytes::Bytes;
use playerdata_core::{
    LetterId, PlayerId, SlotName, UnixMillis, WriteId,
    backend::{
        KnownLetter, LETTER_MEMORY, Letter, LetterPosition, MAX_LETTERS, Posting, Result,
        Retention, WaitingLetter,
    },
};

use crate::{
    boxes::SlotBox,
    keys::BoxKind,
    script::{DISCARD, Invocation, KNOWN, LETTERS, MAILBOXES, POST, SETTLE, Script},
    store::Store,
};

/// The version of the layout.
const MARK: &str = "pl1";

fn mailbox<'a>(player: &'a PlayerId, slot: &'a SlotName) -> SlotBox<'a> {
    let kind = BoxKind::Mail;
    SlotBox { player, slot, kind }
}

pub(crate) async fn post(
    store: &Store,
    player: &PlayerId,
    slot: &SlotName,
    letter: &Letter,
) -> Result<Posting> {
    let text = write(letter);
    let mut aim = store.changing(player);
    aim.bytes = text.len();
    let call = mailbox(player, slot).call(store, &POST, aim, |call| {
        call.argument(&letter.id)
            .argument(&letter.posting)
            .argument(letter.retention.as_str())
            .bytes(&text)
            .argument(&MAX_LETTERS)
    });
    let mut answer = call.await?;
    match answer.word.as_str() {
        "posted" => Ok(Posting::Posted {
            holder: answer.holder()?,
        }),
        "known" => Ok(Posting::AlreadyPosted {
            posting: answer.part()?,
            holder: answer.holder()?,
        }),
        "full" => Ok(Posting::Full),
        _ => Err(answer.unknown()),
    }
}

pub(crate) async fn letters(
    store: &Store,
    player: &PlayerId,
    slot: &SlotName,
    after: Option<LetterPosition>,
    limit: usize,
) -> Result<Vec<WaitingLetter>> {
    let mailbox = mailbox(player, slot);
    let call = mailbox.call(store, &LETTERS, store.reading(player), |call| {
        call.argument(&after.map_or(0, LetterPosition::get))
            .argument(&limit.min(MAX_LETTERS))
    });
    let mut answer = call.await?;
    if answer.word != "letters" {
        return Err(answer.unknown());
    }
    let mut letters = Vec::new();
    while !answer.is_done() {
        let position = answer.part()?;
        let retention = answer.part::<String>()?;
        let letter = read(answer.bytes()?, &retention);
        letters.push(WaitingLetter {
            position: LetterPosition::new(position),
            letter: letter.ok_or_else(|| mailbox.corrupt(&format!("the letter at {position}")))?,
        });
    }
    Ok(letters)
}

pub(crate) async fn known(
    store: &Store,
    player: &PlayerId,
    after: Option<(&SlotName, &LetterId)>,
    limit: usize,
) -> Result<Vec<KnownLetter>> {
    let mut known = Vec::new();
    for slot in mailboxes(store, player).await? {
        if after.is_some_and(|(last, _)| slot < *last) {
            continue;
        }
        if known.len() >= limit {
            break;
        }
        let mut letters = known_of(store, player, &slot).await?;
        letters.retain(|known| after.is_none_or(|after| (&known.slot, &known.id) > after));
        letters.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        known.append(&mut letters);
    }
    known.truncate(limit);
    Ok(known)
}

/// The slots that have a mailbox, sorted.
async fn mailboxes(store: &Store, player: &PlayerId) -> Result<Vec<SlotName>> {
    let call = Invocation::default().key(store.keys.player(player));
    let mut answer = store.call(&MAILBOXES, &call, store.reading(player)).await?;
    if answer.word != "mailboxes" {
        return Err(answer.unknown());
    }
    let mut slots = Vec::new();
    while !answer.is_done() {
        slots.push(answer.part()?);
    }
    slots.sort_unstable();
    Ok(slots)
}

/// What one mailbox knows, in no order.
async fn known_of(store: &Store, player: &PlayerId, slot: &SlotName) -> Result<Vec<KnownLetter>> {
    let mailbox = mailbox(player, slot);
    let call = mailbox.call(store, &KNOWN, store.reading(player), |call| call);
    let mut answer = call.await?;
    if answer.word != "known" {
        return Err(answer.unknown());
    }
    let mut known = Vec::new();
    while !answer.is_done() {
        let (id, posting) = (answer.part()?, answer.part()?);
        let retention = answer.part::<String>()?;
        let retention = Retention::from_name(&retention);
        let retention =
            retention.ok_or_else(|| mailbox.corrupt(&format!("how long {id} is remembered")))?;
        known.push(KnownLetter {
            slot: slot.clone(),
            id,
            posting,
            retention,
            waits: answer.part::<String>()? == "waits",
        });
    }
    Ok(known)
}

pub(crate) async fn discard(
    store: &Store,
    player: &PlayerId,
    slot: &SlotName,
    id: &LetterId,
    posting: WriteId,
) -> Result<()> {
    end(store, &DISCARD, mailbox(player, slot), id, posting).await
}

pub(crate) async fn settle(
    store: &Store,
    player: &PlayerId,
    slot: &SlotName,
    id: &LetterId,
    posting: WriteId,
) -> Result<()> {
    end(store, &SETTLE, mailbox(player, slot), id, posting).await
}

/// Calls a script that ends something of one letter.
async fn end(
    store: &Store,
    script: &Script,
    mailbox: SlotBox<'_>,
    id: &LetterId,
    posting: WriteId,
) -> Result<()> {
    let aim = store.changing(mailbox.player);
    let call = mailbox.call(store, script, aim, |call| {
        call.argument(id)
            .argument(&posting)
            .argument(&LETTER_MEMORY.as_millis())
    });
    let answer = call.await?;
    match answer.word.as_str() {
        "done" => Ok(()),
        _ => Err(answer.unknown()),
    }
}

fn write(letter: &Letter) -> Vec<u8> {
    let Letter {
        id,
        posting,
        sender,
        sent_at,
        content,
        ..
    } = letter;
    let (sender_bytes, content_bytes) = (sender.len(), content.len());
    let at = sent_at.get();
    let line = format!("{MARK} {id} {posting} {at} {sender_bytes} {content_bytes}\n");
    [line.as_bytes(), sender.as_bytes(), content].concat()
}

/// Reads a letter; `None` if it can't be.
fn read(text: Vec<u8>, retention: &str) -> Option<Letter> {
    let end = text.iter().position(|&byte| byte == b'\n')?;
    let line = std::str::from_utf8(&text[..end]).ok()?;
    let fields: Vec<&str> = line.split(' ').collect();
    let &[MARK, id, posting, sent_at, sender_bytes, content_bytes] = fields.as_slice() else {
        return None;
    };
    let (sender_bytes, content_bytes): (usize, usize) =
        (sender_bytes.parse().ok()?, content_bytes.parse().ok()?);
    let (id, posting) = (id.parse().ok()?, posting.parse().ok()?);
    let sent_at = UnixMillis::new(sent_at.parse().ok()?);
    let rest = Bytes::from(text).slice(end + 1..);
    if rest.len() != sender_bytes.checked_add(content_bytes)? {
        return None;
    }
    Some(Letter {
        id,
        posting,
        sender: std::str::from_utf8(&rest[..sender_bytes]).ok()?.to_owned(),
        sent_at,
        retention: Retention::from_name(retention)?,
        content: rest.slice(sender_bytes..),
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn letter() -> Letter {
        Letter {
            id: LetterId::new("shop:4711/1").unwrap(),
            posting: WriteId::from_uuid(Uuid::from_u128(7)),
            sender: "the \u{fc}ber shop\n".to_owned(),
            sent_at: UnixMillis::new(u64::MAX),
            retention: Retention::UntilSettled,
            content: Bytes::from_static(b"\"\n\0\xff pl1\""),
        }
    }

    #[test]
    fn m1_a_letter_reads_as_it_was_written() {
        for content in [&b""[..], b"{}", b"\n\0\xff pl1 \n"] {
            let content = Bytes::from_static(content);
            let letter = Letter {
                content,
                ..letter()
            };
            assert_eq!(read(write(&letter), "until-settled"), Some(letter));
        }
        let text = String::from_utf8_lossy(&write(&letter())).into_owned();
        let line = "pl1 shop:4711/1 00000000-0000-0000-0000-000000000007 18446744073709551615 15 9";
        assert_eq!(text.lines().next(), Some(line));
    }

    #[test]
    fn m1_what_is_no_letter_is_not_read() {
        let good = write(&Letter {
            content: Bytes::from_static(b"{}"),
            ..letter()
        });
        assert!(read(good.clone(), "timed").is_some());
        assert_eq!(read(good.clone(), "for a while"), None);
        assert_eq!(read(good[..good.len() - 1].to_vec(), "timed"), None);
        assert_eq!(read([&good[..], b"}"].concat(), "timed"), None);
        let good = String::from_utf8(good).unwrap();
        for (from, to) in [
            ("pl1", "pl2"),
            (" 15 2", " 2 15 1"),
            (" 15 2", " 18446744073709551615 2"),
            ("\n", " "),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_eq!(read(bad.clone().into_bytes(), "timed"), None, "{bad:?}");
        }
    }
}
