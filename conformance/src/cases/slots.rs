//! Slots: opening, saving and deleting under a live claim.

use playerdata_core::{
    Revision,
    backend::{Opened, Record, WriteOutcome},
};

use crate::{
    Fixture, Rule,
    driver::{body, name},
};

/// A slot that was never written opens empty, at revision 0.
///
/// Proves [S4](Rule::S4). A backend that fails it keeps new players out, or
/// takes an error for an empty slot, which is then saved over.
pub async fn a_new_slot_opens_empty(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let session = a.join(&fixture.player()).await;
    let open = session.open(&fixture.slot()).await;
    let empty = Opened::default();
    fixture.expect_eq(Rule::S4, "nothing yet", open.opened(), &empty);
    // Opening it was not a write.
    let again = session.through(&b.client).open(&fixture.slot()).await;
    fixture.expect_eq(Rule::S3, "still nothing", again.opened(), &empty);
}

/// The next session, through the other client, opens what the last one saved:
/// body, revision, write id and time.
///
/// Proves [S1](Rule::S1). A backend that fails it loses what a player did.
pub async fn the_next_session_opens_what_was_saved(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let mut open = session.open(&slot).await;
    open.save("first").await;
    let saved = open.save("second").await;
    session.release().await;
    let next = b.join(&player).await.open(&slot).await;
    let expected = Opened {
        revision: saved.revision,
        last_write: Some(saved.write_id),
        record: Some(saved),
        mail: false,
        version_age: None,
    };
    fixture.expect_eq(Rule::S1, "what was saved", next.opened(), &expected);
}

/// The same when the next session is a thief, without a release.
///
/// Proves [S1](Rule::S1). A backend that fails it loses what a player did
/// before a server crashed.
pub async fn a_thief_opens_what_was_saved(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let mut open = session.open(&slot).await;
    open.save("first").await;
    let saved = open.save("second").await;
    let next = b.take_over(&player, session.id()).await.open(&slot).await;
    let found = next.opened().record.clone();
    fixture.expect_eq(Rule::S1, "what was saved", found, Some(saved));
}

/// The revision grows by one per write, through sessions, clients and
/// reopenings.
///
/// Proves [S3](Rule::S3). A backend that fails it makes a save that was applied
/// look lost, or the other way round.
pub async fn the_revision_grows_by_one_per_write(fixture: Fixture) {
    let servers = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let mut revision = Revision::default();
    for round in 0..4 {
        let session = servers[round % 2].join(&player).await;
        for _ in 0..2 {
            let mut open = session.open(&slot).await;
            fixture.expect_eq(Rule::S3, "no gap", open.opened().revision, revision);
            for _ in 0..3 {
                // `save` itself requires the successor of its base.
                revision = open.save("again").await.revision;
            }
        }
        session.release().await;
    }
    fixture.expect_eq(Rule::S3, "one per write", revision, Revision::new(24));
}

/// A save that arrives twice, as when a client library sends it again, is
/// answered as the first one was, and changes nothing.
///
/// Proves the contract on repeats, and [S2](Rule::S2). A backend that fails it
/// reports a write that won as lost, and the player is thrown out.
pub async fn a_repeated_save_is_answered_as_the_first(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let mut open = a.join(&player).await.open(&slot).await;
    for text in ["first", "second"] {
        let (stamp, body) = (open.stamp(), body(text));
        let saved = open.save_as(&stamp, &body).await;
        for client in fixture.clients() {
            let again = client.save(open.claim(), &stamp, &body).await;
            let revision = saved.revision;
            let written = WriteOutcome::Written { revision };
            fixture.expect_eq(Rule::Repeats, "as the first", again, written);
        }
        let seen = b.client.view(&player, &slot).await;
        fixture.expect_eq(Rule::Repeats, "applied once", seen, Some(saved));
    }
    open.save("third").await;
}

