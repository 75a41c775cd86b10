//! Kept versions of a slot's record.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use playerdata_core::{
    Revision, SlotName,
    backend::{
        Acquisition, Body, Encoding, Erasure, KeepPolicy, Keeping, Lock, Record, VersionSummary,
    },
};

use crate::{
    Fixture, Rule,
    driver::{RawSlot, name, together},
};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Keeps whatever there is, and as many as there are in these cases.
const ALWAYS: KeepPolicy = KeepPolicy {
    most: 1_000,
    min_age: Duration::ZERO,
};

/// Keeps a version, which has to work.
async fn keep(fixture: &Fixture, open: &RawSlot, policy: KeepPolicy) {
    let [_, b] = fixture.clients();
    let kept = b.keep_version(open.claim(), policy).await;
    let revision = open.base();
    fixture.expect_eq(Rule::H1, "it is kept", kept, Keeping::Kept { revision });
}

/// Requires that just these are kept, as they were stored, the newest first,
/// which was kept last.
async fn expect_kept(fixture: &Fixture, rule: Rule, when: &str, slot: &SlotName, kept: &[Record]) {
    expect_listed(fixture, rule, when, slot, kept).await;
    for client in fixture.clients() {
        let listed = client.versions(&fixture.player(), slot).await;
        let older_later = |one: &VersionSummary, next: &VersionSummary| one.kept_at >= next.kept_at;
        let in_order = listed.is_sorted_by(older_later);
        fixture.expect(rule, "the newest was kept last", in_order);
    }
}

/// Requires that just these are kept, as they were stored, the newest first,
/// whatever the clock said when they were kept.
async fn expect_listed(
    fixture: &Fixture,
    rule: Rule,
    when: &str,
    slot: &SlotName,
    kept: &[Record],
) {
    let player = fixture.player();
    for client in fixture.clients() {
        let listed = client.versions(&player, slot).await;
        let found: Vec<_> = listed.iter().map(without_kept_at).collect();
        let expected: Vec<_> = kept.iter().rev().map(summary).collect();
        fixture.expect_eq(rule, when, found, expected);
        for record in kept {
            let found = client.version(&player, slot, record.revision).await;
            fixture.expect_eq(rule, when, found, Some(record.clone()));
        }
    }
}

/// All of it except for when it was kept.
type Summary = (Revision, u64, u32, u64);

fn without_kept_at(version: &VersionSummary) -> Summary {
    let saved_at = version.saved_at.get();
    (
        version.revision,
        saved_at,
        version.schema,
        version.body_bytes,
    )
}

fn summary(record: &Record) -> Summary {
    let bytes = record.body.bytes.len() as u64;
    let saved_at = record.saved_at.get();
    (record.revision, saved_at, record.body.schema, bytes)
}

/// A version is the record as it was stored when it was kept, byte for byte,
/// with its write id, its time and how it is encoded, whatever is saved later.
///
/// Proves [H1](Rule::H1). A backend that fails it brings back another character
/// than the one that the player had.
pub async fn a_version_is_the_record_as_it_was_stored(fixture: Fixture) {
    let [a, _] = fixture.servers();
    let slot = fixture.slot();
    let mut open = a.join(&fixture.player()).await.open(&slot).await;
    let every_byte: Vec<u8> = (0..=255).cycle().take(9_000).collect();
    let bodies = [
        (1, Encoding::Json, Vec::new()),
        (2, Encoding::JsonZstd, every_byte),
        (u32::MAX, Encoding::Json, vec![0; 3]),
        (0, Encoding::JsonZstd, b"{}".to_vec()),
    ];
    let mut kept = Vec::new();
    for (schema, encoding, bytes) in bodies {
        let bytes = bytes.into();
        let body = Body {
            schema,
            encoding,
            bytes,
        };
        kept.push(open.save_as(&open.stamp(), &body).await);
        keep(&fixture, &open, ALWAYS).await;
        expect_kept(&fixture, Rule::H1, "as it was stored", &slot, &kept).await;
        open.save("something else").await;
        expect_kept(&fixture, Rule::H1, "saved over", &slot, &kept).await;
    }
}

