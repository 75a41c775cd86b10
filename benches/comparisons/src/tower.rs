//! `tower-sessions` with its stores for SQLite and Redis: a record under an id,
//! written whole. Whoever knows the id writes it.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use playerdata_benches::documents::Standard;
use serde_json::Value;
use time::{Duration, OffsetDateTime};
use tower_sessions_core::{
    SessionStore,
    session::{Id, Record},
};
use tower_sessions_redis_store::{
    RedisStore,
    fred::{
        interfaces::ClientLike,
        prelude::{Client, Config},
    },
};
use tower_sessions_rusqlite_store::{RusqliteStore, tokio_rusqlite::Connection};

use crate::saver::{PLAYERS, Saver, Savers};

struct Tower<S> {
    store: Arc<S>,
    record: Record,
}

#[async_trait]
impl<S: SessionStore> Saver for Tower<S> {
    async fn save(&mut self) {
        let currency = self.record.data.entry("Currency".to_owned()).or_default();
        *currency = (currency.as_u64().unwrap_or_default() + 1).into();
        let saved = self.store.save(&self.record).await;
        saved.expect("the store is there");
    }
}

/// Players with a record each in a SQLite file that is as durable as ours.
pub(crate) async fn on_sqlite(path: &Path, standard: Standard) -> Savers {
    let connection = Connection::open(path).await.expect("the file is new");
    let configured = connection.call(|db| {
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")
    });
    configured.await.expect("the file is new");
    let store = RusqliteStore::new(connection);
    store.migrate().await.expect("the file is new");
    savers(store, standard).await
}

/// Players with a record each on a Redis server, through one connection, as
/// ours.
pub(crate) async fn on_redis(url: &str, standard: Standard) -> Savers {
    let config = Config::from_url(url).expect("the server has such an address");
    let client = Client::new(config, None, None, None);
    client.init().await.expect("the server is there");
    savers(RedisStore::new(client), standard).await
}

async fn savers<S: SessionStore>(store: S, standard: Standard) -> Savers {
    let store = Arc::new(store);
    let Value::Object(document) = standard.document().to_json() else {
        unreachable!("a document is an object");
    };
    let mut savers: Savers = Vec::new();
    for _ in 0..PLAYERS {
        let mut record = Record {
            id: Id::default(),
            data: document.clone().into_iter().collect(),
            expiry_date: OffsetDateTime::UNIX_EPOCH + Duration::days(365 * 200),
        };
        let created = store.create(&mut record).await;
        created.expect("the store is there");
        let store = Arc::clone(&store);
        savers.push(Box::new(Tower { store, record }));
    }
    savers
}
