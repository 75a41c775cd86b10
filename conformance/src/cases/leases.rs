//! Leases: a server's sign of life, and which incarnation of it counts.

use std::time::Duration;

use playerdata_core::{
    Incarnation, ServerId,
    backend::{Acquisition, Renewal},
};
use uuid::Uuid;

use crate::{
    Fixture, Rule,
    driver::{Client, World},
};

/// Long enough for no case to outlast it.
const LONG: Duration = Duration::from_secs(3_600);

/// Renews a lease, which has to work.
async fn renew(client: &Client, server: &ServerId, ttl: Duration) {
    let renewal = client.renew_lease(server, ttl).await;
    let renewed = matches!(renewal, Renewal::Renewed { .. });
    client.world().expect(
        Rule::L7,
        &format!("the latest incarnation renews its lease: {renewal:?}"),
        renewed,
    );
}

/// Requires that both clients see a lease live, or not.
async fn expect_live(fixture: &Fixture, when: &str, server: &ServerId, live: bool) {
    for client in fixture.clients() {
        let seen = client.lease_is_live(server).await;
        let what = format!("{when}: whether the lease of {server} is live");
        fixture.expect_eq(Rule::L2, &what, seen, live);
    }
}

/// Requires that a server can't renew because `by` came later.
async fn expect_superseded(fixture: &Fixture, when: &str, server: &ServerId, by: &ServerId) {
    for client in fixture.clients() {
        let renewal = client.renew_lease(server, LONG).await;
        let superseded = Renewal::Superseded { by: by.incarnation };
        fixture.expect_eq(Rule::L7, when, renewal, superseded);
        let live = client.lease_is_live(server).await;
        fixture.expect_eq(Rule::L7, "a superseded server is not live", live, false);
    }
}

/// Three starts of one server name.
fn starts(world: &World) -> [ServerId; 3] {
    [(); 3].map(|()| world.started("server-a"))
}

/// A renewed lease is live, as both clients see it.
///
/// Proves [L2](Rule::L2). A backend that fails it lets others take the players
/// of a server that is well.
pub async fn a_renewed_lease_is_live(fixture: Fixture) {
    let [a, b] = fixture.servers();
    expect_live(&fixture, "before", &a.id, false).await;
    renew(&a.client, &a.id, LONG).await;
    expect_live(&fixture, "renewed", &a.id, true).await;
    expect_live(&fixture, "another server", &b.id, false).await;
    renew(&b.client, &a.id, LONG).await;
    expect_live(&fixture, "renewed again", &a.id, true).await;
}

/// A lease is that of one incarnation: an earlier or a later one of the same
/// name is not live by it.
///
/// Proves [L2](Rule::L2). A backend that fails it keeps the players of a
/// crashed server waiting for as long as its successor lives.
pub async fn a_lease_is_that_of_one_incarnation(fixture: Fixture) {
    let [a, _] = fixture.clients();
    let [earlier, server, later] = starts(&fixture);
    renew(&a, &server, LONG).await;
    expect_live(&fixture, "an earlier one", &earlier, false).await;
    expect_live(&fixture, "a later one", &later, false).await;
    expect_live(&fixture, "the one that renewed", &server, true).await;
}

/// A lease that is not renewed lapses, and can be renewed again: a server
/// that was frozen and not superseded comes back.
///
/// Proves [L2](Rule::L2). A backend that fails it keeps the players of a
/// crashed server for ever, or shuts out a server that was slow for a moment.
pub async fn a_lease_lapses_and_can_be_renewed(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let ttl = fixture.lease_ttl();
    for _ in 0..2 {
        renew(&a.client, &a.id, ttl).await;
        fixture.let_lapse(&a.id, ttl).await;
        expect_live(&fixture, "lapsed", &a.id, false).await;
    }
    renew(&b.client, &a.id, LONG).await;
    expect_live(&fixture, "renewed", &a.id, true).await;
}

/// A renewal counts from when it is made: a lease that was renewed in time
/// outlives its first time.
///
/// Proves [L2](Rule::L2). A backend that fails it takes the players of a server
/// that is well, a minute after its start.
pub async fn a_renewal_extends_the_lease(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let ttl = fixture.lease_ttl();
    renew(&a.client, &a.id, ttl).await;
    renew(&a.client, &a.id, LONG).await;
    // The other server's lease was given after the first one of this server,
    // so once it is over, that one would be over too.
    renew(&b.client, &b.id, ttl).await;
    fixture.let_lapse(&b.id, ttl).await;
    expect_live(&fixture, "renewed in time", &a.id, true).await;
}

