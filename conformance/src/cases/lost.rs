//! Claims whose lock is gone: nothing under them succeeds, ever again.

use playerdata_core::{
    ClaimNumber,
    backend::{Lock, Opening, Record, Release, WriteOutcome},
};

use crate::{
    Fixture, Rule,
    driver::{Client, RawSlot, World},
};

/// Requires that everything late under a claim is refused as lost, whichever
/// way it comes, and leaves the slot as it is.
async fn expect_all_lost(fixture: &Fixture, rule: Rule, dead: &RawSlot, holder: Option<&Lock>) {
    let before = seen(fixture, dead).await;
    for client in fixture.clients() {
        let dead = dead.through(&client);
        expect_lost_save(fixture, rule, &dead, holder).await;
        expect_lost_deletion(fixture, rule, &dead, holder).await;
        expect_lost_opening(fixture, rule, &dead, holder).await;
    }
    let after = seen(fixture, dead).await;
    fixture.expect_eq(rule, "the slot is as it was", after, before);
}

async fn expect_lost_save(world: &World, rule: Rule, dead: &RawSlot, holder: Option<&Lock>) {
    let lost = WriteOutcome::Lost {
        holder: holder.cloned(),
    };
    let late = dead.try_save("too late").await;
    world.expect_eq(rule, "a late save is lost, and says to whom", late, lost);
}

async fn expect_lost_deletion(world: &World, rule: Rule, dead: &RawSlot, holder: Option<&Lock>) {
    let lost = WriteOutcome::Lost {
        holder: holder.cloned(),
    };
    let late = dead.try_delete().await;
    world.expect_eq(
        rule,
        "a late deletion is lost, and says to whom",
        late,
        lost,
    );
}

async fn expect_lost_opening(world: &World, rule: Rule, dead: &RawSlot, holder: Option<&Lock>) {
    let lost = Opening::Lost {
        holder: holder.cloned(),
    };
    let late = dead.try_open().await;
    world.expect_eq(rule, "a late opening is lost, and says to whom", late, lost);
}

async fn seen(fixture: &Fixture, slot: &RawSlot) -> Option<Record> {
    let claim = slot.claim();
    fixture.clients()[0].view(&claim.player, &claim.slot).await
}

/// A save that arrives after another session took the player is refused, and
/// says who has them. The new holder sees what was acknowledged before.
///
/// Proves [L4](Rule::L4) and [S1](Rule::S1). A backend that fails it lets a
/// frozen server that wakes up overwrite what the player has earned since.
pub async fn a_save_after_a_take_over_is_lost(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let old = a.join(&player).await;
    let mut frozen = old.open(&slot).await;
    let acknowledged = frozen.save("acknowledged").await;
    let new = b.take_over(&player, old.id()).await;
    // Before the new holder has opened the slot, and after.
    expect_lost_save(&fixture, Rule::L4, &frozen, Some(&new.lock())).await;
    let mut open = new.open(&slot).await;
    let found = open.opened().record.clone();
    fixture.expect_eq(Rule::S1, "what was acknowledged", found, Some(acknowledged));
    expect_lost_save(&fixture, Rule::L4, &frozen, Some(&new.lock())).await;
    let newest = open.save("newer").await;
    expect_lost_save(&fixture, Rule::L4, &frozen, Some(&new.lock())).await;
    let found = seen(&fixture, &open).await;
    fixture.expect_eq(Rule::L4, "the new holder's", found, Some(newest));
}

/// A deletion that arrives after another session took the player is refused.
///
/// Proves [L4](Rule::L4). A backend that fails it lets a frozen server that
/// wakes up delete a character that is being played elsewhere.
pub async fn a_deletion_after_a_take_over_is_lost(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let old = a.join(&player).await;
    let mut frozen = old.open(&slot).await;
    let kept = frozen.save("kept").await;
    let new = b.take_over(&player, old.id()).await;
    expect_lost_deletion(&fixture, Rule::L4, &frozen, Some(&new.lock())).await;
    let open = new.open(&slot).await;
    expect_lost_deletion(&fixture, Rule::L4, &frozen, Some(&new.lock())).await;
    let found = seen(&fixture, &open).await;
    fixture.expect_eq(Rule::L4, "the record is there", found, Some(kept));
}

