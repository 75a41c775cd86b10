//! Versions that were kept, and documents that were put back.

use std::collections::{BTreeMap, BTreeSet};

use playerdata_core::{
    PlayerId, Revision, SessionId, SlotName,
    backend::{Body, Claim, Keeping, Lock, Record},
};

use super::{State, goods::Estate, process_of};
use crate::{Rule, history::Short, shop::Place};

#[derive(Debug, Default)]
pub(super) struct Past {
    /// Whatever was kept of a slot, whether it is still there or not.
    kept: BTreeMap<Place, BTreeMap<Revision, Body>>,
    /// Players of whom versions are put back.
    players: BTreeSet<PlayerId>,
    /// What each operator's process is there for.
    restores: BTreeMap<u32, Restore>,
    /// Whether the document that a process put back has less on its way than the
    /// version had.
    left_out: BTreeMap<u32, bool>,
}

/// A version that is to be put back.
#[derive(Clone, Debug)]
pub(crate) struct Restore {
    pub(crate) player: PlayerId,
    pub(crate) slot: SlotName,
    pub(crate) revision: Revision,
    pub(crate) steals: bool,
}

impl State {
    pub(crate) fn may_be_put_back(&mut self, player: &PlayerId) {
        self.past.players.insert(player.clone());
    }

    pub(super) fn is_put_back(&self, player: &PlayerId) -> bool {
        self.past.players.contains(player)
    }

    /// A process is there to put back a version, and for nothing else.
    pub(crate) fn restores(&mut self, process: u32, restore: Restore) {
        let Restore {
            player,
            slot,
            revision,
            steals,
        } = &restore;
        self.history.add(format_args!(
            "RESTORE revision {revision} of {player}/{slot} is put back by #{process}, \
             steals: {steals}"
        ));
        self.past.restores.insert(process, restore);
    }

    pub(super) fn is_restoring(&self, session: SessionId) -> bool {
        self.past.restores.contains_key(&process_of(session))
    }

    /// A version is kept, or not.
    pub(crate) fn version_kept(&mut self, claim: &Claim, outcome: &Keeping) {
        let (player, slot) = (&claim.player, &claim.slot);
        let told = match outcome {
            Keeping::Kept { revision } => format!("revision {revision}"),
            Keeping::Recent => "there is a recent one".to_owned(),
            Keeping::Nothing => "there is nothing".to_owned(),
            Keeping::Lost { .. } => "lost".to_owned(),
        };
        self.history
            .add(format_args!("keep a version of {player}/{slot} -> {told}"));
        let holder = self.player(player).holder();
        let holds = holder == Some(claim.session);
        match outcome {
            Keeping::Kept { revision } => {
                self.unless(
                    holds,
                    Rule::H5,
                    format_args!(
                        "{} kept a version of {player}/{slot}, which {} holds",
                        Short(claim.session),
                        Short(holder)
                    ),
                );
                let stored = self.stored_body(player, slot);
                let body = stored.filter(|(stored, _)| stored == revision);
                let has = body.is_some();
                if let Some((_, body)) = body {
                    let place = (player.clone(), slot.clone());
                    let kept = self.past.kept.entry(place).or_default();
                    kept.insert(*revision, body);
                }
                self.unless(
                    has,
                    Rule::H1,
                    format_args!("revision {revision} of {player}/{slot} is said to be kept"),
                );
            }
            Keeping::Lost { .. } | Keeping::Recent | Keeping::Nothing => {}
        }
    }

    /// Compares a version in the store with what was kept.
    pub(crate) fn version_is(
        &mut self,
        (player, slot): (&PlayerId, &SlotName),
        revision: Revision,
        found: Option<&Record>,
    ) {
        let place = (player.clone(), slot.clone());
        let kept = self.past.kept.get(&place);
        let kept = kept.and_then(|kept| kept.get(&revision));
        let same = found.map(|record| &record.body) == kept;
        self.unless(
            same,
            Rule::H1,
            format_args!("version {revision} of {player}/{slot} is not what was kept"),
        );
    }

    /// Nothing of a player is left, and so no versions.
    pub(super) fn versions_erased(&mut self, player: &PlayerId) {
        self.past.kept.retain(|(kept, _), _| kept != player);
    }

