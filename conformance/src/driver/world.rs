//! What all actors of one case share: its history, fresh ids, and judgement.

use std::{
    fmt::Debug,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use playerdata_core::{
    Clock, IdSource, Incarnation, PlayerId, Revision, SequentialIds, ServerId, ServerName,
    SlotName, UnixMillis, WriteId,
    backend::{Body, Encoding, Stamp},
};

use super::{brief, history::History};
use crate::Rule;

/// Shared by everything that acts in a case. Cheap to clone.
#[derive(Clone, Debug)]
pub struct World {
    history: History,
    ids: Arc<SequentialIds>,
    /// Counts whatever must differ or grow: incarnations and times.
    ticks: Arc<AtomicU64>,
    patience: Duration,
}

impl Default for World {
    fn default() -> Self {
        Self {
            history: History::default(),
            ids: Arc::default(),
            ticks: Arc::default(),
            patience: Duration::from_secs(30),
        }
    }
}

/// Between two looks at what is to come true.
const LOOK_EVERY: Duration = Duration::from_millis(10);

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

    /// A clock that tells such times, for servers with nothing wrong with
    /// theirs.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(Ticking(self.clone()))
    }

    /// How long a case waits for what has to come, and comes at once unless
    /// the machine is busy with other things.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.patience
    }

    pub(crate) fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
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

    /// Waits until something holds, which is soon.
    ///
    /// # Panics
    ///
    /// With the rule and the history, if it does not.
    pub async fn until<F>(&self, rule: Rule, what: &str, mut holds: impl FnMut() -> F)
    where
        F: Future<Output = bool>,
    {
        let holding = async {
            while !holds().await {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        if tokio::time::timeout(self.patience, holding).await.is_err() {
            self.fail(rule, &format!("within {:?}: {what}", self.patience));
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

/// Tells a world's times.
#[derive(Debug)]
struct Ticking(World);

impl Clock for Ticking {
    fn now(&self) -> UnixMillis {
        self.0.time()
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
