//! Taking, holding and releasing a player's lock.

use playerdata_core::backend::{Acquisition, Release};

use crate::{Fixture, Rule};

/// A player whom nobody holds is acquired, and everybody sees by whom: the
/// session, its server, the fence, and since when.
///
/// Proves [L1](Rule::L1). A backend that fails it names the wrong holder to
/// those who wait for a player, or to the operator who looks for one.
pub async fn a_free_player_is_acquired(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let player = fixture.player();
    let before = b.client.holder(&player).await;
    fixture.expect_eq(Rule::S4, "nobody holds a new player", before, None);
    let session = a.join(&player).await;
    for client in fixture.clients() {
        let holder = client.holder(&player).await;
        fixture.expect_eq(Rule::L1, "all see the lock", holder, Some(session.lock()));
    }
    fixture.expect(
        Rule::L3,
        "the first fence is above 0",
        session.fence().get() > 0,
    );
}

/// A second claimant is refused, through either client, and told who holds
/// the player. The holder notices nothing.
///
/// Proves [L1](Rule::L1). A backend that fails it lets two servers play one
/// player: items are duplicated, progress is overwritten.
pub async fn a_held_player_is_refused_to_others(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let mut open = session.open(&slot).await;
    for server in [&a, &b] {
        let refused = server
            .client
            .acquire(&player, &server.claimant(), None)
            .await;
        let holder = session.lock();
        fixture.expect_eq(
            Rule::L1,
            "one holder",
            refused,
            Acquisition::Held { holder },
        );
    }
    let holder = b.client.holder(&player).await;
    fixture.expect_eq(Rule::L1, "still the first", holder, Some(session.lock()));
    open.save("the holder goes on").await;
}

/// Acquiring again with the same session, as after a lost answer, gives the
/// same fence through either client, and its claims stay alive.
///
/// Proves [L3](Rule::L3) and the contract on repeats. A backend that fails it
/// refuses a player to the server that holds them, or loses the saves of a
/// session whose first answer was lost.
pub async fn acquiring_again_changes_nothing(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let mut open = session.open(&slot).await;
    let same = Acquisition::Acquired {
        fence: session.fence(),
    };
    for client in [&a.client, &b.client] {
        for replacing in [None, Some(session.id())] {
            let again = client.acquire(&player, session.claimant(), replacing).await;
            fixture.expect_eq(Rule::Repeats, "the same fence", again, same.clone());
        }
    }
    let holder = b.client.holder(&player).await;
    fixture.expect_eq(Rule::Repeats, "the same lock", holder, Some(session.lock()));
    open.save("under the claim made before").await;
}

/// A session that is named as the one to be replaced is replaced.
///
/// Proves [L2](Rule::L2). A backend that fails it never frees the players of a
/// crashed server.
pub async fn a_named_holder_is_replaced(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let player = fixture.player();
    let old = a.join(&player).await;
    let new = b.take_over(&player, old.id()).await;
    for client in fixture.clients() {
        let holder = client.holder(&player).await;
        fixture.expect_eq(Rule::L2, "the new holder", holder, Some(new.lock()));
    }
}

/// Naming a session that does not hold the player replaces nobody.
///
/// Proves [L2](Rule::L2). A backend that fails it takes a player from a server
/// that plays them: of two who wait for a dead server's player, the second
/// throws out the first.
pub async fn another_holder_than_the_one_named_stays(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let player = fixture.player();
    let dead = a.join(&player).await;
    let first = b.take_over(&player, dead.id()).await;
    let second = a
        .client
        .acquire(&player, &a.claimant(), Some(dead.id()))
        .await;
    let holder = first.lock();
    fixture.expect_eq(
        Rule::L2,
        "the first stays",
        second,
        Acquisition::Held { holder },
    );
    let holder = a.client.holder(&player).await;
    fixture.expect_eq(Rule::L2, "the first stays", holder, Some(first.lock()));
}

/// The session to be replaced does not need to hold the lock any more.
///
/// Proves [L2](Rule::L2). A backend that fails it refuses a free player to
/// whoever saw the holder a moment before the release.
pub async fn a_named_holder_who_has_gone_is_no_hindrance(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let player = fixture.player();
    let gone = a.join(&player).await;
    gone.release().await;
    let next = b.take_over(&player, gone.id()).await;
    let holder = a.client.holder(&player).await;
    fixture.expect_eq(Rule::L2, "the new holder", holder, Some(next.lock()));
}

