//! The servers' leases, and the notices that wait for them.

use std::{collections::HashMap, mem, time::Duration};

use parking_lot::Mutex;
use playerdata_core::{
    Incarnation, ServerId, ServerName, UnixMillis,
    backend::{INCARNATION_MEMORY, MAX_NOTICES, Notice, Notification, Renewal},
};

/// All servers, behind one lock: each calls once a heartbeat.
#[derive(Default)]
pub(crate) struct Leases {
    servers: Mutex<Servers>,
}

#[derive(Default)]
struct Servers {
    by_name: HashMap<ServerName, Server>,
    /// The number of names from which on it is worth looking for ones that
    /// can be forgotten.
    tidy_from: usize,
}

/// What is known of one server name.
struct Server {
    /// The latest incarnation; none if there were only notices yet.
    latest: Option<Incarnation>,
    /// When the lease of `latest` lapses; none if it was dropped.
    lapses_at: Option<UnixMillis>,
    notices: Vec<Notice>,
    /// When the end of the lease and the last notice are so long ago that all
    /// is forgotten.
    forgotten_at: UnixMillis,
}

impl Leases {
    pub(crate) fn renew(&self, id: &ServerId, ttl: Duration, now: UnixMillis) -> Renewal {
        let mut servers = self.servers.lock();
        let server = servers.known(&id.name, now);
        match server.latest {
            Some(by) if by > id.incarnation => Renewal::Superseded { by },
            _ => {
                server.latest = Some(id.incarnation);
                server.lapses_at = Some(now.saturating_add(ttl));
                server.forgotten_at = now.saturating_add(ttl).saturating_add(INCARNATION_MEMORY);
                Renewal::Renewed {
                    notices: mem::take(&mut server.notices),
                }
            }
        }
    }

    pub(crate) fn drop_lease(&self, id: &ServerId, now: UnixMillis) {
        let mut servers = self.servers.lock();
        let Some(server) = servers.by_name.get_mut(&id.name) else {
            return;
        };
        if server.latest == Some(id.incarnation) && server.lapses_at.take().is_some() {
            server.notices = Vec::new();
            server.forgotten_at = now.saturating_add(INCARNATION_MEMORY);
        }
    }

    pub(crate) fn is_live(&self, id: &ServerId, now: UnixMillis) -> bool {
        let servers = self.servers.lock();
        servers.by_name.get(&id.name).is_some_and(|server| {
            server.latest == Some(id.incarnation) && server.lapses_at > Some(now)
        })
    }

    pub(crate) fn notify(
        &self,
        name: &ServerName,
        notice: &Notice,
        now: UnixMillis,
    ) -> Notification {
        let mut servers = self.servers.lock();
        let server = servers.known(name, now);
        if server.notices.len() >= MAX_NOTICES {
            return Notification::Full;
        }
        server.notices.push(notice.clone());
        let wanted_until = now.saturating_add(INCARNATION_MEMORY);
        server.forgotten_at = server.forgotten_at.max(wanted_until);
        Notification::Queued
    }
}

impl Servers {
    /// The server of that name, which is known from then on.
    fn known(&mut self, name: &ServerName, now: UnixMillis) -> &mut Server {
        if self.by_name.len() >= self.tidy_from.max(TIDY_FROM) {
            self.tidy(now);
        }
        self.by_name.entry(name.clone()).or_insert_with(|| Server {
            latest: None,
            lapses_at: None,
            notices: Vec::new(),
            forgotten_at: now.saturating_add(INCARNATION_MEMORY),
        })
    }

    /// Forgets the names that were silent for long enough. Running whenever
    /// the names have doubled, it costs each name little and keeps at most
    /// twice as many as have to be remembered, whatever the clock does.
    fn tidy(&mut self, now: UnixMillis) {
        self.by_name.retain(|_, server| now < server.forgotten_at);
        self.by_name.shrink_to(TIDY_FROM);
        self.tidy_from = self.by_name.len() * 2;
    }
}

/// With fewer names than this, tidying is not worth the while.
const TIDY_FROM: usize = 1_024;

#[cfg(test)]
mod tests {
    use playerdata_core::{PlayerId, SessionId, backend::NoticeKind};
    use uuid::Uuid;

    use super::*;

    const TTL: Duration = Duration::from_secs(60);

    fn server(name: &str, incarnation: u128) -> ServerId {
        ServerId {
            name: ServerName::new(name).unwrap(),
            incarnation: Incarnation::from_uuid(Uuid::from_u128(incarnation)),
        }
    }

    fn notice() -> Notice {
        Notice {
            player: PlayerId::from(1),
            session: SessionId::from_uuid(Uuid::from_u128(1)),
            kind: NoticeKind::HandOver,
            from: server("asker", 1),
        }
    }

    fn knows(leases: &Leases, name: &str) -> bool {
        let name = ServerName::new(name).unwrap();
        leases.servers.lock().by_name.contains_key(&name)
    }

    fn fill(leases: &Leases, names: usize, now: UnixMillis) {
        for name in 0..names {
            leases.renew(
                &server(&format!("made-up-{name}-{}", now.get()), 1),
                TTL,
                now,
            );
        }
    }

    #[test]
    fn an_incarnation_is_remembered_for_as_long_as_the_contract_says_and_forgotten_later() {
        let leases = Leases::default();
        let start = UnixMillis::new(1_000_000);
        leases.renew(&server("game-1", 2), TTL, start);
        let end_of_lease = start.saturating_add(TTL);
        let last_moment =
            UnixMillis::new(end_of_lease.saturating_add(INCARNATION_MEMORY).get() - 1);
        fill(&leases, 3 * TIDY_FROM, last_moment);
        assert!(matches!(
            leases.renew(&server("game-1", 1), TTL, last_moment),
            Renewal::Superseded { .. }
        ));
        fill(
            &leases,
            9 * TIDY_FROM,
            end_of_lease.saturating_add(INCARNATION_MEMORY),
        );
        assert!(!knows(&leases, "game-1"));
    }

    #[test]
    fn names_that_are_made_up_for_every_start_do_not_fill_the_memory() {
        let leases = Leases::default();
        for week in 1..20_u32 {
            let now = UnixMillis::new(0).saturating_add((INCARNATION_MEMORY + TTL) * week);
            fill(&leases, TIDY_FROM, now);
        }
        assert!(leases.servers.lock().by_name.len() <= 2 * TIDY_FROM);
    }

    #[test]
    fn notices_for_a_server_that_never_comes_are_bounded_and_forgotten() {
        let leases = Leases::default();
        let now = UnixMillis::new(5);
        let name = ServerName::new("gone").unwrap();
        for _ in 0..MAX_NOTICES {
            assert_eq!(leases.notify(&name, &notice(), now), Notification::Queued);
        }
        assert_eq!(leases.notify(&name, &notice(), now), Notification::Full);
        fill(
            &leases,
            2 * TIDY_FROM,
            now.saturating_add(INCARNATION_MEMORY),
        );
        assert!(!knows(&leases, "gone"));
    }
}
