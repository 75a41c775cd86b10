//! Ending everything (E4).

use std::{collections::BTreeSet, fmt, sync::Arc};

use futures::{StreamExt, stream};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{registry::Taken, shared::Shared};
use crate::{EndError, EndReason, GameDocument, PlayerId, error::Chain};

/// What came of a shutdown.
#[non_exhaustive]
pub struct ShutdownReport<D> {
    /// How many sessions were saved and released.
    pub ended: usize,
    /// Sessions that could not be ended, with their unsaved documents.
    pub failed: Vec<EndError<D>>,
    /// Players whose sessions were still being ended, or started, at the
    /// deadline.
    pub unfinished: Vec<PlayerId>,
}

impl<D> fmt::Debug for ShutdownReport<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShutdownReport")
            .field("ended", &self.ended)
            .field("failed", &self.failed)
            .field("unfinished", &self.unfinished)
            .finish()
    }
}

impl<D> ShutdownReport<D> {
    /// Whether everything was saved and released.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.unfinished.is_empty()
    }
}

/// What came of one player: nothing, if there was no session after all.
type Told<D> = (PlayerId, Option<Result<(), EndError<D>>>);

impl<D: GameDocument> Shared<D> {
    pub(super) async fn shutdown(self: Arc<Self>, deadline: Instant) -> ShutdownReport<D> {
        self.stop.cancel();
        let places = self.registry.close();
        let mut unfinished: BTreeSet<_> = places.iter().map(|(player, _)| player.clone()).collect();
        let (tell, mut told) = mpsc::channel(places.len().max(1));
        // A task of its own, which goes on after the deadline, and if nobody
        // waits for the report (E7).
        self.runtime.spawn(Arc::clone(&self).end_all(places, tell));
        let mut report = ShutdownReport {
            ended: 0,
            failed: Vec::new(),
            unfinished: Vec::new(),
        };
        while let Ok(Some((player, result))) = timeout_at(deadline, told.recv()).await {
            unfinished.remove(&player);
            match result {
                None => {}
                Some(Ok(())) => report.ended += 1,
                Some(Err(error)) => report.failed.push(error),
            }
        }
        report.unfinished = unfinished.into_iter().collect();
        if report.is_complete() {
            // What is late is left to lapse.
            let _ = timeout_at(deadline, self.drop_lease()).await;
        }
        report
    }

    /// Ends every session, those that are just being started last.
    async fn end_all(self: Arc<Self>, places: Vec<Taken>, tell: mpsc::Sender<Told<D>>) {
        let mut ends = stream::iter(places)
            .map(|(player, starting)| self.end_for_shutdown(player, starting))
            .buffer_unordered(self.settings.max_concurrent_saves);
        while let Some(told) = ends.next().await {
            // If nobody listens any more, the other ends matter all the same.
            drop(tell.send(told).await);
        }
    }

    async fn end_for_shutdown(
        self: &Arc<Self>,
        player: PlayerId,
        starting: Option<CancellationToken>,
    ) -> Told<D> {
        if let Some(over) = starting {
            over.cancelled().await; // with a session or without
        }
        let Some(session) = self.registry.live(&player) else {
            return (player, None);
        };
        let end = Arc::clone(self).end(session, EndReason::Shutdown);
        let ended = self
            .run_to_the_end(&player, "ending the session", end)
            .await;
        let result = ended.unwrap_or_else(|cause| Err(EndError::new(&player, Vec::new(), cause)));
        (player, Some(result))
    }

    /// With the lease gone, others need not wait for it to lapse. It stays if
    /// there is anything that it still protects.
    async fn drop_lease(&self) {
        self.release_orphans().await;
        if let Err(error) = self.store.drop_lease(&self.server).await {
            tracing::warn!(error = %Chain(&error), "the lease is left to lapse");
        }
    }
}
