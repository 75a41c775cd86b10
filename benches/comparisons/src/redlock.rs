//! The usual lock on one Redis server, through the client that the backend
//! uses: a key that expires, taken before each save and deleted by a script
//! after it. The `SET` in between does not look at the lock.

use async_trait::async_trait;
use playerdata_benches::{
    documents::Standard,
    limit::redis_lock::{Lock, Locks},
};
use serde_json::Value;

use crate::saver::{PLAYERS, Saver, Savers, change, encode};

struct Locked {
    lock: Lock,
    document: Value,
}

#[async_trait]
impl Saver for Locked {
    async fn save(&mut self) {
        change(&mut self.document);
        let bytes = encode(&self.document);
        self.lock.take().await.expect("the server takes writes");
        self.lock
            .set(&bytes)
            .await
            .expect("the server takes writes");
        self.lock.release().await.expect("the server takes writes");
    }
}

/// Players with a key each, and a lock for each.
pub(crate) async fn savers(url: &str, standard: Standard) -> Savers {
    let locks = Locks::new(url, PLAYERS).await;
    let locks = locks.expect("the server is there");
    let document = standard.document().to_json();
    let player = |lock: &Lock| {
        let saver = Locked {
            lock: lock.clone(),
            document: document.clone(),
        };
        Box::new(saver) as Box<dyn Saver>
    };
    locks.iter().map(player).collect()
}
