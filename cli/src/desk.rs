//! What a command works at: the open store, and who asks.

use std::{
    env,
    sync::Arc,
    time::{Duration, SystemTime},
};

use playerdata::{
    Codec, PlayerId, RandomIds, ServerName, SessionManager, Settings, StartError, Store, StoreUrl,
    UnixMillis,
    backend::{Backend, BackendError, HazardKind, Lock},
};
use serde_json::{Map, Value, json};

use crate::{
    failure::Failure,
    output::{self, escaped},
    store_args::StoreArgs,
};

/// What is read here may be larger than what the game takes.
const READABLE_BYTES: usize = 64 * 1024 * 1024;

/// An open store, and how answers are given.
pub(crate) struct Desk {
    store: Store,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) settings: Settings,
    pub(crate) codec: Codec,
    json: bool,
}

impl Desk {
    /// Opens a store that is there: a misspelt path makes no file.
    pub(crate) async fn at(store: &StoreArgs) -> Result<Self, Failure> {
        if let StoreUrl::Sqlite(path) = &store.url
            && !path.exists()
        {
            return Err(Failure::NoFile(path.clone()));
        }
        Self::open(&store.url, store.settings()?, store.json).await
    }

    pub(crate) async fn open(
        url: &StoreUrl,
        settings: Settings,
        json: bool,
    ) -> Result<Self, Failure> {
        let opened = url.open(&settings).await;
        let store = opened.map_err(|error| Failure::Open(Box::new(error)))?;
        let mut readable = settings.clone();
        readable.max_document_bytes = readable.max_document_bytes.max(READABLE_BYTES);
        Ok(Self {
            backend: store.backend(),
            store,
            codec: Codec::new(&readable, &RandomIds),
            settings,
            json,
        })
    }

    /// Asks the store for something, for as long as the settings allow.
    pub(crate) async fn ask<T>(
        &self,
        what: &'static str,
        answer: impl Future<Output = Result<T, BackendError>>,
    ) -> Result<T, Failure> {
        let within = self.settings.operation_timeout;
        let answer = tokio::time::timeout(within, answer).await;
        let answer = answer.map_err(|_| Failure::Silent { what, within })?;
        answer.map_err(|source| Failure::Store { what, source })
    }

    pub(crate) async fn holder(&self, player: &PlayerId) -> Result<Option<Lock>, Failure> {
        self.ask("look at the lock", self.backend.holder(player))
            .await
    }

    pub(crate) async fn is_live(&self, lock: &Lock) -> Result<bool, Failure> {
        let looked = self.backend.lease_is_live(&lock.server);
        self.ask("look at the lease", looked).await
    }

    /// A server of the program's own, for what takes a session or notifies
    /// others. Its name says who it is.
    pub(crate) async fn server(
        &self,
        accepted: &[HazardKind],
    ) -> Result<SessionManager<Value>, Failure> {
        let mut builder =
            SessionManager::typed(self.store.backend(), |_| Value::Object(Map::new()))
                .settings(self.operator_settings())
                .server_name(operator());
        for kind in accepted {
            builder = builder.accept_hazard(*kind);
        }
        builder.start().await.map_err(|error| match error {
            StartError::Hazard { hazard } => Failure::Hazard {
                kind: hazard.kind,
                what: hazard.what.into_owned(),
            },
            other => Failure::Start(other),
        })
    }

    /// What of the game's settings an operator's session goes by: its rules
    /// for documents are the game's affair.
    fn operator_settings(&self) -> Settings {
        let mut settings = Settings::default();
        settings.lock_expiry = self.settings.lock_expiry;
        settings.heartbeat_interval = self.settings.heartbeat_interval;
        settings.operation_timeout = self.settings.operation_timeout;
        settings.save_attempts = self.settings.save_attempts;
        settings.retry_delay = self.settings.retry_delay;
        settings.single_slot = self.settings.single_slot;
        // Of versions none goes for one that is kept here: that is left to the
        // game, which knows how many it wants.
        settings.versions_kept = 0;
        settings.max_document_bytes = self.settings.max_document_bytes;
        settings.compress_from_bytes = self.settings.compress_from_bytes;
        settings
    }

    /// Gives up the lease of a server, so that nobody waits for it.
    pub(crate) async fn dismiss(&self, server: SessionManager<Value>) {
        let report = server.shutdown(self.settings.operation_timeout).await;
        if !report.is_complete() {
            output::message(
                "note: the session could not be ended; its lock will lapse with its lease\n",
            );
        }
    }

    /// Answers: in JSON for a program, and else in words.
    pub(crate) fn answer(
        &self,
        json: impl FnOnce() -> Value,
        words: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        let answer = if self.json {
            escaped(&json().to_string())
        } else {
            words()
        };
        Ok(output::answer(&answer)?)
    }

    pub(crate) async fn close(self) {
        self.store.close().await;
    }
}

/// `operator.USER.HOST.PROCESS`: who looks at `holder` sees who it is, and two
/// programs of one person don't supersede each other.
fn operator() -> ServerName {
    let user = env::var("USER").or_else(|_| env::var("LOGNAME"));
    let user = user.unwrap_or_default();
    let allowed = |text: &str| -> String {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let text: String = text.chars().filter(|c| allowed(*c)).take(48).collect();
        if text.is_empty() {
            "unknown".to_owned()
        } else {
            text
        }
    };
    let name = format!(
        "operator.{}.{}.{}",
        allowed(&user),
        allowed(&host()),
        std::process::id()
    );
    ServerName::new(name).expect("only allowed characters, and fewer than 128 of them")
}

#[cfg(unix)]
fn host() -> String {
    let uname = rustix::system::uname();
    uname.nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host() -> String {
    env::var("COMPUTERNAME").unwrap_or_default()
}

/// A moment as people write it.
pub(crate) fn time(at: UnixMillis) -> String {
    let at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(at.get()));
    match at {
        // What no calendar has is not a time that anybody saved something at.
        Some(at) if at < SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_800) => {
            humantime::format_rfc3339_millis(at).to_string()
        }
        _ => "no time".to_owned(),
    }
}

/// A lock as JSON.
pub(crate) fn lock_json(lock: &Lock, is_live: bool) -> Value {
    json!({
        "session": lock.session,
        "server": lock.server.name,
        "incarnation": lock.server.incarnation,
        "fence": lock.fence,
        "since": time(lock.since),
        "since_ms": lock.since,
        "lease_is_live": is_live,
    })
}

/// A lock in words.
pub(crate) fn lock_words(lock: &Lock, is_live: bool) -> String {
    let lease = if is_live {
        "its lease is live"
    } else {
        "its lease has lapsed: the next server that asks for the player gets them"
    };
    format!("held by {lock}, since {}; {lease}", time(lock.since))
}
