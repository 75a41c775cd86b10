//! Leases and notices, as the store has them.

use std::time::Duration;

use playerdata_core::{
    Clock, Incarnation, ServerId, ServerName, UnixMillis,
    backend::{MAX_NOTICES, Notice, Notification, Renewal},
};

use super::State;
use crate::{Rule, history::Short};

#[derive(Debug, Default)]
pub(super) struct Server {
    latest: Option<Incarnation>,
    lapses_at: Option<UnixMillis>,
    notices: Vec<Notice>,
    /// Incarnations that somebody could see lapsed or superseded.
    seen_lapsed: Vec<Incarnation>,
}

impl Server {
    fn is_live(&self, incarnation: Incarnation, now: UnixMillis) -> bool {
        self.latest == Some(incarnation) && self.lapses_at > Some(now)
    }
}

impl State {
    /// Whether the lease is live now, by what was applied.
    pub(super) fn lease_is_live(&self, server: &ServerId) -> bool {
        let now = self.store_clock.now();
        let known = self.servers.get(&server.name);
        known.is_some_and(|known| known.is_live(server.incarnation, now))
    }

    /// Whether anybody who looked saw the lease lapsed or superseded.
    pub(super) fn was_seen_lapsed(&self, server: &ServerId) -> bool {
        let known = self.servers.get(&server.name);
        known.is_some_and(|known| known.seen_lapsed.contains(&server.incarnation))
    }

    pub(crate) fn renewed(&mut self, id: &ServerId, ttl: Duration, outcome: &Renewal) {
        self.history.add(format_args!(
            "renew_lease {} -> {}",
            Short(id),
            told(outcome)
        ));
        let now = self.store_clock.now();
        let server = self.servers.entry(id.name.clone()).or_default();
        let superseded_by = server.latest.filter(|latest| *latest > id.incarnation);
        match outcome {
            Renewal::Renewed { notices } => {
                server.latest = server.latest.max(Some(id.incarnation));
                server.lapses_at = Some(now.saturating_add(ttl));
                let waiting = std::mem::take(&mut server.notices);
                self.unless(
                    superseded_by.is_none(),
                    Rule::L7,
                    format_args!("{} renewed, though superseded", Short(id)),
                );
                self.unless(
                    *notices == waiting,
                    Rule::Notices,
                    format_args!("{} had {waiting:?} waiting, and got {notices:?}", Short(id)),
                );
            }
            Renewal::Superseded { .. } => self.unless(
                superseded_by.is_some(),
                Rule::L7,
                format_args!("{} was refused, though it is the latest", Short(id)),
            ),
        }
    }

    pub(crate) fn lease_dropped(&mut self, id: &ServerId) {
        self.history.add(format_args!("drop_lease {}", Short(id)));
        if let Some(server) = self.servers.get_mut(&id.name)
            && server.latest == Some(id.incarnation)
            && server.lapses_at.take().is_some()
        {
            server.notices.clear();
        }
    }

    pub(crate) fn lease_looked_at(&mut self, id: &ServerId, live: bool) {
        self.history
            .add(format_args!("lease_is_live {} -> {live}", Short(id)));
        let truth = self.lease_is_live(id);
        if !truth {
            let server = self.servers.entry(id.name.clone()).or_default();
            if !server.seen_lapsed.contains(&id.incarnation) {
                server.seen_lapsed.push(id.incarnation);
            }
        }
        self.unless(
            live == truth,
            Rule::L2,
            format_args!("the lease of {} was told as live: {live}", Short(id)),
        );
    }

    pub(crate) fn notified(&mut self, name: &ServerName, notice: &Notice, told: Notification) {
        let Notice { player, kind, .. } = notice;
        self.history
            .add(format_args!("notify {name} {kind:?} {player} -> {told:?}"));
        let server = self.servers.entry(name.clone()).or_default();
        match told {
            Notification::Queued => server.notices.push(notice.clone()),
            Notification::Full => {
                let waiting = server.notices.len();
                self.unless(
                    waiting >= MAX_NOTICES,
                    Rule::Notices,
                    format_args!("refused as full, with {waiting} waiting for {name}"),
                );
            }
        }
    }
}

fn told(outcome: &Renewal) -> String {
    match outcome {
        Renewal::Renewed { notices } => format!("renewed, {} notices", notices.len()),
        Renewal::Superseded { .. } => "superseded".to_owned(),
    }
}
