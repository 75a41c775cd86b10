//! Slots: opened, written, emptied, viewed and listed.

use std::io::Write as _;

use playerdata_core::{
    ClaimNumber, Fence, PlayerId, SessionId, SlotName,
    backend::{
        BackendError, Body, Claim, Effect, ErrorKind, Opening, Record, Result, SlotSummary, Stamp,
        WriteOutcome,
    },
};
use redis::{Cmd, RedisWrite as _, Value};

use crate::{
    error,
    script::{Answer, Call, EXPLAIN, LIST, OPEN},
    store::{MAX_DECLARATIONS, Store, restless},
    value,
};

/// The longest body. Redis takes 512 MiB, but a value of that size holds up
/// everything else on the server.
pub(crate) const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// Where the value of a slot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Rest,
    Claimed(SessionId, ClaimNumber),
}

impl Place {
    fn key(self, store: &Store, player: &PlayerId, slot: &SlotName) -> String {
        match self {
            Self::Rest => store.keys.rest(player, slot),
            Self::Claimed(session, number) => store.keys.claim(&Claim {
                player: player.clone(),
                session,
                fence: Fence::default(), // no part of the key
                slot: slot.clone(),
                number,
            }),
        }
    }

    /// As the player's hash has it.
    fn text(self) -> String {
        match self {
            Self::Rest => "rest".to_owned(),
            Self::Claimed(_, number) => number.to_string(),
        }
    }

    /// Reads what the player's hash has, given the session that holds the player.
    fn read(text: &str, session: Option<SessionId>) -> Result<Self> {
        if text == "rest" {
            return Ok(Self::Rest);
        }
        match (session, text.parse()) {
            (Some(session), Ok(number)) => Ok(Self::Claimed(session, ClaimNumber::new(number))),
            _ => {
                let what = format!("a slot in the place {text:?}");
                Err(error::corrupt(Effect::None, what))
            }
        }
    }
}

pub(crate) async fn open(store: &Store, claim: &Claim) -> Result<Opening> {
    let aim = store.changing(&claim.player);
    // Right for the first opening in a session. Otherwise the script says
    // where the value is, and is called again with that key.
    let mut place = Place::Rest;
    for _ in 0..MAX_DECLARATIONS {
        let call = Call::default()
            .key(store.keys.player(&claim.player))
            .key(store.keys.claim(claim))
            .key(place.key(store, &claim.player, &claim.slot))
            .argument(&claim.session)
            .argument(&claim.slot)
            .argument(&claim.number)
            .argument(&place.text());
        let mut answer = store.call(&OPEN, &call, aim).await?;
        match answer.word.as_str() {
            "opened" => {
                let opened = value::opened(answer.bytes()?);
                return opened.map(Opening::Opened).map_err(|unreadable| {
                    let what = format!("the value of {claim}");
                    error::corrupt(Effect::Possible, what).with_source(unreadable)
                });
            }
            "lost" => {
                return Ok(Opening::Lost {
                    holder: answer.holder()?,
                });
            }
            "overtaken" => return Ok(Opening::Overtaken),
            "vanished" => return Err(vanished(&claim.player, &claim.slot)),
            "declare" => {
                let _slot = answer.bytes()?;
                let text: String = answer.part()?;
                place = Place::read(&text, Some(claim.session))?;
            }
            _ => return Err(answer.unknown()),
        }
    }
    Err(restless())
}

pub(crate) async fn save(
    store: &Store,
    claim: &Claim,
    stamp: &Stamp,
    body: &Body,
) -> Result<WriteOutcome> {
    let bytes = body.bytes.len();
    if bytes > MAX_BODY_BYTES {
        let what = format!("a body of {bytes} bytes, more than {MAX_BODY_BYTES}");
        return Err(BackendError::new(ErrorKind::TooLarge, Effect::None, what));
    }
    write(store, claim, stamp, Some(body)).await
}

/// Writes the value of a claim: one `SET … XX`.
///
/// The key is the claim's alone, and gone as soon as the claim is dead. So the
/// server itself refuses what comes too late, and a save costs what any `SET`
/// costs.
pub(crate) async fn write(
    store: &Store,
    claim: &Claim,
    stamp: &Stamp,
    body: Option<&Body>,
) -> Result<WriteOutcome> {
    let command = set_existing(store, claim, stamp, body);
    match store.run(&command, store.changing(&claim.player)).await? {
        Value::Okay => Ok(WriteOutcome::Written {
            revision: stamp.base.next(),
        }),
        Value::Nil => Box::pin(refused(store, claim)).await,
        _ => {
            let what = "an answer to SET that is neither OK nor nil";
            Err(error::corrupt(Effect::Possible, what))
        }
    }
}

