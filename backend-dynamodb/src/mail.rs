//! Mailboxes: an item for each letter, by its position; one for each id that
//! waits or is remembered; and one of the player's, the mail, which counts the
//! letters of all of their mailboxes.
//!
//! - *Post*: one transaction counts the letter in the mail, under a position
//!   that is greater than every earlier one, and writes the letter and its id.
//! - *Discard*: one transaction takes the letter away, counts it off, and takes
//!   its position off its id, which stays.
//! - *Settle*: one update of the id.
//!
//! An id that is there is refused, whatever its `ttl` says: that is for
//! DynamoDB, which tidies it away long after it may be forgotten. So no clock
//! has a say in whether a letter is taken in.
//!
//! # Why one that is late does no harm
//!
//! - Posting is conditioned on there being no such id. As long as that waits or
//!   is remembered, a late copy is refused; after an erasure it is a letter
//!   like any other, posted then.
//! - Posting is conditioned on there being no erasure that has come to the mail
//!   (see [`erase`](crate::erase)): a letter is there before it, and is removed
//!   with its id, or after it, and stays.
//! - Discarding and settling are conditioned on the posting in the id, and
//!   discarding on the position: they touch no letter that was posted under the
//!   same id since, and bring no id back.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use bytes::Bytes;
use playerdata_core::{
    Clock, Fence, LetterId, PlayerId, SlotName, UnixMillis, WriteId,
    backend::{
        BackendError, Effect, ErrorKind, KnownLetter, LETTER_MEMORY, Letter, LetterPosition,
        MAX_LETTERS, Posting, Result, Retention, WaitingLetter,
    },
};

use crate::{
    erase,
    item::{Item, Key, Reader, attr, binary, number, text},
    lock::{self, MAX_ROUNDS},
    resend::{Nature, Rounds},
    service::Service,
    table::{Change, Conditional, Range, Refusal, Returning, Table, values},
    transaction::Action,
};

/// Over how many positions those are spread who go for the next one at once:
/// who comes after a lesser one still gets in.
const SPREAD: u128 = 64;

const LIST_KNOWN: &str = "list the letters of";

/// The mail, as far as one mailbox is concerned.
#[derive(Default)]
struct Mail {
    /// The last position that was given out, of all mailboxes.
    drawn: u64,
    /// How many letters wait in the mailbox.
    waiting: u64,
    /// Whether the player is being erased, and since which fence.
    erasing: Option<Fence>,
}

impl Mail {
    fn read(key: &Key, item: &Item, slot: &SlotName) -> Result<Self> {
        let item = Reader::new(key, item);
        Ok(Self {
            drawn: item.number(attr::DRAWN)?.unwrap_or_default(),
            waiting: item.number(&waiting_for(slot))?.unwrap_or_default(),
            erasing: item.number(attr::ERASING)?.map(Fence::new),
        })
    }

    async fn look(
        table: &Table,
        operation: &'static str,
        key: &Key,
        slot: &SlotName,
    ) -> Result<Self> {
        let item = table.get(operation, key).await?.unwrap_or_default();
        Self::read(key, &item, slot)
    }

    fn is_full(&self) -> bool {
        self.waiting >= MAX_LETTERS as u64
    }
}

/// The attribute of the mail that counts the letters of a slot.
fn waiting_for(slot: &SlotName) -> String {
    format!("{}{slot}", attr::WAITING_PREFIX)
}

/// Whether letters wait for a slot that is being opened.
pub(crate) async fn waits(table: &Table, player: &PlayerId, slot: &SlotName) -> Result<bool> {
    let mail = Mail::look(table, "open", &Key::mail(player), slot).await?;
    Ok(mail.waiting > 0)
}

/// What a mailbox knows of a letter by its id.
struct Known {
    posting: WriteId,
    retention: Retention,
    /// Where it waits; none if it was discarded.
    position: Option<LetterPosition>,
}

impl Known {
    fn read(key: &Key, item: &Item) -> Result<Self> {
        let item = Reader::new(key, item);
        Ok(Self {
            posting: item.required(attr::POSTING, item.parsed(attr::POSTING)?)?,
            retention: read_retention(item)?,
            position: item.number(attr::POSITION)?.map(LetterPosition::new),
        })
    }
}