/// An opening that arrives after another session took the player is refused,
/// of a slot that was open and of one that was not, and the new holder's
/// claim lives on.
///
/// Proves [L4](Rule::L4). A backend that fails it lets a stale server take a
/// slot out of the hands of the rightful one.
pub async fn an_opening_after_a_take_over_is_lost(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let old = a.join(&player).await;
    let frozen = old.open(&slot).await;
    let new = b.take_over(&player, old.id()).await;
    let mut open = new.open(&slot).await;
    expect_lost_opening(&fixture, Rule::L4, &frozen, Some(&new.lock())).await;
    let later = a.client.open(&old.next_claim(&slot)).await;
    let holder = Some(new.lock());
    fixture.expect_eq(Rule::L4, "lost as well", later, Opening::Lost { holder });
    open.save("the holder goes on").await;
}

/// The thief has come and gone, and nobody holds the player: the robbed
/// session is lost all the same.
///
/// Proves [L5](Rule::L5). A backend that fails it checks only whether *another*
/// session holds the player, and lets a stale server overwrite what the thief
/// saved.
pub async fn everything_is_lost_after_a_thief_who_has_gone(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let robbed = a.join(&player).await;
    let mut stale = robbed.open(&slot).await;
    stale.save("before the theft").await;
    let thief = b.take_over(&player, robbed.id()).await;
    thief.open(&slot).await.save("by the thief").await;
    thief.release().await;
    expect_all_lost(&fixture, Rule::L5, &stale, None).await;
}

/// The same when the thief never opened the slot, so that it still carries
/// the old claim if nobody withdrew it.
///
/// Proves [L4](Rule::L4) and [L5](Rule::L5). A backend that fails it withdraws
/// a claim only when somebody else opens the slot.
pub async fn everything_is_lost_after_a_thief_who_opened_nothing(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let robbed = a.join(&player).await;
    let mut stale = robbed.open(&slot).await;
    stale.save("before the theft").await;
    let thief = b.take_over(&player, robbed.id()).await;
    expect_all_lost(&fixture, Rule::L4, &stale, Some(&thief.lock())).await;
    thief.release().await;
    expect_all_lost(&fixture, Rule::L5, &stale, None).await;
}

/// After its own release nothing of a session succeeds.
///
/// Proves [L5](Rule::L5). A backend that fails it lets the last autosave of a
/// player who left land on what their next server saves.
pub async fn everything_is_lost_after_a_release(fixture: Fixture) {
    let [a, _] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let mut stale = session.open(&slot).await;
    stale.save("the last save").await;
    session.release().await;
    expect_all_lost(&fixture, Rule::L5, &stale, None).await;
}

/// A player leaves and comes back to the same server: nothing of the earlier
/// session succeeds under the later one's lock.
///
/// Proves [L4](Rule::L4). A backend that fails it compares servers where it has
/// to compare sessions.
pub async fn everything_is_lost_to_a_later_session_of_the_same_server(fixture: Fixture) {
    let [a, _] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let earlier = a.join(&player).await;
    let mut stale = earlier.open(&slot).await;
    stale.save("earlier").await;
    earlier.release().await;
    let later = a.join(&player).await;
    expect_all_lost(&fixture, Rule::L4, &stale, Some(&later.lock())).await;
    // The later session's claim has the number of the stale one.
    let mut open = later.open(&slot).await;
    expect_all_lost(&fixture, Rule::L4, &stale, Some(&later.lock())).await;
    open.save("later").await;
}

/// Nothing of a session succeeds after the player was erased.
///
/// Proves [L4](Rule::L4) and [L5](Rule::L5). A backend that fails it brings
/// back data that a player asked to be deleted.
pub async fn everything_is_lost_after_an_erasure(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let mut stale = session.open(&slot).await;
    stale.save("to be erased").await;
    session.release().await;
    b.client.erase(&player).await;
    expect_all_lost(&fixture, Rule::L5, &stale, None).await;
    let next = b.join(&player).await;
    expect_all_lost(&fixture, Rule::L4, &stale, Some(&next.lock())).await;
}

/// A session that never got the lock can do nothing, whether the player is
/// known or not.
///
/// Proves [L5](Rule::L5). A backend that fails it takes the absence of a lock
/// for permission.
pub async fn everything_is_lost_without_a_lock(fixture: Fixture) {
    let [a, _] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let elsewhere = a.join(&"player-2".parse().expect("an allowed name")).await;
    let claim = elsewhere.claim(&slot, 1);
    let open = elsewhere.open_as(claim.clone()).await;
    let mut forged = claim;
    forged.player = player.clone();
    let (stamp, body) = (open.stamp(), crate::driver::body("unlocked"));
    for client in fixture.clients() {
        let lost = WriteOutcome::Lost { holder: None };
        let saved = client.save(&forged, &stamp, &body).await;
        fixture.expect_eq(Rule::L5, "no lock means lost", saved, lost.clone());
        let deleted = client.delete(&forged, &stamp).await;
        fixture.expect_eq(Rule::L5, "no lock means lost", deleted, lost);
        let opened = client.open(&forged).await;
        let lost = Opening::Lost { holder: None };
        fixture.expect_eq(Rule::L5, "no lock means lost", opened, lost);
        let seen = client.view(&player, &slot).await;
        fixture.expect_eq(Rule::L5, "nothing was written", seen, None);
    }
}