/// Versions stay when the slot is deleted, saved again, taken over and left,
/// and are read by whoever likes: nobody has to hold the player.
///
/// Proves [H1](Rule::H1) and [H4](Rule::H4). A backend that fails it loses a
/// character for good that was deleted by mistake.
pub async fn versions_outlive_the_slot(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let mut open = session.open(&slot).await;
    let mut kept = vec![open.save("the first life").await];
    keep(&fixture, &open, ALWAYS).await;
    open.delete().await;
    expect_kept(&fixture, Rule::H1, "deleted", &slot, &kept).await;
    kept.push(open.save("the second life").await);
    keep(&fixture, &open, ALWAYS).await;
    let thief = b.take_over(&player, session.id()).await;
    expect_kept(&fixture, Rule::H1, "taken over", &slot, &kept).await;
    let mut open = thief.open(&slot).await;
    open.delete().await;
    thief.release().await;
    expect_kept(&fixture, Rule::H4, "held by nobody", &slot, &kept).await;
}

/// As many versions stay as the policy says, and the oldest ones go: one at a
/// time, or several if the policy has changed.
///
/// Proves [H1](Rule::H1). A backend that fails it fills its disk, or throws
/// away the version that was kept just now.
pub async fn the_newest_versions_stay_and_the_oldest_go(fixture: Fixture) {
    let [a, _] = fixture.servers();
    let slot = fixture.slot();
    let mut open = a.join(&fixture.player()).await.open(&slot).await;
    let mut kept = Vec::new();
    // Beyond nine, the text of a revision is no longer in its order.
    for (number, most) in [3, 3, 3, 3, 3, 5, 5, 5, 5, 5, 5, 2, 1, 4, 4]
        .into_iter()
        .enumerate()
    {
        kept.push(open.save(format!("number {number}")).await);
        let policy = KeepPolicy { most, ..ALWAYS };
        keep(&fixture, &open, policy).await;
        let over = kept.len().saturating_sub(most as usize);
        let gone: Vec<Record> = kept.drain(..over).collect();
        expect_kept(&fixture, Rule::H1, "the newest", &slot, &kept).await;
        for gone in gone {
            let [_, b] = fixture.clients();
            let found = b.version(&fixture.player(), &slot, gone.revision).await;
            fixture.expect_eq(Rule::H1, "the oldest goes", found, None);
        }
    }
}

/// A policy that keeps none keeps none, and removes none.
///
/// Proves [H1](Rule::H1). A backend that fails it throws all versions away when
/// somebody switches them off.
pub async fn a_policy_that_keeps_none_removes_none(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let slot = fixture.slot();
    let mut open = a.join(&fixture.player()).await.open(&slot).await;
    let none = KeepPolicy { most: 0, ..ALWAYS };
    let nothing = b.client.keep_version(open.claim(), none).await;
    fixture.expect_eq(Rule::H1, "of nothing", nothing, Keeping::Nothing);
    let kept = [open.save("kept").await];
    keep(&fixture, &open, ALWAYS).await;
    for round in 0..2 {
        let nothing = a.client.keep_version(open.claim(), none).await;
        fixture.expect_eq(Rule::H1, "none", nothing, Keeping::Nothing);
        expect_kept(&fixture, Rule::H1, "the other stays", &slot, &kept).await;
        open.save(format!("round {round}")).await;
    }
}

/// A version is not kept if the newest one was kept a short time ago, and is
/// when that is over, or when the clock shows that it ran ahead then.
///
/// Proves [H1](Rule::H1). A backend that fails it keeps eight versions of the
/// last minute: yesterday's sword is gone. Or it keeps nothing of what is about
/// to be replaced, because a clock was set back.
pub async fn a_version_too_soon_is_not_kept(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let slot = fixture.slot();
    let mut open = a.join(&fixture.player()).await.open(&slot).await;
    let hourly = KeepPolicy {
        min_age: HOUR,
        ..ALWAYS
    };
    let mut kept = vec![open.save("the first").await];
    keep(&fixture, &open, hourly).await;
    for _ in 0..3 {
        open.save("too soon").await;
        let recent = b.client.keep_version(open.claim(), hourly).await;
        fixture.expect_eq(Rule::H1, "too soon", recent, Keeping::Recent);
        fixture.pass(HOUR / 4);
    }
    expect_kept(&fixture, Rule::H1, "only the first", &slot, &kept).await;
    // Each slot has an hour of its own, and each policy a time of its own.
    let mut other = a.join(&name("other")).await.open(&slot).await;
    other.save("data").await;
    keep(&fixture, &other, hourly).await;
    let longest = KeepPolicy {
        min_age: Duration::MAX,
        ..ALWAYS
    };
    if fixture.pass(HOUR / 4) {
        let recent = b.client.keep_version(open.claim(), longest).await;
        fixture.expect_eq(Rule::H1, "not for ever", recent, Keeping::Recent);
        kept.push(open.save("an hour later").await);
        keep(&fixture, &open, hourly).await;
        expect_kept(&fixture, Rule::H1, "and one more", &slot, &kept).await;
    }
    kept.push(open.save("now").await);
    keep(&fixture, &open, ALWAYS).await;
    expect_kept(&fixture, Rule::H1, "and one now", &slot, &kept).await;
    if fixture.set_back(HOUR / 2) {
        for policy in [ALWAYS, hourly] {
            kept.push(open.save("before the last").await);
            keep(&fixture, &open, policy).await;
            fixture.set_back(HOUR / 2);
        }
        expect_listed(&fixture, Rule::H1, "the clock ran ahead", &slot, &kept).await;
    }
}

