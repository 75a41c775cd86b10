//! Notices: messages to a server, drained at its heartbeat.

use std::time::Duration;

use playerdata_core::{
    ServerId, SessionId,
    backend::{MAX_NOTICES, Notice, NoticeKind, Notification, Renewal},
};

use crate::{
    Fixture, Rule,
    driver::{Client, World, name},
};

const LONG: Duration = Duration::from_secs(3_600);

/// A notice that differs from all others.
fn notice(world: &World, kind: NoticeKind) -> Notice {
    let session = SessionId::from_uuid(world.ids().next_id());
    Notice {
        player: name(&format!("player-{session}")),
        session,
        kind,
        from: world.started("asker"),
    }
}

/// Renews, which has to work, and gives what was waiting.
async fn drain(client: &Client, server: &ServerId) -> Vec<Notice> {
    match client.renew_lease(server, LONG).await {
        Renewal::Renewed { notices } => notices,
        Renewal::Superseded { .. } => client
            .world()
            .fail(Rule::L7, "the latest incarnation renews its lease"),
    }
}

async fn send(client: &Client, to: &ServerId, notice: &Notice) {
    let sent = client.notify(&to.name, notice).await;
    client
        .world()
        .expect_eq(Rule::Notices, "there is room", sent, Notification::Queued);
}

/// A notice is drained by the next renewal of its server, as it was sent, and
/// by none after that.
///
/// Proves the contract on notices. A backend that fails it leaves a player
/// waiting who could be handed over at once, or asks a server twice.
pub async fn a_notice_is_drained_once(fixture: Fixture) {
    let [a, b] = fixture.servers();
    for kind in [NoticeKind::HandOver, NoticeKind::Taken] {
        for sender in fixture.clients() {
            let notice = notice(&fixture, kind);
            send(&sender, &a.id, &notice).await;
            let drained = drain(&a.client, &a.id).await;
            fixture.expect_eq(Rule::Notices, "as sent", drained, vec![notice]);
            for client in [&a.client, &b.client] {
                let drained = drain(client, &a.id).await;
                fixture.expect_eq(Rule::Notices, "only once", drained, Vec::new());
            }
        }
    }
}

/// Notices come in the order in which they were sent.
///
/// Proves the contract on notices. A backend that fails it tells a server that
/// a player was taken before it is asked for them.
pub async fn notices_come_oldest_first(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let mut sent = Vec::new();
    for number in 0..20 {
        let notice = notice(&fixture, NoticeKind::HandOver);
        let sender = if number % 2 == 0 { &a } else { &b };
        send(&sender.client, &a.id, &notice).await;
        sent.push(notice);
    }
    let drained = drain(&a.client, &a.id).await;
    fixture.expect_eq(Rule::Notices, "in order", drained, sent);
}

/// The same notice twice comes twice.
///
/// Proves the contract on notices. A backend that fails it takes a repetition
/// for the notice that was drained before, and drops it.
pub async fn a_repeated_notice_comes_again(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let notice = notice(&fixture, NoticeKind::HandOver);
    send(&b.client, &a.id, &notice).await;
    send(&b.client, &a.id, &notice).await;
    let drained = drain(&a.client, &a.id).await;
    let twice = vec![notice.clone(), notice.clone()];
    fixture.expect_eq(Rule::Notices, "both", drained, twice);
    send(&b.client, &a.id, &notice).await;
    let drained = drain(&a.client, &a.id).await;
    fixture.expect_eq(Rule::Notices, "and again", drained, vec![notice]);
}

