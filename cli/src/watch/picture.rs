//! What was seen of sessions and servers, and what follows from it.
//!
//! A store tells who holds a player now, and at which revision the slots are.
//! What happened in between follows from two looks: how much was saved, and
//! whose session another server's came after.

use std::collections::HashMap;

use playerdata::{
    PlayerId, Revision, ServerId, SessionId, SlotName,
    backend::{Lock, SlotSummary},
};
use tokio::time::Instant;

/// The most changes that are told with an update.
const MAX_CHANGES: usize = 1_000;

/// Servers, and the sessions that they hold.
pub(super) struct Picture {
    held: HashMap<PlayerId, Held>,
    servers: HashMap<ServerId, Server>,
    changes: Vec<Change>,
    changes_left_out: u64,
    total: Ended,
}

/// A session that holds a player.
struct Held {
    session: SessionId,
    server: ServerId,
    revisions: Vec<(SlotName, Revision)>,
    seen_at: Instant,
    /// When it was looked at that was told last, or first of all.
    told_at: Instant,
    /// Saves since then.
    saves: u64,
    /// Saves a second, as they were told.
    rate: Option<f64>,
    /// Whether it held the player when its server's lease had lapsed.
    is_orphaned: bool,
}

/// Sessions that are over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ended {
    /// Their server's lease had lapsed, and the player was taken or freed.
    pub(super) lost: u64,
    /// Another server's session came after them: handed over, or stolen.
    pub(super) changed_hands: u64,
}

#[derive(Default)]
struct Server {
    is_live: bool,
    ended: Ended,
    /// Whether it had no session when it was told of last.
    was_empty: bool,
}

/// A player whose session is over in a way that is worth telling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) player: PlayerId,
    pub(super) from: ServerId,
    /// Nobody, if the player was freed.
    pub(super) to: Option<ServerId>,
    pub(super) is_lost: bool,
}

/// A server as it is told of.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) server: ServerId,
    pub(super) is_live: bool,
    pub(super) sessions: u64,
    /// None before its sessions were looked at twice.
    pub(super) saves: Option<f64>,
    pub(super) ended: Ended,
}

/// All that is told at a time.
pub(super) struct Update {
    pub(super) rows: Vec<Row>,
    pub(super) total: Ended,
    pub(super) changes: Vec<Change>,
    pub(super) changes_left_out: u64,
    /// When the session was looked at that was not looked at for longest.
    pub(super) oldest: Option<Instant>,
}

impl Picture {
    pub(super) fn new() -> Self {
        Self {
            held: HashMap::new(),
            servers: HashMap::new(),
            changes: Vec::new(),
            changes_left_out: 0,
            total: Ended::default(),
        }
    }

    /// The players who were held and have not been looked at since.
    pub(super) fn not_seen_since(&self, at: Instant) -> Vec<PlayerId> {
        let held = self.held.iter().filter(|(_, held)| held.seen_at < at);
        held.map(|(player, _)| player.clone()).collect()
    }

    /// The servers that hold somebody.
    pub(super) fn servers(&self) -> Vec<ServerId> {
        self.servers.keys().cloned().collect()
    }

    /// Notes whether the lease of a server is live.
    pub(super) fn lease(&mut self, server: &ServerId, is_live: bool) {
        if let Some(known) = self.servers.get_mut(server) {
            known.is_live = is_live;
        }
    }

    /// Whether something is known of the server.
    pub(super) fn knows(&self, server: &ServerId) -> bool {
        self.servers.contains_key(server)
    }

    /// Notes a server whose lease was just looked at.
    pub(super) fn meet(&mut self, server: ServerId, is_live: bool) {
        self.servers.entry(server).or_default().is_live = is_live;
    }

    /// Notes that nobody holds a player.
    pub(super) fn free(&mut self, player: &PlayerId) {
        if let Some(former) = self.held.remove(player)
            && former.is_orphaned
        {
            self.end(player, &former, None);
        }
    }