    /// How many versions an erased player still has.
    pub(crate) fn versions_left(&mut self, player: &PlayerId, slot: &SlotName, left: usize) {
        self.unless(
            left == 0,
            Rule::H5,
            format_args!("{player} is erased, and {slot} has {left} versions"),
        );
    }

    /// A player is taken for a version to be put back.
    pub(super) fn check_restorer(&mut self, session: SessionId, player: &PlayerId, from: &Lock) {
        let restore = self.past.restores.get(&process_of(session));
        let robs = restore.is_some_and(|restore| !restore.steals);
        let live = self.lease_is_live(&from.server) && !self.was_seen_lapsed(&from.server);
        self.unless(
            !robs || !live,
            Rule::H4,
            format_args!("a restore took {player} from the live {}", Short(from)),
        );
    }

    /// A version becomes the newest revision.
    pub(super) fn check_restored(&mut self, claim: &Claim, body: &Body, replaced: Option<&Body>) {
        let Some(restore) = self.past.restores.get(&process_of(claim.session)).cloned() else {
            return;
        };
        let Restore { player, slot, .. } = &restore;
        let revision = restore.revision;
        let place = (player.clone(), slot.clone());
        let kept = self.past.kept.get(&place);
        let kept_replaced = replaced.is_none_or(|replaced| {
            let mut kept = kept.into_iter().flat_map(BTreeMap::values);
            kept.any(|body| body == replaced)
        });
        let version = kept.and_then(|kept| kept.get(&revision));
        let version = version.and_then(Estate::of).unwrap_or_default();
        let now = Estate::of(body).unwrap_or_default();
        let same =
            version.document == now.document && (&claim.player, &claim.slot) == (player, slot);
        self.unless(
            same,
            Rule::H4,
            format_args!("{player}/{slot} was put back, and not as it was at {revision}"),
        );
        self.unless(
            kept_replaced,
            Rule::H4,
            format_args!("{player}/{slot} was put back, and what that replaced is not kept"),
        );
        // What the version had on its way is so still if it is in what is replaced;
        // else it has arrived, or was decided.
        let replaced = replaced.and_then(Estate::of).unwrap_or_default().beside;
        let (mut outbox, mut escrow) = (version.beside.outbox, version.beside.escrow);
        let had = outbox.len() + escrow.len();
        outbox.retain(|one| replaced.outbox.contains(one));
        escrow.retain(|one| replaced.escrow.contains(one));
        let left_out = outbox.len() + escrow.len() < had;
        self.past
            .left_out
            .insert(process_of(claim.session), left_out);
        self.unless(
            (&now.beside.outbox, &now.beside.escrow) == (&outbox, &escrow),
            Rule::H4,
            format_args!("{player}/{slot} was put back with what was no longer on its way"),
        );
        let (was, is) = (version.beside.keys, now.beside.keys);
        self.unless(
            was == is,
            Rule::X3,
            format_args!("{player}/{slot} was put back with the keys {is:?}, had {was:?}"),
        );
    }

    /// An operator was told that a version was put back.
    pub(crate) fn restored(&mut self, process: u32, left_out: bool) {
        let restore = self.past.restores.get(&process).cloned();
        let Some(restore) = restore else { return };
        let Restore { player, slot, .. } = restore;
        let revision = restore.revision;
        self.history.add(format_args!(
            "TOLD {player}/{slot}: revision {revision} is put back, something left out: {left_out}"
        ));
        let kept = self.past.kept.get(&(player.clone(), slot.clone()));
        let version = kept.and_then(|kept| kept.get(&revision));
        let beside = version.and_then(Estate::of).unwrap_or_default().beside;
        let had_less = self.past.left_out.get(&process).copied();
        self.unless(
            had_less.is_none_or(|less| less == left_out) || version_is_gone(kept, revision),
            Rule::H4,
            format_args!("{player}/{slot}: left out {left_out}, version has {beside:?}"),
        );
    }
}

/// An erasure came in between.
fn version_is_gone(kept: Option<&BTreeMap<Revision, Body>>, revision: Revision) -> bool {
    kept.is_none_or(|kept| !kept.contains_key(&revision))
}
