//! Leases and notices of the plain store.

use std::{mem, time::Duration};

use playerdata_core::{
    Incarnation, ServerId, ServerName, UnixMillis,
    backend::{MAX_NOTICES, Notice, Notification, Renewal},
};

use crate::{
    flaws::Flaw,
    store::{PlainStore, State},
};

#[derive(Clone, Default)]
pub(crate) struct Server {
    latest: Option<Incarnation>,
    lapses_at: Option<u64>,
    notices: Vec<Notice>,
    /// What was drained last, for a flaw.
    delivered: Vec<Notice>,
}

impl PlainStore {
    pub(crate) async fn renew(&self, id: &ServerId, ttl: Duration) -> Renewal {
        match self.flaw {
            Some(Flaw::LeaseReadThenWritten) => {
                let seen = self.superseded(&self.state(), id);
                self.pause().await;
                match seen {
                    Some(by) => Renewal::Superseded { by },
                    None => self.extend(&mut self.state(), id, ttl),
                }
            }
            Some(Flaw::NoticesReadThenForgotten) => {
                let waiting = self.state().server(self, id).notices.clone();
                self.pause().await;
                match self.renew_at_once(id, ttl) {
                    Renewal::Renewed { .. } => Renewal::Renewed { notices: waiting },
                    superseded => superseded,
                }
            }
            _ => self.renew_at_once(id, ttl),
        }
    }

    fn renew_at_once(&self, id: &ServerId, ttl: Duration) -> Renewal {
        let mut state = self.state();
        let Some(by) = self.superseded(&state, id) else {
            return self.extend(&mut state, id, ttl);
        };
        if self.has(Flaw::SupersededDrainsNotices) {
            state.server(self, id).notices.clear();
        }
        Renewal::Superseded { by }
    }

    fn extend(&self, state: &mut State, id: &ServerId, ttl: Duration) -> Renewal {
        if self.has(Flaw::RenewalRestoresLocks) {
            restore_locks(state, id);
        }
        let now = self.now();
        let ttl = match self.flaw {
            Some(Flaw::LongLeaseWraps) => {
                Duration::from_millis(ttl.as_millis() as u64 & u64::from(u32::MAX) >> 1)
            }
            Some(Flaw::LeaseCutToSeconds) => Duration::from_secs(ttl.as_secs()),
            Some(Flaw::LeaseOfTenSecondsAtLeast) => ttl.max(Duration::from_secs(10)),
            _ => ttl,
        };
        let ends = UnixMillis::new(now).saturating_add(ttl).get();
        let server = state.server(self, id);
        let known = server.latest.replace(id.incarnation) == Some(id.incarnation);
        server.lapses_at = match server.lapses_at {
            _ if !known && self.has(Flaw::FirstRenewalNotLive) => None,
            Some(first) if first > now && self.has(Flaw::LeaseNotExtended) => Some(first),
            _ => Some(ends),
        };
        let mut notices = mem::take(&mut server.notices);
        if self.has(Flaw::NoticesDeliveredTwice) {
            let again = mem::replace(&mut server.delivered, notices.clone());
            notices.extend(again);
        }
        if self.has(Flaw::NoticesSorted) {
            notices.sort_by_key(|notice| notice.session);
        }
        if self.has(Flaw::NoticesNewestFirst) {
            notices.reverse();
        }
        Renewal::Renewed { notices }
    }