/// The first request of a session that was replaced since comes again late,
/// with and without the name of whom it replaced: it changes nothing.
///
/// Proves [L1](Rule::L1) and [L4](Rule::L4). A backend that fails it gives the
/// player back to a server that has lost them.
pub async fn a_late_acquire_of_a_replaced_session_is_refused(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let first = a.join(&player).await;
    let replaced = a.take_over(&player, first.id()).await;
    let holder = b.take_over(&player, replaced.id()).await;
    let mut open = holder.open(&slot).await;
    for replacing in [None, Some(first.id())] {
        let late = a
            .client
            .acquire(&player, replaced.claimant(), replacing)
            .await;
        let holder = holder.lock();
        fixture.expect_eq(
            Rule::L4,
            "the holder stays",
            late,
            Acquisition::Held { holder },
        );
    }
    open.save("the holder goes on").await;
}

/// A released player is free for others.
///
/// Proves [L1](Rule::L1) and [L6](Rule::L6). A backend that fails it keeps
/// players out after a proper goodbye.
pub async fn a_released_player_is_free(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let player = fixture.player();
    a.join(&player).await.release().await;
    for client in fixture.clients() {
        let holder = client.holder(&player).await;
        fixture.expect_eq(Rule::L6, "nobody holds the player", holder, None);
    }
    b.join(&player).await;
}

/// Releasing again, or releasing who was never held, changes nothing.
///
/// Proves [L6](Rule::L6). A backend that fails it reports an error for a
/// release whose first answer was lost.
pub async fn releasing_again_changes_nothing(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let player = fixture.player();
    let never = a.client.release(&player, a.claimant().session).await;
    fixture.expect_eq(Rule::L6, "there was no lock", never, Release::NotHeld);
    let session = a.join(&player).await;
    session.release().await;
    for client in [&a.client, &b.client] {
        let again = client.release(&player, session.id()).await;
        fixture.expect_eq(Rule::L6, "released before", again, Release::NotHeld);
    }
}

/// The release of a session that lost its player comes late: the new holder
/// stays, and so do their claims. The same for a session nobody knows.
///
/// Proves [L6](Rule::L6). A backend that fails it unlocks the player under the
/// feet of the rightful holder, whose saves are refused from then on.
pub async fn a_late_release_removes_nobody_elses_lock(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let replaced = a.join(&player).await;
    let holder = b.take_over(&player, replaced.id()).await;
    let mut open = holder.open(&slot).await;
    for stranger in [replaced.id(), a.claimant().session] {
        let late = a.client.release(&player, stranger).await;
        fixture.expect_eq(Rule::L6, "not theirs", late, Release::NotHeld);
        let seen = a.client.holder(&player).await;
        fixture.expect_eq(Rule::L6, "the holder stays", seen, Some(holder.lock()));
    }
    open.save("the holder goes on").await;
}

/// The release of an earlier session of the same server comes late: the
/// server's later session stays.
///
/// Proves [L6](Rule::L6). A backend that fails it locks out a player who left
/// and came back to the same server at once.
pub async fn a_late_release_leaves_the_same_servers_later_session(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let player = fixture.player();
    let earlier = a.join(&player).await;
    earlier.release().await;
    let later = a.join(&player).await;
    let late = b.client.release(&player, earlier.id()).await;
    fixture.expect_eq(Rule::L6, "not theirs", late, Release::NotHeld);
    let holder = b.client.holder(&player).await;
    fixture.expect_eq(Rule::L6, "the later session", holder, Some(later.lock()));
}

/// One server holds many players, and gives up one: it keeps the others.
///
/// Proves [L1](Rule::L1). A backend that fails it mixes players up, and one who
/// leaves throws out everybody on the server.
pub async fn players_of_one_server_are_independent(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let mut sessions = Vec::new();
    for number in 0..10_u64 {
        sessions.push((number.into(), a.join(&number.into()).await));
    }
    let (_, gone) = sessions.remove(4);
    gone.release().await;
    for (player, session) in &sessions {
        let holder = b.client.holder(player).await;
        fixture.expect_eq(Rule::L1, "the others stay", holder, Some(session.lock()));
    }
}
