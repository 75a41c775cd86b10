//! Ending everything (E4).

use std::{sync::Arc, time::Duration};

use futures::{StreamExt, stream};
use tokio::time::{Instant, timeout_at};

use super::shared::Shared;
use crate::{EndError, EndReason, GameDocument, PlayerId, session::SessionState};

/// What came of a shutdown.
#[derive(Debug)]
#[non_exhaustive]
pub struct ShutdownReport<D> {
    /// How many sessions were saved and released.
    pub ended: usize,
    /// Sessions that could not be ended, with their unsaved documents.
    pub failed: Vec<EndError<D>>,
    /// Players whose sessions were still being ended at the deadline.
    pub unfinished: Vec<PlayerId>,
}

impl<D> ShutdownReport<D> {
    /// Whether everything was saved and released.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.unfinished.is_empty()
    }
}

impl<D: GameDocument> Shared<D> {
    pub(super) async fn shutdown(self: Arc<Self>, within: Duration) -> ShutdownReport<D> {
        let deadline = Instant::now() + within;
        self.stop.cancel();
        for over in self.registry.starting() {
            // A start that is under way ends with a session or without.
            if timeout_at(deadline, over.cancelled()).await.is_err() {
                break;
            }
        }
        let sessions = self.registry.sessions();
        let mut unfinished: std::collections::BTreeSet<_> = sessions
            .iter()
            .map(|session| session.core.player.clone())
            .collect();
        let mut report = ShutdownReport {
            ended: 0,
            failed: Vec::new(),
            unfinished: Vec::new(),
        };
        let mut ends = stream::iter(sessions)
            .map(|session| self.end_for_shutdown(session))
            .buffer_unordered(self.settings.max_concurrent_saves);
        while let Ok(Some((player, result))) = timeout_at(deadline, ends.next()).await {
            unfinished.remove(&player);
            match result {
                Ok(()) => report.ended += 1,
                Err(error) => report.failed.push(error),
            }
        }
        drop(ends);
        report.unfinished = unfinished.into_iter().collect();
        if report.is_complete() {
            self.drop_lease().await;
        }
        report
    }

    async fn end_for_shutdown(
        self: &Arc<Self>,
        session: Arc<SessionState<D>>,
    ) -> (PlayerId, Result<(), EndError<D>>) {
        let player = session.core.player.clone();
        let end = Arc::clone(self).end(session, EndReason::Shutdown);
        let ended = self
            .run_to_the_end(&player, "ending the session", end)
            .await;
        let result = ended.unwrap_or_else(|cause| Err(EndError::new(&player, Vec::new(), cause)));
        (player, result)
    }

    /// With the lease gone, others need not wait for it to lapse. It stays if
    /// there is anything that it still protects.
    async fn drop_lease(&self) {
        self.release_orphans().await;
        if let Err(error) = self.store.drop_lease(&self.server).await {
            tracing::warn!(%error, "the lease is left to lapse");
        }
    }
}
