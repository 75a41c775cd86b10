//! Locks, leases and notices, when several servers want the same at the same
//! time.

use std::{collections::HashSet, time::Duration};

use playerdata_core::{
    PlayerId, SessionId,
    backend::{Acquisition, Erasure, Notice, NoticeKind, Notification, Release, Renewal},
};

use crate::{
    Fixture, Rule,
    driver::{GameServer, name, together},
};

/// How many act at once.
const ACTORS: usize = 16;

/// How often each race is run, on a player of its own.
const ROUNDS: u64 = 10;

/// Servers on both clients in turn, each with a name of its own.
fn actors(fixture: &Fixture) -> Vec<GameServer> {
    let clients = fixture.clients();
    (0..ACTORS)
        .map(|number| GameServer {
            client: clients[number % 2].clone(),
            id: fixture.started(&format!("server-{number}")),
        })
        .collect()
}

/// All ask for a player at once; gives the sessions with what they were told.
async fn all_acquire(
    fixture: &Fixture,
    player: &PlayerId,
    replacing: Option<SessionId>,
) -> Vec<(SessionId, Acquisition)> {
    together(actors(fixture).into_iter().map(|server| {
        let player = player.clone();
        async move {
            let claimant = server.claimant();
            let outcome = server.client.acquire(&player, &claimant, replacing).await;
            (claimant.session, outcome)
        }
    }))
    .await
}

/// Requires that one of them got the player, that the others were told of
/// that one, and that everybody sees it.
async fn expect_one_winner(
    fixture: &Fixture,
    player: &PlayerId,
    outcomes: Vec<(SessionId, Acquisition)>,
) -> SessionId {
    let mut winners = Vec::new();
    let mut told = Vec::new();
    for (session, outcome) in outcomes {
        match outcome {
            Acquisition::Acquired { fence } => winners.push((session, fence)),
            Acquisition::Held { holder } => told.push((holder.session, holder.fence)),
        }
    }
    fixture.expect_eq(Rule::L1, "one winner", winners.len(), 1);
    let losers = vec![winners[0]; ACTORS - 1];
    fixture.expect_eq(Rule::L1, "whom all others were told", told, losers);
    for client in fixture.clients() {
        let holder = client.holder(player).await;
        let holder = holder.map(|lock| (lock.session, lock.fence));
        fixture.expect_eq(Rule::L1, "whom all see", holder, Some(winners[0]));
    }
    winners[0].0
}

/// Of many servers that ask for a free player at once, one gets them.
///
/// Proves [L1](Rule::L1). A backend that fails it looks for a lock and then
/// writes one: two servers play one player.
pub async fn one_of_many_claimants_wins(fixture: Fixture) {
    for round in 0..ROUNDS {
        let player = round.into();
        let outcomes = all_acquire(&fixture, &player, None).await;
        expect_one_winner(&fixture, &player, outcomes).await;
    }
}

/// Of many servers that take a dead server's player over at once, one gets
/// them.
///
/// Proves [L1](Rule::L1) and [L2](Rule::L2). A backend that fails it lets all
/// who saw the dead lock write theirs, one after another.
pub async fn one_of_many_thieves_wins(fixture: Fixture) {
    let [a, _] = fixture.servers();
    for round in 0..ROUNDS {
        let player = round.into();
        let mut dead = a.join(&player).await.id();
        for _ in 0..3 {
            let outcomes = all_acquire(&fixture, &player, Some(dead)).await;
            dead = expect_one_winner(&fixture, &player, outcomes).await;
        }
    }
}

