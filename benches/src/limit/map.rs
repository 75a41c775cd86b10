//! A sharded map: the limit of the memory backend.

use std::collections::HashMap;

use bytes::Bytes;
use parking_lot::Mutex;

/// As many as the memory backend has.
const SHARDS: usize = 64;

/// A map of names to bytes, in shards with a lock each.
#[derive(Debug)]
pub struct ShardedMap {
    shards: Vec<Mutex<HashMap<String, Bytes>>>,
}

impl Default for ShardedMap {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
        }
    }
}

impl ShardedMap {
    /// Puts a copy of the bytes under a name.
    pub fn put(&self, number: usize, name: &str, bytes: &[u8]) {
        let bytes = Bytes::copy_from_slice(bytes);
        let mut shard = self.shards[number % SHARDS].lock();
        if let Some(place) = shard.get_mut(name) {
            *place = bytes;
        } else {
            shard.insert(name.to_owned(), bytes);
        }
    }
}
