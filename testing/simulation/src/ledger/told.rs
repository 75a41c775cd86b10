//! What the servers asked for, and what they were told.

use playerdata_core::{
    ClaimNumber, Fence, PlayerId, Revision, SessionId, SlotName,
    backend::{BackendError, Claim, Effect, Opened, Stamp, WriteOutcome},
};
use tokio::time::Instant;

use super::{Ledger, State, lineage::Author, locks::Held, process_of, slots::Stored};
use crate::{Rule, history::Short, holdings::Holdings};

/// A session, as its server knows it.
#[derive(Debug, Default)]
pub(super) struct ToldSession {
    /// When the last call of `acquire` for it came to an end.
    asked_until: Option<Instant>,
    /// Whether its server has begun to release it.
    given_up: bool,
    steals: bool,
    /// Whether game code has it and goes on with it.
    active: bool,
}

/// A claim, as its server knows it.
#[derive(Debug, Default)]
pub(super) struct ToldClaim {
    number: ClaimNumber,
    in_doubt: bool,
    under_way: bool,
    /// What the last opening found; none if the slot was empty.
    found: Option<Stored>,
}

/// A write that a server is waiting for.
pub(crate) struct Sending<'a> {
    ledger: &'a Ledger,
    key: (SessionId, SlotName),
    /// Whether the server knows what happened to it.
    settled: bool,
}

impl Sending<'_> {
    pub(crate) fn settle(mut self, outcome: &Result<WriteOutcome, BackendError>) {
        self.settled = match outcome {
            Ok(_) => true,
            Err(error) => error.effect() == Effect::None,
        };
    }
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        let mut state = self.ledger.state();
        if let Some(claim) = state.claims.get_mut(&self.key) {
            claim.under_way = false;
            claim.in_doubt |= !self.settled;
        }
    }
}

impl Ledger {
    /// A server sends a write. After one in doubt it has to open the slot
    /// again first (S2).
    pub(crate) fn sends(&self, claim: &Claim) -> Sending<'_> {
        let key = (claim.session, claim.slot.clone());
        self.step(|state| {
            let told = state.claims.entry(key.clone()).or_default();
            let same = told.number == claim.number;
            let allowed = claim.number > told.number || same && !told.in_doubt && !told.under_way;
            if !same {
                *told = ToldClaim {
                    number: claim.number,
                    found: told.found,
                    ..ToldClaim::default()
                };
            }
            told.under_way = true;
            state.unless(
                allowed,
                Rule::S2,
                format_args!(
                    "{} writes {}/{} under claim {}, which is in doubt",
                    Short(claim.session),
                    claim.player,
                    claim.slot,
                    claim.number
                ),
            );
        });
        Sending {
            ledger: self,
            key,
            settled: false,
        }
    }
}

impl State {
    pub(crate) fn asks(&mut self, player: &PlayerId, session: SessionId) {
        let steals = self
            .steals
            .contains_key(&(process_of(session), player.clone()));
        let told = self.sessions.entry(session).or_default();
        told.steals |= steals;
        let given_up = told.given_up;
        self.unless(
            !given_up,
            Rule::L6,
            format_args!(
                "{player} is asked for by {}, which was given up: a late release would end it",
                Short(session)
            ),
        );
    }

    pub(crate) fn gives_up(&mut self, session: SessionId) {
        self.sessions.entry(session).or_default().given_up = true;
    }

    pub(crate) fn asked(&mut self, session: SessionId) {
        self.sessions.entry(session).or_default().asked_until = Some(Instant::now());
    }

    pub(super) fn steals(&self, session: SessionId) -> bool {
        let told = self.sessions.get(&session);
        told.is_some_and(|told| told.steals)
    }

    /// Game code begins, or stops, to start a session by stealing.
    pub(crate) fn stealing(&mut self, process: u32, player: &PlayerId, begins: bool) {
        let count = self.steals.entry((process, player.clone())).or_default();
        *count = if begins { *count + 1 } else { *count - 1 };
        if *count == 0 {
            self.steals.remove(&(process, player.clone()));
        }
    }

    /// A lock that no session behind it accounts for. One that was taken by a
    /// request later than all that its server waited for is not a fault of the
    /// server's: it goes when somebody asks for the player.
    pub(super) fn should_be_gone(&self, held: &Held) -> bool {
        let told = self.sessions.get(&held.lock.session);
        told.is_some_and(|told| !told.active && told.asked_until >= Some(held.since))
    }

    pub(crate) fn everybody_left(&mut self) {
        self.sessions
            .values_mut()
            .for_each(|told| told.active = false);
    }

    pub(crate) fn started(&mut self, player: &PlayerId, session: SessionId, fence: Fence) {
        self.history.add(format_args!(
            "TOLD {player}: session {} with fence {fence}",
            Short(session)
        ));
        self.sessions.entry(session).or_default().active = true;
        let given = self.player(player).acquisitions.contains(&(session, fence));
        self.unless(
            given,
            Rule::L3,
            format_args!(
                "{} was told fence {fence}, which it never got",
                Short(session)
            ),
        );
    }

    pub(crate) fn left(&mut self, session: SessionId) {
        self.history
            .add(format_args!("TOLD {} is over", Short(session)));
        self.sessions.entry(session).or_default().active = false;
    }

    /// A server was told what a slot holds.
    pub(crate) fn told_opened(&mut self, claim: &Claim, opened: &Opened) {
        let body = opened.record.as_ref().map(|record| &record.body);
        self.estate_opened(claim, body);
        let found = body.map(|body| self.read(body));
        let key = (claim.session, claim.slot.clone());
        self.claims.entry(key).or_default().found = found;
    }