/// Whoever opens a slot is told how long ago its newest version was kept, or
/// nothing of it: never of one that is not there, or of another slot's, and never
/// less than it is.
///
/// Proves [H1](Rule::H1). A backend that fails it keeps a player from having
/// versions at all.
pub async fn an_opening_says_how_old_the_newest_version_is_or_nothing(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let other = name("Other");
    let age = async |slot: &SlotName| {
        let opened = session.through(&b.client).open(slot).await;
        opened.opened().version_age
    };
    let nothing = async |when: &str, slot: &SlotName| {
        fixture.expect_eq(Rule::H1, when, age(slot).await, None);
    };
    nothing("of a new slot", &slot).await;
    session.open(&slot).await.save("one").await;
    nothing("of one without a version", &slot).await;
    let open = session.open(&slot).await;
    keep(&fixture, &open, ALWAYS).await;
    nothing("of another one", &other).await;
    let is =
        |age: Option<Duration>, range: Range<Duration>| age.is_none_or(|age| range.contains(&age));
    let new = is(age(&slot).await, Duration::ZERO..HOUR);
    fixture.expect(Rule::H1, "it is new", new);
    if fixture.pass(HOUR * 2) {
        let older = is(age(&slot).await, HOUR * 2..HOUR * 3);
        fixture.expect(Rule::H1, "two hours later", older);
        keep(&fixture, &open, ALWAYS).await;
        let older = is(age(&slot).await, HOUR * 2..HOUR * 3);
        fixture.expect(Rule::H1, "it was there already", older);
        let mut open = session.open(&slot).await;
        open.save("two").await;
        keep(&fixture, &open, ALWAYS).await;
        let new = is(age(&slot).await, Duration::ZERO..HOUR);
        fixture.expect(Rule::H1, "the newest one counts", new);
    }
    if fixture.set_back(HOUR) {
        nothing("of one of the future", &slot).await;
    }
    session.release().await;
    let erased = a.client.erase(&player).await;
    fixture.expect_eq(Rule::H5, "it is erased", erased, Erasure::Erased);
    let session = a.join(&player).await;
    let found = session.open(&slot).await.opened().version_age;
    fixture.expect_eq(Rule::H5, "of one that was erased", found, None);
}

/// A revision is kept once. To keep it again is done at once, and leaves the
/// version as it is, with the time at which it was kept.
///
/// Proves [H1](Rule::H1) and the contract on repeats. A backend that fails it
/// fills the versions of a player who does nothing with copies of one record.
pub async fn a_revision_is_kept_once(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let mut open = a.join(&player).await.open(&slot).await;
    let kept = [open.save("one").await, open.save("another").await];
    let hourly = KeepPolicy {
        min_age: HOUR,
        most: 2,
    };
    let mut kept = kept[1..].to_vec();
    keep(&fixture, &open, hourly).await;
    let first = a.client.versions(&player, &slot).await;
    for _ in 0..3 {
        fixture.pass(HOUR * 2);
        for policy in [hourly, ALWAYS] {
            keep(&fixture, &open, policy).await;
            let found = b.client.versions(&player, &slot).await;
            fixture.expect_eq(Rule::Repeats, "as it was", found, first.clone());
        }
    }
    kept.push(open.save("one more").await);
    keep(&fixture, &open, ALWAYS).await;
    keep(&fixture, &open, hourly).await;
    expect_kept(&fixture, Rule::H1, "one of each", &slot, &kept).await;
}

