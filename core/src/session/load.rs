//! Loading a slot: claim, read, decode, migrate, complete, hand out.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures::FutureExt;
use serde_json::Value;

use super::{SessionCore, SessionState};
use crate::{
    EndReason, Error, GameDocument, PlayerId, SlotName,
    backend::Record,
    codec::{CodecError, Encoded, Fingerprints, KeyFingerprints},
    error::Chain,
    hook::guarded,
    manager::Shared,
    schema,
    slot::{Saver, Slot, SlotState, unencodable},
};

/// A document that was read or made.
struct Loaded<D> {
    document: D,
    /// What the store has; `None` if that is not this document.
    stored: Option<Stored>,
}

struct Stored {
    content: Fingerprints,
    /// In debug mode.
    keys: Option<Box<KeyFingerprints>>,
}

impl<D: GameDocument> Shared<D> {
    /// Loads a slot, or hands out the one that is open. A first load that
    /// fails ends the session, so that no lock is left behind (L8).
    pub(crate) async fn load(
        self: Arc<Self>,
        session: Arc<SessionState<D>>,
        name: SlotName,
    ) -> Result<Slot<D>, Error> {
        let _turn = session.turn.lock().await;
        session.core.check_open()?;
        if let Some(open) = session.slot(&name) {
            return Ok(Slot::new(open, Arc::clone(&self)));
        }
        let load = AssertUnwindSafe(self.load_new(&session, &name)).catch_unwind();
        let result = load.await.unwrap_or_else(|_| {
            Err(Error::Panicked {
                player: session.core.player.clone(),
                during: "loading a slot",
            })
        });
        if let Err(error) = &result
            && session.slots().is_empty()
            && !session.is_closed()
        {
            let player = &session.core.player;
            let (slot, why) = (&name, Chain(error));
            tracing::warn!(%player, %slot, error = %why, "first load failed: the session ends");
            if let Err(error) = self.release(&session, EndReason::LoadFailed).await {
                tracing::warn!(%player, error = %Chain(&error), "the lock is released later");
            }
        }
        result.map(|slot| Slot::new(slot, self))
    }

    async fn load_new(
        &self,
        session: &SessionState<D>,
        name: &SlotName,
    ) -> Result<Arc<SlotState<D>>, Error> {
        let core = &session.core;
        let (number, opened) = self.claim_slot(core, name).await?;
        let loaded = match &opened.record {
            Some(record) => self.revive(core, name, record)?,
            None => self.make_new(core, name)?,
        };
        let (content, keys) = loaded
            .stored
            .map_or((None, None), |stored| (Some(stored.content), stored.keys));
        let saver = Saver {
            claim: Some(number),
            revision: opened.revision,
            stored: content,
            doubt: None,
            keys,
        };
        let turn = self.autosave.assign_turn();
        let document = self.run_on_load(core, name, loaded.document).await;
        let slot = SlotState::new(Arc::clone(core), name.clone(), turn, document, saver);
        let slot = Arc::new(slot);
        if self.hooks.on_load.is_some() {
            slot.forget_stored(); // the hook may have changed the document
        }
        session.add(Arc::clone(&slot));
        self.autosave.insert(&slot);
        // Whether it has to be written is decided in its turn (A1, S10).
        if slot.is_unsaved() {
            self.autosave.enqueue(&slot);
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
    fn revive(
        &self,
        core: &SessionCore,
        name: &SlotName,
        record: &Record,
    ) -> Result<Loaded<D>, Error> {
        let player = &core.player;
        let undecodable = |source| Error::Undecodable {
            player: player.clone(),
            slot: name.clone(),
            revision: record.revision,
            body: Box::new(record.body.clone()),
            source: Arc::new(source),
        };
        let value = self.codec.decode(&record.body).map_err(undecodable)?;
        let migrated = self.migrations.apply(value, record.body.schema);
        let mut value = migrated.map_err(|source| Error::Migration {
            player: player.clone(),
            slot: name.clone(),
            source: Arc::new(source),
        })?;
        let mut as_stored = record.body.schema == self.migrations.current();
        if self.settings.reconcile {
            let added = schema::reconcile(&mut value, &self.defaults_as_json(player)?);
            as_stored &= added.is_empty();
            self.debug(|| tracing::debug!(%player, slot = %name, ?added, "slot loaded"));
        }
        let mut document =
            D::deserialize(value).map_err(|source| undecodable(CodecError::Unreadable(source)))?;
        (self.origin.prepare)(&mut document);
        let encoded = self.codec.encode(&document);
        let encoded = encoded.map_err(|source| unencodable(core, name, source))?;
        Ok(Loaded {
            document,
            // What was migrated or completed is not what the store has.
            stored: as_stored.then(|| self.stored(&encoded)),
        })
    }

    fn stored(&self, encoded: &Encoded) -> Stored {
        let keys = if self.settings.debug {
            self.codec.key_fingerprints(encoded).ok().map(Box::new)
        } else {
            None
        };
        Stored {
            content: encoded.fingerprints(),
            keys,
        }
    }

    fn defaults_as_json(&self, player: &PlayerId) -> Result<Value, Error> {
        let document = self.defaults(player)?;
        serde_json::to_value(&document).or_else(|error| {
            // Such defaults have nothing to complete others with; a player who
            // gets them is told when they are to be saved.
            tracing::warn!(%error, "the defaults can't be encoded");
            Ok(Value::Null)
        })
    }
}
