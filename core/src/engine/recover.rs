//! Putting documents into the store by hand: what could not be saved (E10), and
//! what takes the place of a record that can't be read (S12).

use std::sync::Arc;

use serde_json::Value;

use super::{Engine, OnConflict, save::unencodable, start::Former};
use crate::{
    EndReason, Error, Event, GameDocument, PlayerId, Revision, SaveReason, SlotName, UnixMillis,
    Unsaved, WriteId,
    backend::{Body, Effect, Encoding, Opened, Record, WriteOutcome, pauses},
    codec::{Encoded, Envelope},
    excerpt::Chain,
    state::{Held, LastWrite, SessionCore, SessionState},
};

/// What [`recover`](crate::SessionManager::recover) and
/// [`put`](crate::SessionManager::put)
/// may overwrite. By default, nothing that anybody could miss.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = std::sync::Arc::new(playerdata_memory::MemoryBackend::new());
/// # let manager = playerdata_core::SessionManager::builder(backend).start().await?;
/// # let session = manager.start_session(4711_u64).await?;
/// # let slot = session.load_slot("Slot1").await?;
/// use playerdata_core::RecoverOptions;
///
/// # let unsaved = [slot.for_recovery()];
/// # session.end().await?;
/// // What an `EndError` or a shutdown's report had, once the store is back.
/// for unsaved in &unsaved {
///     let revision = manager.recover(unsaved, RecoverOptions::new()).await?;
///     println!("player {} is at revision {revision}", unsaved.player);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecoverOptions {
    /// Whether the player is taken from a session that holds them, on any
    /// server.
    pub steal: bool,
    /// Whether something newer in the slot is replaced.
    pub replace_newer: bool,
    /// The version of the schema that a document which is
    /// [`put`](crate::SessionManager::put) has. By default that of the record
    /// that it replaces, or the current one if there is none.
    pub schema: Option<u32>,
}

impl RecoverOptions {
    /// Overwrites nothing that anybody could miss.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            steal: false,
            replace_newer: false,
            schema: None,
        }
    }

    /// Takes the player from whichever session holds them.
    #[must_use]
    pub const fn steal(mut self) -> Self {
        self.steal = true;
        self
    }

    /// Replaces even what is newer.
    #[must_use]
    pub const fn replace_newer(mut self) -> Self {
        self.replace_newer = true;
        self
    }

    /// Takes the document for one of this version of the schema.
    #[must_use]
    pub const fn schema(mut self, version: u32) -> Self {
        self.schema = Some(version);
        self
    }
}

/// What a document builds on.
pub(super) struct Base {
    revision: Revision,
    last: Option<LastWrite>,
    /// A write of it that may have been applied.
    doubt: Option<WriteId>,
}

impl Base {
    /// A revision that somebody has looked at.
    pub(super) fn at(revision: Revision) -> Self {
        Self {
            revision,
            last: None,
            doubt: None,
        }
    }

    async fn of<D>(unsaved: &Unsaved<D>) -> Self {
        // Whatever write was under way is over then: each is bounded in time.
        let write_state = unsaved.origin.write_state.lock().await;
        Self {
            revision: write_state.revision,
            last: write_state.last,
            doubt: write_state.claim.doubt().map(|doubt| doubt.write_id),
        }
    }

    /// Whether the slot has something that somebody wrote since.
    fn is_older_than(&self, opened: &Opened) -> bool {
        let own = [self.last.map(|last| last.id), self.doubt];
        if opened.last_write.is_some() && own.contains(&opened.last_write) {
            return false;
        }
        match (&opened.record, self.last) {
            _ if opened.revision > self.revision => true,
            // A store that lost what it had.
            (None, _) => false,
            // A store that lost its latest has what was saved before; one that
            // lost everything may have another history by now.
            (Some(record), Some(last)) => record.saved_at > last.at,
            (Some(_), None) => opened.revision != self.revision,
        }
    }
}

/// Makes what is to be put into a slot that was opened.
pub(super) trait MakeBody<D>:
    Fn(&Engine<D>, &SessionCore, &Opened) -> Result<Body, Error> + Sync
{
}

impl<D, F: Fn(&Engine<D>, &SessionCore, &Opened) -> Result<Body, Error> + Sync> MakeBody<D> for F {}

impl<D: GameDocument> Engine<D> {
    /// Puts a document that could not be saved into its slot.
    pub(crate) async fn recover(
        self: Arc<Self>,
        unsaved: Unsaved<D>,
        options: RecoverOptions,
    ) -> Result<Revision, Error> {
        let base = Base::of(&unsaved).await;
        let (player, slot) = (&unsaved.player, &unsaved.slot);
        let make = |engine: &Self, core: &SessionCore, _: &Opened| {
            let encoded = engine.encode_unsaved(&unsaved).map_err(|error| *error)?;
            let schema = engine.migrations.current();
            engine.body_to_put(core, slot, &encoded, schema)
        };
        self.put_back(player, slot, &base, options, &make).await
    }

    /// Puts a document into a slot, as JSON, in place of the revision `base`.
    pub(crate) async fn put(
        self: Arc<Self>,
        player: PlayerId,
        slot: SlotName,
        document: Value,
        base: Revision,
        options: RecoverOptions,
    ) -> Result<Revision, Error> {
        let base = Base::at(base);
        let make = |engine: &Self, core: &SessionCore, opened: &Opened| {
            engine.checked_body(core, &slot, &document, opened, options)
        };
        self.put_back(&player, &slot, &base, options, &make).await
    }