/// What was never kept is not a version: of any revision of a slot, of a slot
/// that has none, of a player who is unknown.
///
/// Proves [H4](Rule::H4). A backend that fails it gives some other version, or
/// an error, to an operator who looks for one.
pub async fn what_was_never_kept_is_no_version(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let nothing = async |when: &str, slot: &SlotName, revisions: &[u64]| {
        for client in fixture.clients() {
            for revision in revisions {
                let revision = Revision::new(*revision);
                let found = client.version(&player, slot, revision).await;
                fixture.expect_eq(Rule::H4, when, found, None);
            }
        }
    };
    nothing("of an unknown player", &slot, &[0, 1]).await;
    let listed = b.client.versions(&player, &slot).await;
    fixture.expect_eq(Rule::H4, "of an unknown player", listed, Vec::new());
    let session = a.join(&player).await;
    let mut open = session.open(&slot).await;
    open.save("not kept").await;
    let kept = [open.save("kept").await];
    keep(&fixture, &open, ALWAYS).await;
    open.save("not kept").await;
    session.open(&name("other")).await.save("not kept").await;
    nothing(
        "of another revision",
        &slot,
        &[0, 1, 3, 4, 20, 22, u64::MAX],
    )
    .await;
    nothing("of another slot", &name("other"), &[0, 1, 2]).await;
    nothing("of an unknown slot", &name("unknown"), &[0, 1, 2]).await;
    expect_kept(&fixture, Rule::H4, "that one", &slot, &kept).await;
}

/// A slot that holds nothing keeps nothing: one that was never written, and
/// one that was deleted, whose versions stay.
///
/// Proves [H1](Rule::H1). A backend that fails it keeps an empty version, and
/// the one that somebody looks for goes for it.
pub async fn a_slot_that_holds_nothing_keeps_nothing(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let slot = fixture.slot();
    let mut open = a.join(&fixture.player()).await.open(&slot).await;
    let nothing = b.client.keep_version(open.claim(), ALWAYS).await;
    fixture.expect_eq(Rule::H1, "never written", nothing, Keeping::Nothing);
    expect_kept(&fixture, Rule::H1, "none", &slot, &[]).await;
    let kept = [open.save("kept").await];
    keep(&fixture, &open, ALWAYS).await;
    open.delete().await;
    let one = KeepPolicy { most: 1, ..ALWAYS };
    for client in fixture.clients() {
        let nothing = client.keep_version(open.claim(), one).await;
        fixture.expect_eq(Rule::H1, "deleted", nothing, Keeping::Nothing);
    }
    expect_kept(&fixture, Rule::H1, "the other stays", &slot, &kept).await;
}

async fn expect_lost(fixture: &Fixture, when: &str, open: &RawSlot, holder: Option<Lock>) {
    for client in fixture.clients() {
        let late = client.keep_version(open.claim(), ALWAYS).await;
        let holder = holder.clone();
        fixture.expect_eq(Rule::H5, when, late, Keeping::Lost { holder });
    }
}

/// A session that lost its player keeps no version, and is told who has them:
/// taken over, released, or gone together with the thief.
///
/// Proves [H5](Rule::H5). A backend that fails it lets a frozen server that
/// wakes up push the versions out that others kept.
pub async fn who_lost_the_player_keeps_nothing(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let old = a.join(&player).await;
    let mut robbed = old.open(&slot).await;
    let kept = [robbed.save("kept").await];
    keep(&fixture, &robbed, ALWAYS).await;
    robbed.save("not kept").await;
    let thief = b.take_over(&player, old.id()).await;
    expect_lost(&fixture, "taken over", &robbed, Some(thief.lock())).await;
    let open = thief.open(&slot).await;
    expect_lost(&fixture, "opened by another", &robbed, Some(thief.lock())).await;
    thief.release().await;
    expect_lost(&fixture, "the thief has gone", &robbed, None).await;
    expect_lost(&fixture, "released", &open, None).await;
    let next = a.join(&player).await;
    expect_lost(&fixture, "held again", &robbed, Some(next.lock())).await;
    expect_kept(&fixture, Rule::H5, "as it was", &slot, &kept).await;
}

