//! Slots and claims, as the store has them.

use playerdata_core::{
    ClaimNumber, Fence, PlayerId, Revision, SessionId, SlotName, WriteId,
    backend::{Body, Claim, Opened, Opening, Record, Stamp, WriteOutcome},
};
use uuid::Uuid;

use super::wording::{Name, told, told_of_write};
use super::{
    State,
    goods::Estate,
    lineage::{Author, Content},
};
use crate::{Rule, history::Short, holdings::SCHEMA};

#[derive(Debug, Default)]
pub(super) struct SlotModel {
    pub(super) revision: Revision,
    last_write: Option<WriteId>,
    body: Option<Body>,
    pub(super) content: Option<Stored>,
    /// The claim that may write, and the fence it was made under.
    claim: Option<(Fence, ClaimNumber)>,
    pub(super) writes: Vec<Applied>,
}

/// What can be said of a stored body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    Readable(Content),
    Undecodable,
    Newer,
}

/// A write that was applied.
#[derive(Clone, Debug)]
pub(super) struct Applied {
    pub(super) revision: Revision,
    pub(super) write_id: WriteId,
    pub(super) session: SessionId,
    /// The change that was saved; none for a deletion.
    pub(super) change: Option<u64>,
    /// Whether its server was told so.
    pub(super) acknowledged: bool,
    /// Whether it was no session of the game's that put it there.
    restored: bool,
}

impl Applied {
    /// An erasure, which no session made.
    const NOTHING: Self = Self {
        revision: Revision::new(0),
        write_id: WriteId::from_uuid(Uuid::nil()),
        session: SessionId::from_uuid(Uuid::nil()),
        change: None,
        acknowledged: false,
        restored: false,
    };
}

impl SlotModel {
    /// Nothing is left, but what was there is remembered here.
    pub(super) fn erase(&mut self) {
        let writes = std::mem::take(&mut self.writes);
        *self = Self::default();
        self.writes = writes;
        self.writes.push(Applied::NOTHING);
    }

    /// The change that has to be in whatever is stored from now on: the last
    /// one acknowledged, unless the slot was emptied or put back since.
    fn acknowledged_change(&self) -> Option<u64> {
        let since_emptied = self
            .writes
            .iter()
            .rev()
            .take_while(|write| write.change.is_some() && !write.restored);
        since_emptied
            .filter(|write| write.acknowledged)
            .find_map(|write| write.change)
    }

    fn change(&self) -> Option<u64> {
        match self.content {
            Some(Stored::Readable(content)) => Some(content.change),
            _ => None,
        }
    }

    fn is(&self, record: Option<&Record>) -> bool {
        match (record, &self.body) {
            (Some(record), Some(body)) => {
                record.body == *body
                    && record.revision == self.revision
                    && Some(record.write_id) == self.last_write
            }
            (None, None) => true,
            _ => false,
        }
    }

    fn is_repetition(&self, stamp: &Stamp) -> bool {
        self.last_write == Some(stamp.write_id) && self.revision == stamp.base.next()
    }
}

/// Whether a claim may do what was done with it.
struct Standing {
    holder: Option<SessionId>,
    is_holder: bool,
    fence: Fence,
}

impl State {
    /// Who stored what is in a body.
    pub(super) fn read(&self, body: &Body) -> Stored {
        if body.schema > SCHEMA {
            return Stored::Newer;
        }
        let content = Estate::of(body).and_then(|mut estate| {
            if body.schema < SCHEMA {
                estate.document["Bank"] = 0.into();
            }
            estate.content()
        });
        content.map_or(Stored::Undecodable, Stored::Readable)
    }

    fn standing(&mut self, claim: &Claim) -> Standing {
        let player = self.player(&claim.player);
        let holder = player.holder();
        Standing {
            holder,
            is_holder: holder == Some(claim.session),
            fence: player
                .lock
                .as_ref()
                .map(|held| held.lock.fence)
                .unwrap_or_default(),
        }
    }

    fn check_holder(&mut self, standing: &Standing, claim: &Claim, did: &str) {
        let rule = match standing.holder {
            Some(_) => Rule::L4,
            None => Rule::L5,
        };
        self.unless(
            standing.is_holder,
            rule,
            format_args!(
                "{} {did} {}/{}, which {} holds",
                Short(claim.session),
                claim.player,
                claim.slot,
                Short(standing.holder)
            ),
        );
    }

