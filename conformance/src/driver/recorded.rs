//! A backend whose calls and answers go into a history.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use playerdata_core::{
    PlayerId, ServerId, ServerName, SessionId, SlotName,
    backend::{
        Acquisition, Backend, Body, Claim, Claimant, Erasure, Hazard, Limits, Lock, Notice,
        Notification, Opening, Record, Release, Renewal, Result, SlotSummary, Stamp, WriteOutcome,
    },
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

#[async_trait]
impl Backend for Recorded {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn limits(&self) -> Limits {
        self.inner.limits()
    }

    async fn hazards(&self) -> Result<Vec<Hazard>> {
        self.inner.hazards().await
    }

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
        let who = brief::claimant(claimant);
        let call = match replacing {
            None => format!("acquire({player}, {who})"),
            Some(old) => format!(
                "acquire({player}, {who}, replacing {})",
                brief::session(old)
            ),
        };
        let answer = self.inner.acquire(player, claimant, replacing);
        self.noted(call, answer, brief::acquisition).await
    }

    async fn release(&self, player: &PlayerId, session: SessionId) -> Result<Release> {
        let call = format!("release({player}, {})", brief::session(session));
        self.noted(call, self.inner.release(player, session), brief::value)
            .await
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
}
