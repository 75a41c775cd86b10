//! What is kept of a server name: its lease, and the notices that wait.

use std::{mem, time::Duration};

use playerdata_core::{
    Incarnation, ServerId, UnixMillis,
    backend::{MAX_NOTICES, Notice, Notification, Renewal},
};
use serde::{Deserialize, Serialize};

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Server {
    /// The latest incarnation that was seen, remembered for ever.
    latest: Option<Incarnation>,
    /// When its lease lapses; none if it was dropped.
    lapses_at: Option<UnixMillis>,
    notices: Vec<Notice>,
}

impl Server {
    pub(crate) fn renew(&mut self, server: &ServerId, ttl: Duration, now: UnixMillis) -> Renewal {
        match self.latest {
            Some(by) if by > server.incarnation => return Renewal::Superseded { by },
            Some(_) | None => {}
        }
        self.latest = Some(server.incarnation);
        self.lapses_at = Some(now.saturating_add(ttl));
        let notices = mem::take(&mut self.notices);
        Renewal::Renewed { notices }
    }

    pub(crate) fn drop_lease(&mut self, server: &ServerId) {
        if self.latest == Some(server.incarnation) && self.lapses_at.take().is_some() {
            self.notices.clear();
        }
    }

    pub(crate) fn is_live(&self, server: &ServerId, now: UnixMillis) -> bool {
        self.latest == Some(server.incarnation) && self.lapses_at > Some(now)
    }

    pub(crate) fn notify(&mut self, notice: Notice) -> Notification {
        if self.notices.len() >= MAX_NOTICES {
            return Notification::Full;
        }
        self.notices.push(notice);
        Notification::Queued
    }
}