    fn slot(&mut self, player: &PlayerId, slot: &SlotName) -> &mut SlotModel {
        self.player(player).slots.entry(slot.clone()).or_default()
    }

    pub(crate) fn opened(&mut self, claim: &Claim, outcome: &Opening) {
        let name = Name(claim);
        self.history
            .add(format_args!("open {name} -> {}", told(outcome)));
        let mut standing = self.standing(claim);
        // An opening asks for the lock that the claim was made under.
        standing.is_holder &= standing.fence == claim.fence;
        let claimed = Some((standing.fence, claim.number));
        let latest = self.slot(&claim.player, &claim.slot).claim;
        match outcome {
            Opening::Opened(opened) => {
                self.check_holder(&standing, claim, "opened");
                self.unless(
                    latest <= claimed,
                    Rule::S2,
                    format_args!("{name} came late and replaced a newer claim"),
                );
                self.slot(&claim.player, &claim.slot).claim = claimed;
                self.check_opened(claim, opened);
            }
            Opening::Lost { .. } => self.unless(
                !standing.is_holder,
                Rule::L9,
                format_args!("{name} was refused, though the session holds the player"),
            ),
            Opening::Overtaken => self.unless(
                latest > claimed,
                Rule::S2,
                format_args!("{name} was refused, though nobody has a newer claim"),
            ),
        }
    }

    fn check_opened(&mut self, claim: &Claim, opened: &Opened) {
        let name = Name(claim);
        let model = self.slot(&claim.player, &claim.slot);
        let (has, revision) = (model.body.is_some(), model.revision);
        let same = model.is(opened.record.as_ref())
            && model.revision == opened.revision
            && model.last_write == opened.last_write;
        self.unless(
            opened.record.is_some() || !has,
            Rule::S4,
            format_args!("{name} found nothing, where revision {revision} is stored"),
        );
        self.unless(
            same,
            Rule::S1,
            format_args!("{name} did not get revision {revision}, which was stored last"),
        );
    }

    pub(crate) fn written(
        &mut self,
        claim: &Claim,
        stamp: &Stamp,
        body: Option<&Body>,
        outcome: &WriteOutcome,
    ) {
        let name = Name(claim);
        let content = body.map(|body| self.read(body));
        self.history.add(format_args!(
            "{} {name} {} on {}, {content:?} -> {}",
            if body.is_some() { "save" } else { "delete" },
            Short(stamp.write_id),
            stamp.base,
            told_of_write(outcome)
        ));
        let standing = self.standing(claim);
        let model = self.slot(&claim.player, &claim.slot);
        let live = standing.is_holder && model.claim == Some((standing.fence, claim.number));
        let expected = model.revision == stamp.base || model.is_repetition(stamp);
        match outcome {
            WriteOutcome::Written { revision } => {
                self.check_holder(&standing, claim, "wrote");
                self.check_written(claim, stamp, *revision, live || !standing.is_holder);
                if !self.slot(&claim.player, &claim.slot).is_repetition(stamp) {
                    self.apply(claim, stamp, body, content, *revision);
                }
            }
            WriteOutcome::Lost { .. } => self.unless(
                !standing.is_holder || standing.fence != claim.fence,
                Rule::L9,
                format_args!("{name} was told lost, though it holds the player"),
            ),
            WriteOutcome::Overtaken => self.unless(
                !(live && expected),
                Rule::S2,
                format_args!("{name} was told overtaken, though nothing is newer"),
            ),
        }
    }

    fn check_written(&mut self, claim: &Claim, stamp: &Stamp, revision: Revision, live: bool) {
        let name = Name(claim);
        let model = self.slot(&claim.player, &claim.slot);
        let before = model.revision;
        let on_base = before == stamp.base || model.is_repetition(stamp);
        self.unless(
            live,
            Rule::S2,
            format_args!("{name} wrote under a dead claim"),
        );
        self.unless(
            on_base,
            Rule::S2,
            format_args!("{name} wrote on {}, when {before} was stored", stamp.base),
        );
        self.unless(
            revision == stamp.base.next(),
            Rule::S3,
            format_args!("{name} wrote {revision} on {}", stamp.base),
        );
    }

