//! Numbers and times at the ends of what can be written.

use std::time::Duration;

use playerdata_core::{
    Fence, Revision, UnixMillis,
    backend::{Effect, ErrorKind, Opening, Renewal, Result, Stamp, WriteOutcome},
};

use crate::{
    Fixture, Rule,
    driver::{RawSlot, World, body},
};

/// Where a store with signed numbers, or with times that have a calendar,
/// would go wrong.
const ABSURD: [u64; 9] = [
    0,
    1,
    253_402_300_799_999, // the end of the year 9999
    253_402_300_800_000,
    8_640_000_000_000_001, // beyond what a browser can tell
    i64::MAX as u64 / 1_000,
    i64::MAX as u64,
    i64::MAX as u64 + 1,
    u64::MAX,
];

/// Times of callers are kept as they came, whatever they are: of a save, and
/// of a lock; and they decide nothing.
///
/// Proves [L10](Rule::L10). A backend that fails it stores a time as a date, or
/// as a number with a sign: a server whose clock is broken can't save.
pub async fn absurd_times_are_kept_as_they_came(fixture: Fixture) {
    let [a, b] = fixture.servers();
    for (number, at) in ABSURD.into_iter().enumerate() {
        let player = (number as u64).into();
        let mut claimant = a.claimant();
        claimant.at = UnixMillis::new(at);
        a.client.acquire(&player, &claimant, None).await;
        let lock = b.client.holder(&player).await;
        let since = lock.map(|lock| lock.since.get());
        fixture.expect_eq(Rule::L10, "since when it is held", since, Some(at));
    }
    let player = fixture.player();
    let mut open = a.join(&player).await.open(&fixture.slot()).await;
    for at in ABSURD {
        let stamp = Stamp {
            at: UnixMillis::new(at),
            ..open.stamp()
        };
        let saved = open.save_as(&stamp, &body(at.to_string())).await;
        let seen = b.client.view(&player, &fixture.slot()).await;
        fixture.expect_eq(Rule::L10, "the record", seen, Some(saved));
        let listed = b.client.list(&player).await;
        let listed = listed.first().map(|slot| slot.saved_at.get());
        fixture.expect_eq(Rule::L10, "as it is listed", listed, Some(at));
    }
}

/// Requires what was expected, or that the number is refused, as one that the
/// store can't hold, without an effect.
fn expect_exact_or_refused<T: PartialEq + std::fmt::Debug>(
    world: &World,
    what: &str,
    found: Result<T>,
    expected: T,
) {
    match found {
        Ok(found) => world.expect_eq(Rule::Numbers, what, found, expected),
        Err(error) => {
            let refused = (ErrorKind::Rejected, Effect::None);
            world.expect_eq(Rule::Numbers, what, (error.kind(), error.effect()), refused);
        }
    }
}

/// Claim numbers beyond the signed ones are compared as what they are, or
/// refused without an effect.
///
/// Proves the contract on numbers, and [S2](Rule::S2). A backend that fails it
/// turns them negative or cuts them down, and a claim that is long dead is
/// alive.
pub async fn absurd_claim_numbers_are_exact_or_refused(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let slot = fixture.slot();
    let session = a.join(&fixture.player()).await;
    let mut live = session.open_as(session.claim(&slot, 7)).await;
    live.save("live").await;
    for number in [u64::MAX - 1, i64::MAX as u64 + 8] {
        let absurd = session.claim(&slot, number);
        let Opening::Opened(_) = opened(&fixture, b.client.backend().open(&absurd).await) else {
            live.save("the claim is alive still").await;
            continue;
        };
        for lower in [7, number - 1, i64::MAX as u64] {
            let late = session.claim(&slot, lower);
            let opening = a.client.backend().open(&late).await;
            let what = format!("{lower} comes after {number}");
            expect_exact_or_refused(&fixture, &what, opening, Opening::Overtaken);
            let stamp = live.stamp();
            let late = b.client.backend().save(&late, &stamp, &body("late")).await;
            expect_exact_or_refused(&fixture, &what, late, WriteOutcome::Overtaken);
        }
        let stamp = live.stamp();
        let saved = a.client.save(&absurd, &stamp, &body("absurd")).await;
        let revision = stamp.base.next();
        let written = WriteOutcome::Written { revision };
        fixture.expect_eq(Rule::Numbers, "under the greatest", saved, written);
        let next = a.join(&name_of(number)).await;
        live = next.open_as(next.claim(&slot, 7)).await;
        return_to(&fixture, &mut live).await;
        return;
    }
}