fn read_retention(item: Reader<'_>) -> Result<Retention> {
    let name: String = item.required(attr::RETENTION, item.parsed(attr::RETENTION)?)?;
    Retention::from_name(&name).ok_or_else(|| item.corrupt(attr::RETENTION))
}

/// The items of a letter, without their keys: its id's, and its own.
fn written(letter: &Letter, position: LetterPosition) -> [Item; 2] {
    let both = [
        (attr::POSTING.to_owned(), text(letter.posting)),
        (attr::RETENTION.to_owned(), text(letter.retention.as_str())),
    ];
    let mut id = HashMap::from(both.clone());
    id.insert(attr::POSITION.to_owned(), number(position.get()));
    let mut own = HashMap::from(both);
    own.extend([
        (attr::LETTER.to_owned(), text(&letter.id)),
        (attr::SENDER.to_owned(), text(&letter.sender)),
        (attr::SENT_AT.to_owned(), number(letter.sent_at.get())),
        (attr::CONTENT.to_owned(), binary(&letter.content)),
    ]);
    [id, own]
}

/// See [`Backend::post`](playerdata_core::backend::Backend::post).
pub(crate) async fn post(
    table: &Table,
    player: &PlayerId,
    slot: &SlotName,
    letter: &Letter,
) -> Result<Posting> {
    let mailbox = Mailbox { player, slot };
    let mut mail = Mail::look(table, "post", &Key::mail(player), slot).await?;
    let (mut doubt, mut spread) = (false, 0);
    // Each time, another letter got in: by then the mailbox is full.
    let mut rounds = Rounds::new(MAX_LETTERS);
    loop {
        if let Some(since) = mail.erasing {
            erase::finish(table, player, since).await?;
            mail = Mail::look(table, "post", &Key::mail(player), slot).await?;
        } else if mail.is_full() {
            return mailbox.full(table, letter, doubt).await;
        } else {
            let position = mail.drawn.saturating_add(1).saturating_add(spread);
            match mailbox.put(table, letter, position).await? {
                Put::Done => return mailbox.posted(table).await,
                Put::Known(known) => {
                    doubt |= known.after_doubt;
                    return mailbox.known(table, letter, known.posting, doubt).await;
                }
                Put::Moved { to, after_doubt } => {
                    doubt |= after_doubt;
                    mail = to;
                }
            }
            // Fits: it is less than `SPREAD`.
            spread = (letter.posting.as_uuid().as_u128() % SPREAD) as u64;
        }
        if !rounds.next().await {
            return Err(mailbox.doubtful("others kept posting to it", doubt));
        }
    }
}

/// The outcome of an attempt to put a letter into a mailbox.
enum Put {
    /// It is there.
    Done,
    /// Its id was there before.
    Known(KnownId),
    /// The mail has changed since it was looked at, to this.
    Moved { to: Mail, after_doubt: bool },
}

struct KnownId {
    posting: WriteId,
    after_doubt: bool,
}

/// One slot's.
struct Mailbox<'a> {
    player: &'a PlayerId,
    slot: &'a SlotName,
}