/// A later incarnation supersedes one whose lease is live, at once and for
/// ever.
///
/// Proves [L7](Rule::L7). A backend that fails it makes the players of a server
/// that was restarted wait, or lets a frozen former run of it come back.
pub async fn a_later_incarnation_supersedes_a_live_one(fixture: Fixture) {
    let [a, b] = fixture.clients();
    let [first, second, third] = starts(&fixture);
    renew(&a, &first, LONG).await;
    renew(&b, &second, LONG).await;
    expect_live(&fixture, "superseded", &first, false).await;
    expect_live(&fixture, "the later one", &second, true).await;
    expect_superseded(&fixture, "superseded", &first, &second).await;
    expect_live(&fixture, "the later one, still", &second, true).await;
    renew(&b, &third, LONG).await;
    expect_superseded(&fixture, "twice superseded", &first, &third).await;
    expect_superseded(&fixture, "superseded too", &second, &third).await;
}

/// A later incarnation supersedes one whose lease has lapsed or was dropped.
///
/// Proves [L7](Rule::L7). A backend that fails it lets a frozen run of a server
/// come back when it wakes up.
pub async fn a_later_incarnation_supersedes_one_that_is_gone(fixture: Fixture) {
    let [a, b] = fixture.clients();
    let [first, second, third] = starts(&fixture);
    let ttl = fixture.lease_ttl();
    renew(&a, &first, ttl).await;
    fixture.let_lapse(&first, ttl).await;
    renew(&b, &second, LONG).await;
    expect_superseded(&fixture, "lapsed before", &first, &second).await;
    b.drop_lease(&second).await;
    renew(&a, &third, LONG).await;
    expect_superseded(&fixture, "dropped before", &second, &third).await;
}

/// A superseded incarnation doesn't renew after the later one's lease lapsed.
///
/// Proves [L7](Rule::L7). A backend that fails it forgets with the lease whose
/// it was, and a server that was frozen takes its name back.
pub async fn superseded_is_for_ever_when_the_later_one_lapses(fixture: Fixture) {
    let [a, b] = fixture.clients();
    let [first, second, _] = starts(&fixture);
    let ttl = fixture.lease_ttl();
    renew(&a, &first, LONG).await;
    renew(&b, &second, ttl).await;
    fixture.let_lapse(&second, ttl).await;
    expect_superseded(&fixture, "the later one lapsed", &first, &second).await;
    renew(&b, &second, LONG).await;
}

/// A superseded incarnation doesn't renew after the later one dropped its
/// lease.
///
/// Proves [L7](Rule::L7). A backend that fails it lets a frozen server come
/// back after its successor was shut down properly.
pub async fn superseded_is_for_ever_when_the_later_one_drops(fixture: Fixture) {
    let [a, b] = fixture.clients();
    let [first, second, _] = starts(&fixture);
    renew(&a, &first, LONG).await;
    renew(&b, &second, LONG).await;
    b.drop_lease(&second).await;
    expect_superseded(&fixture, "the later one dropped", &first, &second).await;
    renew(&b, &second, LONG).await;
    expect_live(&fixture, "back again", &second, true).await;
}

/// Incarnations are ordered as GUIDs are: byte by byte from the first one,
/// without a sign.
///
/// Proves [L7](Rule::L7). A backend that fails it takes the earlier of two
/// starts for the later one, which then can never renew.
pub async fn incarnations_are_ordered_by_their_bytes(fixture: Fixture) {
    let [a, b] = fixture.clients();
    let ascending = [
        0_u128,
        1,
        0x7f,
        0x80,
        0xff,
        0x100,
        1 << 63,
        1 << 64,
        0x0193_5a2f_0000_7000_8000_0000_0000_00ff,
        0x0193_5a2f_0000_7000_8000_0000_0000_0100,
        0x0a00_0000_0000_7000_8000_0000_0000_0000,
        0xa000_0000_0000_7000_8000_0000_0000_0000,
        u128::MAX,
    ];
    let servers = ascending.map(|bits| ServerId {
        incarnation: Incarnation::from_uuid(Uuid::from_u128(bits)),
        ..fixture.started("server-a")
    });
    renew(&a, &servers[0], LONG).await;
    for pair in servers.windows(2) {
        renew(&b, &pair[1], LONG).await;
        expect_superseded(&fixture, "the lesser one", &pair[0], &pair[1]).await;
    }
}

/// A dropped lease is over; dropping it again changes nothing, and the server
/// can renew again.
///
/// Proves [L2](Rule::L2). A backend that fails it makes the players of a server
/// that was shut down wait for its lease to lapse.
pub async fn a_dropped_lease_is_over(fixture: Fixture) {
    let [a, b] = fixture.servers();
    a.client.drop_lease(&a.id).await;
    renew(&a.client, &a.id, LONG).await;
    renew(&b.client, &b.id, LONG).await;
    for client in fixture.clients() {
        client.drop_lease(&a.id).await;
        expect_live(&fixture, "dropped", &a.id, false).await;
    }
    expect_live(&fixture, "another server", &b.id, true).await;
    renew(&a.client, &a.id, LONG).await;
    expect_live(&fixture, "renewed", &a.id, true).await;
}