/// A notice waits for a server that was never seen, and for one whose lease
/// lapsed.
///
/// Proves the contract on notices. A backend that fails it loses a request to a
/// server that is just starting, or was slow for a moment.
pub async fn a_notice_waits_for_its_server(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let first = notice(&fixture, NoticeKind::HandOver);
    send(&b.client, &a.id, &first).await;
    let drained = drain(&a.client, &a.id).await;
    fixture.expect_eq(Rule::Notices, "before its first", drained, vec![first]);
    let ttl = fixture.lease_ttl();
    a.client.renew_lease(&a.id, ttl).await;
    let while_live = notice(&fixture, NoticeKind::HandOver);
    send(&b.client, &a.id, &while_live).await;
    fixture.let_lapse(&a.id, ttl).await;
    let lapsed = notice(&fixture, NoticeKind::Taken);
    send(&b.client, &a.id, &lapsed).await;
    let drained = drain(&a.client, &a.id).await;
    let both = vec![while_live, lapsed];
    fixture.expect_eq(Rule::Notices, "from before and after", drained, both);
}

/// A notice is for any incarnation of its server: the next one that renews
/// drains it. A superseded one does not, and leaves it for its successor.
///
/// Proves the contract on notices, and [L7](Rule::L7). A backend that fails it
/// gives the requests for a restarted server to its former run, where they get
/// lost.
pub async fn a_superseded_server_drains_nothing(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let successor = fixture.started("server-a");
    drain(&a.client, &a.id).await;
    let sent = [(); 2].map(|()| notice(&fixture, NoticeKind::HandOver));
    send(&b.client, &a.id, &sent[0]).await;
    let drained = drain(&a.client, &successor).await;
    let expected = vec![sent[0].clone()];
    fixture.expect_eq(Rule::Notices, "by the successor", drained, expected);
    send(&b.client, &a.id, &sent[1]).await;
    let refused = a.client.renew_lease(&a.id, LONG).await;
    let superseded = Renewal::Superseded {
        by: successor.incarnation,
    };
    fixture.expect_eq(Rule::L7, "superseded", refused, superseded);
    let drained = drain(&a.client, &successor).await;
    let expected = vec![sent[1].clone()];
    fixture.expect_eq(Rule::Notices, "still there", drained, expected);
}

/// Servers have notices of their own.
///
/// Proves the contract on notices. A backend that fails it asks one server for
/// another's players.
pub async fn each_server_drains_its_own_notices(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let for_a = notice(&fixture, NoticeKind::HandOver);
    let for_b = notice(&fixture, NoticeKind::HandOver);
    send(&b.client, &a.id, &for_a).await;
    send(&b.client, &b.id, &for_b).await;
    let drained = drain(&b.client, &b.id).await;
    fixture.expect_eq(Rule::Notices, "its own", drained, vec![for_b]);
    let drained = drain(&a.client, &a.id).await;
    fixture.expect_eq(Rule::Notices, "its own", drained, vec![for_a]);
}

/// As many notices wait as the contract says, and no more; what is over is
/// dropped and said to be so, and once drained there is room again.
///
/// Proves the contract on notices. A backend that fails it fills its store with
/// requests to a server that is gone, or drops requests unseen.
pub async fn notices_are_bounded(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let mut sent = Vec::new();
    for number in 0..MAX_NOTICES {
        let notice = notice(&fixture, NoticeKind::HandOver);
        let sender = if number % 2 == 0 { &a } else { &b };
        send(&sender.client, &a.id, &notice).await;
        sent.push(notice);
    }
    for sender in fixture.clients() {
        let over = sender
            .notify(&a.id.name, &notice(&fixture, NoticeKind::Taken))
            .await;
        fixture.expect_eq(Rule::Notices, "no more room", over, Notification::Full);
    }
    let drained = drain(&a.client, &a.id).await;
    fixture.expect_eq(Rule::Notices, "how many", drained.len(), MAX_NOTICES);
    fixture.expect(Rule::Notices, "in order, as sent", drained == sent);
    let next = notice(&fixture, NoticeKind::HandOver);
    send(&b.client, &a.id, &next).await;
    let drained = drain(&a.client, &a.id).await;
    fixture.expect_eq(Rule::Notices, "room again", drained, vec![next]);
}

