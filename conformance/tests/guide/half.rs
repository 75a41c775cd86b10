//! A backend that is half built, and what the suite says of it.

use std::{panic, sync::Arc, time::Duration};

use async_trait::async_trait;
use playerdata_conformance::{Case, Fixture};
use playerdata_core::{
    ClaimNumber, ManualClock, PlayerId, SessionId, SlotName,
    backend::{
        Admission, Backend, BackendError, Claimant, Effect, ErrorKind, Operation, Release, Result,
    },
    forward_backend,
};
use playerdata_memory::{MemoryBackend, MemoryOptions};

/// A store in memory of which some methods are built.
#[derive(Clone, Debug)]
pub(crate) struct Half {
    store: MemoryBackend,
    built: Vec<&'static str>,
    /// A mistake to be shown: a release removes whatever lock is there.
    releases_anybody: bool,
}

impl Half {
    pub(crate) fn new(clock: Arc<ManualClock>, built: Vec<&'static str>) -> Self {
        Self {
            store: MemoryBackend::with_options(
                MemoryOptions::default()
                    .clock(clock)
                    .max_body_bytes(100_000),
            ),
            built,
            releases_anybody: false,
        }
    }

    /// The same, with a mistake in it.
    pub(crate) fn that_releases_anybody(self) -> Self {
        Self {
            releases_anybody: true,
            ..self
        }
    }

    async fn call<T>(
        &self,
        operation: Operation,
        call: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let method = operation.method();
        if self.built.contains(&method) {
            return call.await;
        }
        let what = format!("{method} is not built yet");
        Err(BackendError::new(ErrorKind::Rejected, Effect::None, what))
    }
}

/// Runs a case on a backend; gives its message if it fails.
pub(crate) fn failure(case: &Case, half: impl FnOnce(Arc<ManualClock>) -> Half) -> Option<String> {
    let clock = Arc::new(ManualClock::default());
    let store = half(clock.clone());
    let clients =
        |store: Half| -> [Arc<dyn Backend>; 2] { [(); 2].map(|()| Arc::new(store.clone()) as _) };
    let [one, other] = clients(store.clone());
    let fixture = Fixture::builder(one, other)
        .manual_clock(clock)
        .reopen(async move || clients(store))
        .build();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a test may start threads");
    let result = runtime.block_on(async {
        let case = tokio::spawn(case.run(fixture));
        tokio::time::timeout(Duration::from_secs(60), case).await
    });
    let error = result.expect("a case ends in time").err()?;
    match error.into_panic().downcast::<String>() {
        Ok(message) => Some(*message),
        Err(other) => panic::resume_unwind(other),
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Backend for Half {
    forward_backend!(store: limits, hazards);

    forward_backend!(store through call:
        renew_lease, drop_lease, lease_is_live, acquire, holder, notify, open, save, delete, view,
        list, erase, post, letters, discard, settle, known_letters, decide, forget_decision,
        keep_version, versions, version, players,
    );

    fn name(&self) -> &'static str {
        "half"
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
        self.release_knowing(player, session, &[]).await
    }

    async fn release_knowing(
        &self,
        player: &PlayerId,
        session: SessionId,
        claims: &[(SlotName, ClaimNumber)],
    ) -> Result<Release> {
        let holder = self.store.holder(player).await?;
        let session = match holder {
            Some(lock) if self.releases_anybody => lock.session,
            Some(_) | None => session,
        };
        let release = self.store.release_knowing(player, session, claims);
        self.call(Operation::Release, release).await
    }
}