    fn apply(
        &mut self,
        claim: &Claim,
        stamp: &Stamp,
        body: Option<&Body>,
        content: Option<Stored>,
        revision: Revision,
    ) {
        let author = Author {
            session: claim.session,
            player: claim.player.clone(),
            slot: claim.slot.clone(),
        };
        let restored = self.is_restoring(claim.session);
        let model = self.slot(&claim.player, &claim.slot);
        let (before, before_change) = (model.content, model.change());
        let replaced = model.body.clone();
        let change = match content {
            Some(Stored::Readable(content)) => Some(content.change),
            _ => None,
        };
        model.revision = revision;
        model.last_write = Some(stamp.write_id);
        model.body = body.cloned();
        model.content = content;
        model.writes.push(Applied {
            revision,
            write_id: stamp.write_id,
            session: claim.session,
            change,
            acknowledged: false,
            restored,
        });
        let Some(body) = body else { return };
        self.estate_stored(claim, stamp.write_id, body);
        if restored {
            return self.check_restored(claim, body, replaced.as_ref());
        }
        match before {
            Some(Stored::Undecodable) => {
                self.breaks(
                    Rule::S5,
                    format_args!("{author} saved over an undecodable body"),
                );
            }
            Some(Stored::Newer) => {
                self.breaks(Rule::S6, format_args!("{author} saved over a newer schema"));
            }
            Some(Stored::Readable(_)) | None => {}
        }
        if let Some(Stored::Readable(content)) = content {
            for (rule, what) in self.lineage.check(&author, content, before_change) {
                self.breaks(rule, format_args!("{what}"));
            }
        }
    }

    /// The revision and the body that a slot has.
    pub(super) fn stored_body(
        &self,
        player: &PlayerId,
        slot: &SlotName,
    ) -> Option<(Revision, Body)> {
        let model = self.players.get(player)?.slots.get(slot)?;
        Some((model.revision, model.body.clone()?))
    }

    /// Puts in what was in the store before the run began.
    pub(crate) fn begins_with(&mut self, player: &PlayerId, slot: &SlotName, record: &Record) {
        let content = self.read(&record.body);
        let model = self.slot(player, slot);
        model.revision = record.revision;
        model.last_write = Some(record.write_id);
        model.body = Some(record.body.clone());
        model.content = Some(content);
    }

    /// Compares what the store has of a slot with what the model has.
    pub(crate) fn record_is(&mut self, player: &PlayerId, slot: &SlotName, found: Option<&Record>) {
        let model = self.slot(player, slot);
        let (same, revision) = (model.is(found), model.revision);
        let found_revision = found.map(|record| record.revision);
        self.unless(
            same,
            Rule::S1,
            format_args!("{player}/{slot} has {found_revision:?}, should have {revision}"),
        );
        let model = self.slot(player, slot);
        if let Some(acknowledged) = model.acknowledged_change() {
            // What is the same was read before.
            let known = model.content.filter(|_| same);
            let found = found.map(|record| known.unwrap_or_else(|| self.read(&record.body)));
            self.check_kept(player, slot, acknowledged, found);
        }
    }

    /// What was acknowledged is still in the store, whatever the clocks say.
    fn check_kept(
        &mut self,
        player: &PlayerId,
        slot: &SlotName,
        acknowledged: u64,
        found: Option<Stored>,
    ) {
        let kept = match found {
            Some(Stored::Readable(found)) => self.lineage.descends(found.change, acknowledged),
            _ => false,
        };
        let rule = if self.clocks_were_wrong {
            Rule::L10
        } else {
            Rule::Kept
        };
        self.unless(
            kept,
            rule,
            format_args!(
                "change {acknowledged} of {player}/{slot} was acknowledged, found {found:?}"
            ),
        );
    }

    /// The slots that were ever written.
    pub(crate) fn known_slots(&self, player: &PlayerId) -> Vec<SlotName> {
        let player = self.players.get(player);
        player.map_or_else(Vec::new, |player| player.slots.keys().cloned().collect())
    }

    /// What a slot holds now.
    pub(crate) fn stored(&self, player: &PlayerId, slot: &SlotName) -> Option<Stored> {
        self.players.get(player)?.slots.get(slot)?.content
    }
}