/// A server that drops its lease has nobody to hand over any more: what waits
/// for it is forgotten. Another incarnation's drop forgets nothing.
///
/// Proves the contract on notices. A backend that fails it asks a restarted
/// server for sessions of its former run, or loses the requests for a live
/// server when its former run is shut down.
pub async fn notices_are_forgotten_with_their_own_lease(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let successor = fixture.started("server-a");
    drain(&a.client, &a.id).await;
    send(&b.client, &a.id, &notice(&fixture, NoticeKind::HandOver)).await;
    a.client.drop_lease(&a.id).await;
    let drained = drain(&b.client, &successor).await;
    fixture.expect_eq(Rule::Notices, "forgotten", drained, Vec::new());
    let kept = notice(&fixture, NoticeKind::HandOver);
    send(&b.client, &a.id, &kept).await;
    a.client.drop_lease(&a.id).await;
    let drained = drain(&b.client, &successor).await;
    fixture.expect_eq(Rule::Notices, "not its own lease", drained, vec![kept]);
}

/// Notices come in the order in which they were sent, whatever is in them:
/// ids, names and kinds that count down, up, and neither; some of them
/// drained in between.
///
/// Proves the contract on notices. A backend that fails it keeps them sorted by
/// what they say: a server hears that a player was taken before it is asked for
/// them.
pub async fn notices_come_in_order_whatever_is_in_them(fixture: Fixture) {
    let [a, b] = fixture.servers();
    for round in 0..2_u128 {
        let mut sent = Vec::new();
        for number in [9_u128, 3, 7, 1, 8, 2, 6, 4, 5, 0] {
            // Down in the first round, up and down in the second.
            let id = if round == 0 {
                1_000 - sent.len() as u128
            } else {
                number
            };
            let notice = Notice {
                player: name(&format!("player-{}", 9 - number)),
                session: SessionId::from_uuid(uuid::Uuid::from_u128(id << 64 | number)),
                kind: [NoticeKind::Taken, NoticeKind::HandOver][sent.len() % 2],
                from: ServerId {
                    name: name(&format!("asker-{number}")),
                    ..a.id.clone()
                },
            };
            let sender = [&a, &b][sent.len() % 2];
            send(&sender.client, &a.id, &notice).await;
            sent.push(notice);
        }
        let drained = drain(&b.client, &a.id).await;
        fixture.expect_eq(Rule::Notices, "as they were sent", drained, sent);
    }
}

/// Many send while the server drains: each notice comes once, and those of
/// one sender in the order in which it sent them.
///
/// Proves the contract on notices. A backend that fails it numbers notices
/// before they can be seen, or forgets them after it has read them: one that is
/// late is skipped, or what came in between is lost.
pub async fn notices_of_many_senders_come_once_and_in_order(fixture: Fixture) {
    const SENDERS: usize = 8;
    const EACH: usize = 25;
    let server = fixture.started("server-a");
    let clients = fixture.clients();
    let sending = (0..=SENDERS).map(|sender| {
        let (client, server) = (clients[sender % 2].clone(), server.clone());
        async move {
            let mut drained = Vec::new();
            for number in 0..EACH {
                if sender == SENDERS {
                    drained.extend(drain(&client, &server).await);
                    continue;
                }
                let notice = Notice {
                    player: name(&format!("of-{sender}")),
                    // Counts down, so that no sorting makes up for the order.
                    session: SessionId::from_uuid(uuid::Uuid::from_u128((EACH - number) as u128)),
                    kind: NoticeKind::HandOver,
                    from: server.clone(),
                };
                send(&client, &server, &notice).await;
            }
            drained
        }
    });
    let mut drained: Vec<_> = crate::driver::together(sending).await.concat();
    drained.extend(drain(&clients[0], &server).await);
    for sender in 0..SENDERS {
        let own = drained
            .iter()
            .filter(|notice| notice.player == name(&format!("of-{sender}")));
        let own: Vec<_> = own
            .map(|notice| notice.session.as_uuid().as_u128())
            .collect();
        let sent: Vec<_> = (1..=EACH as u128).rev().collect();
        fixture.expect_eq(Rule::Notices, "once each, and in order", own, sent);
    }
}
