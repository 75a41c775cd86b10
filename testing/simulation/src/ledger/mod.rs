//! The model: what was applied, what each server was told, and whether that
//! keeps the rules.
//!
//! Nothing here decides what a backend or a manager should have done. It
//! follows what they did, and notes the first step that no rule allows.

mod goods;
mod leases;
mod lineage;
mod locks;
mod market;
mod past;
mod slots;
mod told;
mod wording;

use std::{collections::BTreeMap, fmt, sync::Arc};

use parking_lot::{Mutex, MutexGuard};
use playerdata_core::{PlayerId, ServerName, SessionId, SlotName};
use tokio::sync::Notify;

use self::{
    leases::Server,
    lineage::Lineage,
    locks::Player,
    market::Market,
    past::Past,
    told::{ToldClaim, ToldSession},
};
use crate::{Rule, Violation, clock::DriftingClock, history::History};

pub(crate) use self::{goods::Goods, lineage::Author, past::Restore, slots::Stored};

/// Shared by everything in a run.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    state: Arc<Mutex<State>>,
    broken: Arc<Notify>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) history: History,
    rules: Vec<Rule>,
    violation: Option<Violation>,
    store_clock: Arc<DriftingClock>,
    servers: BTreeMap<ServerName, Server>,
    players: BTreeMap<PlayerId, Player>,
    lineage: Lineage,
    market: Market,
    past: Past,
    /// Whether a clock has jumped or drifted in this run.
    pub(crate) clocks_were_wrong: bool,
    sessions: BTreeMap<SessionId, ToldSession>,
    claims: BTreeMap<(SessionId, SlotName), ToldClaim>,
    /// Starts under way that steal, by process and player.
    steals: BTreeMap<(u32, PlayerId), u32>,
}

impl Ledger {
    pub(crate) fn new(rules: Vec<Rule>, store_clock: Arc<DriftingClock>) -> Self {
        let state = State {
            history: History::new(),
            rules,
            violation: None,
            store_clock,
            servers: BTreeMap::new(),
            players: BTreeMap::new(),
            lineage: Lineage::default(),
            market: Market::default(),
            past: Past::default(),
            clocks_were_wrong: false,
            sessions: BTreeMap::new(),
            claims: BTreeMap::new(),
            steals: BTreeMap::new(),
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            broken: Arc::new(Notify::new()),
        }
    }

    /// The model, for one step of it. What is found broken is announced when
    /// the step is over.
    pub(crate) fn step<T>(&self, step: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock();
        let result = step(&mut state);
        if state.violation.is_some() {
            self.broken.notify_one();
        }
        result
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    pub(crate) fn note(&self, what: fmt::Arguments<'_>) {
        self.state.lock().history.add(what);
    }

    pub(crate) fn breaks(&self, rule: Rule, what: fmt::Arguments<'_>) {
        self.step(|state| state.breaks(rule, what));
    }

    /// Waits until a rule was seen broken.
    pub(crate) async fn broken(&self) {
        self.broken.notified().await;
    }
}

impl State {
    /// Notes that a rule is broken; the first one counts.
    pub(crate) fn breaks(&mut self, rule: Rule, what: fmt::Arguments<'_>) {
        if self.violation.is_some() || !self.rules.contains(&rule) {
            return;
        }
        self.history.add(format_args!("BROKEN {rule:?}: {what}"));
        self.violation = Some(Violation {
            step: self.history.step(),
            rule,
            what: what.to_string(),
        });
    }

    pub(crate) fn unless(&mut self, holds: bool, rule: Rule, what: fmt::Arguments<'_>) {
        if !holds {
            self.breaks(rule, what);
        }
    }

    pub(crate) fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    fn player(&mut self, player: &PlayerId) -> &mut Player {
        self.players.entry(player.clone()).or_default()
    }
}

/// The process that made a session: sessions carry its number.
pub(crate) fn process_of(session: SessionId) -> u32 {
    // The shift leaves 32 bits.
    u32::try_from(session.as_uuid().as_u128() >> 96).unwrap_or(u32::MAX)
}
