//! A backend whose calls and answers go into a history.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use playerdata_core::{
    ClaimNumber, LetterId, PlayerId, Revision, ServerId, ServerName, SessionId, SlotName, TradeId,
    WriteId,
    backend::{
        Acquisition, Admission, Backend, Body, Claim, Claimant, Erasure, KeepPolicy, Keeping,
        KnownLetter, Letter, LetterPosition, Lock, Notice, Notification, Opening, Party,
        PlayersCursor, PlayersPage, Posting, Record, Release, Renewal, Result, SlotSummary, Stamp,
        Verdict, VersionSummary, WaitingLetter, WriteOutcome,
    },
    forward_backend,
};

use super::{brief, history::History};

/// Forwards everything and changes nothing.
#[derive(Debug)]
pub(crate) struct Recorded {
    inner: Arc<dyn Backend>,
    /// Tells the clients apart in the history.
    client: &'static str,
    history: History,
}

impl Recorded {
    pub(crate) fn new(inner: Arc<dyn Backend>, client: &'static str, history: History) -> Self {
        Self {
            inner,
            client,
            history,
        }
    }

    async fn noted<T>(
        &self,
        call: String,
        answer: impl Future<Output = Result<T>> + Send,
        brief: impl FnOnce(&T) -> String + Send,
    ) -> Result<T> {
        let pending = self.history.call(format!("{}.{call}", self.client));
        let answer = answer.await;
        pending.answer(match &answer {
            Ok(outcome) => brief(outcome),
            Err(error) => format!("ERROR {}", brief::chain(error)),
        });
        answer
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Backend for Recorded {
    forward_backend!(inner: name, limits, hazards);

    async fn renew_lease(&self, server: &ServerId, ttl: Duration) -> Result<Renewal> {
        let call = format!(
            "renew_lease({} {}, {ttl:?})",
            server.name,
            brief::incarnation(&server.incarnation)
        );
        self.noted(call, self.inner.renew_lease(server, ttl), brief::renewal)
            .await
    }

    async fn drop_lease(&self, server: &ServerId) -> Result<()> {
        let incarnation = brief::incarnation(&server.incarnation);
        let call = format!("drop_lease({} {incarnation})", server.name);
        self.noted(call, self.inner.drop_lease(server), brief::value)
            .await
    }

    async fn lease_is_live(&self, server: &ServerId) -> Result<bool> {
        let incarnation = brief::incarnation(&server.incarnation);
        let call = format!("lease_is_live({} {incarnation})", server.name);
        self.noted(call, self.inner.lease_is_live(server), brief::value)
            .await
    }

    async fn acquire(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
    ) -> Result<Acquisition> {
        let who = brief::candidate(claimant, replacing);
        let call = format!("acquire({player}, {who})");
        let answer = self.inner.acquire(player, claimant, replacing);
        self.noted(call, answer, brief::acquisition).await
    }

    async fn acquire_and_open(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
        slot: &SlotName,
    ) -> Result<Admission> {
        let who = brief::candidate(claimant, replacing);
        let call = format!("acquire_and_open({player}/{slot}, {who})");
        let answer = self
            .inner
            .acquire_and_open(player, claimant, replacing, slot);
        self.noted(call, answer, brief::admission).await
    }

    async fn release(&self, player: &PlayerId, session: SessionId) -> Result<Release> {
        let call = format!("release({player}, {})", brief::session(session));
        self.noted(call, self.inner.release(player, session), brief::value)
            .await
    }

    async fn release_knowing(
        &self,
        player: &PlayerId,
        session: SessionId,
        claims: &[(SlotName, ClaimNumber)],
    ) -> Result<Release> {
        let call = format!("release({player}, {})", brief::session(session));
        let released = self.inner.release_knowing(player, session, claims);
        self.noted(call, released, brief::value).await
    }

    async fn holder(&self, player: &PlayerId) -> Result<Option<Lock>> {
        let brief = |holder: &Option<Lock>| brief::holder(holder.as_ref());
        self.noted(
            format!("holder({player})"),
            self.inner.holder(player),
            brief,
        )
        .await
    }

    async fn notify(&self, server: &ServerName, notice: &Notice) -> Result<Notification> {
        let about = brief::session(notice.session);
        let call = format!("notify({server}, {:?} of {about})", notice.kind);
        self.noted(call, self.inner.notify(server, notice), brief::value)
            .await
    }

    async fn open(&self, claim: &Claim) -> Result<Opening> {
        let call = format!("open({})", brief::claim(claim));
        self.noted(call, self.inner.open(claim), brief::opening)
            .await
    }

    async fn save(&self, claim: &Claim, stamp: &Stamp, body: &Body) -> Result<WriteOutcome> {
        let call = format!(
            "save({}, {}, {})",
            brief::claim(claim),
            brief::stamp(stamp),
            brief::body(body)
        );
        self.noted(
            call,
            self.inner.save(claim, stamp, body),
            brief::write_outcome,
        )
        .await
    }

    async fn delete(&self, claim: &Claim, stamp: &Stamp) -> Result<WriteOutcome> {
        let call = format!("delete({}, {})", brief::claim(claim), brief::stamp(stamp));
        self.noted(call, self.inner.delete(claim, stamp), brief::write_outcome)
            .await
    }

    async fn view(&self, player: &PlayerId, slot: &SlotName) -> Result<Option<Record>> {
        let brief = |record: &Option<Record>| brief::record(record.as_ref());
        let call = format!("view({player}/{slot})");
        self.noted(call, self.inner.view(player, slot), brief).await
    }

    async fn list(&self, player: &PlayerId) -> Result<Vec<SlotSummary>> {
        let brief = |slots: &Vec<SlotSummary>| format!("{} slots", slots.len());
        self.noted(format!("list({player})"), self.inner.list(player), brief)
            .await
    }

    async fn erase(&self, player: &PlayerId) -> Result<Erasure> {
        let brief = |outcome: &Erasure| match outcome {
            Erasure::Erased => "erased".to_owned(),
            Erasure::Locked { holder } => format!("locked by {}", brief::lock(holder)),
        };
        self.noted(format!("erase({player})"), self.inner.erase(player), brief)
            .await
    }

    async fn post(&self, player: &PlayerId, slot: &SlotName, letter: &Letter) -> Result<Posting> {
        let call = format!(
            "post({player}/{slot}, {} as {})",
            letter.id,
            brief::write(letter.posting)
        );
        let answer = self.inner.post(player, slot, letter);
        self.noted(call, answer, brief::posting).await
    }

    async fn letters(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        after: Option<LetterPosition>,
        limit: usize,
    ) -> Result<Vec<WaitingLetter>> {
        let call = format!(
            "letters({player}/{slot}, after {:?}, {limit})",
            after.map(LetterPosition::get)
        );
        let answer = self.inner.letters(player, slot, after, limit);
        self.noted(call, answer, |letters: &Vec<WaitingLetter>| {
            brief::letters(letters)
        })
        .await
    }

    async fn discard(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        let call = format!(
            "discard({player}/{slot}, {id} as {})",
            brief::write(posting)
        );
        let answer = self.inner.discard(player, slot, id, posting);
        self.noted(call, answer, brief::value).await
    }

    async fn settle(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        let call = format!("settle({player}/{slot}, {id} as {})", brief::write(posting));
        let answer = self.inner.settle(player, slot, id, posting);
        self.noted(call, answer, brief::value).await
    }

    async fn known_letters(
        &self,
        player: &PlayerId,
        after: Option<(&SlotName, &LetterId)>,
        limit: usize,
    ) -> Result<Vec<KnownLetter>> {
        let from = after.map(|(slot, id)| format!("{slot}/{id}"));
        let call = format!("known_letters({player}, after {from:?}, {limit})");
        let answer = self.inner.known_letters(player, after, limit);
        self.noted(call, answer, |known: &Vec<KnownLetter>| brief::known(known))
            .await
    }

    async fn decide(&self, trade: TradeId, verdict: Verdict) -> Result<Verdict> {
        let call = format!("decide({trade}, {verdict:?})");
        let answer = self.inner.decide(trade, verdict);
        self.noted(call, answer, brief::value).await
    }

    async fn forget_decision(&self, trade: TradeId, party: Party) -> Result<()> {
        let call = format!("forget_decision({trade}, {party:?})");
        let answer = self.inner.forget_decision(trade, party);
        self.noted(call, answer, brief::value).await
    }

    async fn keep_version(&self, claim: &Claim, policy: KeepPolicy) -> Result<Keeping> {
        let call = format!("keep_version({}, {policy:?})", brief::claim(claim));
        let answer = self.inner.keep_version(claim, policy);
        self.noted(call, answer, brief::keeping).await
    }

    async fn versions(&self, player: &PlayerId, slot: &SlotName) -> Result<Vec<VersionSummary>> {
        let call = format!("versions({player}/{slot})");
        let answer = self.inner.versions(player, slot);
        self.noted(call, answer, |versions: &Vec<VersionSummary>| {
            brief::versions(versions)
        })
        .await
    }

    async fn version(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        revision: Revision,
    ) -> Result<Option<Record>> {
        let call = format!("version({player}/{slot}, {revision})");
        let answer = self.inner.version(player, slot, revision);
        self.noted(call, answer, |record: &Option<Record>| {
            brief::record(record.as_ref())
        })
        .await
    }

    async fn players(&self, after: Option<&PlayersCursor>, limit: usize) -> Result<PlayersPage> {
        let call = format!(
            "players(after {:?}, {limit})",
            after.map(PlayersCursor::as_str)
        );
        let answer = self.inner.players(after, limit);
        self.noted(call, answer, |page: &PlayersPage| {
            format!(
                "{} players, {}",
                page.players.len(),
                if page.next.is_some() {
                    "and more"
                } else {
                    "no more"
                }
            )
        })
        .await
    }
}