    /// Game code was given a document to begin with.
    pub(crate) fn loaded(&mut self, author: &Author, change: u64, holdings: Holdings) {
        self.history
            .add(format_args!("TOLD {author}: loaded change {change}"));
        let key = (author.session, author.slot.clone());
        let found = self.claims.get(&key).map(|claim| claim.found);
        let expected = match found {
            Some(Some(Stored::Readable(content))) => Some((content.change, content.holdings)),
            Some(None) => Some((0, Holdings::NEW)),
            Some(Some(Stored::Undecodable | Stored::Newer)) | None => None,
        };
        let rule = match found {
            Some(Some(Stored::Undecodable)) => Rule::S5,
            Some(Some(Stored::Newer)) => Rule::S6,
            _ => Rule::S4,
        };
        self.unless(
            expected == Some((change, holdings)),
            rule,
            format_args!("{author} was given change {change}, where the store has {found:?}"),
        );
        self.lineage.loaded(author.session, &author.slot, change);
    }

    /// Game code changes a document; returns the number of the change.
    pub(crate) fn changes(&mut self, author: &Author, parent: u64) -> u64 {
        let change = self.lineage.add(parent, author.clone());
        self.history
            .add(format_args!("{author}: change {change} on {parent}"));
        change
    }

    pub(crate) fn changed(&mut self, change: u64, holdings: Holdings) {
        self.lineage.describe(change, holdings);
    }

    /// A server was told that a write was applied.
    pub(crate) fn told_written(&mut self, claim: &Claim, stamp: &Stamp, revision: Revision) {
        self.estate_acknowledged(stamp.write_id);
        let player = self.player(&claim.player);
        let slot = player.slots.entry(claim.slot.clone()).or_default();
        let mut writes = slot.writes.iter_mut().rev();
        let found = writes.find(|write| write.write_id == stamp.write_id);
        let applied = found.is_some_and(|write| {
            write.acknowledged = true;
            write.revision == revision
        });
        self.unless(
            applied,
            Rule::S1,
            format_args!(
                "{} was told that {} made revision {revision}, which was never applied",
                Short(claim.session),
                Short(stamp.write_id)
            ),
        );
    }

    /// Game code was told that what it asked to save is saved.
    pub(crate) fn saved(&mut self, author: &Author, revision: Revision, at_least: u64) {
        self.history
            .add(format_args!("TOLD {author}: saved, revision {revision}"));
        let slot = self.player(&author.player).slots.get(&author.slot);
        let writes = slot.map(|slot| slot.writes.as_slice()).unwrap_or_default();
        let mine = writes
            .iter()
            .rev()
            .find(|write| write.session == author.session && write.revision == revision);
        let change = mine.and_then(|write| write.change);
        let has = change.is_some_and(|change| self.lineage.descends(change, at_least));
        self.unless(
            has,
            Rule::S1,
            format_args!("{author}: revision {revision} has {change:?}, not {at_least}"),
        );
    }

    /// A listener was told that a slot was saved.
    pub(crate) fn save_announced(
        &mut self,
        process: u32,
        player: &PlayerId,
        slot: &SlotName,
        revision: Revision,
    ) {
        let model = self.player(player).slots.get(slot);
        let applied = model.is_some_and(|model| {
            let mut writes = model.writes.iter();
            writes.any(|write| write.revision == revision && process_of(write.session) == process)
        });
        self.unless(
            applied,
            Rule::S1,
            format_args!("revision {revision} of {player}/{slot} was announced, never applied"),
        );
    }

    /// Game code was told that a session ended well: with this change stored.
    pub(crate) fn ended_with(&mut self, author: &Author, change: u64) {
        let key = (author.session, author.slot.clone());
        let found = self.claims.get(&key).and_then(|claim| claim.found);
        let loaded = match found {
            Some(Stored::Readable(content)) => Some(content.change),
            _ => None,
        };
        let slot = self.player(&author.player).slots.get(&author.slot);
        let writes = slot.map(|slot| slot.writes.as_slice()).unwrap_or_default();
        let mut mine = writes
            .iter()
            .rev()
            .filter(|write| write.session == author.session);
        let stored = mine.next().map_or(loaded, |write| write.change);
        self.unless(
            stored == Some(change),
            Rule::S1,
            format_args!("{author}: ended at change {change}, but stored {stored:?}"),
        );
    }

    /// How many writes a slot has seen, to look only at later ones.
    pub(crate) fn count_writes(&self, player: &PlayerId, slot: &SlotName) -> usize {
        let model = self
            .players
            .get(player)
            .and_then(|player| player.slots.get(slot));
        model.map_or(0, |model| model.writes.len())
    }

    /// Game code was told that a slot is deleted.
    pub(crate) fn deleted(&mut self, author: &Author, writes_before: usize) {
        self.history.add(format_args!("TOLD {author}: deleted"));
        let slot = self.player(&author.player).slots.get(&author.slot);
        let writes = slot
            .map(|slot| &slot.writes[writes_before..])
            .unwrap_or_default();
        let mut mine = writes
            .iter()
            .filter(|write| write.session == author.session);
        let deleted = mine.any(|write| write.change.is_none());
        self.unless(
            deleted,
            Rule::S1,
            format_args!("{author}: told deleted, but is not"),
        );
    }

    /// A listener was told that a session is lost.
    pub(crate) fn loss_announced(&mut self, player: &PlayerId, session: SessionId) {
        self.history
            .add(format_args!("TOLD {player}: {} is lost", Short(session)));
        let model = self.player(player);
        let held = model.holder() == Some(session) && !model.former.contains(&session);
        self.unless(
            !held,
            Rule::L9,
            format_args!(
                "{} was told lost, though it still holds {player}",
                Short(session)
            ),
        );
    }
}