    /// Notes who holds a player, and what the player's slots are at.
    pub(super) fn held(
        &mut self,
        player: PlayerId,
        lock: &Lock,
        slots: &[SlotSummary],
        at: Instant,
    ) {
        let former = self.held.remove(&player);
        let same = former
            .as_ref()
            .filter(|former| former.session == lock.session);
        let is_live = self.servers.get(&lock.server).is_some_and(|it| it.is_live);
        let held = Held {
            session: lock.session,
            server: lock.server.clone(),
            revisions: slots
                .iter()
                .map(|it| (it.slot.clone(), it.revision))
                .collect(),
            seen_at: at,
            told_at: same.map_or(at, |former| former.told_at),
            saves: same.map_or(0, |former| former.saves + former.saves_until(slots)),
            rate: same.and_then(|former| former.rate),
            is_orphaned: !is_live && same.is_some(),
        };
        if let Some(former) = former
            && former.server != lock.server
        {
            self.end(&player, &former, Some(&lock.server));
        }
        self.held.insert(player, held);
    }

    fn end(&mut self, player: &PlayerId, former: &Held, to: Option<&ServerId>) {
        let is_lost = former.is_orphaned;
        let server = self.servers.entry(former.server.clone()).or_default();
        for ended in [&mut server.ended, &mut self.total] {
            match is_lost {
                true => ended.lost += 1,
                false => ended.changed_hands += 1,
            }
        }
        if self.changes.len() < MAX_CHANGES {
            self.changes.push(Change {
                player: player.clone(),
                from: former.server.clone(),
                to: to.cloned(),
                is_lost,
            });
        } else {
            self.changes_left_out += 1;
        }
    }

    /// What is to be told now. Servers that have had no session for two
    /// updates are told of no more.
    pub(super) fn update(&mut self) -> Update {
        let mut counts: HashMap<&ServerId, (u64, Option<f64>)> = HashMap::new();
        for held in self.held.values_mut() {
            let rate = held.told();
            let (sessions, saves) = counts.entry(&held.server).or_default();
            *sessions += 1;
            *saves = match (*saves, rate) {
                (Some(one), Some(other)) => Some(one + other),
                (one, other) => one.or(other),
            };
        }
        let mut rows = Vec::new();
        self.servers.retain(|server, known| {
            let (sessions, saves) = counts.get(server).copied().unwrap_or_default();
            let was_empty = std::mem::replace(&mut known.was_empty, sessions == 0);
            if sessions == 0 && was_empty {
                return false;
            }
            rows.push(Row {
                server: server.clone(),
                is_live: known.is_live,
                sessions,
                saves,
                ended: known.ended,
            });
            true
        });
        let place = |row: &Row| (row.server.name.clone(), row.server.incarnation);
        rows.sort_by_key(place);
        Update {
            rows,
            total: self.total,
            changes: std::mem::take(&mut self.changes),
            changes_left_out: std::mem::take(&mut self.changes_left_out),
            oldest: self.held.values().map(|held| held.seen_at).min(),
        }
    }
}

impl Held {
    /// Saves since it was looked at. A slot that had nothing was saved once at
    /// the least.
    fn saves_until(&self, slots: &[SlotSummary]) -> u64 {
        let saves = slots.iter().map(|slot| {
            let before = self.revisions.iter().find(|(name, _)| *name == slot.slot);
            before.map_or(1, |(_, revision)| {
                slot.revision.get().saturating_sub(revision.get())
            })
        });
        saves.sum()
    }

