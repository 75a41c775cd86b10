//! One save of one slot, from snapshot to acknowledgement.
//!
//! In: a slot, and why it is saved. Out: one conditional write
//! (`backend/client.rs`), or none if the store has the content already; and
//! its outcome, noted in the slot and reported as an event.
//!
//! On the way the document goes through the hook (`engine/hooks.rs`) and
//! becomes bytes (`codec`).

use std::{sync::Arc, time::Duration};

use tokio::sync::MutexGuard;

use super::{Engine, hooks::guarded};
use crate::{
    ClaimNumber, Error, Event, GameDocument, PlayerId, Revision, SaveReason, SessionId, SlotName,
    Unsaved, WriteId,
    backend::{Body, Claim, Effect, Lock, Opened, Opening, Operation, Stamp, WriteOutcome, pauses},
    codec::{CodecError, Encoded, Envelope, Fingerprints, KeyFingerprints},
    excerpt::Chain,
    metrics,
    state::{Doubt, LastWrite, Saved, SessionCore, SlotClaim, SlotState, Snapshot, WriteState},
};

/// A claim that dies more often than this within one save is a fault of the
/// backend's, or of the store's.
const MAX_OPENINGS: usize = 3;

/// What a step of a save comes to. An error lies in a block of its own: it is
/// larger than all else that is passed on from step to step, and rare.
pub(crate) type Step<T> = Result<T, Box<Error>>;

/// A save that has its snapshot, and the slot's claim to itself.
pub(crate) struct Begun<'a, D> {
    write_state: MutexGuard<'a, WriteState>,
    snapshot: Snapshot<D>,
    reason: SaveReason,
    forced: bool,
}

impl<D: GameDocument> Engine<D> {
    /// Saves a slot, with further attempts after failures that may pass.
    pub(crate) async fn save_with_retries(
        &self,
        slot: &Arc<SlotState<D>>,
        reason: SaveReason,
    ) -> Result<Saved, Error> {
        let mut pauses = pauses(&self.settings, &self.jitter);
        for attempt in 1.. {
            let error = match self.save_once(slot, reason).await {
                Ok(saved) => return Ok(saved),
                Err(error) if error.closes_slot() => return Err(*error),
                Err(error) => *error,
            };
            let pause = pauses.next().filter(|_| error.is_transient());
            self.report_save_failed(slot, attempt, pause, &error);
            let Some(pause) = pause else {
                self.autosave.enqueue(slot);
                return Err(error);
            };
            tokio::time::sleep(pause).await;
        }
        unreachable!("the pauses between attempts are bounded")
    }

    /// One attempt at saving a slot. A failure leaves it unsaved (A3), but
    /// does not queue it again: that is the caller's part.
    pub(crate) async fn save_once(
        &self,
        slot: &Arc<SlotState<D>>,
        reason: SaveReason,
    ) -> Step<Saved> {
        let begun = self.begin_save(slot, reason).await?;
        let _room = match reason {
            SaveReason::LastSave(_) => self.background.room().await,
            _ => None, // the autosave and who asks for one have bounds of their own
        };
        self.finish_save(slot, begun).await
    }

