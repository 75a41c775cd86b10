//! Slots: opened, written, emptied, viewed and listed.

use std::{fmt, io::Write as _, time::Duration};

use playerdata_core::{
    ClaimNumber, PlayerId, SessionId, SlotName,
    backend::{
        BackendError, Body, Claim, Effect, Encoding, ErrorKind, Opened, Opening, Record, Result,
        SlotSummary, Stamp, WriteOutcome,
    },
};
use redis::{Cmd, RedisWrite as _, Value};
use tokio::time::{Instant, sleep};

use crate::{
    error,
    keys::BoxKind,
    link::Aim,
    script::{Answer, EXPLAIN, Invocation, LIST, LOOK, OPEN, WATCH},
    store::{MAX_DECLARATIONS, Store, restless},
    value, version,
};

/// The longest body. Redis takes 512 MiB, but a value of that size holds up
/// everything else on the server.
pub(crate) const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// Where the value of a slot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    Rest,
    Claimed(SessionId, ClaimNumber),
}

impl Location {
    pub(crate) fn key(self, store: &Store, player: &PlayerId, slot: &SlotName) -> String {
        let mut key = String::new();
        self.push_key(store, player, slot, &mut key);
        key
    }

    pub(crate) fn push_key(
        self,
        store: &Store,
        player: &PlayerId,
        slot: &SlotName,
        to: &mut String,
    ) {
        match self {
            Self::Rest => store.keys.push_rest(player, slot, to),
            Self::Claimed(session, number) => {
                store.keys.push_claimed(player, slot, session, number, to);
            }
        }
    }

    /// Reads what the player's hash has, given the session that holds the player.
    pub(crate) fn read(text: &str, session: Option<SessionId>) -> Result<Self> {
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

/// As the player's hash has it.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rest => f.write_str("rest"),
            Self::Claimed(_, number) => number.fmt(f),
        }
    }
}

/// Which keys an opening declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Declared {
    /// All that it touches: right unless the hash slot is on the move.
    All,
    /// Those that are there. While the hash slot moves, a server refuses a
    /// script with a key that does not exist.
    Existing,
    /// The player's alone, for a slot that was never opened.
    Player,
}

impl Declared {
    fn next(self) -> Self {
        match self {
            Self::All => Self::Existing,
            Self::Existing => Self::Player,
            Self::Player => Self::All,
        }
    }

    fn call(self, store: &Store, claim: &Claim, place: Location) -> Invocation {
        let (keys, player, slot) = (&store.keys, &claim.player, &claim.slot);
        let mut call = Invocation::default().named(|to| keys.push_player(player, to));
        if self != Self::Player {
            call = call.named(|to| place.push_key(store, player, slot, to));
        }
        if self == Self::All {
            call = call.named(|to| keys.push_claim(claim, to));
            if place != Location::Rest {
                call = call.named(|to| keys.push_rest(player, slot, to));
            }
            call = call.named(|to| keys.push_box(player, slot, BoxKind::Mail, to));
        }
        let call = (call.argument(&claim.session))
            .argument(slot)
            .argument(&claim.number);
        let call = match (self, place) {
            (Self::Player, _) => call.argument("new"),
            (_, place) => call.argument(&place),
        };
        call.argument(&claim.fence)
    }
}

pub(crate) async fn open(store: &Store, claim: &Claim) -> Result<Opening> {
    let aim = store.changing(&claim.player);
    // Right for the first opening in a session. Otherwise the script says
    // where the value is, and is called again with that key.
    let (mut place, mut declared) = (Location::Rest, Declared::All);
    let (mut declarations, mut pause) = (0, FIRST_PAUSE);
    while declarations < MAX_DECLARATIONS {
        let call = declared.call(store, claim, place);
        let Some(mut answer) = store.call_unless_moving(&OPEN, &call, aim).await? else {
            declared = declared.next();
            if declared == Declared::All {
                wait_for_move(pause, aim).await?;
                pause *= 2;
            }
            continue;
        };
        if answer.word != "declare" {
            return opening(store, claim, answer).await;
        }
        let _slot = answer.bytes()?;
        place = Location::read(&answer.part::<String>()?, Some(claim.session))?;
        declared = Declared::All;
        declarations += 1;
    }
    Err(restless())
}

/// The first pause of a call whose keys are on the move.
pub(crate) const FIRST_PAUSE: Duration = Duration::from_millis(5);

