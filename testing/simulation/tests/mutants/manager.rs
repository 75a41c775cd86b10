//! What stands between a manager and its way to the store, and makes of it a
//! manager that does a step too early, or not at all.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use parking_lot::Mutex;
use playerdata_core::{
    LetterId, PlayerId, Revision, ServerName, SessionId, SlotName, TradeId, WriteId,
    backend::{
        Admission, Backend, Body, Claim, Claimant, Encoding, KeepPolicy, Keeping, Letter,
        LetterPosition, Notice, NoticeKind, Notification, Opened, Opening, Party, Posting, Record,
        Result, Retention, Stamp, Verdict, WaitingLetter, WriteOutcome,
    },
    forward_backend,
};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::slip::Slip;

/// Where a document has what the library keeps beside it.
const ENVELOPE: &str = "$playerdata";
/// How late a write is that was acknowledged too early.
const LATE: Duration = Duration::from_secs(1);
/// So many keys are remembered by who forgets them.
const FEW: usize = 2;

#[derive(Debug)]
pub(crate) struct HastyManager {
    slip: Slip,
    way: Arc<dyn Backend>,
    /// What the manager keeps beside the documents, as it believes is stored.
    envelopes: Mutex<BTreeMap<(PlayerId, SlotName), Value>>,
    puts_back: AtomicBool,
    /// What the version that is put back had on its way.
    on_its_way: Mutex<Value>,
}

/// The document and its envelope, of a body that is not compressed.
fn whole(body: &Body) -> Option<Value> {
    if body.encoding != Encoding::Json {
        return None;
    }
    serde_json::from_slice(&body.bytes).ok()
}

fn with(body: &Body, whole: &Value) -> Body {
    Body {
        bytes: whole.to_string().into(),
        ..body.clone()
    }
}

/// Whether a member has an entry that it did not have before.
fn gains(member: &str, before: &Value, after: &Value) -> bool {
    let (before, after) = (&before[member], &after[member]);
    match after {
        Value::Array(after) => after
            .iter()
            .any(|entry| !before.as_array().is_some_and(|it| it.contains(entry))),
        Value::Object(after) => after.keys().any(|key| before.get(key).is_none()),
        _ => false,
    }
}

impl HastyManager {
    pub(crate) fn new(slip: Slip, way: Arc<dyn Backend>) -> Self {
        Self {
            slip,
            way,
            envelopes: Mutex::default(),
            puts_back: AtomicBool::new(false),
            on_its_way: Mutex::default(),
        }
    }

    fn is(&self, slip: Slip) -> bool {
        self.slip == slip
    }

    /// Notes what the manager keeps beside a document; returns what it kept.
    fn note(&self, claim: &Claim, envelope: Value) -> Value {
        let place = (claim.player.clone(), claim.slot.clone());
        let before = self.envelopes.lock().insert(place, envelope);
        before.unwrap_or_default()
    }

