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
    /// Whether it is being taken away, in a store that does so in steps.
    ending: bool,
}

impl Player {
    pub(super) fn holder(&self) -> Option<SessionId> {
        self.lock.as_ref().map(|held| held.lock.session)
    }

    fn free(&mut self) {
        if let Some(former) = self.holder() {
            self.former.insert(former);
        }
        self.lock = None;
    }

    fn give(&mut self, lock: Lock) {
        self.free();
        self.fence = self.fence.max(lock.fence);
        self.acquisitions.insert((lock.session, lock.fence));
        self.lock = Some(Held {
            lock,
            since: Instant::now(),
            ending: false,
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
            self.check_take_over(player, claimant, &lock);
            self.check_restorer(session, player, &lock);
        }
        self.player(player).give(Lock {
            session,
            server: claimant.server.clone(),
            fence,
            since: claimant.at,
        });
    }

    /// Whether a session may take a player away from the one that holds it.
    fn check_take_over(&mut self, player: &PlayerId, claimant: &Claimant, lock: &Lock) {
        let own = lock.server == claimant.server;
        let lapsed = !self.lease_is_live(&lock.server) || self.was_seen_lapsed(&lock.server);
        self.unless(
            own || lapsed || self.steals(claimant.session),
            Rule::L2,
            format_args!(
                "{} took {player} from the live {}",
                Short(claimant.session),
                Short(lock)
            ),
        );
    }

    /// A lock begins to be taken away: given up, or for somebody.
    pub(crate) fn marked(&mut self, player: &PlayerId, lock: &Lock, by: Option<&Claimant>) {
        self.history.add(format_args!(
            "  the lock of {player}, {}, is ending for {}",
            Short(lock),
            Short(by.map(|claimant| claimant.session))
        ));
        self.check_is_held(player, lock, "ends");
        if let Some(claimant) = by {
            self.check_take_over(player, claimant, lock);
            self.check_restorer(claimant.session, player, lock);
        }
        if let Some(held) = &mut self.player(player).lock {
            held.ending = true;
        }
    }

    /// A lock that was being taken away is gone.
    pub(crate) fn freed(&mut self, player: &PlayerId, lock: &Lock) {
        self.history.add(format_args!(
            "  the lock of {player}, {}, is gone",
            Short(lock)
        ));
        self.check_is_held(player, lock, "was removed for");
        let ending = self.player(player).lock.as_ref().map(|held| held.ending);
        self.unless(
            ending == Some(true),
            Rule::L6,
            format_args!("nobody gave up {player}, who was held by {}", Short(lock)),
        );
        self.player(player).free();
    }

    fn check_is_held(&mut self, player: &PlayerId, lock: &Lock, did: &str) {
        let held = self.player(player).lock.as_ref().map(|held| &held.lock);
        let same = held.is_some_and(|held| held.fence == lock.fence);
        let holder = self.player(player).holder();
        self.unless(
            same,
            Rule::L6,
            format_args!(
                "the lock of {player}, held by {}, {did} {}",
                Short(holder),
                Short(lock)
            ),
        );
    }

    /// A release that is one step.
    pub(crate) fn released(&mut self, player: &PlayerId, session: SessionId, outcome: Release) {
        let holder = self.player(player).holder();
        if outcome == Release::Released {
            self.player(player).free();
        }
        let acquired = self.acquisitions(player);
        self.told_released(player, session, outcome, acquired);
        self.unless(
            outcome == Release::NotHeld || holder == Some(session),
            Rule::L6,
            format_args!(
                "{} released {player}, held by {}",
                Short(session),
                Short(holder)
            ),
        );
    }

    /// How often a player was acquired so far.
    pub(crate) fn acquisitions(&self, player: &PlayerId) -> usize {
        let player = self.players.get(player);
        player.map_or(0, |player| player.acquisitions.len())
    }

    /// What a release says, whenever it was that the lock went; it began after
    /// this many acquisitions.
    pub(crate) fn told_released(
        &mut self,
        player: &PlayerId,
        session: SessionId,
        outcome: Release,
        began_after: usize,
    ) {
        self.history.add(format_args!(
            "release {player} by {} -> {outcome:?}",
            Short(session)
        ));
        let model = self.player(player);
        // A late copy of the session's `acquire` may have come meanwhile.
        let all_along = model.acquisitions.len() == began_after;
        let held = model.holder() == Some(session) && all_along;
        let former = model.former.contains(&session);
        match outcome {
            Release::Released => self.unless(
                former,
                Rule::L6,
                format_args!(
                    "{} was told that it released {player}, and did not",
                    Short(session)
                ),
            ),
            Release::NotHeld => self.unless(
                !held,
                Rule::L6,
                format_args!("{} holds {player} and could not release it", Short(session)),
            ),
        }
    }

    /// An erasure that is one step.
    pub(crate) fn erased(&mut self, player: &PlayerId, outcome: &Erasure) {
        if let Erasure::Erased = outcome {
            let model = self.player(player);
            model.slots.values_mut().for_each(SlotModel::erase);
            self.versions_erased(player);
            self.check_nobody_is_erased(player);
        }
        self.told_erased(player, outcome);
    }

    /// One slot of a player who is being erased is gone.
    pub(crate) fn slot_erased(&mut self, player: &PlayerId, slot: &SlotName) {
        self.history
            .add(format_args!("  {player}/{slot} is erased"));
        self.check_nobody_is_erased(player);
        let slot = self.player(player).slots.entry(slot.clone()).or_default();
        slot.erase();
    }

    /// Nothing of a player is left.
    pub(crate) fn erasure_over(&mut self, player: &PlayerId) {
        self.history
            .add(format_args!("  the erasure of {player} is over"));
        self.check_nobody_is_erased(player);
        self.versions_erased(player);
        let slots = self.player(player).slots.iter();
        let left = slots.filter(|(_, slot)| slot.content.is_some());
        let left: Vec<_> = left.map(|(name, _)| name.clone()).collect();
        self.unless(
            left.is_empty(),
            Rule::S1,
            format_args!("{player} was erased, but {left:?} are there"),
        );
    }

    /// What an erasure says, whenever it was that everything went.
    pub(crate) fn told_erased(&mut self, player: &PlayerId, outcome: &Erasure) {
        self.history
            .add(format_args!("erase {player} -> {outcome:?}"));
        let holder = self.player(player).holder();
        if let Erasure::Locked { .. } = outcome {
            self.unless(
                holder.is_some(),
                Rule::L1,
                format_args!("{player} could not be erased, though nobody holds it"),
            );
        }
    }

    fn check_nobody_is_erased(&mut self, player: &PlayerId) {
        let holder = self.player(player).holder();
        self.unless(
            holder.is_none(),
            Rule::L5,
            format_args!("{player} was erased under {}", Short(holder)),
        );
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
