//! Credentials that take their time.

use std::sync::Arc;

use aws_credential_types::provider::{
    ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future,
};
use aws_sdk_dynamodb::config::Credentials;
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use parking_lot::Mutex;

type Loaded = Result<Credentials, Arc<CredentialsError>>;
type Loading = Shared<BoxFuture<'static, Loaded>>;

/// Goes on loading when whoever asked has given up, and has the credentials
/// for who asks next. Otherwise those that take longer than anybody waits (a
/// program that asks a person, a sign-on far away) could never be had.
#[derive(Debug)]
pub(crate) struct PatientCredentials {
    inner: SharedCredentialsProvider,
    /// What is loading, or was loaded for nobody.
    loading: Mutex<Option<Loading>>,
}

impl PatientCredentials {
    pub(crate) fn new(inner: SharedCredentialsProvider) -> Self {
        Self {
            inner,
            loading: Mutex::new(None),
        }
    }

    async fn load(&self) -> Result<Credentials, CredentialsError> {
        let loading = self
            .loading
            .lock()
            .get_or_insert_with(|| self.begin())
            .clone();
        let loaded = loading.clone().await;
        let mut current = self.loading.lock();
        if current
            .as_ref()
            .is_some_and(|current| current.ptr_eq(&loading))
        {
            *current = None;
        }
        // The kind says whether to ask again.
        loaded.map_err(|error| match &*error {
            CredentialsError::CredentialsNotLoaded(_) => CredentialsError::not_loaded(error),
            CredentialsError::InvalidConfiguration(_) => {
                CredentialsError::invalid_configuration(error)
            }
            _ => CredentialsError::provider_error(error),
        })
    }

    fn begin(&self) -> Loading {
        let inner = self.inner.clone();
        let task = tokio::spawn(async move { inner.provide_credentials().await });
        let loaded = task.map(|ended| match ended {
            Ok(loaded) => loaded.map_err(Arc::new),
            Err(error) => Err(Arc::new(CredentialsError::provider_error(error))),
        });
        loaded.boxed().shared()
    }
}

impl ProvideCredentials for PatientCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.load())
    }

    fn fallback_on_interrupt(&self) -> Option<Credentials> {
        self.inner.fallback_on_interrupt()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use super::*;

    const TAKES: Duration = Duration::from_secs(60);

    /// Takes a minute.
    #[derive(Debug, Default)]
    struct Slow(Arc<AtomicUsize>);

    impl ProvideCredentials for Slow {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::new(async {
                self.0.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(TAKES).await;
                Err(CredentialsError::not_loaded("in the end"))
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn they_are_loaded_on_though_nobody_waits() {
        let asked = Arc::default();
        let slow = SharedCredentialsProvider::new(Slow(Arc::clone(&asked)));
        let patient = PatientCredentials::new(slow);
        let wait = Duration::from_secs(3);
        for _ in 0..2 {
            let given_up = tokio::time::timeout(wait, patient.provide_credentials()).await;
            given_up.unwrap_err();
        }
        tokio::time::sleep(TAKES).await;
        // What was loaded for nobody is there; once used, it is asked for again.
        for loaded in 1..3 {
            let error = patient.provide_credentials().await.unwrap_err();
            assert!(matches!(error, CredentialsError::CredentialsNotLoaded(_)));
            assert_eq!(asked.load(Ordering::Relaxed), loaded);
        }
    }
}
