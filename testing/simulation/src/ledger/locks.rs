//! Locks, as the store has them.

use std::collections::{BTreeMap, BTreeSet};

use playerdata_core::{
    Fence, PlayerId, SessionId, SlotName,
    backend::{Acquisition, Claimant, Erasure, Lock, Release},
};
use tokio::time::Instant;

use super::{State, process_of, slots::SlotModel};
use crate::{Rule, history::Short};

#[derive(Debug, Default)]
pub(super) struct Player {
    /// The greatest fence that was ever given.
    pub(super) fence: Fence,
    pub(super) lock: Option<Held>,
    /// Sessions that had the lock and lost it or gave it back.
    pub(super) former: BTreeSet<SessionId>,
    pub(super) slots: BTreeMap<SlotName, SlotModel>,
    /// Every acquisition there was.
    pub(super) acquisitions: BTreeSet<(SessionId, Fence)>,
}

#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) lock: Lock,
    pub(super) since: Instant,
}

impl Player {
    pub(super) fn holder(&self) -> Option<SessionId> {
        self.lock.as_ref().map(|held| held.lock.session)
    }

    fn give(&mut self, lock: Lock) {
        if let Some(former) = self.holder() {
            self.former.insert(former);
        }
        self.fence = self.fence.max(lock.fence);
        self.acquisitions.insert((lock.session, lock.fence));
        self.lock = Some(Held {
            lock,
            since: Instant::now(),
        });
    }
}

impl State {
    pub(crate) fn acquired(
        &mut self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
        outcome: &Acquisition,
    ) {
        let session = claimant.session;
        self.history.add(format_args!(
            "acquire {player} for {}, replacing {} -> {}",
            Short(session),
            Short(replacing),
            told(outcome)
        ));
        let before = self.player(player).lock.clone().map(|held| held.lock);
        match outcome {
            Acquisition::Acquired { fence } => match before {
                Some(lock) if lock.session == session => self.unless(
                    lock.fence == *fence,
                    Rule::L3,
                    format_args!(
                        "{} has fence {}, was told {fence}",
                        Short(session),
                        lock.fence
                    ),
                ),
                before => self.taken(player, claimant, replacing, *fence, before),
            },
            Acquisition::Held { holder } => self.unless(
                before.as_ref() == Some(holder) && holder.session != session,
                Rule::L1,
                format_args!("held by {}, it was said", Short(holder)),
            ),
        }
    }

    /// The lock changes hands.
    fn taken(
        &mut self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
        fence: Fence,
        before: Option<Lock>,
    ) {
        let session = claimant.session;
        let greatest = self.player(player).fence;
        self.unless(
            fence > greatest,
            Rule::L3,
            format_args!(
                "{} got fence {fence} of {player} after {greatest}",
                Short(session)
            ),
        );
        if let Some(lock) = before {
            self.unless(
                replacing == Some(lock.session),
                Rule::L1,
                format_args!(
                    "{} took {player} while {} held it",
                    Short(session),
                    Short(&lock)
                ),
            );
            let own = lock.server == claimant.server;
            let lapsed = !self.lease_is_live(&lock.server) || self.was_seen_lapsed(&lock.server);
            self.unless(
                own || lapsed || self.steals(session),
                Rule::L2,
                format_args!(
                    "{} took {player} from the live {}",
                    Short(session),
                    Short(&lock)
                ),
            );
        }
        self.player(player).give(Lock {
            session,
            server: claimant.server.clone(),
            fence,
            since: claimant.at,
        });
    }

    pub(crate) fn released(&mut self, player: &PlayerId, session: SessionId, outcome: Release) {
        self.history.add(format_args!(
            "release {player} by {} -> {outcome:?}",
            Short(session)
        ));
        let model = self.player(player);
        let held = model.holder() == Some(session);
        match outcome {
            Release::Released => {
                let holder = model.holder();
                if let Some(former) = holder {
                    model.former.insert(former);
                }
                model.lock = None;
                self.unless(
                    held,
                    Rule::L6,
                    format_args!(
                        "{} released {player}, held by {}",
                        Short(session),
                        Short(holder)
                    ),
                );
            }
            Release::NotHeld => self.unless(
                !held,
                Rule::L6,
                format_args!("{} holds {player} and could not release it", Short(session)),
            ),
        }
    }

    pub(crate) fn erased(&mut self, player: &PlayerId, outcome: &Erasure) {
        self.history
            .add(format_args!("erase {player} -> {outcome:?}"));
        let model = self.player(player);
        let holder = model.holder();
        match outcome {
            Erasure::Erased => {
                model.slots.values_mut().for_each(SlotModel::erase);
                self.unless(
                    holder.is_none(),
                    Rule::L5,
                    format_args!("{player} was erased under {}", Short(holder)),
                );
            }
            Erasure::Locked { .. } => self.unless(
                holder.is_some(),
                Rule::L1,
                format_args!("{player} could not be erased, though nobody holds it"),
            ),
        }
    }

    /// Compares the lock in the store with the one in the model, after an
    /// operation that `rule` keeps from changing it otherwise.
    pub(crate) fn lock_is(&mut self, player: &PlayerId, lock: Option<&Lock>, rule: Rule) {
        let model = self.player(player).lock.as_ref().map(|held| &held.lock);
        let same = match (model, lock) {
            (Some(model), Some(lock)) => (model.session, model.fence) == (lock.session, lock.fence),
            (None, None) => true,
            _ => false,
        };
        let model = model.map(|lock| lock.session);
        let found = lock.map(|lock| lock.session);
        self.unless(
            same,
            rule,
            format_args!(
                "{player} is held by {}, should be by {}",
                Short(found),
                Short(model)
            ),
        );
    }

    /// The players whose lock may be looked at.
    pub(crate) fn known_players(&self) -> Vec<PlayerId> {
        self.players.keys().cloned().collect()
    }

    /// Locks of sessions that no server was told of, or that have ended,
    /// though the server lives and had every chance to release them (L8).
    pub(crate) fn check_no_lock_is_left_behind(&mut self, live: &[u32]) {
        let left: Vec<_> = self
            .players
            .iter()
            .filter_map(|(player, model)| Some((player.clone(), model.lock.clone()?)))
            .filter(|(_, held)| live.contains(&process_of(held.lock.session)))
            .filter(|(_, held)| self.should_be_gone(held))
            .collect();
        for (player, held) in left {
            let lock = Short(&held.lock);
            self.breaks(Rule::L8, format_args!("{player} is still held by {lock}"));
        }
    }
}

fn told(outcome: &Acquisition) -> String {
    match outcome {
        Acquisition::Acquired { fence } => format!("fence {fence}"),
        Acquisition::Held { holder } => format!("held by {}", Short(holder)),
    }
}