/// A session that was released and has the player again, under a greater
/// fence, keeps nothing under the former one.
///
/// Proves [H5](Rule::H5). A backend that fails it compares sessions and not
/// fences.
pub async fn a_claim_of_an_earlier_lock_keeps_nothing(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let first = a.join(&player).await;
    let mut open = first.open(&slot).await;
    open.save("data").await;
    first.release().await;
    let again = b.client.acquire(&player, first.claimant(), None).await;
    let Acquisition::Acquired { fence } = again else {
        fixture.fail(Rule::L1, "a player who is free can be had again");
    };
    let lock = Lock {
        fence,
        ..first.lock()
    };
    expect_lost(&fixture, "of the former lock", &open, Some(lock)).await;
    expect_kept(&fixture, Rule::H5, "none", &slot, &[]).await;
    let mut claim = first.next_claim(&slot);
    claim.fence = fence;
    let kept = b.client.keep_version(&claim, ALWAYS).await;
    let revision = open.base();
    let expected = Keeping::Kept { revision };
    fixture.expect_eq(Rule::H1, "of the lock that it has", kept, expected);
}

/// The holder keeps a version under any claim of its own, dead ones and such
/// that were never opened: what is kept is what the slot holds.
///
/// Proves [H1](Rule::H1). A backend that fails it keeps no version of a slot
/// that is being opened again, when its last write is in doubt.
pub async fn a_claim_need_not_be_alive_to_keep_a_version(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let mut dead = session.open(&slot).await;
    dead.save("first").await;
    let mut open = session.open(&slot).await;
    let mut kept = vec![open.save("second").await];
    for claim in [dead.claim().clone(), session.next_claim(&slot)] {
        let outcome = b.client.keep_version(&claim, ALWAYS).await;
        let revision = open.base();
        fixture.expect_eq(Rule::H1, "kept", outcome, Keeping::Kept { revision });
        expect_kept(&fixture, Rule::H1, "what it holds", &slot, &kept).await;
        kept.push(open.save("third").await);
        keep(&fixture, &open, ALWAYS).await;
    }
}

/// Keeping versions and reading them disturbs nobody: the session saves under
/// its claim, revision by revision, and a look shows what was saved.
///
/// Proves [H1](Rule::H1) and [H4](Rule::H4). A backend that fails it makes a
/// version cost a player their session.
pub async fn keeping_versions_disturbs_no_session(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let mut open = session.open(&slot).await;
    for round in 0..6 {
        let saved = open.save(format!("round {round}")).await;
        keep(&fixture, &open, KeepPolicy { most: 2, ..ALWAYS }).await;
        for client in [&a.client, &b.client] {
            let seen = client.view(&player, &slot).await;
            fixture.expect_eq(Rule::H1, "the record", seen, Some(saved.clone()));
            let first = client.versions(&player, &slot).await;
            fixture.expect(Rule::H4, "they are listed", !first.is_empty());
        }
        if round % 2 == 0 {
            open.delete().await;
        }
    }
    let holder = b.client.holder(&player).await;
    fixture.expect_eq(Rule::H1, "the holder", holder, Some(session.lock()));
    let found = session.open(&slot).await.opened().last_write;
    let seen = a.client.view(&player, &slot).await;
    let last_write = seen.map(|record| record.write_id);
    fixture.expect_eq(Rule::H1, "its last write", found, last_write);
}

/// Versions are in no list of slots: neither beside the slot that they are of,
/// nor when that was deleted.
///
/// Proves the contract on views. A backend that fails it shows a player eight
/// characters where they have one.
pub async fn versions_are_in_no_list(fixture: Fixture) {
    let [a, _] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let mut open = a.join(&player).await.open(&slot).await;
    for round in 0..3 {
        open.save(format!("round {round}")).await;
        keep(&fixture, &open, ALWAYS).await;
    }
    for client in fixture.clients() {
        let listed = client.list(&player).await;
        let listed: Vec<_> = listed.iter().map(|slot| slot.revision).collect();
        fixture.expect_eq(Rule::Views, "the slot", listed, vec![open.base()]);
    }
    open.delete().await;
    for client in fixture.clients() {
        let listed = client.list(&player).await;
        fixture.expect_eq(Rule::Views, "deleted", listed, Vec::new());
        let seen = client.view(&player, &slot).await;
        fixture.expect_eq(Rule::Views, "deleted", seen, None);
    }
}

