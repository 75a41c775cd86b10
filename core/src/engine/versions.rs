//! Keeping copies of records, and going back to one.
//!
//! The store copies; nothing of a document passes through here until somebody
//! goes back to a version.

use std::{sync::Arc, time::Duration};

use super::{Engine, RecoverOptions, recover::Base, wind_up::as_restored};
use crate::{
    Error, Event, GameDocument, PlayerId, Revision, SlotName,
    backend::{Claim, Encoding, KeepPolicy, Keeping, Opened, Record},
    codec::{Envelope, Escrow},
    state::{SessionCore, SlotState},
};

/// What [`restore`](crate::SessionManager::restore) may do. By default, it
/// leaves a player alone whom a session holds.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = std::sync::Arc::new(playerdata_memory::MemoryBackend::new());
/// # let manager = playerdata_core::SessionManager::builder(backend).start().await?;
/// # let session = manager.start_session(4711_u64).await?;
/// # let slot = session.load_slot("Slot1").await?;
/// use playerdata_core::RestoreOptions;
///
/// # let (player, name) = (slot.player().clone(), slot.name().clone());
/// let good = slot.keep_version().await?.ok_or("versions are switched off")?;
/// slot.decrement("Currency", 400)?; // a mistake
/// session.end().await?;
///
/// let restored = manager.restore(&player, &name, good, RestoreOptions::new()).await?;
/// assert!(restored.revision > good);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RestoreOptions {
    /// Whether the player is taken from a session that holds them, on any
    /// server.
    pub steal: bool,
}

impl RestoreOptions {
    /// Leaves a player alone whom a session holds.
    #[must_use]
    pub const fn new() -> Self {
        Self { steal: false }
    }

    /// Takes the player from a session that holds them.
    #[must_use]
    pub const fn steal(mut self) -> Self {
        self.steal = true;
        self
    }
}

/// What a restored version became.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Restored {
    /// The revision that it is now.
    pub revision: Revision,
    /// The version that was kept of what it replaced; `None` if the slot held
    /// nothing, or something of which the store can't tell what it is.
    pub replaced: Option<Revision>,
    /// Whether the version had parcels on their way to others, or in a trade,
    /// that have arrived since, or whose trade was decided: they are left out of
    /// what was restored, and are not among its items either.
    pub left_out: bool,
}

impl<D: GameDocument> Engine<D> {
    /// Keeps what the store has of a slot that was opened, without holding up its
    /// load (H1, H2). `newest` is how old the newest version was then, if the
    /// store said so. With many loads at once it takes its turn; if the session
    /// is over by then, the next load keeps one.
    pub(super) fn keep_in_background(self: &Arc<Self>, claim: Claim, newest: Option<Duration>) {
        let Some(policy) = self.keep_policy(self.settings.version_interval) else {
            return;
        };
        if newest.is_some_and(|age| age < policy.min_age) {
            return;
        }
        let engine = Arc::clone(self);
        self.runtime.spawn(async move {
            let _room = engine.background.room_to_keep().await;
            if let Err(failure) = engine.store.keep_version(&claim, policy).await {
                engine.events.send(|| Event::VersionNotKept {
                    player: claim.player,
                    slot: claim.slot,
                    error: Arc::new(failure.into()),
                });
            }
        });
    }

    fn keep_policy(&self, min_age: Duration) -> Option<KeepPolicy> {
        let most = self.settings.versions_kept;
        (most > 0).then_some(KeepPolicy { most, min_age })
    }

    /// Keeps what the store has of an open slot.
    pub(crate) async fn keep_now(&self, slot: &SlotState<D>) -> Result<Option<Revision>, Error> {
        let Some(policy) = self.keep_policy(Duration::ZERO) else {
            return Ok(None);
        };
        // Under the session's newest claim number, so that the store need not
        // look for the slot's value.
        let number = slot.write_state.lock().await.claim.number();
        let number = number.unwrap_or_else(|| slot.core.next_claim());
        let claim = slot.core.claim(&slot.name, number);
        self.kept(&slot.core, &claim, policy).await
    }

