//! Kept copies of a slot's record.

use std::{cmp::Reverse, time::Duration};

use playerdata_core::{
    PlayerId, Revision, SlotName, UnixMillis,
    backend::{Claim, Effect, KeepPolicy, Keeping, Record, Result, VersionSummary},
};

use crate::{
    boxes::SlotBox,
    error,
    keys::BoxKind,
    lease::millis,
    script::{KEEP_VERSION, READ_VERSION, VERSIONS},
    slot::{Location, vanished},
    store::{MAX_DECLARATIONS, Store, restless},
    value,
};

fn versions<'a>(player: &'a PlayerId, slot: &'a SlotName) -> SlotBox<'a> {
    let kind = BoxKind::Versions;
    SlotBox { player, slot, kind }
}

/// Has the server copy the value of a slot.
pub(crate) async fn keep(store: &Store, claim: &Claim, policy: KeepPolicy) -> Result<Keeping> {
    let (player, slot) = (&claim.player, &claim.slot);
    let aim = store.changing(player);
    let min_age = match policy.min_age {
        Duration::ZERO => 0,
        age => millis(age),
    };
    // Right while the claim is alive. Otherwise the script says where it is.
    let mut place = Location::Claimed(claim.session, claim.number);
    for _ in 0..MAX_DECLARATIONS {
        let call = versions(player, slot).call(store, &KEEP_VERSION, aim, |call| {
            call.named(|to| place.push_key(store, player, slot, to))
                .argument(&claim.session)
                .argument(&claim.fence)
                .argument(&place)
                .argument(&policy.most)
                .argument(&min_age)
        });
        let mut answer = call.await?;
        return match answer.word.as_str() {
            "kept" => Ok(Keeping::Kept {
                revision: Revision::new(answer.part()?),
            }),
            "recent" => Ok(Keeping::Recent),
            "nothing" => Ok(Keeping::Nothing),
            "lost" => Ok(Keeping::Lost {
                holder: answer.holder()?,
            }),
            "gone" => Err(vanished(player, slot)),
            "damaged" => {
                let what = format!("the value of {claim}");
                Err(error::corrupt(Effect::None, what))
            }
            "elsewhere" => {
                place = Location::read(&answer.part::<String>()?, Some(claim.session))?;
                continue;
            }
            _ => Err(answer.unknown()),
        };
    }
    Err(restless())
}

pub(crate) async fn list(
    store: &Store,
    player: &PlayerId,
    slot: &SlotName,
) -> Result<Vec<VersionSummary>> {
    let versions = versions(player, slot);
    let call = versions.call(store, &VERSIONS, store.reading(player), |call| call);
    let mut answer = call.await?;
    if answer.word != "versions" {
        return Err(answer.unknown());
    }
    let mut kept = Vec::new();
    while !answer.is_done() {
        let (revision, kept_at) = (Revision::new(answer.part()?), answer.part()?);
        let summary = value::summary(slot.clone(), &answer.bytes()?);
        let summary = summary.ok().flatten();
        let summary = summary.filter(|summary| summary.revision == revision);
        let Some(summary) = summary else {
            return Err(versions.corrupt(&format!("the header of revision {revision}")));
        };
        kept.push(VersionSummary {
            revision,
            saved_at: summary.saved_at,
            kept_at: UnixMillis::new(kept_at),
            schema: summary.schema,
            body_bytes: summary.body_bytes,
        });
    }
    kept.sort_by_key(|version| Reverse(version.revision));
    Ok(kept)
}

pub(crate) async fn read(
    store: &Store,
    player: &PlayerId,
    slot: &SlotName,
    revision: Revision,
) -> Result<Option<Record>> {
    let versions = versions(player, slot);
    let call = versions.call(store, &READ_VERSION, store.reading(player), |call| {
        call.argument(&revision)
    });
    let mut answer = call.await?;
    match answer.word.as_str() {
        "none" => Ok(None),
        "version" => {
            let opened = value::opened(answer.bytes()?).map_err(|unreadable| {
                let error = versions.corrupt(&format!("revision {revision}"));
                error.with_source(unreadable)
            })?;
            let record = opened.record.filter(|record| record.revision == revision);
            let other = || versions.corrupt(&format!("revision {revision} is something else"));
            record.map(Some).ok_or_else(other)
        }
        _ => Err(answer.unknown()),
    }
}