fn name_of(number: u64) -> playerdata_core::PlayerId {
    number.into()
}

/// The next session counts from the start.
async fn return_to(fixture: &Fixture, live: &mut RawSlot) {
    let saved = live.save("small numbers").await;
    fixture.expect_eq(Rule::S3, "the first", saved.revision, Revision::new(1));
}

/// What an opening under an absurd number came to, if it was not refused.
fn opened(world: &World, opening: Result<Opening>) -> Opening {
    match opening {
        Ok(opening @ Opening::Opened(_)) => opening,
        Ok(other) => world.fail(
            Rule::Numbers,
            &format!("the greatest number opens the slot: {other:?}"),
        ),
        Err(error) => {
            let found = (error.kind(), error.effect());
            let refused = (ErrorKind::Rejected, Effect::None);
            world.expect_eq(Rule::Numbers, "how it is refused", found, refused);
            Opening::Overtaken
        }
    }
}

/// A claim with a fence that the player's lock never had opens nothing,
/// however great or small it is.
///
/// Proves [L4](Rule::L4) and the contract on numbers. A backend that fails it
/// turns a fence negative, cuts it down, or looks whether it is great enough.
pub async fn absurd_fences_open_nothing(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let slot = fixture.slot();
    let session = a.join(&fixture.player()).await;
    let own = session.fence().get();
    let mut live = session.open(&slot).await;
    let mut claim = session.next_claim(&slot);
    for fence in ABSURD
        .into_iter()
        .chain([own + 1, own | 1 << 63, own | 1 << 32])
    {
        if fence == own {
            continue;
        }
        claim.fence = Fence::new(fence);
        let opening = b.client.backend().open(&claim).await;
        let holder = Some(session.lock());
        let what = format!("fence {fence}, when the lock has {own}");
        expect_exact_or_refused(&fixture, &what, opening, Opening::Lost { holder });
    }
    live.save("the claim is alive").await;
}

/// A lease may be asked for a millisecond or for all time: it lapses, or it
/// does not; a time that is not a whole number of seconds is not cut short.
///
/// Proves [L2](Rule::L2). A backend that fails it gives leases that are over at
/// once, or answers a server with an error that is well.
pub async fn leases_of_any_length_are_given(fixture: Fixture) {
    let [a, b] = fixture.servers();
    for ttl in [
        Duration::MAX,
        Duration::from_millis(u64::MAX),
        Duration::from_secs(u64::from(u32::MAX)),
        Duration::from_millis(1 << 32),
        Duration::from_secs(400 * 24 * 60 * 60),
        Duration::from_millis(61_001),
    ] {
        let renewal = a.client.renew_lease(&a.id, ttl).await;
        let notices = Vec::new();
        let renewed = Renewal::Renewed { notices };
        fixture.expect_eq(Rule::L2, &format!("for {ttl:?}"), renewal, renewed);
        let live = b.client.lease_is_live(&a.id).await;
        fixture.expect(Rule::L2, &format!("live for {ttl:?}"), live);
    }
    for ttl in [Duration::from_millis(1), Duration::from_micros(1)] {
        b.client.renew_lease(&b.id, ttl).await;
        fixture.let_lapse(&b.id, Duration::from_millis(1)).await;
    }
    let live = a.client.lease_is_live(&a.id).await;
    fixture.expect(Rule::L2, "the long one is live", live);
}
