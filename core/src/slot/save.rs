//! One save of one slot, from snapshot to acknowledgement.

use std::sync::Arc;

use super::state::{Doubt, Saver, SlotState};
use crate::{
    ClaimNumber, Error, GameDocument, Revision, SaveReason, SlotName, WriteId,
    backend::{Body, Claim, Effect, Opened, Opening, Stamp, WriteOutcome},
    codec::{CodecError, Encoded, Fingerprints},
    hook::guarded,
    manager::Shared,
    session::SessionCore,
    store,
};

/// A claim that dies more often than this within one save is a fault of the
/// backend's, or of the store's.
const MAX_OPENINGS: usize = 3;

/// What came of a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// The slot was written.
    Written {
        /// The revision that the write made.
        revision: Revision,
    },
    /// The store has the content already; nothing was sent.
    Unchanged {
        /// The revision in the store.
        revision: Revision,
    },
}

impl Saved {
    /// The revision that the store has now.
    #[must_use]
    pub fn revision(self) -> Revision {
        let (Self::Written { revision } | Self::Unchanged { revision }) = self;
        revision
    }
}

/// A document as it was at one moment.
struct Snapshot<D> {
    document: Arc<D>,
    version: u64,
    stored: bool,
}

impl<D: GameDocument> Shared<D> {
    /// Saves a slot, with further attempts after failures that may pass.
    pub(crate) async fn save_with_retries(
        &self,
        slot: &Arc<SlotState<D>>,
        reason: SaveReason,
    ) -> Result<Saved, Error> {
        let mut pauses = store::pauses(&self.settings);
        for attempt in 1.. {
            let error = match self.save_once(slot, reason).await {
                Ok(saved) => return Ok(saved),
                Err(error) => error,
            };
            let pause = pauses.next().filter(|_| error.may_pass());
            self.tell_save_failed(slot, attempt, pause, &error);
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
    ) -> Result<Saved, Error> {
        let mut saver = slot.saver.lock().await;
        slot.check_writable()?;
        let snapshot = self.snapshot(slot, reason);
        if snapshot.stored && !writes_unchanged(reason) {
            return Ok(Saved::Unchanged {
                revision: saver.revision,
            });
        }
        let encoded = self.encode(slot, &snapshot.document)?;
        if !is_due(reason, &saver, &encoded) {
            if saver
                .stored
                .is_some_and(|stored| stored.all == encoded.fingerprints().all)
            {
                slot.note_stored(snapshot.version);
            }
            self.debug_skipped(slot);
            return Ok(Saved::Unchanged {
                revision: saver.revision,
            });
        }
        let written = self.write(slot, &mut saver, &encoded).await;
        // Also after a failure: the slot may have been opened anew.
        slot.note_revision(saver.revision);
        let revision = written?;
        slot.note_stored(snapshot.version);
        self.tell_saved(slot, &mut saver, &encoded, reason);
        Ok(Saved::Written { revision })
    }

    /// Takes the document as it is, after the hooks had their say. A change
    /// made from here on is not in this save, and queues the slot anew (A2).
    fn snapshot(&self, slot: &SlotState<D>, reason: SaveReason) -> Snapshot<D> {
        let mut live = slot.live();
        live.queued = false;
        if live.is_unsaved() || writes_unchanged(reason) {
            self.run_before_save(slot, &mut live);
        }
        Snapshot {
            document: Arc::clone(&live.document),
            version: live.version,
            stored: !live.is_unsaved(),
        }
    }

    fn encode(&self, slot: &SlotState<D>, document: &D) -> Result<Encoded, Error> {
        match guarded(|| self.codec.encode(document)) {
            Ok(result) => result.map_err(|source| unencodable(slot, source)),
            Err(_) => {
                let player = slot.core.player.clone();
                Err(Error::Panicked {
                    player,
                    during: "encoding the document",
                })
            }
        }
    }

    /// Writes an encoded document under the slot's claim, opening the slot
    /// again first if the claim is dead or in doubt (S2).
    async fn write(
        &self,
        slot: &SlotState<D>,
        saver: &mut Saver,
        encoded: &Encoded,
    ) -> Result<Revision, Error> {
        let body = self.body(slot, encoded)?;
        for _ in 0..MAX_OPENINGS {
            let Some(number) = saver.claim else {
                if self
                    .open_again(slot, saver, &encoded.fingerprints())
                    .await?
                {
                    return Ok(saver.revision);
                }
                continue;
            };
            let claim = slot.claim(number);
            if let Some(revision) = self.send(&claim, saver, encoded, &body).await? {
                return Ok(revision);
            }
        }
        Err(self
            .store
            .claims_keep_dying(&slot.core.player, &slot.name)
            .into())
    }

    /// The body to send, refused here if the store would refuse it (S8).
    fn body(&self, slot: &SlotState<D>, encoded: &Encoded) -> Result<Body, Error> {
        let body = self.codec.body(encoded, self.migrations.current());
        let (bytes, limit) = (body.bytes.len(), self.store.limits().max_body_bytes);
        if bytes > limit {
            return Err(unencodable(
                slot,
                CodecError::TooLargeForStore { bytes, limit },
            ));
        }
        Ok(body)
    }

    /// Opens the slot anew, which kills every claim on it before. Returns
    /// whether a write in doubt turns out to have been applied, and to have
    /// had this very content.
    async fn open_again(
        &self,
        slot: &SlotState<D>,
        saver: &mut Saver,
        content: &Fingerprints,
    ) -> Result<bool, Error> {
        let (number, opened) = self.claim_slot(&slot.core, &slot.name).await?;
        saver.claim = Some(number);
        saver.revision = opened.revision;
        let applied = saver
            .doubt
            .take()
            .filter(|doubt| opened.last_write == Some(doubt.write_id));
        if let Some(doubt) = applied {
            saver.stored = Some(doubt.content);
        }
        Ok(applied.is_some_and(|doubt| doubt.content.all == content.all))
    }

    /// Sends one write. `None` if the claim turned out to be dead.
    async fn send(
        &self,
        claim: &Claim,
        saver: &mut Saver,
        encoded: &Encoded,
        body: &Body,
    ) -> Result<Option<Revision>, Error> {
        let stamp = self.stamp(saver.revision);
        let content = encoded.fingerprints();
        // Noted before it is sent: if this future is dropped, or no answer
        // comes, the claim is in doubt and the slot is opened again (S2, E7).
        saver.doubt = Some(Doubt {
            write_id: stamp.write_id,
            content,
        });
        saver.claim = None;
        let outcome = self.store.save(claim, &stamp, body).await;
        let undoubted = match &outcome {
            Ok(_) => true,
            Err(failure) => failure.effect() == Effect::None,
        };
        if undoubted {
            saver.doubt = None;
        }
        match outcome {
            Ok(WriteOutcome::Written { revision }) => {
                debug_assert_eq!(revision, stamp.base.next(), "S3");
                saver.claim = Some(claim.number);
                saver.revision = revision;
                saver.stored = Some(content);
                Ok(Some(revision))
            }
            Ok(WriteOutcome::Lost { holder }) => {
                Err(self.lose(&claim.player, claim.session, holder))
            }
            Ok(WriteOutcome::Overtaken) => Ok(None),
            Err(failure) => {
                if undoubted {
                    saver.claim = Some(claim.number);
                }
                Err(failure.into())
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

    /// Opens a slot under a fresh claim number.
    pub(crate) async fn claim_slot(
        &self,
        core: &SessionCore,
        name: &SlotName,
    ) -> Result<(ClaimNumber, Opened), Error> {
        for _ in 0..MAX_OPENINGS {
            let claim = core.claim(name, core.next_claim());
            match self.store.open(&claim).await? {
                Opening::Opened(opened) => return Ok((claim.number, opened)),
                Opening::Lost { holder } => return Err(self.lose(&core.player, core.id, holder)),
                // The number was this session's greatest: an answer that can
                // only come of the call having been sent twice.
                Opening::Overtaken => {}
            }
        }
        Err(self.store.claims_keep_dying(&core.player, name).into())
    }
}

/// Whether this kind of save writes what the store has already.
fn writes_unchanged(reason: SaveReason) -> bool {
    matches!(reason, SaveReason::Asked | SaveReason::Forced)
}

/// Whether a save of this kind has to send this content (A1, A5, A6, S10).
fn is_due(reason: SaveReason, saver: &Saver, encoded: &Encoded) -> bool {
    let content = encoded.fingerprints();
    match (reason, saver.stored) {
        (_, None) | (SaveReason::Asked | SaveReason::Forced, _) => true,
        (SaveReason::Autosave, Some(stored)) => stored.kept != content.kept,
        (SaveReason::LastSave(_), Some(stored)) => stored.all != content.all,
    }
}

fn unencodable<D>(slot: &SlotState<D>, source: CodecError) -> Error {
    Error::Unencodable {
        player: slot.core.player.clone(),
        slot: slot.name.clone(),
        source: Arc::new(source),
    }
}
