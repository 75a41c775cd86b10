//! The lock of a player: taken, given back, looked at, and erased with the rest.

use std::{borrow::Cow, fmt, str::FromStr};

use playerdata_core::{
    ClaimNumber, Fence, PlayerId, SessionId, SlotName,
    backend::{Acquisition, Admission, Claimant, Erasure, Lock, Release, Result},
};

use crate::{
    keys::BoxKind,
    script::{ACQUIRE, Answer, ERASE, Invocation, LOOK, RELEASE, Script},
    slot,
    store::{MAX_DECLARATIONS, Store, restless},
    sweep,
};

pub(crate) async fn acquire(
    store: &Store,
    player: &PlayerId,
    claimant: &Claimant,
    replacing: Option<SessionId>,
) -> Result<Acquisition> {
    let by = store.changing(player).deadline;
    store.eviction.find_out(&store.link, by).await;
    let call = || taking(store, player, claimant, replacing, None);
    let mut answer = withdrawing(store, &ACQUIRE, player, replacing, &[], call).await?;
    match answer.word.as_str() {
        "acquired" => Ok(Acquisition::Acquired {
            fence: Fence::new(answer.part()?),
        }),
        "held" => Ok(Acquisition::Held {
            holder: answer.lock()?,
        }),
        _ => Err(answer.unknown()),
    }
}

/// Acquires, and opens the slot if it is where it should be.
///
/// A lock that is replaced is not worth the keys of its claims: what is opened
/// then is opened by itself. So is what is on its way to another node.
pub(crate) async fn acquire_and_open(
    store: &Store,
    player: &PlayerId,
    claimant: &Claimant,
    replacing: Option<SessionId>,
    slot: &SlotName,
) -> Result<Admission> {
    if replacing.is_some() {
        return Ok(acquire(store, player, claimant, replacing).await?.into());
    }
    let aim = store.changing(player);
    store.eviction.find_out(&store.link, aim.deadline).await;
    let call = taking(store, player, claimant, None, Some(slot));
    let Some(mut answer) = store.call_unless_moving(&ACQUIRE, &call, aim).await? else {
        return Ok(acquire(store, player, claimant, None).await?.into());
    };
    match answer.word.as_str() {
        "acquired" => {
            let fence = Fence::new(answer.part()?);
            let opened = if answer.is_done() {
                None
            } else {
                Some(slot::opened(store, player, slot, answer).await?)
            };
            Ok(Admission::Acquired { fence, opened })
        }
        "held" => Ok(Admission::Held {
            holder: answer.lock()?,
        }),
        _ => Err(answer.unknown()),
    }
}

/// A call that takes the lock, without the keys of claims.
fn taking(
    store: &Store,
    player: &PlayerId,
    claimant: &Claimant,
    replacing: Option<SessionId>,
    slot: Option<&SlotName>,
) -> Invocation {
    let keys = &store.keys;
    let mut call = Invocation::default().named(|to| keys.push_player(player, to));
    if let Some(slot) = slot {
        call = call
            .named(|to| keys.push_rest(player, slot, to))
            .named(|to| keys.push_box(player, slot, BoxKind::Mail, to));
    }
    call.argument(&claimant.session)
        .argument(&claimant.server.name)
        .argument(&claimant.server.incarnation)
        .argument(&claimant.at.get())
        .argument(&replacing.map_or(String::new(), |session| session.to_string()))
        .argument(slot.map_or("", SlotName::as_str))
}

/// Releases. `claims` are those that the session has, as far as the caller knows.
pub(crate) async fn release(
    store: &Store,
    player: &PlayerId,
    session: SessionId,
    claims: &[(SlotName, ClaimNumber)],
) -> Result<Release> {
    let call = || {
        Invocation::default()
            .named(|to| store.keys.push_player(player, to))
            .argument(&session)
    };
    let session = Some(session);
    let answer = withdrawing(store, &RELEASE, player, session, claims, call).await?;
    match answer.word.as_str() {
        "released" => Ok(Release::Released),
        "not held" => Ok(Release::NotHeld),
        _ => Err(answer.unknown()),
    }
}

