//! The lock of a player: taken, given back, looked at, and erased with the rest.

use std::{fmt, str::FromStr};

use playerdata_core::{
    ClaimNumber, Fence, PlayerId, SessionId, SlotName,
    backend::{Acquisition, Claim, Claimant, Erasure, Lock, Release, Result},
};

use crate::{
    keys::BoxKind,
    script::{ACQUIRE, Answer, ERASE, Invocation, LOOK, RELEASE, Script},
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
    let call = || {
        Invocation::default()
            .key(store.keys.player(player))
            .argument(&claimant.session)
            .argument(&claimant.server.name)
            .argument(&claimant.server.incarnation)
            .argument(&claimant.at.get())
            .argument(&replacing.map_or(String::new(), |session| session.to_string()))
    };
    let mut answer = withdrawing(store, &ACQUIRE, player, replacing, call).await?;
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

pub(crate) async fn release(
    store: &Store,
    player: &PlayerId,
    session: SessionId,
) -> Result<Release> {
    let call = || {
        Invocation::default()
            .key(store.keys.player(player))
            .argument(&session)
    };
    let answer = withdrawing(store, &RELEASE, player, Some(session), call).await?;
    match answer.word.as_str() {
        "released" => Ok(Release::Released),
        "not held" => Ok(Release::NotHeld),
        _ => Err(answer.unknown()),
    }
}

/// Calls a script that withdraws the claims of `session`.
///
/// Which claims there are is known to the store alone. So the script is called
/// without them first, which is right most of the time, and answers with those
/// that it would have to touch, if there are any.
async fn withdrawing(
    store: &Store,
    script: &Script,
    player: &PlayerId,
    session: Option<SessionId>,
    call: impl Fn() -> Invocation,
) -> Result<Answer> {
    let aim = store.changing(player);
    let mut claimed = Vec::new();
    for _ in 0..MAX_DECLARATIONS {
        let mut call = call();
        for claim in &claimed {
            call = call
                .key(store.keys.claim(claim))
                .key(store.keys.rest(player, &claim.slot))
                .argument(&claim.slot)
                .argument(&claim.number);
        }
        let mut answer = store.call(script, &call, aim).await?;
        if answer.word != "declare" {
            return Ok(answer);
        }
        claimed.clear();
        while !answer.is_done() {
            let Some(session) = session else {
                return Err(answer.unknown());
            };
            claimed.push(Claim {
                player: player.clone(),
                session,
                fence: Fence::default(), // no part of the key
                slot: answer.part()?,
                number: ClaimNumber::new(answer.part()?),
            });
        }
    }
    Err(restless())
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