    /// The member that gets into the store one write late.
    fn late_member(&self) -> Option<&'static str> {
        match self.slip {
            Slip::KeyAfterChange => Some("keys"),
            Slip::IdAfterLetter => Some("letters"),
            Slip::OutboxAfterParcel => Some("outbox"),
            Slip::EscrowAfterParcel => Some("escrow"),
            _ => None,
        }
    }

    /// The member that makes a write be acknowledged before it is made.
    fn hasty_member(&self) -> Option<&'static str> {
        match self.slip {
            Slip::DiscardBeforeSave => Some("letters"),
            Slip::SendBeforeSave => Some("outbox"),
            Slip::DecideBeforeSave => Some("escrow"),
            Slip::ForgetBeforeSave => Some("acted"),
            _ => None,
        }
    }

    /// The body as this manager writes it, and whether it waits for that.
    fn slipped(&self, claim: &Claim, body: &Body) -> (Body, bool) {
        let Some(mut whole) = whole(body) else {
            return (body.clone(), true);
        };
        let after = whole[ENVELOPE].clone();
        let before = self.note(claim, after.clone());
        let waits = !self
            .hasty_member()
            .is_some_and(|member| gains(member, &before, &after));
        if let Some(member) = self.late_member()
            && gains(member, &before, &after)
        {
            whole[ENVELOPE][member] = before[member].clone();
            if whole[ENVELOPE][member].is_null() {
                whole[ENVELOPE].as_object_mut().map(|it| it.remove(member));
            }
        }
        if self.is(Slip::KeysForgotten)
            && let Some(keys) = whole[ENVELOPE]["keys"].as_object_mut()
            && keys.len() > FEW
        {
            let oldest = keys.keys().next().cloned();
            oldest.map(|oldest| keys.remove(&oldest));
        }
        if self.is(Slip::KeysOfReplaced)
            && self.puts_back.load(Ordering::Relaxed)
            && let Some(replaced) = before["keys"].as_object()
        {
            for (key, at) in replaced {
                whole[ENVELOPE]["keys"][key] = at.clone();
                whole[ENVELOPE]["v"] = json!(4);
            }
        }
        let on_its_way = self.on_its_way.lock().clone();
        if self.is(Slip::OutboxPutBack) && !on_its_way.is_null() {
            whole[ENVELOPE]["outbox"] = on_its_way;
            whole[ENVELOPE]["v"] = json!(4);
        }
        (with(body, &whole), waits)
    }

    /// What this manager sees of a document.
    fn seen(&self, claim: &Claim, opened: &mut Opened) {
        let Some(record) = &mut opened.record else {
            self.note(claim, Value::Null);
            return;
        };
        let Some(mut whole) = whole(&record.body) else {
            return;
        };
        if self.is(Slip::EscrowIgnored)
            && let Some(envelope) = whole[ENVELOPE].as_object_mut()
            && envelope.remove("escrow").is_some()
        {
            record.body = with(&record.body, &whole);
        }
        self.note(claim, whole[ENVELOPE].clone());
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Backend for HastyManager {
    forward_backend!(way:
        name, limits, hazards, renew_lease, drop_lease, lease_is_live, acquire, release,
        release_knowing, holder, delete, view, list, erase, settle, forget_decision, known_letters, versions, players,
    );

    async fn notify(&self, server: &ServerName, notice: &Notice) -> Result<Notification> {
        if self.is(Slip::HolderNotTold) && notice.kind == NoticeKind::Mail {
            return Ok(Notification::Queued);
        }
        self.way.notify(server, notice).await
    }

    async fn open(&self, claim: &Claim) -> Result<Opening> {
        let mut opening = self.way.open(claim).await?;
        if let Opening::Opened(opened) = &mut opening {
            self.seen(claim, opened);
        }
        Ok(opening)
    }

    async fn acquire_and_open(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
        slot: &SlotName,
    ) -> Result<Admission> {
        let way = &self.way;
        let mut admission = way
            .acquire_and_open(player, claimant, replacing, slot)
            .await?;
        let opened = admission.opened(player, claimant.session, slot);
        let claim = opened.map(|(claim, _)| claim);
        if let Admission::Acquired {
            opened: Some(opened),
            ..
        } = &mut admission
            && let Some(claim) = claim
        {
            self.seen(&claim, opened);
        }
        Ok(admission)
    }

    async fn save(&self, claim: &Claim, stamp: &Stamp, body: &Body) -> Result<WriteOutcome> {
        let (body, waits) = self.slipped(claim, body);
        if waits {
            return self.way.save(claim, stamp, &body).await;
        }
        let (way, claim, stamp) = (Arc::clone(&self.way), claim.clone(), *stamp);
        let revision = stamp.base.next();
        tokio::spawn(async move {
            sleep(LATE).await;
            // Nobody waits for it any more.
            let _ = way.save(&claim, &stamp, &body).await;
        });
        Ok(WriteOutcome::Written { revision })
    }

    async fn post(&self, player: &PlayerId, slot: &SlotName, letter: &Letter) -> Result<Posting> {
        let from_outbox = letter.retention != Retention::Timed;
        let left_out = match self.slip {
            Slip::LetterNotSent => !from_outbox,
            Slip::SendLeftOut => from_outbox,
            _ => false,
        };
        if left_out {
            return Ok(Posting::Posted { holder: None });
        }
        let posted = self.way.post(player, slot, letter).await?;
        if self.is(Slip::SettleBeforeSave) && from_outbox {
            let (id, posting) = (&letter.id, letter.posting);
            self.way.settle(player, slot, id, posting).await?;
        }
        Ok(posted)
    }

    async fn letters(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        after: Option<LetterPosition>,
        limit: usize,
    ) -> Result<Vec<WaitingLetter>> {
        if self.is(Slip::LettersIgnored) {
            return Ok(Vec::new());
        }
        self.way.letters(player, slot, after, limit).await
    }

    async fn discard(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        if self.is(Slip::DiscardLeftOut) {
            return Ok(());
        }
        self.way.discard(player, slot, id, posting).await
    }

    async fn decide(&self, trade: TradeId, verdict: Verdict) -> Result<Verdict> {
        match self.slip {
            Slip::DecideLeftOut => Ok(verdict),
            Slip::VerdictIgnored => {
                self.way.decide(trade, verdict).await?;
                Ok(verdict)
            }
            Slip::LoadAsksCommit => self.way.decide(trade, Verdict::Commit).await,
            Slip::ForgetBeforeAct => {
                let stands = self.way.decide(trade, verdict).await?;
                for party in [Party::First, Party::Second] {
                    self.way.forget_decision(trade, party).await?;
                }
                Ok(stands)
            }
            _ => self.way.decide(trade, verdict).await,
        }
    }

    async fn keep_version(&self, claim: &Claim, policy: KeepPolicy) -> Result<Keeping> {
        if self.is(Slip::ReplacedNotKept) && self.puts_back.load(Ordering::Relaxed) {
            return Ok(Keeping::Nothing);
        }
        self.way.keep_version(claim, policy).await
    }

    async fn version(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        revision: Revision,
    ) -> Result<Option<Record>> {
        self.puts_back.store(true, Ordering::Relaxed);
        if self.is(Slip::NewestPutBack) {
            return self.way.view(player, slot).await;
        }
        let version = self.way.version(player, slot, revision).await?;
        let whole = version.as_ref().and_then(|version| whole(&version.body));
        *self.on_its_way.lock() = whole.unwrap_or_default()[ENVELOPE]["outbox"].take();
        Ok(version)
    }
}