pub(crate) async fn wait_for_move(pause: Duration, aim: Aim<'_>) -> Result<()> {
    let pause = pause.min(Duration::from_millis(100));
    if Instant::now() + pause >= aim.deadline {
        let what = "the player's keys are on their way to another node of the Cluster";
        return Err(BackendError::new(
            ErrorKind::Unavailable,
            Effect::None,
            what,
        ));
    }
    sleep(pause).await;
    Ok(())
}

/// Reads what the script answered that opens a slot.
async fn opening(store: &Store, claim: &Claim, mut answer: Answer) -> Result<Opening> {
    match answer.word.as_str() {
        "opened" => {
            let opened = opened(store, &claim.player, &claim.slot, answer);
            opened.await.map(Opening::Opened)
        }
        "lost" => Ok(Opening::Lost {
            holder: answer.holder()?,
        }),
        "overtaken" => Ok(Opening::Overtaken),
        "vanished" => Err(vanished(&claim.player, &claim.slot)),
        "forgotten" => Err(forgotten(Effect::None, &claim.player, &claim.slot)),
        _ => Err(answer.unknown()),
    }
}

/// Reads what follows in the answer of a script that has opened a slot.
pub(crate) async fn opened(
    store: &Store,
    player: &PlayerId,
    slot: &SlotName,
    mut answer: Answer,
) -> Result<Opened> {
    let value = answer.bytes()?;
    let mail = answer.part::<String>()? != "0";
    let version_age = version_age(&mut answer)?;
    Ok(Opened {
        mail,
        version_age,
        ..whatever_it_is(store, player, slot, value).await
    })
}

/// How long ago the newest version was kept: the rest of the answer is what the
/// player's hash has of the versions, and the server's time, if there are any.
fn version_age(answer: &mut Answer) -> Result<Option<Duration>> {
    if answer.is_done() {
        return Ok(None);
    }
    let versions: String = answer.part()?;
    let (seconds, micros): (u64, u64) = (answer.part()?, answer.part()?);
    // Earlier versions of this did not write down when that was.
    let kept_at = versions.split_once(' ').map(|(_, kept_at)| kept_at.parse());
    let Some(Ok(kept_at)) = kept_at else {
        return Ok(None);
    };
    let now = Duration::from_secs(seconds) + Duration::from_micros(micros);
    Ok(now.checked_sub(Duration::from_millis(kept_at)))
}

