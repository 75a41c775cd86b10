//! The fence: the generation of a player's lock, which only ever grows.

use playerdata_core::{Fence, backend::Erasure};

use crate::{Fixture, Rule};

/// Requires that fences grow in the order given.
#[track_caller]
fn expect_growing(fixture: &Fixture, fences: &[Fence]) {
    fixture.expect(
        Rule::L3,
        &format!("each fence is greater than the one before: {fences:?}"),
        fences.is_sorted_by(|earlier, later| earlier < later),
    );
}

/// The fence grows from one session to the next, whichever client asks.
///
/// Proves [L3](Rule::L3). A backend that fails it gives two sessions the same
/// generation, and whoever fences by it (a cache, a trade) can't tell the stale
/// one from the fresh one.
pub async fn the_fence_grows_through_releases(fixture: Fixture) {
    let servers = fixture.servers();
    let player = fixture.player();
    let mut fences = Vec::new();
    for round in 0..12 {
        let session = servers[round % 2].join(&player).await;
        fences.push(session.fence());
        session.release().await;
    }
    expect_growing(&fixture, &fences);
}

/// The fence grows with every replacement.
///
/// Proves [L3](Rule::L3). A backend that fails it makes a thief look as old as
/// the robbed.
pub async fn the_fence_grows_through_replacements(fixture: Fixture) {
    let servers = fixture.servers();
    let player = fixture.player();
    let mut holder = servers[0].join(&player).await;
    let mut fences = vec![holder.fence()];
    for round in 1..12 {
        holder = servers[round % 2].take_over(&player, holder.id()).await;
        fences.push(holder.fence());
    }
    expect_growing(&fixture, &fences);
}

/// The fence outlives an erasure of all that is known of the player.
///
/// Proves [L3](Rule::L3). A backend that fails it starts again at 1 when a
/// player asked for their data to be deleted and came back.
pub async fn the_fence_survives_erasures(fixture: Fixture) {
    let servers = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let mut fences = Vec::new();
    for round in 0..4 {
        let session = servers[round % 2].join(&player).await;
        session.open(&slot).await.save("data").await;
        fences.push(session.fence());
        session.release().await;
        for _ in 0..2 {
            let erased = servers[round % 2].client.erase(&player).await;
            fixture.expect_eq(Rule::Erasure, "nobody holds them", erased, Erasure::Erased);
        }
    }
    expect_growing(&fixture, &fences);
}

/// The fence outlives the deletion of a player's only slot.
///
/// Proves [L3](Rule::L3). A backend that fails it keeps the fence with the
/// data, where it does not belong.
pub async fn the_fence_survives_deletions(fixture: Fixture) {
    let servers = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let mut fences = Vec::new();
    for server in &servers {
        let session = server.join(&player).await;
        let mut open = session.open(&slot).await;
        open.save("data").await;
        open.delete().await;
        fences.push(session.fence());
        session.release().await;
    }
    fences.push(servers[0].join(&player).await.fence());
    expect_growing(&fixture, &fences);
}

/// The fence grows when the session to be replaced has gone already.
///
/// Proves [L3](Rule::L3). A backend that fails it takes the fence from the lock
/// it finds, and starts again when it finds none.
pub async fn the_fence_grows_when_the_one_to_replace_has_gone(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let player = fixture.player();
    let first = a.join(&player).await;
    let second = b.take_over(&player, first.id()).await;
    second.release().await;
    let third = a.take_over(&player, second.id()).await;
    expect_growing(&fixture, &[first.fence(), second.fence(), third.fence()]);
}

/// A lock tells the same fence as its acquisition did, to everybody.
///
/// Proves [L3](Rule::L3). A backend that fails it shows a generation that was
/// never given.
pub async fn the_lock_shows_its_fence(fixture: Fixture) {
    let servers = fixture.servers();
    let player = fixture.player();
    for round in 0..4 {
        let session = servers[round % 2].join(&player).await;
        for client in fixture.clients() {
            let shown = client.holder(&player).await.map(|lock| lock.fence);
            fixture.expect_eq(Rule::L3, "the fence", shown, Some(session.fence()));
        }
        session.release().await;
    }
}