impl Mailbox<'_> {
    /// The one transaction that puts a letter in, at that position.
    async fn put(&self, table: &Table, letter: &Letter, position: u64) -> Result<Put> {
        let Self { player, slot } = self;
        let mail_key = Key::mail(player);
        let id_key = Key::letter_id(player, slot, &letter.id);
        let position = LetterPosition::new(position);
        let letter_key = Key::letter(player, slot, position);
        let [id, own] = written(letter, position);
        let count = Change {
            update: "SET #drawn = :position, #box = if_not_exists(#box, :none) + :one".to_owned(),
            condition: "attribute_not_exists(#erasing) \
                        AND (attribute_not_exists(#drawn) OR #drawn < :position) \
                        AND (attribute_not_exists(#box) OR #box < :most)"
                .to_owned(),
            values: values([
                (":position", number(position.get())),
                (":none", number(0)),
                (":one", number(1)),
                (":most", number(MAX_LETTERS as u64)),
            ]),
        };
        const NEW: &str = "attribute_not_exists(#posting)";
        let actions = vec![
            (
                mail_key.clone(),
                Action::UpdateNaming(count, "#box", waiting_for(slot)),
            ),
            (id_key.clone(), Action::Put(id, NEW)),
            (letter_key.clone(), Action::Put(own, NEW)),
        ];
        let Err(refusals) = table.transact("post", &id_key, actions).await? else {
            return Ok(Put::Done);
        };
        let mut refusals = refusals.into_iter();
        let mut next = || refusals.next().flatten();
        let (of_mail, of_id, of_letter) = (next(), next(), next());
        if let Some(Refusal { item, after_doubt }) = of_id {
            let Known { posting, .. } = Known::read(&id_key, &item.unwrap_or_default())?;
            return Ok(Put::Known(KnownId {
                posting,
                after_doubt,
            }));
        }
        match of_mail {
            Some(Refusal { item, after_doubt }) => Ok(Put::Moved {
                to: Mail::read(&mail_key, &item.unwrap_or_default(), slot)?,
                after_doubt,
            }),
            None => Err(uncounted(&letter_key, of_letter.is_some())),
        }
    }

    /// The answer for a letter that this call put in.
    async fn posted(&self, table: &Table) -> Result<Posting> {
        // As it is now, so that whoever has the player later has not loaded
        // the slot yet.
        let holder = lock::holder(table, self.player).await;
        let holder = holder.map_err(crate::error::half_way)?;
        Ok(Posting::Posted { holder })
    }

    /// The answer for a letter whose id is there.
    async fn known(
        &self,
        table: &Table,
        letter: &Letter,
        posting: WriteId,
        doubt: bool,
    ) -> Result<Posting> {
        if doubt && posting == letter.posting {
            // By an earlier attempt of this call.
            return self.posted(table).await;
        }
        let holder = lock::holder(table, self.player).await?;
        Ok(Posting::AlreadyPosted { posting, holder })
    }

    /// The answer for a full mailbox.
    async fn full(&self, table: &Table, letter: &Letter, doubt: bool) -> Result<Posting> {
        let key = Key::letter_id(self.player, self.slot, &letter.id);
        if let Some(item) = table.get("post", &key).await? {
            let known = Known::read(&key, &item)?;
            return self.known(table, letter, known.posting, doubt).await;
        }
        match doubt {
            false => Ok(Posting::Full),
            // It may still get in when there is room.
            true => Err(self.doubtful("an answer was lost, and the mailbox is full", true)),
        }
    }

    fn doubtful(&self, why: &str, doubt: bool) -> BackendError {
        let effect = match doubt {
            true => Effect::Possible,
            false => Effect::None,
        };
        let Self { player, slot } = self;
        let what = format!("post to {player}, slot {slot}: {why}");
        BackendError::new(ErrorKind::Unavailable, effect, what)
    }
}

/// The error for a letter behind the last position that the mail knows of.
fn uncounted(key: &Key, is_there: bool) -> BackendError {
    let what = match is_there {
        true => format!("{key}: the letter is there, but the mailbox has not counted it"),
        false => format!("post {key}: refused without a reason"),
    };
    BackendError::new(ErrorKind::Corrupt, Effect::None, what)
}