    /// Saves a second between the last look that was told and the one that is
    /// told now; as before, if there was none in between.
    fn told(&mut self) -> Option<f64> {
        if self.seen_at > self.told_at {
            let seconds = (self.seen_at - self.told_at).as_secs_f64();
            self.rate = Some(self.saves as f64 / seconds);
            (self.told_at, self.saves) = (self.seen_at, 0);
        }
        self.rate
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use playerdata::{Fence, Incarnation, UnixMillis};
    use uuid::Uuid;

    use super::*;

    fn server(name: &str) -> ServerId {
        ServerId {
            name: name.parse().unwrap(),
            incarnation: Incarnation::from_uuid(Uuid::from_u128(1)),
        }
    }

    fn lock(session: u128, server: &ServerId) -> Lock {
        Lock {
            session: SessionId::from_uuid(Uuid::from_u128(session)),
            server: server.clone(),
            fence: Fence::new(1),
            since: UnixMillis::new(0),
        }
    }

    fn at_revision(revision: u64) -> Vec<SlotSummary> {
        vec![SlotSummary {
            slot: "Slot1".parse().unwrap(),
            revision: Revision::new(revision),
            saved_at: UnixMillis::new(0),
            schema: 1,
            body_bytes: 2,
        }]
    }

    /// A picture of two live servers, and when it is.
    fn two() -> (Picture, ServerId, ServerId, Instant) {
        let (a, b, mut picture) = (server("a"), server("b"), Picture::new());
        for server in [&a, &b] {
            picture.meet(server.clone(), true);
        }
        (picture, a, b, Instant::now())
    }

    fn ended(picture: &mut Picture, of: &ServerId) -> (u64, u64) {
        let rows = picture.update().rows;
        let row = rows.into_iter().find(|row| row.server == *of).unwrap();
        (row.ended.lost, row.ended.changed_hands)
    }

    #[test]
    fn saves_are_counted_from_one_look_to_the_next() {
        let (mut picture, a, _, at) = two();
        let look = |picture: &mut Picture, session, revision, secs| {
            let at = at + Duration::from_secs(secs);
            let slots = at_revision(revision);
            picture.held(PlayerId::from(1), &lock(session, &a), &slots, at);
            picture.update().rows[0].saves
        };
        assert_eq!(look(&mut picture, 1, 5, 0), None);
        assert_eq!(look(&mut picture, 1, 9, 2), Some(2.0));
        assert_eq!(look(&mut picture, 1, 9, 4), Some(0.0));
        assert_eq!(look(&mut picture, 2, 11, 6), None, "another session");
        assert_eq!(look(&mut picture, 2, 3, 8), Some(0.0), "it was erased");
        // Looked at twice between two updates.
        let slots = at_revision(7);
        let (one, two) = (Duration::from_secs(9), Duration::from_secs(10));
        picture.held(PlayerId::from(1), &lock(2, &a), &slots, at + one);
        picture.held(PlayerId::from(1), &lock(2, &a), &slots, at + two);
        assert_eq!(picture.update().rows[0].saves, Some(2.0));
        assert_eq!(picture.update().rows[0].saves, Some(2.0), "as before");
    }

    #[test]
    fn a_session_that_another_servers_comes_after_changed_hands() {
        let (mut picture, a, b, at) = two();
        picture.held(PlayerId::from(1), &lock(1, &a), &[], at);
        picture.held(PlayerId::from(1), &lock(2, &a), &[], at);
        assert_eq!(ended(&mut picture, &a), (0, 0), "the player came back");
        picture.held(PlayerId::from(1), &lock(3, &b), &[], at);
        assert_eq!(ended(&mut picture, &a), (0, 1));
        picture.free(&PlayerId::from(1));
        assert_eq!(ended(&mut picture, &b), (0, 0), "the player left");
    }

    #[test]
    fn a_session_is_lost_if_its_server_was_seen_dead_before() {
        let (mut picture, a, b, at) = two();
        for player in [1, 2, 3] {
            picture.held(PlayerId::from(player), &lock(1, &a), &[], at);
        }
        // It may have let player 1 go before it went.
        picture.lease(&a, false);
        picture.held(PlayerId::from(1), &lock(2, &b), &[], at);
        for player in [2, 3] {
            picture.held(PlayerId::from(player), &lock(1, &a), &[], at);
        }
        picture.held(PlayerId::from(2), &lock(3, &b), &[], at);
        picture.free(&PlayerId::from(3));
        let update = picture.update();
        let (from, lost) = (a.clone(), true);
        let change = |player, to, is_lost| Change {
            player: PlayerId::from(player),
            from: from.clone(),
            to,
            is_lost,
        };
        assert_eq!(
            update.changes,
            [
                change(1, Some(b.clone()), false),
                change(2, Some(b), lost),
                change(3, None, lost),
            ]
        );
        assert_eq!((update.total.lost, update.total.changed_hands), (2, 1));
    }

    #[test]
    fn changes_are_told_up_to_a_bound_and_servers_go_when_they_have_nobody() {
        let (mut picture, a, b, at) = two();
        for player in 0..=MAX_CHANGES as u64 {
            picture.held(PlayerId::from(player), &lock(1, &a), &[], at);
            picture.held(PlayerId::from(player), &lock(2, &b), &[], at);
        }
        let update = picture.update();
        assert_eq!(
            (update.changes.len(), update.changes_left_out),
            (MAX_CHANGES, 1)
        );
        assert_eq!(update.rows.len(), 2);
        let rows = picture.update().rows;
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (&rows[0].server, rows[0].sessions),
            (&b, MAX_CHANGES as u64 + 1)
        );
    }
}