/// Only the incarnation whose lease it is can drop it.
///
/// Proves [L7](Rule::L7). A backend that fails it lets the shutdown of a
/// server's former run end the lease of its successor.
pub async fn only_its_own_incarnation_drops_a_lease(fixture: Fixture) {
    let [a, b] = fixture.clients();
    let [earlier, server, later] = starts(&fixture);
    renew(&a, &earlier, LONG).await;
    renew(&a, &server, LONG).await;
    for other in [&earlier, &later] {
        b.drop_lease(other).await;
        expect_live(&fixture, "not dropped by another", &server, true).await;
    }
    // The later one never renewed, so dropping it superseded nobody.
    renew(&a, &server, LONG).await;
}

/// Renewing a lease brings back no lock that was released or replaced.
///
/// Proves [L7](Rule::L7). A backend that fails it puts the lock into the lease,
/// and a heartbeat undoes a take-over.
pub async fn a_renewal_brings_back_no_lock(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let player = fixture.player();
    renew(&a.client, &a.id, LONG).await;
    a.join(&player).await.release().await;
    renew(&a.client, &a.id, LONG).await;
    let holder = b.client.holder(&player).await;
    fixture.expect_eq(Rule::L7, "released", holder, None);
    let robbed = a.join(&player).await;
    let thief = b.take_over(&player, robbed.id()).await;
    renew(&a.client, &a.id, LONG).await;
    let holder = b.client.holder(&player).await;
    fixture.expect_eq(Rule::L7, "replaced", holder, Some(thief.lock()));
}

/// A session whose server's lease lapsed, was dropped or was superseded, but
/// whose lock nobody took, goes on: it opens, saves and deletes.
///
/// Proves [L9](Rule::L9). A backend that fails it loses what players did on a
/// server that was cut off for a minute.
pub async fn a_holder_without_a_lease_goes_on(fixture: Fixture) {
    let [a, _] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let ttl = fixture.lease_ttl();
    renew(&a.client, &a.id, ttl).await;
    let session = a.join(&player).await;
    let mut open = session.open(&slot).await;
    open.save("with a lease").await;
    fixture.let_lapse(&a.id, ttl).await;
    open.save("lapsed").await;
    a.client.drop_lease(&a.id).await;
    let mut open = session.open(&slot).await;
    open.save("dropped").await;
    renew(&a.client, &fixture.started("server-a"), LONG).await;
    open.save("superseded").await;
    open.delete().await;
    let holder = a.client.holder(&player).await;
    fixture.expect_eq(Rule::L9, "the holder", holder, Some(session.lock()));
    session.release().await;
}

/// The lapse of a lease frees no player by itself: who does not name the
/// holder is told who it is, and who does takes over.
///
/// Proves [L2](Rule::L2) and [L9](Rule::L9). A backend that fails it hands
/// players out on a timer, while their session still saves.
pub async fn a_lapsed_lease_frees_no_player(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let player = fixture.player();
    let ttl = fixture.lease_ttl();
    renew(&a.client, &a.id, ttl).await;
    let session = a.join(&player).await;
    fixture.let_lapse(&a.id, ttl).await;
    let refused = b.client.acquire(&player, &b.claimant(), None).await;
    let holder = session.lock();
    fixture.expect_eq(
        Rule::L9,
        "the holder",
        refused,
        Acquisition::Held { holder },
    );
    b.take_over(&player, session.id()).await;
}

/// A lease lives for as long as it was given to the millisecond, and not to
/// the second below it.
///
/// Proves [L2](Rule::L2). A backend that fails it cuts a second off every
/// lease: of a short one so much that a server that is well loses its players.
pub async fn a_lease_is_not_cut_to_whole_seconds(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let ttl = Duration::from_millis(1_900);
    // Clocks tell milliseconds, and may be read at either end of one.
    let least = ttl - Duration::from_millis(50);
    let start = tokio::time::Instant::now();
    renew(&a.client, &a.id, ttl).await;
    if fixture.pass(least) {
        expect_live(&fixture, "before its end", &a.id, true).await;
        return;
    }
    fixture
        .until(Rule::L2, "the lease lapses", || async {
            !b.client.lease_is_live(&a.id).await
        })
        .await;
    let lived = start.elapsed();
    let what = format!("a lease of {ttl:?} lived for {lived:?}");
    fixture.expect(Rule::L2, &what, lived >= least);
}

/// Of two leases given at the same time, the shorter one lapses first, by as
/// much as it is shorter.
///
/// Proves [L2](Rule::L2). A backend that fails it gives no lease shorter than a
/// number of seconds, whatever it is asked for.
pub async fn a_short_lease_lapses_before_a_longer_one(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let short = fixture.lease_ttl();
    renew(&b.client, &b.id, short + Duration::from_secs(9)).await;
    renew(&a.client, &a.id, short).await;
    fixture.let_lapse(&a.id, short).await;
    expect_live(&fixture, "the longer one", &b.id, true).await;
}