/// See [`Backend::letters`](playerdata_core::backend::Backend::letters).
pub(crate) async fn letters(
    table: &Table,
    player: &PlayerId,
    slot: &SlotName,
    after: Option<LetterPosition>,
    limit: usize,
) -> Result<Vec<WaitingLetter>> {
    const WANTED: [&str; 6] = [
        attr::LETTER,
        attr::POSTING,
        attr::SENDER,
        attr::SENT_AT,
        attr::RETENTION,
        attr::CONTENT,
    ];
    let last = Key::letter(player, slot, LetterPosition::new(u64::MAX));
    let first = match after.map(|after| after.get().checked_add(1)) {
        None => Key::letter(player, slot, LetterPosition::new(0)),
        Some(Some(next)) => Key::letter(player, slot, LetterPosition::new(next)),
        Some(None) => return Ok(Vec::new()),
    };
    let limit = limit.min(MAX_LETTERS);
    let mut letters = Vec::new();
    let mut from = None;
    while letters.len() < limit {
        let range = Range::UpTo(&last, limit - letters.len());
        let page = table
            .page("read the letters of", &first, range, &WANTED, from)
            .await?;
        for item in &page.items {
            letters.push(read_letter(table, &first, item)?);
        }
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    Ok(letters)
}

/// The key of an item of the same partition.
fn key_of(table: &Table, first: &Key, item: &Item) -> Result<Key> {
    let item = Reader::new(first, item);
    Ok(Key {
        partition: first.partition.clone(),
        sort: item.required(&table.sort_key, item.parsed(&table.sort_key)?)?,
    })
}

fn read_letter(table: &Table, first: &Key, item: &Item) -> Result<WaitingLetter> {
    let key = key_of(table, first, item)?;
    let item = Reader::new(&key, item);
    let position = key.sort.rsplit('#').next().and_then(|at| at.parse().ok());
    let position = item.required(&table.sort_key, position)?;
    let content = item.required(attr::CONTENT, item.binary(attr::CONTENT)?)?;
    Ok(WaitingLetter {
        position: LetterPosition::new(position),
        letter: Letter {
            id: item.required(attr::LETTER, item.parsed(attr::LETTER)?)?,
            posting: item.required(attr::POSTING, item.parsed(attr::POSTING)?)?,
            sender: item.required(attr::SENDER, item.parsed(attr::SENDER)?)?,
            sent_at: UnixMillis::new(item.required(attr::SENT_AT, item.number(attr::SENT_AT)?)?),
            retention: read_retention(item)?,
            content: Bytes::copy_from_slice(content),
        },
    })
}

/// See
/// [`Backend::known_letters`](playerdata_core::backend::Backend::known_letters).
pub(crate) async fn known(
    table: &Table,
    player: &PlayerId,
    after: Option<(&SlotName, &LetterId)>,
    limit: usize,
) -> Result<Vec<KnownLetter>> {
    let mut known = Vec::new();
    for slot in mailboxes(table, player).await? {
        let after = match after {
            Some((last, _)) if slot < *last => continue,
            Some((last, id)) if slot == *last => Some(id),
            _ => None,
        };
        let mailbox = Mailbox {
            player,
            slot: &slot,
        };
        mailbox.known_after(table, after, limit, &mut known).await?;
        if known.len() >= limit {
            break;
        }
    }
    Ok(known)
}

/// The slots that ever got a letter, sorted.
async fn mailboxes(table: &Table, player: &PlayerId) -> Result<Vec<SlotName>> {
    let mail = table.get(LIST_KNOWN, &Key::mail(player)).await?;
    let counts = mail.unwrap_or_default();
    let slots = counts.keys().filter_map(|name| {
        let slot = name.strip_prefix(attr::WAITING_PREFIX)?;
        SlotName::new(slot).ok()
    });
    let mut slots: Vec<_> = slots.collect();
    slots.sort_unstable();
    Ok(slots)
}

impl Mailbox<'_> {
    /// Adds what it knows behind an id, up to this many letters in all.
    async fn known_after(
        &self,
        table: &Table,
        after: Option<&LetterId>,
        limit: usize,
        known: &mut Vec<KnownLetter>,
    ) -> Result<()> {
        const WANTED: [&str; 3] = [attr::POSTING, attr::RETENTION, attr::POSITION];
        let [first, last] = Key::letter_ids(self.player, self.slot, after);
        let mut from = None;
        while known.len() < limit {
            let range = Range::UpTo(&last, limit - known.len());
            let page = table.page(LIST_KNOWN, &first, range, &WANTED, from).await?;
            for item in &page.items {
                known.push(self.read_known(table, &first, item)?);
            }
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn read_known(&self, table: &Table, first: &Key, item: &Item) -> Result<KnownLetter> {
        let key = key_of(table, first, item)?;
        let prefix = Key::letter_id_prefix(self.slot);
        let id = key.sort.strip_prefix(&prefix);
        let id = id.and_then(|id| id.parse().ok());
        let letter = Known::read(&key, item)?;
        Ok(KnownLetter {
            slot: self.slot.clone(),
            id: Reader::new(&key, item).required(&table.sort_key, id)?,
            posting: letter.posting,
            retention: letter.retention,
            waits: letter.position.is_some(),
        })
    }
}

/// When the id of a letter may be tidied away that need not be remembered for
/// longer than from now on.
fn tidy_id(service: &Service, clock: &dyn Clock) -> AttributeValue {
    service.tidy_after(clock.now(), LETTER_MEMORY)
}

/// See [`Backend::discard`](playerdata_core::backend::Backend::discard).
pub(crate) async fn discard(
    table: &Table,
    clock: &dyn Clock,
    mailbox: (&PlayerId, &SlotName),
    id: &LetterId,
    posting: WriteId,
) -> Result<()> {
    let (player, slot) = mailbox;
    let key = Key::letter_id(player, slot, id);
    let mut found = table.get("discard", &key).await?;
    for _ in 0..MAX_ROUNDS {
        let Some(item) = &found else { return Ok(()) };
        let known = Known::read(&key, item)?;
        let Some(position) = known.position.filter(|_| known.posting == posting) else {
            return Ok(());
        };
        let mut remember = Change {
            update: "REMOVE #position".to_owned(),
            condition: "#posting = :posting AND #position = :position AND #retention = :retention"
                .to_owned(),
            values: values([
                (":posting", text(posting)),
                (":position", number(position.get())),
                (":retention", text(known.retention.as_str())),
            ]),
        };
        if known.retention == Retention::Timed {
            remember.update = "SET #ttl = :tidy REMOVE #position".to_owned();
            let tidy = tidy_id(table.service(), clock);
            remember.values.insert(":tidy".to_owned(), tidy);
        }
        let count = Change {
            update: "SET #box = #box - :one".to_owned(),
            condition: "attribute_exists(#box)".to_owned(),
            values: values([(":one", number(1))]),
        };
        let actions = vec![
            (key.clone(), Action::Update(remember)),
            (Key::letter(player, slot, position), Action::Delete),
            (
                Key::mail(player),
                Action::UpdateNaming(count, "#box", waiting_for(slot)),
            ),
        ];
        let Err(refusals) = table.transact("discard", &key, actions).await? else {
            return Ok(());
        };
        match refusals.into_iter().next().flatten() {
            Some(refusal) => found = refusal.item,
            None => {
                let what = format!("discard {key}: the mailbox has not counted the letter");
                return Err(BackendError::new(ErrorKind::Corrupt, Effect::None, what));
            }
        }
    }
    Err(lock::contended("discard", &key))
}

/// See [`Backend::settle`](playerdata_core::backend::Backend::settle).
pub(crate) async fn settle(
    table: &Table,
    clock: &dyn Clock,
    mailbox: (&PlayerId, &SlotName),
    id: &LetterId,
    posting: WriteId,
) -> Result<()> {
    let (player, slot) = mailbox;
    let key = Key::letter_id(player, slot, id);
    let update = async |update: &str, condition: &str, tidy: Option<AttributeValue>| {
        let mut change = Change {
            update: update.to_owned(),
            condition: condition.to_owned(),
            values: values([
                (":posting", text(posting)),
                (":timed", text(Retention::Timed.as_str())),
            ]),
        };
        change
            .values
            .extend(tidy.map(|tidy| (":tidy".to_owned(), tidy)));
        let (nothing, nature) = (Returning::Nothing, Nature::Repeatable);
        table.update("settle", &key, change, nothing, nature).await
    };
    // It waits: it is remembered from its discard on.
    let waiting = update(
        "SET #retention = :timed",
        "#posting = :posting AND attribute_exists(#position)",
        None,
    );
    let Conditional::Failed(Refusal { item, .. }) = waiting.await? else {
        return Ok(());
    };
    let Some(item) = item else { return Ok(()) };
    if Known::read(&key, &item)?.posting != posting {
        return Ok(());
    }
    let remembered = update(
        "SET #retention = :timed, #ttl = :tidy",
        "#posting = :posting AND attribute_not_exists(#position)",
        Some(tidy_id(table.service(), clock)),
    );
    match remembered.await? {
        // Failed: it was erased meanwhile.
        Conditional::Met(_) | Conditional::Failed(_) => Ok(()),
    }
}