/// A deletion that arrives twice is answered as the first one was.
///
/// Proves the contract on repeats, and [S2](Rule::S2). A backend that fails it
/// reports a deletion that was made as lost.
pub async fn a_repeated_deletion_is_answered_as_the_first(fixture: Fixture) {
    let [a, _] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let mut open = a.join(&player).await.open(&slot).await;
    open.save("first").await;
    let deletion = open.delete().await;
    for client in fixture.clients() {
        let again = client.delete(open.claim(), &deletion).await;
        let revision = open.base();
        let written = WriteOutcome::Written { revision };
        fixture.expect_eq(Rule::Repeats, "as the first", again, written);
    }
    open.save("second").await;
}

/// A deleted slot is empty for everybody, and its revision goes on: the
/// deletion counts as a write.
///
/// Proves [S3](Rule::S3). A backend that fails it starts again at revision 0,
/// and takes an old write for one that builds on the new data.
pub async fn a_deletion_counts_as_a_write(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let mut open = session.open(&slot).await;
    open.save("first").await;
    let deletion = open.delete().await;
    let seen = b.client.view(&player, &slot).await;
    fixture.expect_eq(Rule::S1, "nothing to see", seen, None);
    session.release().await;
    let next = b.join(&player).await.open(&slot).await;
    let expected = Opened {
        revision: Revision::new(2),
        last_write: Some(deletion.write_id),
        record: None,
        mail: false,
        version_age: None,
    };
    fixture.expect_eq(Rule::S3, "emptied at revision 2", next.opened(), &expected);
}

/// After a deletion the claim is alive, and the slot can be saved again,
/// under it and under later ones.
///
/// Proves [S3](Rule::S3). A backend that fails it makes a slot unusable by
/// deleting it.
pub async fn a_deleted_slot_can_be_saved_again(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let mut open = session.open(&slot).await;
    open.save("before").await;
    open.delete().await;
    let after = open.save("after").await;
    fixture.expect_eq(Rule::S3, "three writes", after.revision, Revision::new(3));
    let seen = b.client.view(&player, &slot).await;
    fixture.expect_eq(Rule::S1, "what was saved", seen, Some(after));
    open.delete().await;
    let mut again = session.open(&slot).await;
    let saved = again.save("under a later claim").await;
    fixture.expect_eq(Rule::S3, "five writes", saved.revision, Revision::new(5));
}

/// Deleting a slot that holds nothing counts as a write like any other.
///
/// Proves [S3](Rule::S3). A backend that fails it takes a claim for dead that
/// is alive, because there was nothing to delete.
pub async fn an_empty_slot_can_be_deleted(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let mut open = a.join(&player).await.open(&slot).await;
    open.delete().await;
    open.delete().await;
    let seen = b.client.view(&player, &slot).await;
    fixture.expect_eq(Rule::S1, "nothing to see", seen, None);
    let saved = open.save("at last").await;
    fixture.expect_eq(Rule::S3, "three writes", saved.revision, Revision::new(3));
}

/// Writing one slot leaves the player's other slots, and the slots of that
/// name of other players, as they are.
///
/// Proves [S1](Rule::S1) and [S3](Rule::S3). A backend that fails it lets one
/// character overwrite another.
pub async fn slots_are_independent(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let slots = ["Slot1", "Slot2"].map(name);
    let mut opened = Vec::new();
    let mut expected: Vec<Record> = Vec::new();
    for player in 0..2_u64 {
        let session = a.join(&player.into()).await;
        for slot in &slots {
            let mut open = session.open(slot).await;
            expected.push(open.save(format!("{player}/{slot}")).await);
            opened.push(open);
        }
    }
    // The first one moves on, the second one goes.
    expected[0] = opened[0].save("changed").await;
    opened[1].delete().await;
    let mut seen = Vec::new();
    for open in &opened {
        let claim = open.claim();
        seen.push(b.client.view(&claim.player, &claim.slot).await);
    }
    let mut expected: Vec<_> = expected.into_iter().map(Some).collect();
    expected[1] = None;
    fixture.expect_eq(Rule::S1, "each has its own", seen, expected);
    for open in &mut opened {
        open.save("and each goes on").await;
    }
}