/// Reads the value of a slot, whether it can be understood or not. One that does
/// not show its revision has that of the newest version of the slot, so that what
/// is put in its place is not a revision that is kept already.
async fn whatever_it_is(
    store: &Store,
    player: &PlayerId,
    slot: &SlotName,
    value: Vec<u8>,
) -> Opened {
    let mut opened = value::whatever_it_is(value);
    if let Some(record) = &mut opened.record
        && record.body.encoding == Encoding::Unknown
    {
        let versions = version::list(store, player, slot).await.unwrap_or_default();
        let newest = versions.first().map(|newest| newest.revision);
        record.revision = record.revision.max(newest.unwrap_or_default());
        opened.revision = record.revision;
    }
    opened
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
    let mut aim = store.changing(&claim.player);
    aim.bytes = body.map_or(0, |body| body.bytes.len());
    match store.run(&command, aim).await? {
        Value::Okay => {
            if store.eviction.is_possible() || store.looks.is_due(&claim.player) {
                Box::pin(is_known(store, claim)).await?;
            }
            Ok(WriteOutcome::Written {
                revision: stamp.base.next(),
            })
        }
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

/// Finds out whether the player's hash knows of a claim that was written under:
/// a server that evicts drops it first, for saves don't touch it; and it may be
/// deleted by hand.
async fn is_known(store: &Store, claim: &Claim) -> Result<()> {
    let call = Invocation::default()
        .key(store.keys.player(&claim.player))
        .key(store.keys.claim(claim))
        .key(store.keys.rest(&claim.player, &claim.slot))
        .argument(&claim.session)
        .argument(&claim.slot)
        .argument(&claim.number);
    let asked = store.call(&WATCH, &call, store.reading(&claim.player));
    let answer = asked.await.map_err(|error| {
        let what = "whether the player's lock is still there could not be found out";
        BackendError::new(error.kind(), Effect::Possible, what).with_source(error)
    })?;
    match answer.word.as_str() {
        "known" => Ok(()),
        "forgotten" => Err(forgotten(Effect::Possible, &claim.player, &claim.slot)),
        _ => Err(answer.unknown()),
    }
}

/// Finds out why the claim's key is not there. Nothing was written.
async fn refused(store: &Store, claim: &Claim) -> Result<WriteOutcome> {
    let call = Invocation::default()
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
pub(crate) fn vanished(player: &PlayerId, slot: &SlotName) -> BackendError {
    let what = format!(
        "the value of {player}/{slot} is gone from Redis: evicted, expired, or deleted by hand"
    );
    error::corrupt(Effect::None, what)
}

/// The error for a value that the player's hash does not list: there was
/// another hash, with the lock, the fence and the names of the slots.
fn forgotten(effect: Effect, player: &PlayerId, slot: &SlotName) -> BackendError {
    let what = format!(
        "the hash of {player} is gone from Redis, evicted or deleted by hand, \
         while {player}/{slot} has a value"
    );
    error::corrupt(effect, what)
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
        let key = place.unwrap_or(Location::Rest).key(store, player, slot);
        // It reads, and is a write: a replica refuses it.
        let mut command = redis::cmd("GETEX");
        command.arg(key);
        let value = match store.run(&command, aim).await? {
            Value::BulkString(value) => Some(value),
            _ => None,
        };
        match (value, place) {
            (Some(value), Some(_)) if !value::is_mark(&value) => {
                return Ok(whatever_it_is(store, player, slot, value).await.record);
            }
            (None, None) => return Ok(None),
            // It was moved between the two questions, unless it still is not
            // where the player's hash says.
            (_, Some(_)) if looked_at == Some(place) => return Err(vanished(player, slot)),
            (_, None) if looked_at == Some(place) => {
                return Err(forgotten(Effect::None, player, slot));
            }
            _ => looked_at = Some(place),
        }
    }
    Err(restless())
}

async fn place_of(store: &Store, player: &PlayerId, slot: &SlotName) -> Result<Option<Location>> {
    let call = Invocation::default()
        .key(store.keys.player(player))
        .argument("session")
        .argument(&format!("slot:{slot}"));
    let mut answer = store.call(&LOOK, &call, store.reading(player)).await?;
    let session = answer.part::<String>()?.parse().ok();
    match answer.part::<String>()?.as_str() {
        "" => Ok(None),
        place => Location::read(place, session).map(Some),
    }
}

pub(crate) async fn list(store: &Store, player: &PlayerId) -> Result<Vec<SlotSummary>> {
    let aim = store.reading(player);
    let mut slots: Vec<(SlotName, Location)> = Vec::new();
    for _ in 0..MAX_DECLARATIONS {
        let mut call = Invocation::default()
            .key(store.keys.player(player))
            .argument(&value::MAX_HEADER_BYTES);
        for (slot, place) in &slots {
            call = call
                .key(place.key(store, player, slot))
                .argument(slot)
                .argument(place);
        }
        let mut answer = store.call(&LIST, &call, aim).await?;
        match answer.word.as_str() {
            "list" => return summaries(player, answer),
            "declare" => {}
            _ => return Err(answer.unknown()),
        }
        let session = answer.part::<String>()?.parse().ok();
        slots.clear();
        while !answer.is_done() {
            let slot = answer.part()?;
            slots.push((slot, Location::read(&answer.part::<String>()?, session)?));
        }
    }
    Err(restless())
}

fn summaries(player: &PlayerId, mut answer: Answer) -> Result<Vec<SlotSummary>> {
    let mut summaries = Vec::new();
    while !answer.is_done() {
        let slot: SlotName = answer.part()?;
        let is_there = answer.part::<String>()? == "there";
        let (start, bytes) = (answer.bytes()?, answer.part()?);
        let summary = if is_there && !value::is_mark(&start) {
            value::summary(slot.clone(), &start)
        } else {
            Err(value::Unreadable::gone())
        };
        // What can't be read is listed all the same, by what is known: opening
        // it says what is wrong, and the other slots are as they are.
        summaries.extend(summary.unwrap_or_else(|unreadable| {
            tracing::warn!(%player, %slot, error = %unreadable, "a slot can't be read");
            Some(value::unreadable(slot, bytes))
        }));
    }
    summaries.sort_by(|a, b| a.slot.cmp(&b.slot));
    Ok(summaries)
}
