//! Loading a slot: claim, read, decode, migrate, complete, hand out.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, atomic::Ordering},
};

use futures::FutureExt;
use serde_json::Value;

use super::{Engine, hooks::guarded};
use crate::{
    ClaimNumber, Error, GameDocument, PlayerId, SlotName,
    backend::{Opened, Record},
    codec::{Encoded, Envelope, Fingerprints, KeyFingerprints, fit},
    excerpt::Chain,
    state::{LastWrite, SessionCore, SessionState, SlotClaim, SlotState, WriteState},
};

/// A document that was read or made.
pub(crate) struct Loaded<D> {
    document: D,
    /// What is kept beside it.
    envelope: Envelope,
    /// What the store has; `None` if that is not this document.
    stored: Option<Stored>,
}

struct Stored {
    content: Fingerprints,
    /// In debug mode.
    keys: Option<Box<KeyFingerprints>>,
}

impl<D: GameDocument> Engine<D> {
    /// Loads a slot, or hands out the one that is open. A load that fails
    /// leaves the session as it was (L8).
    pub(crate) async fn load(
        self: &Arc<Self>,
        session: &SessionState<D>,
        name: &SlotName,
    ) -> Result<Arc<SlotState<D>>, Error> {
        self.load_opened(session, name, None).await
    }

    /// The same, for a slot that may have been opened together with the lock.
    pub(super) async fn load_opened(
        self: &Arc<Self>,
        session: &SessionState<D>,
        name: &SlotName,
        opened: Option<Opened>,
    ) -> Result<Arc<SlotState<D>>, Error> {
        let _exclusive = session.exclusive.lock().await;
        session.core.check_active()?;
        if let Some(open) = session.slot(name) {
            return Ok(open);
        }
        // What was opened may be out of date if the session has been used, or
        // mail has come, since.
        let with_lock = session.core.claim_with_lock();
        let opened = with_lock.zip(opened);
        let opened = opened.filter(|_| !session.mail_came.load(Ordering::Relaxed));
        let load = AssertUnwindSafe(self.load_new(session, name, opened)).catch_unwind();
        load.await.unwrap_or_else(|_| Err(panicked(&session.core)))
    }

    async fn load_new(
        self: &Arc<Self>,
        session: &SessionState<D>,
        name: &SlotName,
        opened: Option<(ClaimNumber, Opened)>,
    ) -> Result<Arc<SlotState<D>>, Error> {
        let core = &session.core;
        // The player is held, so that of what is posted from here on there
        // will be a notice.
        let (number, opened) = match opened {
            Some(with_lock) => with_lock,
            None => self.claim_slot(core, name).await?,
        };
        let slot = self.slot_of(core, name, number, &opened).await?;
        self.autosave.insert(&slot);
        // Before anybody has the slot (M3, P3).
        let catching_up = AssertUnwindSafe(self.catch_up(&slot, opened.mail)).catch_unwind();
        let caught_up = catching_up.await.unwrap_or_else(|_| Err(panicked(core)));
        if let Err(error) = caught_up {
            self.give_up(&slot).await;
            return Err(error);
        }
        session.add(Arc::clone(&slot));
        // Whether it has to be written is decided in its turn (A1, S10).
        if slot.is_unsaved() {
            self.autosave.enqueue(&slot);
        }
        if slot.stored_envelope().has_errands() {
            self.errands.push(&slot);
        }
        Ok(slot)
    }

    /// Does to a document what was decided, and takes in what was sent, while
    /// nobody had it.
    async fn catch_up(
        self: &Arc<Self>,
        slot: &Arc<SlotState<D>>,
        has_mail: bool,
    ) -> Result<(), Error> {
        self.resolve_at_load(slot).await?;
        if has_mail {
            self.deliver_at_load(slot).await?;
        }
        Ok(())
    }

    /// Forgets a slot that nobody will have. It may have been changed on the
    /// way, and must not be saved beside the one that the next load makes (S2).
    async fn give_up(&self, slot: &SlotState<D>) {
        // Waits for a save under way, which could open the slot again.
        let write_state = slot.write_state.lock().await;
        slot.note_over();
        drop(write_state);
        self.autosave.remove(slot);
    }

    /// What a slot that was opened holds, as game code sees it.
    async fn slot_of(
        self: &Arc<Self>,
        core: &Arc<SessionCore>,
        name: &SlotName,
        number: ClaimNumber,
        opened: &Opened,
    ) -> Result<Arc<SlotState<D>>, Error> {
        if opened.record.is_some() {
            self.keep_in_background(core.claim(name, number), opened.version_age);
        }
        let loaded = match &opened.record {
            Some(record) => self.revive(core, name, record)?,
            None => self.make_new(core, name)?,
        };
        let (content, keys) = loaded
            .stored
            .map_or((None, None), |stored| (Some(stored.content), stored.keys));
        let write_state = WriteState {
            claim: SlotClaim::Live(number),
            revision: opened.revision,
            stored: content,
            last: LastWrite::of(opened),
            proved: self.origin.completion.is_some(), // it is not a type of the game's
            keys,
        };
        let document = self.run_on_load(core, name, loaded.document).await;
        let envelope = if loaded.envelope == *self.plain {
            Arc::clone(&self.plain)
        } else {
            Arc::new(loaded.envelope)
        };
        let slot = Arc::new(SlotState::new(
            Arc::clone(core),
            name.clone(),
            self.autosave.assign_turn(),
            document,
            envelope,
            write_state,
        ));
        if self.hooks.on_load.is_some() {
            slot.forget_stored(); // the hook may have changed the document
        }
        Ok(slot)
    }