    /// The incarnation that keeps `id` from renewing, if one does.
    fn superseded(&self, state: &State, id: &ServerId) -> Option<Incarnation> {
        let server = state.servers.get(&self.folded(id.name.as_str()))?;
        let latest = server.latest?;
        let live = server.lapses_at.is_some_and(|ends| ends > self.now());
        let signed = |incarnation: Incarnation| incarnation.as_uuid().as_u128().cast_signed();
        let superseded = match self.flaw {
            Some(Flaw::AnyIncarnationRenews) => false,
            Some(Flaw::IncarnationForgottenOnDrop) => {
                server.lapses_at.is_some() && latest > id.incarnation
            }
            Some(Flaw::IncarnationForgottenOnLapse) => {
                (live || server.lapses_at.is_none()) && latest > id.incarnation
            }
            Some(Flaw::LiveLeaseNotSuperseded) => {
                latest > id.incarnation || live && latest != id.incarnation
            }
            Some(Flaw::LapsedLeaseNotRenewed) => {
                latest > id.incarnation
                    || latest == id.incarnation && !live && server.lapses_at.is_some()
            }
            Some(Flaw::IncarnationsComparedSigned) => signed(latest) > signed(id.incarnation),
            _ => latest > id.incarnation,
        };
        superseded.then_some(latest)
    }

    pub(crate) fn is_live(&self, state: &State, id: &ServerId) -> bool {
        let Some(server) = state.servers.get(&self.folded(id.name.as_str())) else {
            return false;
        };
        let own = server.latest == Some(id.incarnation) || self.has(Flaw::LeaseOfAnyIncarnation);
        let lapsed = server
            .lapses_at
            .is_none_or(|ends| ends <= self.now() && !self.has(Flaw::LeaseNeverLapses));
        own && !lapsed
    }

    pub(crate) fn end_lease(&self, id: &ServerId) {
        let mut state = self.state();
        let Some(server) = state.servers.get_mut(&self.folded(id.name.as_str())) else {
            return;
        };
        if server.latest == Some(id.incarnation) || self.has(Flaw::DropUnchecked) {
            if !self.has(Flaw::DropForgotten) {
                server.lapses_at = None;
            }
            if !self.has(Flaw::NoticesOutliveDrop) {
                server.notices.clear();
            }
        }
        if self.has(Flaw::DropForgetsAlike) {
            for (name, other) in &mut state.servers {
                if name.eq_ignore_ascii_case(id.name.as_str()) {
                    other.notices.clear();
                }
            }
            return;
        }
        if self.has(Flaw::NoticesForgottenByAnyDrop) {
            server.notices.clear();
        }
    }

    pub(crate) fn queue(&self, name: &ServerName, notice: &Notice) -> Notification {
        let mut state = self.state();
        let now = self.now();
        let all: usize = state
            .servers
            .values()
            .map(|server| server.notices.len())
            .sum();
        if self.has(Flaw::NoticesBoundedTogether) && all >= MAX_NOTICES {
            return Notification::Full;
        }
        let server = state.servers.entry(self.folded(name.as_str())).or_default();
        if server.notices.len() >= MAX_NOTICES && !self.has(Flaw::NoticesUnbounded) {
            return Notification::Full;
        }
        let dropped = match self.flaw {
            Some(Flaw::NoticesLost) => true,
            Some(Flaw::NoticesNeedLease) => server.lapses_at.is_none_or(|ends| ends <= now),
            Some(Flaw::RepeatedNoticeDropped) => server.notices.contains(notice),
            _ => false,
        };
        if !dropped {
            server.notices.push(notice.clone());
        }
        if self.has(Flaw::NoticesSentByPrefix) {
            for (key, other) in &mut state.servers {
                if key.starts_with(name.as_str()) && key != name.as_str() {
                    other.notices.push(notice.clone());
                }
            }
        }
        if self.has(Flaw::NoticesSentToAll) {
            for (_, other) in state
                .servers
                .iter_mut()
                .filter(|(key, _)| **key != *name.as_str())
            {
                other.notices.push(notice.clone());
            }
        }
        Notification::Queued
    }
}

impl State {
    fn server(&mut self, store: &PlainStore, id: &ServerId) -> &mut Server {
        let key = store.folded(id.name.as_str());
        self.servers.entry(key).or_default()
    }
}

/// Gives a server back what it once held.
fn restore_locks(state: &mut State, id: &ServerId) {
    for player in state.players.values_mut() {
        if let Some(former) = &player.former
            && former.server == *id
        {
            player.lock = Some(former.clone());
        }
    }
}
