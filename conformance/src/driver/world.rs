//! What all actors of one case share: its history, fresh ids, and judgement.

use std::{
    fmt::Debug,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use playerdata_core::{
    IdSource, Incarnation, PlayerId, Revision, SequentialIds, ServerId, ServerName, SlotName,
    UnixMillis, WriteId,
    backend::{Body, Encoding, Stamp},
};

use super::{brief, history::History};
use crate::Rule;

/// Shared by everything that acts in a case. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct World {
    history: History,
    ids: Arc<SequentialIds>,
    /// Counts whatever must differ or grow: incarnations and times.
    ticks: Arc<AtomicU64>,
}

impl World {
    /// The calls so far.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Fresh ids, the same in every run.
    #[must_use]
    pub fn ids(&self) -> Arc<dyn IdSource> {
        self.ids.clone()
    }

    /// A time that is later than all before, and differs from the store's
    /// own, as a stamp or a claimant carries it.
    #[must_use]
    pub fn time(&self) -> UnixMillis {
        let tick = self.ticks.fetch_add(1, Ordering::Relaxed);
        UnixMillis::new(1_700_000_000_000 + tick)
    }

    /// The player of cases that need only one.
    #[must_use]
    pub fn player(&self) -> PlayerId {
        name("player-1")
    }

    /// The slot of cases that need only one.
    #[must_use]
    pub fn slot(&self) -> SlotName {
        name("Slot1")
    }

    /// A start of the server of that name: an incarnation greater than all
    /// before.
    #[must_use]
    pub fn started(&self, server: &str) -> ServerId {
        ServerId {
            name: name(server),
            incarnation: Incarnation::starting_at(self.time(), self.ids.next_id()),
        }
    }

    /// The name of a server.
    #[must_use]
    pub fn server_name(&self, server: &str) -> ServerName {
        name(server)
    }

    /// The stamp of a new write on `base`.
    #[must_use]
    pub fn stamp(&self, base: Revision) -> Stamp {
        Stamp {
            base,
            write_id: WriteId::from_uuid(self.ids.next_id()),
            at: self.time(),
        }
    }

    /// Requires that something holds.
    ///
    /// # Panics
    ///
    /// With the rule and the history, if it does not.
    #[track_caller]
    pub fn expect(&self, rule: Rule, what: &str, holds: bool) {
        if !holds {
            self.fail(rule, what);
        }
    }

    /// Requires that two things are equal.
    ///
    /// # Panics
    ///
    /// With the rule, both of them and the history, if they are not.
    #[track_caller]
    #[allow(clippy::needless_pass_by_value)] // reads better in a case
    pub fn expect_eq<T: Debug + PartialEq>(&self, rule: Rule, what: &str, found: T, expected: T) {
        if found != expected {
            let (found, expected) = (brief::value(&found), brief::value(&expected));
            self.fail(
                rule,
                &format!("{what}\n  found    {found}\n  expected {expected}"),
            );
        }
    }

    /// Ends a case that can't go on.
    ///
    /// # Panics
    ///
    /// With the rule and the history, always.
    #[track_caller]
    pub fn fail(&self, rule: Rule, what: &str) -> ! {
        panic!("{}", self.judgement(rule, what))
    }

    /// What is said of a case that failed: the rule, and the calls so far.
    pub(crate) fn judgement(&self, rule: Rule, what: &str) -> String {
        format!(
            "\nbroken: {rule}\n{what}\nhistory (client.call -> answer):\n{}",
            self.history
        )
    }
}

/// A name that a case spells out.
pub(crate) fn name<N>(name: &str) -> N
where
    N: for<'a> TryFrom<&'a str, Error = playerdata_core::InvalidName>,
{
    N::try_from(name).expect("cases use names that are allowed")
}

/// A small body.
pub(crate) fn body(bytes: impl Into<Bytes>) -> Body {
    Body {
        schema: 1,
        encoding: Encoding::Json,
        bytes: bytes.into(),
    }
}