    /// Takes what is to be saved, and has the hook run on it.
    pub(crate) async fn begin_save<'a>(
        &self,
        slot: &'a SlotState<D>,
        reason: SaveReason,
    ) -> Step<Begun<'a, D>> {
        let write_state = match slot.write_state.try_lock() {
            Ok(write_state) => write_state,
            Err(_save_under_way) => slot.write_state.lock().await,
        };
        let (mut snapshot, forced) = slot.begin_save(reason == SaveReason::Autosave)?;
        let reason = if forced { SaveReason::Forced } else { reason };
        if !snapshot.stored || writes_unchanged(reason) {
            snapshot = self.run_before_save(slot, snapshot).await;
        }
        Ok(Begun {
            write_state,
            snapshot,
            reason,
            forced,
        })
    }

    /// Writes what was begun, if it has to be written.
    pub(crate) async fn finish_save(
        &self,
        slot: &Arc<SlotState<D>>,
        begun: Begun<'_, D>,
    ) -> Step<Saved> {
        let Begun {
            mut write_state,
            snapshot,
            reason,
            forced,
        } = begun;
        let version = snapshot.version;
        let has_errands = snapshot.envelope.has_errands();
        let result = self
            .save_snapshot(slot, &mut write_state, snapshot, reason)
            .await;
        if has_errands && result.is_ok() {
            self.errands.push(slot);
        }
        if let Err(error) = &result {
            slot.note_failed(forced);
            if matches!(**error, Error::Unencodable { .. } | Error::Panicked { .. }) {
                slot.note_refused(version, |times| self.rare_pause(times));
            }
            slot.note_revision(write_state.revision); // it may have been opened again
        }
        result
    }

    async fn save_snapshot(
        &self,
        slot: &SlotState<D>,
        write_state: &mut WriteState,
        snapshot: Snapshot<D>,
        reason: SaveReason,
    ) -> Step<Saved> {
        if snapshot.stored && !writes_unchanged(reason) {
            return Ok(self.skip(slot, write_state));
        }
        let encoded = self.encode(slot, &snapshot)?;
        let content = encoded.fingerprints();
        let keys = self.keys(&encoded);
        // Only with the doubt out of the way is it known what the store has.
        let applied = self.settle_doubt(slot, write_state).await?;
        if applied.is_none_or(|applied| applied.all != content.all) {
            if !is_due(reason, write_state.stored, content) {
                slot.note_revision(write_state.revision); // likewise
                if write_state
                    .stored
                    .is_some_and(|stored| stored.all == content.all)
                {
                    slot.note_stored(&snapshot, write_state.revision);
                }
                return Ok(self.skip(slot, write_state));
            }
            self.prove(slot, write_state, &encoded)?;
            self.write(slot, write_state, encoded).await?;
        }
        slot.note_stored(&snapshot, write_state.revision);
        self.report_saved(slot, write_state, keys, reason);
        let revision = write_state.revision;
        Ok(Saved::Written { revision })
    }

    fn skip(&self, slot: &SlotState<D>, write_state: &WriteState) -> Saved {
        self.report_skipped(slot);
        let revision = write_state.revision;
        Saved::Unchanged { revision }
    }

    fn encode(&self, slot: &SlotState<D>, snapshot: &Snapshot<D>) -> Step<Encoded> {
        let (document, envelope) = (&*snapshot.document, &snapshot.envelope);
        self.run_codec(slot, "encoding the document", || {
            self.encode_document(document, envelope)
        })
    }

    /// Encodes a document that was in the slot once, and proves that it comes
    /// back (S11).
    pub(crate) fn encode_unsaved(&self, unsaved: &Unsaved<D>) -> Step<Encoded> {
        self.run_codec(&unsaved.origin, "encoding the document", || {
            let encoded = self.encode_document(&unsaved.document, &unsaved.envelope)?;
            if self.origin.completion.is_none() {
                self.codec.prove::<D>(&encoded)?; // it is a type of the game's
            }
            Ok(encoded)
        })
    }

    pub(crate) fn encode_document(
        &self,
        document: &D,
        envelope: &Envelope,
    ) -> Result<Encoded, CodecError> {
        self.codec.encode_either(document, envelope)
    }

    /// Makes sure, before the slot's first write in the session, that a game's
    /// own type takes what it wrote (S11).
    fn prove(
        &self,
        slot: &SlotState<D>,
        write_state: &mut WriteState,
        encoded: &Encoded,
    ) -> Step<()> {
        if !write_state.proved {
            self.run_codec(slot, "proving that the document comes back", || {
                self.codec.prove::<D>(encoded)
            })?;
            write_state.proved = true;
        }
        Ok(())
    }

    /// Runs the document's own serialisation.
    fn run_codec<R>(
        &self,
        slot: &SlotState<D>,
        during: &'static str,
        run: impl FnOnce() -> Result<R, CodecError>,
    ) -> Step<R> {
        match guarded(run) {
            Ok(result) => {
                result.map_err(|source| unencodable(&slot.core, &slot.name, source).into())
            }
            Err(_) => {
                let player = slot.core.player.clone();
                Err(Error::Panicked { player, during }.into())
            }
        }
    }

    /// Writes an encoded document under the slot's claim.
    async fn write(
        &self,
        slot: &SlotState<D>,
        write_state: &mut WriteState,
        encoded: Encoded,
    ) -> Step<()> {
        let content = encoded.fingerprints();
        let body = self.codec.body_from(encoded, self.migrations.current());
        self.check_fits(&body)
            .map_err(|source| unencodable(&slot.core, &slot.name, source))?;
        for _ in 0..MAX_OPENINGS {
            if let SlotClaim::Live(number) = write_state.claim {
                let claim = slot.claim(number);
                if self.send(&claim, write_state, content, &body).await? {
                    metrics::written(body.bytes.len());
                    return Ok(());
                }
            }
            self.open_again(slot, write_state).await?;
        }
        let failure = self.store.claims_keep_dying(&slot.core.player, &slot.name);
        Err(Error::from(failure).into())
    }

    /// The body to send, refused here if the store would refuse it (S8).
    pub(crate) fn body(&self, encoded: &Encoded, schema: u32) -> Result<Body, CodecError> {
        let body = self.codec.body(encoded, schema);
        self.check_fits(&body)?;
        Ok(body)
    }

    fn check_fits(&self, body: &Body) -> Result<(), CodecError> {
        let (bytes, limit) = (body.bytes.len(), self.store.limits().max_body_bytes);
        if bytes > limit {
            return Err(CodecError::TooLargeForStore { bytes, limit });
        }
        Ok(())
    }

    /// Opens the slot again if its claim is dead or in doubt (S2). Returns
    /// the content of a write in doubt that turns out to have been applied.
    async fn settle_doubt(
        &self,
        slot: &SlotState<D>,
        write_state: &mut WriteState,
    ) -> Step<Option<Fingerprints>> {
        match write_state.claim {
            SlotClaim::Live(_) => Ok(None),
            SlotClaim::Dead | SlotClaim::InDoubt(_) => self.open_again(slot, write_state).await,
        }
    }

    /// Opens the slot again, which kills every claim on it before.
    async fn open_again(
        &self,
        slot: &SlotState<D>,
        write_state: &mut WriteState,
    ) -> Step<Option<Fingerprints>> {
        let claimed = self.claim_slot(&slot.core, &slot.name).await;
        let (number, opened) = claimed.map_err(|error| error.during(Operation::Save))?;
        let doubt = write_state.claim.doubt();
        let applied = doubt.filter(|doubt| opened.last_write == Some(doubt.write_id));
        let applied = applied.map(|doubt| doubt.content);
        if opened.revision != write_state.revision {
            // The write in doubt, or one that nothing is known of.
            write_state.stored = applied;
            write_state.keys = None;
        }
        write_state.claim = SlotClaim::Live(number);
        write_state.revision = opened.revision;
        write_state.last = LastWrite::of(&opened);
        Ok(applied)
    }

    /// Sends one write. Returns false if the claim turned out to be dead.
    async fn send(
        &self,
        claim: &Claim,
        write_state: &mut WriteState,
        content: Fingerprints,
        body: &Body,
    ) -> Step<bool> {
        let stamp = self.stamp(write_state.revision);
        // Noted before it is sent: if this future is dropped, or no answer
        // comes, the claim is in doubt and the slot is opened again (S2, E7).
        write_state.claim = SlotClaim::InDoubt(Box::new(Doubt {
            write_id: stamp.write_id,
            content,
        }));
        let outcome = self.store.save(claim, &stamp, body).await;
        if let Err(failure) = &outcome
            && failure.effect() == Effect::Possible
        {
            metrics::write_in_doubt();
            return Err(Error::from(failure.clone()).into());
        }
        let (live, dead) = (SlotClaim::Live(claim.number), SlotClaim::Dead);
        match outcome {
            Ok(WriteOutcome::Written { revision }) => {
                debug_assert_eq!(revision, stamp.base.next(), "S3");
                write_state.claim = live;
                write_state.revision = revision;
                write_state.last = Some(LastWrite {
                    id: stamp.write_id,
                    at: stamp.at,
                });
                write_state.stored = Some(content);
                Ok(true)
            }
            Ok(WriteOutcome::Lost { holder }) => {
                write_state.claim = dead;
                Err(self
                    .mark_lost_to(&claim.player, claim.session, holder)
                    .into())
            }
            Ok(WriteOutcome::Overtaken) => {
                write_state.claim = dead;
                Ok(false)
            }
            Err(failure) => {
                write_state.claim = live;
                Err(Error::from(failure).into())
            }
        }
    }

    /// What a write under `base` carries.
    pub(crate) fn stamp(&self, base: Revision) -> Stamp {
        let write_id = WriteId::from_uuid(self.ids.next_id());
        Stamp {
            base,
            write_id,
            at: self.clock.now(),
        }
    }

    /// Opens a slot under a fresh claim number, and under the session's own
    /// lock.
    ///
    /// A request to acquire that the network repeats, or delivers late, can
    /// give a session a second lock after others have had the player. What
    /// the session knows is old then: it is lost (L4). Since no fence is ever
    /// given again (L3), the claim's fence shows the store.
    pub(crate) async fn claim_slot(
        &self,
        core: &SessionCore,
        name: &SlotName,
    ) -> Result<(ClaimNumber, Opened), Error> {
        for _ in 0..MAX_OPENINGS {
            let claim = core.claim(name, core.next_claim());
            match self.store.open(&claim).await? {
                Opening::Opened(opened) => return Ok((claim.number, opened)),
                Opening::Lost { holder } => {
                    return Err(self.mark_lost_to(&core.player, core.id, holder));
                }
                // The number was this session's greatest: an answer that can
                // only come of the call having been sent twice.
                Opening::Overtaken => {}
            }
        }
        Err(self.store.claims_keep_dying(&core.player, name).into())
    }

    /// Closes a session whose claim the store refused for `holder`'s sake,
    /// which may be a second lock of the session's own.
    pub(crate) fn mark_lost_to(
        &self,
        player: &PlayerId,
        session: SessionId,
        holder: Option<Lock>,
    ) -> Error {
        let holder = holder.filter(|lock| {
            let second = lock.session == session;
            if second {
                // Nobody plays under it, and nobody else would release it.
                self.orphans.add(player.clone(), session, Duration::ZERO);
            }
            !second
        });
        self.mark_lost(player, session, holder)
    }

    fn report_skipped(&self, slot: &SlotState<D>) {
        self.debug(|| {
            let (player, slot) = (&slot.core.player, &slot.name);
            tracing::debug!(%player, %slot, "slot skipped: unchanged");
        });
    }

    fn report_saved(
        &self,
        slot: &SlotState<D>,
        write_state: &mut WriteState,
        keys: Option<Box<KeyFingerprints>>,
        reason: SaveReason,
    ) {
        metrics::saved(reason.label());
        let revision = write_state.revision;
        self.debug(|| {
            let changed = keys.as_ref().zip(write_state.keys.as_ref());
            let changed = changed.map(|(keys, stored)| keys.changed_since(stored));
            write_state.keys = keys;
            let (player, slot) = (&slot.core.player, &slot.name);
            tracing::debug!(%player, %slot, %revision, ?reason, ?changed, "slot saved");
        });
        self.events.send(|| Event::SlotSaved {
            player: slot.core.player.clone(),
            slot: slot.name.clone(),
            revision,
            reason,
        });
    }

    pub(crate) fn report_save_failed(
        &self,
        slot: &SlotState<D>,
        attempt: u32,
        retry_in: Option<Duration>,
        error: &Error,
    ) {
        metrics::save_failed();
        let player = &slot.core.player;
        let (name, why) = (&slot.name, Chain(error));
        tracing::warn!(%player, slot = %name, attempt, ?retry_in, error = %why, "save failed");
        self.events.send(|| Event::SaveFailed {
            player: player.clone(),
            slot: slot.name.clone(),
            attempt,
            retry_in,
            error: Arc::new(error.clone()),
        });
    }
}

/// Whether this kind of save writes what the store has already.
fn writes_unchanged(reason: SaveReason) -> bool {
    matches!(
        reason,
        SaveReason::Requested | SaveReason::Forced | SaveReason::PutBack
    )
}

/// Whether a save of this kind has to send this content (A1, A5, A6, S10).
fn is_due(reason: SaveReason, stored: Option<Fingerprints>, content: Fingerprints) -> bool {
    match (reason, stored) {
        (_, None) | (SaveReason::Requested | SaveReason::Forced | SaveReason::PutBack, _) => true,
        (SaveReason::Autosave, Some(stored)) => stored.kept != content.kept,
        (SaveReason::LastSave(_) | SaveReason::Mail, Some(stored)) => stored.all != content.all,
    }
}

pub(crate) fn unencodable(core: &SessionCore, slot: &SlotName, source: CodecError) -> Error {
    Error::Unencodable {
        player: core.player.clone(),
        slot: slot.clone(),
        source: Arc::new(source),
    }
}