fn set_existing(store: &Store, claim: &Claim, stamp: &Stamp, body: Option<&Body>) -> Cmd {
    let mut text = String::with_capacity(128 + value::MAX_HEADER_BYTES);
    store.keys.push_claim(claim, &mut text);
    let key_bytes = text.len();
    value::push_header(stamp, body, &mut text);
    let (key, header) = text.split_at(key_bytes);
    let bytes = body.map_or(&[][..], |body| &body.bytes);
    let mut command = Cmd::new();
    command.reserve_space_for_args([3, key.len(), header.len() + bytes.len(), 2]);
    command.arg("SET").arg(key);
    let mut value = command.writer_for_next_arg();
    // Writing to memory can't fail.
    let _ = value.write_all(header.as_bytes());
    let _ = value.write_all(bytes);
    drop(value);
    command.arg("XX");
    command
}

/// Finds out why the claim's key is not there. Nothing was written.
async fn refused(store: &Store, claim: &Claim) -> Result<WriteOutcome> {
    let call = Call::default()
        .key(store.keys.player(&claim.player))
        .key(store.keys.claim(claim))
        .argument(&claim.session)
        .argument(&claim.slot)
        .argument(&claim.number);
    let asked = store.call(&EXPLAIN, &call, store.reading(&claim.player));
    let mut answer = asked.await.map_err(|error| {
        let what = "the claim has no key any more, and why could not be found out";
        error::of_question(error, what)
    })?;
    match answer.word.as_str() {
        "lost" => Ok(WriteOutcome::Lost {
            holder: answer.holder()?,
        }),
        "overtaken" => Ok(WriteOutcome::Overtaken),
        "vanished" => Err(vanished(&claim.player, &claim.slot)),
        _ => Err(answer.unknown()),
    }
}

/// The error for a value that is gone while the player's hash says it is there.
fn vanished(player: &PlayerId, slot: &SlotName) -> BackendError {
    let what = format!(
        "the value of {player}/{slot} is gone from Redis: evicted, expired, or deleted by hand"
    );
    error::corrupt(Effect::None, what)
}

pub(crate) async fn view(
    store: &Store,
    player: &PlayerId,
    slot: &SlotName,
) -> Result<Option<Record>> {
    let aim = store.reading(player);
    let mut looked_at = None;
    for _ in 0..MAX_DECLARATIONS {
        let place = place_of(store, player, slot).await?;
        let key = place.unwrap_or(Place::Rest).key(store, player, slot);
        let mut command = redis::cmd("GET");
        command.arg(key);
        match store.run(&command, aim).await? {
            Value::BulkString(value) => {
                let opened = value::opened(value).map_err(|unreadable| {
                    let what = format!("the value of {player}/{slot}");
                    error::corrupt(Effect::None, what).with_source(unreadable)
                })?;
                return Ok(opened.record);
            }
            _ if place.is_none() => return Ok(None),
            // It was moved between the two questions, unless it still is not
            // where the player's hash says.
            _ if looked_at == place => return Err(vanished(player, slot)),
            _ => looked_at = place,
        }
    }
    Err(restless())
}

async fn place_of(store: &Store, player: &PlayerId, slot: &SlotName) -> Result<Option<Place>> {
    let mut command = redis::cmd("HMGET");
    command.arg(store.keys.player(player));
    command.arg("session").arg(format!("slot:{slot}"));
    let fields = store.run(&command, store.reading(player)).await?;
    match redis::from_redis_value::<(Option<String>, Option<String>)>(fields) {
        Ok((_, None)) => Ok(None),
        Ok((session, Some(place))) => {
            let session = session.and_then(|session| session.parse().ok());
            Place::read(&place, session).map(Some)
        }
        Err(error) => Err(error::corrupt(Effect::None, "the player's hash").with_source(error)),
    }
}

pub(crate) async fn list(store: &Store, player: &PlayerId) -> Result<Vec<SlotSummary>> {
    let aim = store.reading(player);
    let mut slots: Vec<(SlotName, Place)> = Vec::new();
    for _ in 0..MAX_DECLARATIONS {
        let mut call = Call::default()
            .key(store.keys.player(player))
            .argument(&value::MAX_HEADER_BYTES);
        for (slot, place) in &slots {
            call = call
                .key(place.key(store, player, slot))
                .argument(slot)
                .argument(&place.text());
        }
        let mut answer = store.call(&LIST, &call, aim).await?;
        match answer.word.as_str() {
            "list" => return summaries(player, answer),
            "vanished" => return Err(vanished(player, &answer.part()?)),
            "declare" => {}
            _ => return Err(answer.unknown()),
        }
        let session = answer.part::<String>()?.parse().ok();
        slots.clear();
        while !answer.is_done() {
            let slot = answer.part()?;
            slots.push((slot, Place::read(&answer.part::<String>()?, session)?));
        }
    }
    Err(restless())
}

fn summaries(player: &PlayerId, mut answer: Answer) -> Result<Vec<SlotSummary>> {
    let mut summaries = Vec::new();
    while !answer.is_done() {
        let slot: SlotName = answer.part()?;
        let what = format!("the value of {player}/{slot}");
        let summary = value::summary(slot, &answer.bytes()?)
            .map_err(|unreadable| error::corrupt(Effect::None, what).with_source(unreadable))?;
        summaries.extend(summary);
    }
    summaries.sort_by(|a, b| a.slot.cmp(&b.slot));
    Ok(summaries)
}