/// Servers that steal a player from each other again and again get a fence of
/// their own each time, greater than those they saw before.
///
/// Proves [L3](Rule::L3). A backend that fails it reads the fence and then
/// writes it.
pub async fn fences_of_racing_thieves_are_unique(fixture: Fixture) {
    let player = fixture.player();
    let thieves = actors(&fixture).into_iter().map(|server| {
        let player = player.clone();
        async move {
            let mut fences = Vec::new();
            for _ in 0..20 {
                let seen = server.client.holder(&player).await;
                let replacing = seen.as_ref().map(|lock| lock.session);
                let claimant = server.claimant();
                let outcome = server.client.acquire(&player, &claimant, replacing).await;
                if let Acquisition::Acquired { fence } = outcome {
                    let later = seen.is_none_or(|lock| lock.fence < fence);
                    server.client.world().expect(
                        Rule::L3,
                        "a fence is greater than that of the lock it replaced",
                        later,
                    );
                    fences.push(fence);
                }
            }
            fences
        }
    });
    let fences: Vec<_> = together(thieves).await.into_iter().flatten().collect();
    let unique: HashSet<_> = fences.iter().collect();
    fixture.expect_eq(Rule::L3, "no fence twice", unique.len(), fences.len());
    let holder = fixture.clients()[0].holder(&player).await;
    let last = holder.map(|lock| lock.fence);
    let greatest = fences.iter().copied().max();
    fixture.expect_eq(Rule::L3, "the last is the greatest", last, greatest);
}

/// One session asks many times at once, as when a client library sends a
/// request again: all answers are the same.
///
/// Proves [L3](Rule::L3) and the contract on repeats. A backend that fails it
/// grows the fence under a session that holds it already.
pub async fn repeated_acquires_at_once_give_one_fence(fixture: Fixture) {
    let clients = fixture.clients();
    let [a, _] = fixture.servers();
    for round in 0..ROUNDS {
        let player: PlayerId = round.into();
        let claimant = a.claimant();
        let copies = (0..ACTORS).map(|copy| {
            let (client, player) = (clients[copy % 2].clone(), player.clone());
            let claimant = claimant.clone();
            async move { client.acquire(&player, &claimant, None).await }
        });
        let outcomes = together(copies).await;
        let holder = clients[0].holder(&player).await;
        for outcome in outcomes {
            let fence = match outcome {
                Acquisition::Acquired { fence } => Some(fence),
                Acquisition::Held { .. } => None,
            };
            let held = holder.as_ref().map(|lock| lock.fence);
            fixture.expect_eq(Rule::Repeats, "the same for all", fence, held);
        }
    }
}

/// A release, its repetition, a take-over and an ordinary request at once
/// leave one of the two new sessions with the player, or nobody else.
///
/// Proves [L1](Rule::L1) and [L6](Rule::L6). A backend that fails it lets a
/// release remove the lock of who came in between.
pub async fn a_release_racing_others_removes_only_its_own_lock(fixture: Fixture) {
    let [a, b] = fixture.servers();
    for round in 0..ROUNDS * 2 {
        let player: PlayerId = round.into();
        let old = a.join(&player).await.id();
        let acts = [(&a, 0), (&b, 1), (&b, 2), (&a, 3)].map(|(server, act)| {
            let (server, player) = (server.clone(), player.clone());
            async move {
                let replacing = (act == 2).then_some(old);
                if act < 2 {
                    let released = server.client.release(&player, old).await;
                    return (None, released == Release::Released);
                }
                let claimant = server.claimant();
                let outcome = server.client.acquire(&player, &claimant, replacing).await;
                let acquired = matches!(outcome, Acquisition::Acquired { .. });
                (Some(claimant.session), acquired)
            }
        });
        let outcomes = together(acts).await;
        let releases = outcomes.iter().filter(|(who, done)| who.is_none() && *done);
        fixture.expect(Rule::L6, "released at most once", releases.count() <= 1);
        let winners: Vec<_> = outcomes
            .iter()
            .filter_map(|(session, acquired)| session.filter(|_| *acquired))
            .collect();
        let holder = b.client.holder(&player).await.map(|lock| lock.session);
        let what = "the thief or the patient one has the player, and only one of them";
        fixture.expect_eq(Rule::L1, what, winners, holder.into_iter().collect());
    }
}