/// A take-over kills all claims of the session it replaces, 150 of them,
/// before it returns.
///
/// Proves [L4](Rule::L4). A backend that fails it withdraws only as many claims
/// as fit in one transaction, and the slots beyond can still be overwritten.
pub async fn a_take_over_kills_the_claims_on_all_slots(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let player = fixture.player();
    let old = a.join(&player).await;
    let mut stale = Vec::new();
    for number in 0..MANY_SLOTS {
        let mut open = old.open(&numbered(number)).await;
        if number % 2 == 0 {
            open.save(format!("{number}")).await;
        }
        stale.push(open);
    }
    let new = b.take_over(&player, old.id()).await;
    for dead in &stale {
        expect_lost_save(&fixture, Rule::L4, dead, Some(&new.lock())).await;
    }
    let slots = b.client.list(&player).await.len();
    fixture.expect_eq(Rule::L4, "what was saved before", slots, MANY_SLOTS / 2);
    for dead in stale.iter().step_by(30) {
        let found = new.open(&dead.claim().slot).await;
        let revision = found.opened().revision;
        fixture.expect_eq(Rule::L4, "as acknowledged", revision, dead.base());
    }
}

/// A release kills all claims of its session, 150 of them, before it returns.
///
/// Proves [L5](Rule::L5). A backend that fails it forgets the claims beyond one
/// transaction.
pub async fn a_release_kills_the_claims_on_all_slots(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let player = fixture.player();
    let old = a.join(&player).await;
    let mut stale = Vec::new();
    for number in 0..MANY_SLOTS {
        stale.push(old.open(&numbered(number)).await);
    }
    old.release().await;
    let new = b.join(&player).await;
    for dead in &stale {
        expect_lost_save(&fixture, Rule::L5, dead, Some(&new.lock())).await;
    }
    let slots = b.client.list(&player).await;
    fixture.expect_eq(Rule::L5, "nothing was written", slots, Vec::new());
}

/// A release kills all claims of its session, whichever its caller knows: none,
/// all, some, or others than there are. One of a session that has gone finds
/// nothing to release, whatever it knows, and leaves the next session alone.
///
/// Proves [L5](Rule::L5) and [L8](Rule::L8). A backend that fails it believes its
/// caller, and leaves claims alive of a session that is over.
pub async fn a_release_kills_all_claims_whichever_its_caller_knows(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let player = fixture.player();
    let slots = [numbered(1), numbered(2)];
    let known = |slot: usize, number: u64| (numbered(slot), ClaimNumber::new(number));
    let all = [known(1, 1), known(2, 2)];
    for claims in [
        &[][..],
        &all,
        &[known(2, 2), known(1, 1)],
        &all[1..],
        &[known(1, 1), known(2, 1)],
        &[known(1, 1), known(3, 2)],
        &[known(1, 1), known(1, 1)],
        &[known(1, 1), known(2, 2), known(3, u64::MAX)],
    ] {
        let session = a.join(&player).await;
        let mut open = Vec::new();
        for (slot, number) in slots.iter().zip(1..) {
            let claim = session.claim(slot, number);
            let mut slot = session.open_as(claim).await;
            slot.save(format!("{claims:?}")).await;
            open.push(slot);
        }
        let release = async |client: &Client| {
            let released = client.release_knowing(&player, session.id(), claims);
            released.await
        };
        let released = release(&a.client).await;
        fixture.expect_eq(Rule::L5, "it is released", released, Release::Released);
        let gone = release(&b.client).await;
        fixture.expect_eq(Rule::L8, "it has gone", gone, Release::NotHeld);
        for dead in &open {
            expect_lost_save(&fixture, Rule::L5, dead, None).await;
        }
        let next = b.join(&player).await;
        let late = release(&a.client).await;
        fixture.expect_eq(Rule::L8, "another holds it", late, Release::NotHeld);
        let mut slot = next.open(&slots[0]).await;
        slot.save("the next one's").await;
        next.release().await;
    }
}

/// More than a store withdraws in one go.
const MANY_SLOTS: usize = 150;

fn numbered(number: usize) -> playerdata_core::SlotName {
    crate::driver::name(&format!("Slot{number}"))
}
