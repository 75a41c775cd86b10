//! The limits write what the backends write: a comparison with less would lie.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use std::{collections::HashSet, sync::Arc};

use playerdata_benches::{
    documents::Standard,
    guarded,
    limit::{
        dynamodb::Items,
        redis::{Values, Write},
    },
    store::{
        dynamodb::DynamoDb,
        redis::{Log, Redis},
    },
};
use playerdata_redis::redis;

const PLAYERS: u64 = 5;

#[tokio::test]
async fn values_on_redis_are_as_long_as_the_backends_and_at_keys_as_long() {
    let store = Redis::start(Log::Off).await.unwrap();
    let backend = store.backend("ours").await;
    let slots = guarded::open_slots(&backend, PLAYERS).await;
    let bodies = Arc::new(vec![Standard::A.body(1, false)]);
    guarded::save_all(&backend, slots, &bodies, 1, 2).await;
    let values = Values::beside(&store.url(), "ours").await.unwrap();
    assert_eq!(values.len() as u64, PLAYERS);
    let ours = take(&store, "ours:*:*:*:*").await;
    assert_eq!(ours.len() as u64, PLAYERS);

    for write in [Write::Plain, Write::Checked] {
        values.write_all(write, &bodies, 1, 2).await;
        assert_eq!(take(&store, "xxxx:*:*:*:*").await, ours, "{write:?}");
    }
}

/// Takes values away: their keys without the namespace, their lengths, and
/// what follows their headers.
async fn take(store: &Redis, pattern: &str) -> HashSet<(String, usize, Vec<u8>)> {
    let client = redis::Client::open(store.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let keys = redis::cmd("KEYS").arg(pattern).to_owned();
    let keys: Vec<String> = keys.query_async(&mut connection).await.unwrap();
    let mut found = HashSet::new();
    for key in keys {
        let value = redis::cmd("GET").arg(&key).to_owned();
        let value: Vec<u8> = value.query_async(&mut connection).await.unwrap();
        let body = value.iter().position(|&byte| byte == b'\n').unwrap() + 1;
        found.insert((key[4..].to_owned(), value.len(), value[body..].to_vec()));
        let deleted = redis::cmd("DEL").arg(key).exec_async(&mut connection).await;
        deleted.unwrap();
    }
    found
}

#[tokio::test]
async fn items_on_dynamodb_are_those_that_the_backend_wrote() {
    let store = DynamoDb::create().await;
    let backend = store.backend();
    let slots = guarded::open_slots(&backend, PLAYERS).await;
    let bodies = Arc::new(Standard::B.bodies(3, false));
    store.meter().take();
    guarded::save_all(&backend, slots, &bodies, 1, 2).await;
    let charged: f64 = store.meter().take().iter().map(|charge| charge.units).sum();

    let items = Items::of(&store).await;
    assert_eq!(items.len() as u64, PLAYERS);
    store.meter().take(); // reading them is charged, too
    assert_eq!(items.charge_for_all().await, charged);
    assert_eq!(store.meter().take().len() as u64, PLAYERS, "one call each");
    store.remove().await;
}