/// An erasure and requests for the player at once: either the player was
/// erased before somebody got them, or they were not erased.
///
/// Proves the contract on erasure. A backend that fails it erases a player
/// while a session loads them.
pub async fn an_erasure_racing_a_claimant_erases_all_or_nothing(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let slot = fixture.slot();
    for round in 0..ROUNDS * 2 {
        let player: PlayerId = round.into();
        let before = a.join(&player).await;
        let saved = before.open(&slot).await.save("before").await;
        before.release().await;
        let eraser = {
            let (client, player) = (a.client.clone(), player.clone());
            tokio::spawn(async move { client.erase(&player).await })
        };
        for _ in 0..round % 4 {
            tokio::task::yield_now().await;
        }
        let session = b.join(&player).await;
        let mut open = session.open(&slot).await;
        let erased = match crate::driver::joined(eraser.await) {
            Erasure::Erased => true,
            Erasure::Locked { holder } => {
                fixture.expect_eq(Rule::Erasure, "by whom", holder, session.lock());
                false
            }
        };
        let expected = (!erased).then_some(saved);
        let found = open.opened().record.clone();
        fixture.expect_eq(Rule::Erasure, "all or nothing", found, expected);
        open.save("the session goes on").await;
    }
}

/// Incarnations of one server renew at once: in the end the latest has the
/// lease, and no other.
///
/// Proves [L7](Rule::L7). A backend that fails it reads the latest incarnation
/// and then writes.
pub async fn the_latest_of_racing_incarnations_has_the_lease(fixture: Fixture) {
    let clients = fixture.clients();
    let ttl = Duration::from_secs(3_600);
    for round in 0..ROUNDS {
        let server = format!("server-{round}");
        let starts = [(); ACTORS].map(|()| fixture.started(&server));
        let latest = starts[ACTORS - 1].clone();
        let renewals = starts.clone().into_iter().enumerate().map(|(number, id)| {
            let client = clients[number % 2].clone();
            async move { client.renew_lease(&id, ttl).await }
        });
        let mut outcomes = together(renewals).await;
        let notices = Vec::new();
        let last = outcomes.pop();
        let renewed = Some(Renewal::Renewed { notices });
        fixture.expect_eq(Rule::L7, "the latest renews", last, renewed);
        for id in &starts {
            let live = clients[0].lease_is_live(id).await;
            let what = format!("whether {id} is live, when {latest} is the latest");
            fixture.expect_eq(Rule::L7, &what, live, *id == latest);
        }
    }
}

/// Notices are sent while their server renews: each is drained once.
///
/// Proves the contract on notices. A backend that fails it reads the notices
/// and then forgets them, with those that came in between.
pub async fn notices_racing_renewals_are_drained_once(fixture: Fixture) {
    const EACH: usize = 20;
    let server = fixture.started("server-a");
    let clients = fixture.clients();
    let ttl = Duration::from_secs(3_600);
    let acts = (0..ACTORS).map(|actor| {
        let (client, server) = (clients[actor % 2].clone(), server.clone());
        async move {
            let mut sent = Vec::new();
            let mut drained = Vec::new();
            for _ in 0..EACH {
                let session = SessionId::from_uuid(client.world().ids().next_id());
                let notice = Notice {
                    player: name("player-1"),
                    session,
                    kind: NoticeKind::HandOver,
                    from: server.clone(),
                };
                // A quarter of them are the server's heartbeats.
                if actor % 4 > 0 {
                    let queued = client.notify(&server.name, &notice).await;
                    assert_eq!(queued, Notification::Queued, "there is room for all");
                    sent.push(session);
                } else if let Renewal::Renewed { notices } = client.renew_lease(&server, ttl).await
                {
                    drained.extend(notices.into_iter().map(|notice| notice.session));
                }
            }
            (sent, drained)
        }
    });
    let (sent, drained): (Vec<_>, Vec<_>) = together(acts).await.into_iter().unzip();
    let mut sent: Vec<_> = sent.into_iter().flatten().collect();
    let mut drained: Vec<_> = drained.into_iter().flatten().collect();
    if let Renewal::Renewed { notices } = clients[0].renew_lease(&server, ttl).await {
        drained.extend(notices.into_iter().map(|notice| notice.session));
    }
    sent.sort_unstable();
    drained.sort_unstable();
    fixture.expect_eq(Rule::Notices, "how many", drained.len(), sent.len());
    fixture.expect(Rule::Notices, "each once", drained == sent);
}
