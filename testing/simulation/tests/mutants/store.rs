//! A small store in memory that can be wrong.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use parking_lot::Mutex;
use playerdata_core::{
    ClaimNumber, Fence, PlayerId, Revision, ServerId, SessionId, SlotName,
    backend::{
        Acquisition, Admission, Backend, BackendError, Body, Claim, Claimant, Effect, Encoding,
        Erasure, ErrorKind, KeepPolicy, Keeping, Letter, Lock, Notice, Opened, Opening,
        PlayersCursor, PlayersPage, Posting, Record, Release, Renewal, Result, SlotSummary, Stamp,
        VersionSummary, WriteOutcome,
    },
    forward_backend,
};

use crate::flaw::Flaw;

/// Keeps locks and slots itself, with one flaw. Leases, notices, mail, and what
/// was there before are those of the store it wraps.
#[derive(Debug)]
pub(crate) struct FlawedStore {
    flaw: Flaw,
    inner: Arc<dyn Backend>,
    players: Mutex<BTreeMap<PlayerId, Player>>,
    /// The versions, if it keeps any.
    kept: Mutex<BTreeMap<(PlayerId, SlotName), Vec<Record>>>,
    drained: Mutex<Vec<Notice>>,
    calls: Mutex<u64>,
}

#[derive(Debug, Default)]
struct Player {
    fence: Fence,
    lock: Option<Lock>,
    slots: BTreeMap<SlotName, Slot>,
    erased: bool,
}

#[derive(Clone, Debug, Default)]
struct Slot {
    claim: Option<(Fence, ClaimNumber)>,
    now: Opened,
    before: Opened,
}

impl FlawedStore {
    pub(crate) fn new(flaw: Flaw, inner: Arc<dyn Backend>) -> Self {
        Self {
            flaw,
            inner,
            players: Mutex::default(),
            kept: Mutex::default(),
            drained: Mutex::default(),
            calls: Mutex::default(),
        }
    }

    fn is(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }

    /// One call in ten.
    fn is_unlucky(&self) -> bool {
        let mut calls = self.calls.lock();
        *calls += 1;
        calls.is_multiple_of(10)
    }

    fn with<T>(&self, player: &PlayerId, step: impl FnOnce(&mut Player) -> T) -> T {
        step(self.players.lock().entry(player.clone()).or_default())
    }

    /// Takes over what the wrapped store had of a slot.
    async fn know(&self, player: &PlayerId, slot: &SlotName) -> Result<()> {
        let there = self.inner.view(player, slot).await?;
        self.with(player, |player| {
            if player.erased {
                return;
            }
            if let (Entry::Vacant(place), Some(record)) = (player.slots.entry(slot.clone()), there)
            {
                let now = Opened {
                    revision: record.revision,
                    last_write: Some(record.write_id),
                    record: Some(record),
                    mail: true,
                    version_age: None,
                };
                place.insert(Slot {
                    now,
                    ..Slot::default()
                });
            }
        });
        Ok(())
    }

    /// Whether the session may use the player's slots; otherwise who may.
    fn check(&self, player: &Player, session: SessionId, refused: bool) -> Option<Option<Lock>> {
        let allowed = match &player.lock {
            Some(lock) => lock.session == session && !refused,
            None => self.is(Flaw::AbsentLockAccepted),
        };
        (!allowed && !self.is(Flaw::SaveIgnoresLock)).then(|| player.lock.clone())
    }

    /// Whether the holder's lease has lapsed, for a store that cares.
    async fn refuses_lapsed(&self, claim: &Claim) -> Result<bool> {
        if !self.is(Flaw::LapsedHolderRefused) {
            return Ok(false);
        }
        let lock = self.with(&claim.player, |player| player.lock.clone());
        match lock {
            Some(lock) => Ok(!self.inner.lease_is_live(&lock.server).await?),
            None => Ok(false),
        }
    }