    /// A new player's document (S4, S7); the first autosave stores it (S10).
    fn make_new(&self, core: &SessionCore, name: &SlotName) -> Result<Loaded<D>, Error> {
        let player = &core.player;
        let document = self.defaults(player)?;
        self.debug(|| tracing::debug!(%player, slot = %name, "nothing stored: defaults used"));
        Ok(Loaded {
            document,
            envelope: Envelope::clone(&self.plain),
            stored: None,
        })
    }

    fn defaults(&self, player: &PlayerId) -> Result<D, Error> {
        let made = guarded(|| {
            let mut document = (self.origin.defaults)(player);
            (self.origin.prepare)(&mut document);
            document
        });
        made.map_err(|_| Error::Panicked {
            player: player.clone(),
            during: "making the defaults",
        })
    }

    /// The document in a record. Whatever is wrong with it is an error that
    /// leaves the record as it is (S5, S6).
    pub(crate) fn revive(
        &self,
        core: &SessionCore,
        name: &SlotName,
        record: &Record,
    ) -> Result<Loaded<D>, Error> {
        let undecodable = |source| Error::Undecodable {
            player: core.player.clone(),
            slot: name.clone(),
            revision: record.revision,
            body: Box::new(record.body.clone()),
            source: Arc::new(source),
        };
        let mut as_stored = record.body.schema == self.migrations.current();
        let (mut document, envelope) = if as_stored {
            self.codec.open_as(&record.body).map_err(undecodable)?
        } else {
            let (value, envelope) = self.codec.open(&record.body).map_err(undecodable)?;
            let value = self.migrate(core, name, value, record.body.schema)?;
            let again = || {
                let (value, _) = self.codec.open(&record.body).ok()?;
                self.migrations.apply(value, record.body.schema).ok()
            };
            (fit::<D>(value, again).map_err(undecodable)?, envelope)
        };
        (self.origin.prepare)(&mut document);
        let (document, envelope) = match self.completed(core, name, &document, &envelope) {
            Some(completed) => {
                as_stored = false;
                completed
            }
            None => (document, envelope),
        };
        let player = &core.player;
        self.debug(|| tracing::debug!(%player, slot = %name, as_stored, "slot loaded"));
        // What was migrated or completed is not what the store has.
        let stored = if as_stored {
            self.as_stored(core, name, &document, &envelope)
        } else {
            None
        };
        Ok(Loaded {
            document,
            envelope,
            stored,
        })
    }

    fn migrate(
        &self,
        core: &SessionCore,
        name: &SlotName,
        value: Value,
        schema: u32,
    ) -> Result<Value, Error> {
        let migrated = self.migrations.apply(value, schema);
        migrated.map_err(|source| Error::Migration {
            player: core.player.clone(),
            slot: name.clone(),
            source: Arc::new(source),
        })
    }

    /// The document with what the defaults gained since it was last written,
    /// if they did (S7). If that could not be saved, while the document as it
    /// is stored can, the latter counts.
    fn completed(
        &self,
        core: &SessionCore,
        name: &SlotName,
        document: &D,
        envelope: &Envelope,
    ) -> Option<(D, Envelope)> {
        let gained = self.origin.completion.as_ref()?;
        if !self.settings.reconcile || envelope.defaults == Some(gained.keys) {
            return None;
        }
        let player = &core.player;
        let mut completed = document.clone();
        let added = (gained.complete)(&mut completed);
        let mut envelope = envelope.clone();
        envelope.defaults = Some(gained.keys);
        let encoded = self.encode_document(&completed, &envelope);
        match encoded.and_then(|encoded| self.body(&encoded, self.migrations.current())) {
            Ok(_) => {
                self.debug(|| tracing::debug!(%player, slot = %name, ?added, "slot completed"));
                Some((completed, envelope))
            }
            Err(error) => {
                let why = Chain(&error);
                tracing::warn!(%player, slot = %name, ?added, error = %why, "slot not completed");
                None
            }
        }
    }

    /// The content of a document that is as it is stored. One that can't be
    /// saved is loaded all the same, so that the game can repair it.
    fn as_stored(
        &self,
        core: &SessionCore,
        name: &SlotName,
        document: &D,
        envelope: &Envelope,
    ) -> Option<Stored> {
        match self.encode_document(document, envelope) {
            Ok(encoded) => Some(self.stored(&encoded)),
            Err(error) => {
                let (player, why) = (&core.player, Chain(&error));
                tracing::warn!(%player, slot = %name, error = %why, "it can't be saved as it is");
                None
            }
        }
    }

    fn stored(&self, encoded: &Encoded) -> Stored {
        Stored {
            content: encoded.fingerprints(),
            keys: self.keys(encoded),
        }
    }

    /// In debug mode: what there is, key by key.
    pub(super) fn keys(&self, encoded: &Encoded) -> Option<Box<KeyFingerprints>> {
        let keys = || self.codec.key_fingerprints(encoded).ok();
        self.settings.debug.then(keys).flatten().map(Box::new)
    }
}

fn panicked(core: &SessionCore) -> Error {
    Error::Panicked {
        player: core.player.clone(),
        during: "loading a slot",
    }
}