/// Each slot has versions of its own, and so has each player, however alike
/// their names are: none pushes another's out.
///
/// Proves the contract on names. A backend that fails it restores one character
/// over another.
pub async fn each_slot_has_versions_of_its_own(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let players = ["1", "11", "01", "1:", "alice", "ALICE", "al_ce", "al%"];
    let slots = ["Slot1", "slot1", "Slot", "Slot11", "1"];
    let one = KeepPolicy { most: 1, ..ALWAYS };
    let mut own = Vec::new();
    for player in players {
        let session = a.join(&name(player)).await;
        for slot in slots {
            let mut open = session.open(&name(slot)).await;
            open.save("first").await;
            let saved = open.save(format!("{player} {slot}")).await;
            let kept = b.client.keep_version(open.claim(), one).await;
            let revision = saved.revision;
            fixture.expect_eq(Rule::Names, "kept", kept, Keeping::Kept { revision });
            own.push((player, slot, saved));
        }
    }
    for (player, slot, saved) in own {
        let what = format!("player {player:?}, slot {slot:?}");
        let (player, slot) = (name(player), name(slot));
        let listed = b.client.versions(&player, &slot).await.len();
        fixture.expect_eq(Rule::Names, &what, listed, 1);
        let found = b.client.version(&player, &slot, saved.revision).await;
        fixture.expect_eq(Rule::Names, &what, found, Some(saved));
    }
}

/// An erasure takes all versions of a player, of deleted slots too, and those
/// of nobody else.
///
/// Proves [H5](Rule::H5). A backend that fails it keeps what a player has the
/// right to have deleted.
pub async fn an_erasure_takes_all_versions(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, other) = (fixture.player(), name("player-11"));
    let slots = [fixture.slot(), name("deleted")];
    for player in [&player, &other] {
        let session = a.join(player).await;
        for slot in &slots {
            let mut open = session.open(slot).await;
            for round in 0..3 {
                open.save(format!("round {round}")).await;
                keep(&fixture, &open, ALWAYS).await;
            }
            open.delete().await;
        }
        session.release().await;
    }
    let erased = b.client.erase(&player).await;
    fixture.expect_eq(Rule::Erasure, "nobody holds them", erased, Erasure::Erased);
    for client in fixture.clients() {
        for slot in &slots {
            let listed = client.versions(&player, slot).await;
            fixture.expect_eq(Rule::H5, "no versions", listed, Vec::new());
            for revision in 0..8 {
                let revision = Revision::new(revision);
                let found = client.version(&player, slot, revision).await;
                fixture.expect_eq(Rule::H5, "no version", found, None);
            }
            let others = client.versions(&other, slot).await.len();
            fixture.expect_eq(Rule::H5, "another's stay", others, 3);
        }
    }
    let mut open = a.join(&player).await.open(&slots[0]).await;
    let kept = [open.save("a new life").await];
    keep(&fixture, &open, ALWAYS).await;
    expect_kept(&fixture, Rule::H5, "of the new life", &slots[0], &kept).await;
}

/// A request to keep a version arrives when the player was erased, and again
/// when they have come back: nothing is kept.
///
/// Proves [H5](Rule::H5). A backend that fails it brings back data that a
/// player asked to be deleted.
pub async fn a_late_request_keeps_nothing_of_an_erased_player(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let old = a.join(&player).await;
    let mut open = old.open(&slot).await;
    open.save("to be erased").await;
    old.release().await;
    let erased = b.client.erase(&player).await;
    fixture.expect_eq(Rule::Erasure, "nobody holds them", erased, Erasure::Erased);
    expect_lost(&fixture, "erased", &open, None).await;
    expect_kept(&fixture, Rule::H5, "none", &slot, &[]).await;
    let next = b.join(&player).await;
    let mut again = next.open(&slot).await;
    again.save("a new life").await;
    expect_lost(&fixture, "back again", &open, Some(next.lock())).await;
    expect_kept(&fixture, Rule::H5, "none", &slot, &[]).await;
}

