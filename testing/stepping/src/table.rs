//! A table of items of which one is written at a time, each on a condition, as
//! in many a store that is spread over machines.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;
use playerdata_core::{
    Incarnation, LetterId, PlayerId, Revision, ServerName, SessionId, SlotName, UnixMillis,
    WriteId,
    backend::{Lock, Notice, Party, Record, Verdict, WaitingLetter},
};
use uuid::Uuid;

use crate::{Deed, Gate, Observer, OpenGate};

/// What is kept of a player beside the slots.
#[derive(Clone, Debug, Default)]
pub(crate) struct PlayerItem {
    pub(crate) fence: u64,
    pub(crate) lock: Option<Lock>,
    /// The lock is being taken away: no claims are added.
    pub(crate) ending: bool,
    /// The player is being erased.
    pub(crate) erasing: Option<Mark>,
    /// How often the player was erased to the end.
    pub(crate) erasures: u64,
}

/// An erasure that was begun: what was opened under no later fence goes, and
/// the mail that came before as many erasures were over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) fence: u64,
    pub(crate) erasures: u64,
}

/// The claim on a slot, which is all that a write looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LiveClaim {
    pub(crate) session: SessionId,
    pub(crate) fence: u64,
    pub(crate) number: u64,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct SlotItem {
    pub(crate) claim: Option<LiveClaim>,
    /// The fence under which the slot was opened last.
    pub(crate) opened_under: u64,
    pub(crate) revision: Revision,
    pub(crate) last_write: Option<WriteId>,
    pub(crate) record: Option<Record>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct ServerItem {
    pub(crate) latest: Option<Incarnation>,
    pub(crate) lapses_at: Option<u64>,
    pub(crate) notices: Vec<Notice>,
}

#[derive(Clone, Debug)]
pub(crate) struct MailboxItem {
    /// How often the player had been erased when it was made.
    pub(crate) made_in: u64,
    pub(crate) last: u64,
    pub(crate) waiting: Vec<WaitingLetter>,
    pub(crate) remembered: Vec<Remembered>,
}

/// A letter that was taken out.
#[derive(Clone, Debug)]
pub(crate) struct Remembered {
    pub(crate) id: LetterId,
    pub(crate) posting: WriteId,
    /// When it may be forgotten; none before it is settled.
    pub(crate) until: Option<UnixMillis>,
}

#[derive(Clone, Debug)]
pub(crate) struct TradeItem {
    pub(crate) verdict: Verdict,
    pub(crate) forgotten: Vec<Party>,
    pub(crate) until: Option<UnixMillis>,
}

#[derive(Clone, Debug)]
pub(crate) struct VersionItem {
    /// The fence of the lock under which it was kept.
    pub(crate) kept_under: u64,
    pub(crate) kept_at: UnixMillis,
    pub(crate) record: Record,
}

#[derive(Debug, Default)]
pub(crate) struct Items {
    pub(crate) players: BTreeMap<PlayerId, PlayerItem>,
    pub(crate) slots: BTreeMap<(PlayerId, SlotName), SlotItem>,
    pub(crate) servers: BTreeMap<ServerName, ServerItem>,
    pub(crate) mailboxes: BTreeMap<(PlayerId, SlotName), MailboxItem>,
    pub(crate) trades: BTreeMap<Uuid, TradeItem>,
    /// The versions of a slot, the oldest first.
    pub(crate) versions: BTreeMap<(PlayerId, SlotName), Vec<VersionItem>>,
    /// What the present step did.
    deeds: Vec<Deed>,
}

impl Items {
    pub(crate) fn tell(&mut self, deed: Deed) {
        self.deeds.push(deed);
    }
}

/// A process' way to the table: each use of it is a step.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    items: Arc<Mutex<Items>>,
    gate: Arc<dyn Gate>,
    observer: Option<Arc<dyn Observer>>,
}

impl Table {
    pub(crate) fn new() -> Self {
        Self {
            items: Arc::default(),
            gate: Arc::new(OpenGate),
            observer: None,
        }
    }

    /// The way of another process.
    pub(crate) fn another_process(&self, gate: Arc<dyn Gate>) -> Self {
        Self {
            items: Arc::clone(&self.items),
            gate,
            observer: self.observer.clone(),
        }
    }

    pub(crate) fn observe(&mut self, observer: Arc<dyn Observer>) {
        self.observer = Some(observer);
    }

    /// Carries out one step.
    pub(crate) async fn step<T>(&self, step: impl FnOnce(&mut Items) -> T) -> T {
        self.gate.pass().await;
        let (result, deeds) = {
            let mut items = self.items.lock();
            let result = step(&mut items);
            (result, std::mem::take(&mut items.deeds))
        };
        if let Some(observer) = &self.observer {
            deeds.iter().for_each(|deed| observer.saw(deed));
        }
        result
    }

    /// Looks at the table, which is not a step of any process.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Items) -> T) -> T {
        look(&self.items.lock())
    }
}
