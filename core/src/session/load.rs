//! Loading a slot: claim, read, decode, migrate, complete, hand out.

use std::sync::Arc;

use serde_json::Value;

use super::SessionState;
use crate::{
    ClaimNumber, Error, GameDocument, SlotName,
    backend::{Opened, Record},
    codec::{CodecError, Fingerprints},
    hook::guarded,
    manager::Shared,
    schema,
    slot::{Saver, Slot, SlotState},
};

/// A document that was read or made, and what the store is known to have of it.
struct Loaded<D> {
    document: D,
    stored: Option<Fingerprints>,
}

impl<D: GameDocument> Shared<D> {
    /// Loads a slot, or hands out the one that is open. A first load that
    /// fails ends the session, so that no lock is left behind (L8).
    pub(crate) async fn load(
        self: Arc<Self>,
        session: Arc<SessionState<D>>,
        name: SlotName,
    ) -> Result<Slot<D>, Error> {
        let turn = session.turn.lock().await;
        session.core.check_open()?;
        if let Some(open) = session.slot(&name) {
            return Ok(Slot::new(open, Arc::clone(&self)));
        }
        let result = self.load_new(&session, &name).await;
        drop(turn);
        if result.is_err() && session.slots().is_empty() && !session.is_closed() {
            let (player, id) = (session.core.player.clone(), session.core.id);
            if let Err(error) = Arc::clone(&self).abandon(session).await {
                tracing::warn!(%player, %error, "the lock is released later");
                self.orphans.add(player, id);
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
        let Opened {
            revision, record, ..
        } = opened;
        let loaded = match &record {
            Some(record) => self.revive(session, name, record)?,
            None => self.make_new(session, name)?,
        };
        let saver = self.saver(number, revision, loaded.stored);
        let turn = self.autosave.assign_turn();
        let slot = Arc::new(SlotState::new(
            Arc::clone(core),
            name.clone(),
            turn,
            loaded.document,
            saver,
        ));
        self.run_on_load(&slot);
        session.add(Arc::clone(&slot));
        self.autosave.insert(&slot);
        if slot.is_unsaved() {
            self.autosave.enqueue(&slot);
        }
        Ok(slot)
    }

    fn saver(
        &self,
        number: ClaimNumber,
        revision: crate::Revision,
        stored: Option<Fingerprints>,
    ) -> Saver {
        Saver {
            claim: Some(number),
            revision,
            stored,
            doubt: None,
            keys: None,
        }
    }

    /// A new player's document (S4, S7); the first autosave stores it (S10).
    fn make_new(&self, session: &SessionState<D>, name: &SlotName) -> Result<Loaded<D>, Error> {
        let player = &session.core.player;
        let document = self.defaults(session)?;
        self.debug(|| tracing::debug!(%player, slot = %name, "nothing stored: defaults used"));
        Ok(Loaded {
            document,
            stored: None,
        })
    }

    fn defaults(&self, session: &SessionState<D>) -> Result<D, Error> {
        let player = &session.core.player;
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
        session: &SessionState<D>,
        name: &SlotName,
        record: &Record,
    ) -> Result<Loaded<D>, Error> {
        let player = &session.core.player;
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
        if self.settings.reconcile {
            let added = schema::reconcile(&mut value, &self.defaults_as_json(session)?);
            self.debug(|| tracing::debug!(%player, slot = %name, ?added, "slot loaded"));
        }
        let decoded = guarded(|| serde_json::from_value::<D>(value));
        let decoded = decoded.map_err(|_| Error::Panicked {
            player: player.clone(),
            during: "decoding the document",
        })?;
        let mut document = decoded.map_err(|source| undecodable(CodecError::Unreadable(source)))?;
        (self.origin.prepare)(&mut document);
        let stored = self
            .codec
            .encode(&document)
            .map_err(undecodable)?
            .fingerprints();
        Ok(Loaded {
            document,
            stored: Some(stored),
        })
    }

    fn defaults_as_json(&self, session: &SessionState<D>) -> Result<Value, Error> {
        let document = self.defaults(session)?;
        let panicked = || Error::Panicked {
            player: session.core.player.clone(),
            during: "encoding the defaults",
        };
        match guarded(|| serde_json::to_value(&document)) {
            Ok(Ok(value)) => Ok(value),
            // Defaults that can't be encoded have nothing to complete others with.
            Ok(Err(_)) => Ok(Value::Null),
            Err(_) => Err(panicked()),
        }
    }

    fn run_on_load(&self, slot: &SlotState<D>) {
        if let Some(hook) = &self.hooks.on_load {
            let mut live = slot.live();
            self.run_hook(slot, &mut live, "on_load", |context, document| {
                hook(context, document);
            });
        }
    }
}