    async fn write(
        &self,
        claim: &Claim,
        stamp: &Stamp,
        body: Option<&Body>,
    ) -> Result<WriteOutcome> {
        self.know(&claim.player, &claim.slot).await?;
        let refused = self.refuses_lapsed(claim).await?;
        let unlucky = self.is_unlucky();
        if self.is(Flaw::Tires) && *self.calls.lock() > 30 {
            let (kind, effect) = (ErrorKind::Unavailable, Effect::None);
            return Err(BackendError::new(kind, effect, "tired"));
        }
        Ok(self.with(&claim.player, |player| {
            if let Some(holder) = self.check(player, claim.session, refused) {
                return WriteOutcome::Lost { holder };
            }
            let fence = player
                .lock
                .as_ref()
                .map(|lock| lock.fence)
                .unwrap_or_default();
            let slot = player.slots.entry(claim.slot.clone()).or_default();
            self.write_slot(slot, (fence, claim.number), stamp, body, unlucky)
        }))
    }

    fn write_slot(
        &self,
        slot: &mut Slot,
        claim: (Fence, ClaimNumber),
        stamp: &Stamp,
        body: Option<&Body>,
        unlucky: bool,
    ) -> WriteOutcome {
        let lenient = [
            Flaw::OldClaimAccepted,
            Flaw::SaveIgnoresLock,
            Flaw::AbsentLockAccepted,
        ];
        if slot.claim != Some(claim) && !lenient.contains(&self.flaw) {
            return WriteOutcome::Overtaken;
        }
        let revision = match self.flaw {
            Flaw::RevisionSkips => stamp.base.next().next(),
            _ => stamp.base.next(),
        };
        if slot.now.revision == revision && slot.now.last_write == Some(stamp.write_id) {
            return match self.flaw {
                Flaw::WonWriteLooksLost => WriteOutcome::Overtaken,
                _ => WriteOutcome::Written { revision },
            };
        }
        if slot.now.revision != stamp.base && !self.is(Flaw::OlderWriteWins) {
            return WriteOutcome::Overtaken;
        }
        let earlier = slot
            .now
            .record
            .as_ref()
            .is_some_and(|record| record.saved_at > stamp.at);
        if self.is(Flaw::SavesGetLost) && unlucky || self.is(Flaw::LaterTimeWins) && earlier {
            return WriteOutcome::Written { revision };
        }
        self.put(slot, stamp, revision, body);
        WriteOutcome::Written { revision }
    }

    fn put(&self, slot: &mut Slot, stamp: &Stamp, revision: Revision, body: Option<&Body>) {
        slot.before = slot.now.clone();
        let torn = self.is(Flaw::TornWrites);
        let old = slot.before.record.as_ref().filter(|_| torn);
        let body = body.map(|body| torn_from(body, old.map(|old| &old.body)));
        slot.now = Opened {
            revision,
            last_write: Some(stamp.write_id),
            record: body.map(|body| Record {
                revision,
                write_id: stamp.write_id,
                saved_at: stamp.at,
                body,
            }),
            mail: true,
            version_age: None,
        };
    }

    /// What `open` says of a slot.
    fn read(&self, player: &Player, name: &SlotName, unlucky: bool) -> Opened {
        let slot = &player.slots[name];
        let mut opened = match self.flaw {
            Flaw::StaleRead if slot.before.record.is_some() => Opened {
                record: slot.before.record.clone(),
                ..slot.now.clone()
            },
            _ => slot.now.clone(),
        };
        opened.mail = true; // whoever opens it looks at the store's own
        match self.flaw {
            Flaw::ErrorsReadAsNothing if unlucky => opened.record = None,
            Flaw::BrokenReadsAsNothing => opened.record = opened.record.filter(is_json),
            Flaw::SchemaForgotten => {
                if let Some(record) = &mut opened.record {
                    record.body.schema = record.body.schema.min(2);
                }
            }
            Flaw::SlotsMixedUp if opened.record.is_none() => {
                let mut others = player.slots.values();
                opened.record = others.find_map(|slot| slot.now.record.clone().filter(is_json));
            }
            _ => {}
        }
        opened
    }
}