    async fn put_back(
        self: &Arc<Self>,
        player: &PlayerId,
        slot: &SlotName,
        base: &Base,
        options: RecoverOptions,
        make: &impl MakeBody<D>,
    ) -> Result<Revision, Error> {
        let held = self.take_by_hand(player, options.steal).await?;
        let state = Arc::clone(&held.state); // held to the end
        let put = self.put_under(&state.core, slot, base, options, make).await;
        self.end_by_hand(state).await;
        if let Ok(revision) = put {
            self.report_put_back(player, slot, revision);
        }
        put
    }

    /// A session for one change by hand.
    pub(super) async fn take_by_hand(
        self: &Arc<Self>,
        player: &PlayerId,
        steal: bool,
    ) -> Result<Held<D>, Error> {
        let (on_conflict, former) = if steal {
            (OnConflict::Steal, Former::End)
        } else {
            (OnConflict::Fail, Former::Spare)
        };
        let taken = self.take(player, on_conflict, former, None).await?;
        Ok(taken.held)
    }

    pub(super) async fn end_by_hand(self: &Arc<Self>, state: Arc<SessionState<D>>) {
        let player = state.core.player.clone();
        if let Err(error) = Arc::clone(self).end(state, EndReason::Requested).await {
            // It has nothing to save; the manager goes on releasing it.
            tracing::warn!(%player, error = %Chain(&error), "a session for a recovery lingers");
        }
    }

    pub(super) fn report_put_back(&self, player: &PlayerId, slot: &SlotName, revision: Revision) {
        tracing::warn!(%player, %slot, %revision, "a document was put back by hand");
        self.events.send(|| Event::SlotSaved {
            player: player.clone(),
            slot: slot.clone(),
            revision,
            reason: SaveReason::PutBack,
        });
    }

    pub(super) async fn put_under(
        &self,
        core: &SessionCore,
        slot: &SlotName,
        base: &Base,
        options: RecoverOptions,
        make: &impl MakeBody<D>,
    ) -> Result<Revision, Error> {
        let (mut number, mut opened) = self.claim_slot(core, slot).await?;
        if base.is_older_than(&opened) && !options.replace_newer {
            return Err(Error::Newer {
                player: core.player.clone(),
                slot: slot.clone(),
                base: base.revision,
                stored: opened.revision,
            });
        }
        let body = make(self, core, &opened)?;
        let mut pauses = pauses(&self.settings, &self.jitter);
        loop {
            let stamp = self.stamp(opened.revision);
            let claim = core.claim(slot, number);
            let failure = match self.store.save(&claim, &stamp, &body).await {
                Ok(WriteOutcome::Written { revision }) => return Ok(revision),
                Ok(WriteOutcome::Lost { holder }) => {
                    return Err(self.mark_lost(&core.player, core.id, holder));
                }
                Ok(WriteOutcome::Overtaken) => self.store.claims_keep_dying(&core.player, slot),
                Err(failure) => failure,
            };
            let in_doubt = failure.effect() == Effect::Possible;
            let error = Error::from(failure);
            let pause = pauses.next().filter(|_| in_doubt || error.is_transient());
            let Some(pause) = pause else {
                return Err(error);
            };
            tokio::time::sleep(pause).await;
            // Opening the slot shows whether the write was applied (S2).
            (number, opened) = self.claim_slot(core, slot).await?;
            if opened.last_write == Some(stamp.write_id) {
                return Ok(opened.revision);
            }
        }
    }

    fn body_to_put(
        &self,
        core: &SessionCore,
        slot: &SlotName,
        encoded: &Encoded,
        schema: u32,
    ) -> Result<Body, Error> {
        self.body(encoded, schema)
            .map_err(|source| unencodable(core, slot, source))
    }

    /// A body of JSON that a load would take.
    fn checked_body(
        &self,
        core: &SessionCore,
        slot: &SlotName,
        document: &Value,
        opened: &Opened,
        options: RecoverOptions,
    ) -> Result<Body, Error> {
        let replaced = opened.record.as_ref().map(|record| &record.body);
        // Where nobody knows how the bytes are to be read, the schema is a guess.
        let known = replaced.filter(|body| body.encoding != Encoding::Unknown);
        let replaced = known.map(|body| body.schema);
        let schema = options.schema.or(replaced);
        let schema = schema.unwrap_or_else(|| self.migrations.current());
        let envelope = self.beside(&core.player, slot, opened.record.as_ref());
        self.loadable_body(core, slot, document, &envelope, opened, schema)
    }

    /// A body of JSON and what is kept beside it that a load would take.
    pub(super) fn loadable_body(
        &self,
        core: &SessionCore,
        slot: &SlotName,
        document: &Value,
        envelope: &Envelope,
        opened: &Opened,
        schema: u32,
    ) -> Result<Body, Error> {
        let encoded = self
            .codec
            .encode_either(document, envelope)
            .map_err(|source| unencodable(core, slot, source))?;
        let body = self.body_to_put(core, slot, &encoded, schema)?;
        if schema <= self.migrations.current() {
            let record = Record {
                revision: opened.revision.next(),
                write_id: WriteId::from_uuid(*core.id.as_uuid()),
                saved_at: UnixMillis::default(),
                body: body.clone(),
            };
            self.revive(core, slot, &record)?;
        }
        Ok(body)
    }
}