    async fn kept(
        &self,
        core: &SessionCore,
        claim: &Claim,
        policy: KeepPolicy,
    ) -> Result<Option<Revision>, Error> {
        match self.store.keep_version(claim, policy).await? {
            Keeping::Kept { revision } => Ok(Some(revision)),
            Keeping::Recent | Keeping::Nothing => Ok(None),
            Keeping::Lost { holder } => Err(self.mark_lost_to(&core.player, core.id, holder)),
        }
    }

    /// Makes a version the newest revision, and keeps what it replaces (H4).
    pub(crate) async fn restore(
        self: Arc<Self>,
        player: PlayerId,
        slot: SlotName,
        revision: Revision,
        options: RestoreOptions,
    ) -> Result<Restored, Error> {
        // So that nobody is taken from a session for a version that is not there.
        self.version_at(&player, &slot, revision).await?;
        let held = self.take_by_hand(&player, options.steal).await?;
        let state = Arc::clone(&held.state); // held to the end
        let restored = self.restore_under(&state.core, &slot, revision).await;
        self.end_by_hand(state).await;
        if let Ok(restored) = &restored {
            self.report_put_back(&player, &slot, restored.revision);
        }
        restored
    }

    async fn version_at(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        revision: Revision,
    ) -> Result<Record, Error> {
        let version = self.store.version(player, slot, revision).await?;
        version.ok_or_else(|| Error::NoVersion {
            player: player.clone(),
            slot: slot.clone(),
            revision,
        })
    }

    async fn restore_under(
        &self,
        core: &SessionCore,
        slot: &SlotName,
        revision: Revision,
    ) -> Result<Restored, Error> {
        // Read under the lock: what was read before it may have been erased since.
        let version = self.version_at(&core.player, slot, revision).await?;
        let (document, envelope) = self.codec.open(&version.body).map_err(|source| {
            let (player, slot) = (core.player.clone(), slot.clone());
            Error::Undecodable {
                player,
                slot,
                revision: version.revision,
                body: Box::new(version.body.clone()),
                source: Arc::new(source),
            }
        })?;
        let (replaced, beside) = self.keep_replaced(core, slot).await?;
        let (envelope, left_out) = as_restored(envelope, &beside);
        let ends = |one: &&Escrow| !envelope.escrow.contains(one);
        self.end_trades(beside.escrow.iter().filter(ends)).await?;
        let options = RecoverOptions::new().replace_newer();
        let make = |engine: &Self, core: &SessionCore, opened: &Opened| {
            let schema = version.body.schema;
            engine.loadable_body(core, slot, &document, &envelope, opened, schema)
        };
        let base = Base::at(version.revision);
        let revision = self.put_under(core, slot, &base, options, &make).await?;
        Ok(Restored {
            revision,
            replaced,
            left_out,
        })
    }

    /// Keeps what is about to be replaced, and returns what is beside it; of
    /// many versions none goes for it where none are kept otherwise.
    async fn keep_replaced(
        &self,
        core: &SessionCore,
        slot: &SlotName,
    ) -> Result<(Option<Revision>, Envelope), Error> {
        let (number, opened) = self.claim_slot(core, slot).await?;
        if is_unknown(&opened) {
            // A copy of it would be a version that nobody can go back to, and
            // that keeps a store from listing the others.
            let player = &core.player;
            tracing::warn!(%player, %slot, "what is replaced can't be read, and is not kept");
            return Ok((None, Envelope::default()));
        }
        let most = match self.settings.versions_kept {
            0 => u32::MAX,
            most => most,
        };
        let min_age = Duration::ZERO;
        let claim = core.claim(slot, number);
        let beside = self.beside(&core.player, slot, opened.record.as_ref());
        let policy = KeepPolicy { most, min_age };
        Ok((self.kept(core, &claim, policy).await?, beside))
    }
}

fn is_unknown(opened: &Opened) -> bool {
    let record = opened.record.as_ref();
    record.is_some_and(|record| record.body.encoding == Encoding::Unknown)
}