fn summary(record: &Record) -> VersionSummary {
    VersionSummary {
        revision: record.revision,
        saved_at: record.saved_at,
        kept_at: record.saved_at,
        schema: record.body.schema,
        body_bytes: record.body.bytes.len() as u64,
    }
}

fn is_json(record: &Record) -> bool {
    record.body.encoding != Encoding::Json
        || serde_json::from_slice::<serde_json::Value>(&record.body.bytes).is_ok()
}

/// The new body, with the currency of the old one.
fn torn_from(new: &Body, old: Option<&Body>) -> Body {
    let parse = |body: &Body| serde_json::from_slice::<serde_json::Value>(&body.bytes).ok();
    let torn = old.and_then(|old| {
        let (mut json, old) = (parse(new)?, parse(old)?);
        json["Currency"] = old.get("Currency")?.clone();
        Some(json.to_string().into())
    });
    Body {
        bytes: torn.unwrap_or_else(|| new.bytes.clone()),
        ..new.clone()
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Backend for FlawedStore {
    forward_backend!(inner:
        limits, hazards, drop_lease, notify, letters, discard, settle, known_letters, decide,
        forget_decision,
    );

    fn name(&self) -> &'static str {
        "flawed"
    }

    async fn renew_lease(&self, server: &ServerId, ttl: Duration) -> Result<Renewal> {
        let mut outcome = self.inner.renew_lease(server, ttl).await?;
        if let Renewal::Superseded { .. } = outcome
            && self.is(Flaw::SupersededRenews)
        {
            let notices = Vec::new();
            outcome = Renewal::Renewed { notices };
        }
        if let Renewal::Renewed { notices } = &mut outcome
            && self.is(Flaw::NoticesComeTwice)
        {
            let again = std::mem::replace(&mut *self.drained.lock(), notices.clone());
            notices.extend(again);
        }
        Ok(outcome)
    }

    async fn lease_is_live(&self, server: &ServerId) -> Result<bool> {
        match self.flaw {
            Flaw::LeaseNeverLive => Ok(false),
            Flaw::LeaseAlwaysLive => Ok(true),
            _ => self.inner.lease_is_live(server).await,
        }
    }

    async fn acquire(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
    ) -> Result<Acquisition> {
        Ok(self.with(player, |player| {
            if let Some(holder) = player.lock.clone() {
                if holder.session == claimant.session {
                    let fence = holder.fence;
                    return Acquisition::Acquired { fence };
                }
                if replacing != Some(holder.session) && !self.is(Flaw::AcquireIgnoresHolder) {
                    return Acquisition::Held { holder };
                }
            }
            player.fence = player.fence.next();
            let fence = player.fence;
            player.lock = Some(Lock {
                session: claimant.session,
                server: claimant.server.clone(),
                fence,
                since: claimant.at,
            });
            Acquisition::Acquired { fence }
        }))
    }

    /// Opens nothing, as by default.
    async fn acquire_and_open(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
        _slot: &SlotName,
    ) -> Result<Admission> {
        Ok(self.acquire(player, claimant, replacing).await?.into())
    }

    async fn release(&self, player: &PlayerId, session: SessionId) -> Result<Release> {
        Ok(self.with(player, |player| {
            let own = player
                .lock
                .as_ref()
                .is_some_and(|lock| lock.session == session);
            let any = player.lock.is_some() && self.is(Flaw::ReleaseTakesAnyLock);
            if !own && !any || self.is(Flaw::ReleaseDoesNothing) {
                return Release::NotHeld;
            }
            player.lock = None;
            if self.is(Flaw::ReleaseResetsFence) {
                player.fence = Fence::default();
            }
            Release::Released
        }))
    }

    async fn release_knowing(
        &self,
        player: &PlayerId,
        session: SessionId,
        _claims: &[(SlotName, ClaimNumber)],
    ) -> Result<Release> {
        self.release(player, session).await
    }

    async fn holder(&self, player: &PlayerId) -> Result<Option<Lock>> {
        Ok(self.with(player, |player| player.lock.clone()))
    }

    async fn open(&self, claim: &Claim) -> Result<Opening> {
        self.know(&claim.player, &claim.slot).await?;
        let unlucky = self.is_unlucky();
        Ok(self.with(&claim.player, |player| {
            let fence = player
                .lock
                .as_ref()
                .map(|lock| lock.fence)
                .unwrap_or_default();
            if let Some(holder) = self.check(player, claim.session, fence != claim.fence) {
                return Opening::Lost { holder };
            }
            let slot = player.slots.entry(claim.slot.clone()).or_default();
            let claimed = Some((fence, claim.number));
            if slot.claim > claimed && !self.is(Flaw::LateOpenRevives) {
                return Opening::Overtaken;
            }
            slot.claim = claimed;
            Opening::Opened(self.read(player, &claim.slot, unlucky))
        }))
    }

    async fn save(&self, claim: &Claim, stamp: &Stamp, body: &Body) -> Result<WriteOutcome> {
        self.write(claim, stamp, Some(body)).await
    }

    async fn delete(&self, claim: &Claim, stamp: &Stamp) -> Result<WriteOutcome> {
        self.write(claim, stamp, None).await
    }

    async fn view(&self, player: &PlayerId, slot: &SlotName) -> Result<Option<Record>> {
        self.know(player, slot).await?;
        Ok(self.with(player, |player| player.slots.get(slot)?.now.record.clone()))
    }

    async fn list(&self, _player: &PlayerId) -> Result<Vec<SlotSummary>> {
        assert!(!self.is(Flaw::ListPanics), "this store panics");
        Ok(Vec::new()) // nobody in the simulation looks at it
    }

    async fn erase(&self, player: &PlayerId) -> Result<Erasure> {
        Ok(self.with(player, |player| {
            if let Some(holder) = player.lock.clone() {
                return Erasure::Locked { holder };
            }
            player.slots.clear();
            player.erased = true;
            if self.is(Flaw::EraseResetsFence) {
                player.fence = Fence::default();
            }
            Erasure::Erased
        }))
    }

    async fn post(&self, player: &PlayerId, slot: &SlotName, letter: &Letter) -> Result<Posting> {
        let mut posting = self.inner.post(player, slot, letter).await?;
        if let Posting::Posted { holder } | Posting::AlreadyPosted { holder, .. } = &mut posting {
            *holder = self.with(player, |player| player.lock.clone());
        }
        Ok(posting)
    }

    async fn versions(&self, player: &PlayerId, slot: &SlotName) -> Result<Vec<VersionSummary>> {
        let place = (player.clone(), slot.clone());
        let kept = self.kept.lock().get(&place).cloned().unwrap_or_default();
        Ok(kept.iter().map(summary).collect())
    }

    async fn version(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        revision: Revision,
    ) -> Result<Option<Record>> {
        let place = (player.clone(), slot.clone());
        let kept = self.kept.lock().get(&place).cloned().unwrap_or_default();
        Ok(kept.into_iter().find(|kept| kept.revision == revision))
    }

    async fn players(&self, after: Option<&PlayersCursor>, limit: usize) -> Result<PlayersPage> {
        self.inner.players(after, limit).await
    }

    /// Keeps none, but with some of the flaws.
    async fn keep_version(&self, claim: &Claim, _policy: KeepPolicy) -> Result<Keeping> {
        let (lost, record) = self.with(&claim.player, |player| {
            let slot = player.slots.get(&claim.slot);
            let record = slot.and_then(|slot| slot.now.record.clone());
            (self.check(player, claim.session, false), record)
        });
        let Some(record) = record.filter(|_| lost.is_none()) else {
            return Ok(Keeping::Nothing);
        };
        let revision = record.revision;
        match self.flaw {
            Flaw::VersionNotKept => Ok(Keeping::Kept { revision }),
            Flaw::ErasureLeavesVersions => {
                let place = (claim.player.clone(), claim.slot.clone());
                self.kept.lock().entry(place).or_default().push(record);
                Ok(Keeping::Kept { revision })
            }
            _ => Ok(Keeping::Nothing),
        }
    }
}