/// Calls a script that withdraws the claims of `session`.
///
/// Which claims there are is known for certain to the store alone. So the script
/// is called with those that the caller knows of, or without any, which is right
/// most of the time; if it is not, it answers with those that it would have to
/// touch.
async fn withdrawing(
    store: &Store,
    script: &Script,
    player: &PlayerId,
    session: Option<SessionId>,
    claims: &[(SlotName, ClaimNumber)],
    call: impl Fn() -> Invocation,
) -> Result<Answer> {
    let aim = store.changing(player);
    let mut known = true;
    let mut claims = session.map_or(Cow::default(), |_| Cow::Borrowed(claims));
    for _ in 0..MAX_DECLARATIONS {
        let call = declaring(store, player, session, &claims, call());
        let answer = if known && !claims.is_empty() {
            store.call_unless_moving(script, &call, aim).await?
        } else {
            Some(store.call(script, &call, aim).await?)
        };
        known = false;
        let Some(mut answer) = answer else {
            // What the caller knows of may be gone, and while the hash slot
            // moves a key that is not there can't be declared.
            claims = Cow::default();
            continue;
        };
        if answer.word != "declare" {
            return Ok(answer);
        }
        if session.is_none() {
            return Err(answer.unknown());
        }
        let mut answered = Vec::new();
        while !answer.is_done() {
            answered.push((answer.part()?, ClaimNumber::new(answer.part()?)));
        }
        claims = answered.into();
    }
    Err(restless())
}

/// Adds the keys of these claims of `session` to a call.
fn declaring(
    store: &Store,
    player: &PlayerId,
    session: Option<SessionId>,
    claims: &[(SlotName, ClaimNumber)],
    mut call: Invocation,
) -> Invocation {
    let keys = &store.keys;
    for (session, (slot, number)) in session.iter().cycle().zip(claims) {
        call = call
            .named(|to| keys.push_claimed(player, slot, *session, *number, to))
            .named(|to| keys.push_rest(player, slot, to))
            .argument(slot)
            .argument(number);
    }
    call
}

pub(crate) async fn holder(store: &Store, player: &PlayerId) -> Result<Option<Lock>> {
    let mut call = Invocation::default().key(store.keys.player(player));
    for field in ["session", "server", "incarnation", "since", "fence"] {
        call = call.argument(field);
    }
    let mut answer = store.call(&LOOK, &call, store.reading(player)).await?;
    match answer.word.as_str() {
        "fields" if answer.is_empty() => Ok(None),
        "fields" => answer.lock().map(Some),
        _ => Err(answer.unknown()),
    }
}

pub(crate) async fn erase(store: &Store, player: &PlayerId) -> Result<Erasure> {
    let aim = store.changing(player);
    let mut listed: Vec<(Listed, String)> = Vec::new();
    for _ in 0..MAX_DECLARATIONS {
        let mut call = Invocation::default().key(store.keys.player(player));
        for (thing, what) in &listed {
            call = call
                .key(thing.key(store, player))
                .argument(thing)
                .argument(what);
        }
        let mut answer = store.call(&ERASE, &call, aim).await?;
        match answer.word.as_str() {
            "erased" => {
                let is_known = answer.part::<String>()? == "known";
                if is_known && !store.eviction.is_possible() {
                    return Ok(Erasure::Erased);
                }
                // What its slots were is gone with the hash, or part of it may be.
                return sweep::sweep(store, player, aim).await;
            }
            "locked" => {
                return Ok(Erasure::Locked {
                    holder: answer.lock()?,
                });
            }
            "declare" => {}
            _ => return Err(answer.unknown()),
        }
        listed.clear();
        while !answer.is_done() {
            listed.push((answer.part()?, answer.part()?));
        }
    }
    Err(restless())
}

/// What a field of a player's hash lists: the value of a slot, or what the slot
/// has beside it.
struct Listed {
    kind: Option<BoxKind>,
    slot: SlotName,
}

impl Listed {
    fn key(&self, store: &Store, player: &PlayerId) -> String {
        match self.kind {
            None => store.keys.rest(player, &self.slot),
            Some(kind) => store.keys.of_box(player, &self.slot, kind),
        }
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.map_or("slot", BoxKind::as_str);
        write!(f, "{kind}:{}", self.slot)
    }
}

/// A field that lists nothing.
struct NotListed;

impl FromStr for Listed {
    type Err = NotListed;

    fn from_str(field: &str) -> std::result::Result<Self, NotListed> {
        let (kind, slot) = field.split_once(':').ok_or(NotListed)?;
        let kinds = [None, Some(BoxKind::Mail), Some(BoxKind::Versions)];
        let is_it = |known: &Option<BoxKind>| known.map_or("slot", BoxKind::as_str) == kind;
        Ok(Self {
            kind: kinds.into_iter().find(is_it).ok_or(NotListed)?,
            slot: slot.parse().map_err(|_| NotListed)?,
        })
    }
}