/// The largest record can be kept, beside others.
///
/// Proves [H1](Rule::H1). A backend that fails it keeps versions of small
/// characters only.
pub async fn the_largest_record_is_kept_as_a_version(fixture: Fixture) {
    let [a, _] = fixture.servers();
    let slot = fixture.slot();
    let most = a.client.backend().limits().max_body_bytes;
    fixture.expect(Rule::S8, "a limit to try", most <= 64 << 20);
    let mut open = a.join(&fixture.player()).await.open(&slot).await;
    let mut kept = Vec::new();
    for byte in [b'1', b'2'] {
        kept.push(open.save(vec![byte; most]).await);
        keep(&fixture, &open, ALWAYS).await;
    }
    expect_kept(&fixture, Rule::H1, "all of it", &slot, &kept).await;
}

/// Versions are kept by many while a session saves: each is one record, whole.
///
/// Proves [H1](Rule::H1) and the contract on atomic steps. A backend that fails
/// it keeps the revision of one save with the data of another.
pub async fn versions_kept_while_a_session_saves_are_whole(fixture: Fixture) {
    let [a, _] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let mut open = session.open(&slot).await;
    let clients = fixture.clients();
    let claim = open.claim().clone();
    let asked = Arc::new(AtomicUsize::new(0));
    let done = Arc::new(AtomicBool::new(false));
    let keepers = clients.clone().map(|client| {
        let (claim, asked, done) = (claim.clone(), asked.clone(), done.clone());
        async move {
            while !done.load(Ordering::SeqCst) {
                client.keep_version(&claim, ALWAYS).await;
                asked.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
            }
            Vec::new()
        }
    });
    let world = (*fixture).clone();
    let saver = async move {
        let mut saved = Vec::new();
        for number in 0..40_u8 {
            let before = asked.load(Ordering::SeqCst);
            saved.push(
                open.save(vec![number; 200 + usize::from(number) * 100])
                    .await,
            );
            if number % 4 == 3 {
                let what = "versions are kept meanwhile";
                world
                    .until(Rule::H1, what, || async {
                        asked.load(Ordering::SeqCst) > before + 1
                    })
                    .await;
            }
        }
        done.store(true, Ordering::SeqCst);
        saved
    };
    let [one, other] = keepers;
    let actors: [futures::future::BoxFuture<'static, Vec<Record>>; 3] =
        [Box::pin(one), Box::pin(other), Box::pin(saver)];
    let saved: Vec<Record> = together(actors).await.concat();
    let listed = clients[1].versions(&player, &slot).await;
    let newest_first = listed.is_sorted_by(|one, next| one.revision > next.revision);
    fixture.expect(Rule::H1, "the newest first, each once", newest_first);
    for version in listed {
        let found = clients[0].version(&player, &slot, version.revision).await;
        let record = saved
            .iter()
            .find(|record| record.revision == version.revision);
        fixture.expect_eq(Rule::H1, "a record that was saved", found, record.cloned());
        let expected = record.map(summary);
        let found = Some(without_kept_at(&version));
        fixture.expect_eq(Rule::H1, "as it is listed", found, expected);
    }
}

/// Versions are kept while another session takes the player over: once it has
/// them, none is added.
///
/// Proves [H5](Rule::H5). A backend that fails it looks at the lock and then
/// copies: what a robbed server keeps late pushes out what the holder kept.
pub async fn a_version_racing_a_take_over_is_kept_before_it_or_not(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let slot = fixture.slot();
    for round in 0..10_u64 {
        let player = round.into();
        let old = a.join(&player).await;
        let mut open = old.open(&slot).await;
        open.save("data").await;
        let keeper = {
            let (client, claim) = (a.client.clone(), open.claim().clone());
            async move {
                let kept = client.keep_version(&claim, ALWAYS).await;
                Some(matches!(kept, Keeping::Kept { .. }))
            }
        };
        let thief = {
            let (b, player, old, slot) = (b.clone(), player.clone(), old.id(), slot.clone());
            async move {
                b.take_over(&player, old).await;
                Some(!b.client.versions(&player, &slot).await.is_empty())
            }
        };
        let actors: [futures::future::BoxFuture<'static, Option<bool>>; 2] =
            [Box::pin(keeper), Box::pin(thief)];
        let found = together(actors).await;
        let later = b.client.versions(&player, &slot).await;
        let later = Some(!later.is_empty());
        fixture.expect_eq(Rule::H5, "none is added", later, found[1]);
        fixture.expect_eq(Rule::H5, "kept if it says so", later, found[0]);
    }
}
