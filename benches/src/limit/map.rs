//! A sharded map: the limit of the memory backend.

use std::{collections::HashMap, hint::black_box, sync::Arc};

use bytes::Bytes;
use parking_lot::Mutex;
use playerdata_core::backend::Body;

use crate::{shares::work_in_shares, timing::nanos_each};

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

    /// What is under a name.
    #[must_use]
    pub fn get(&self, number: usize, name: &str) -> Option<Bytes> {
        self.shards[number % SHARDS].lock().get(name).cloned()
    }

    /// Takes out what is under a name.
    pub fn remove(&self, number: usize, name: &str) -> Option<Bytes> {
        self.shards[number % SHARDS].lock().remove(name)
    }
}

/// What is done to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It is put.
    Put,
    /// It is read.
    Get,
    /// It is put and removed again, as a lock would be.
    PutAndRemove,
}

/// A map with an entry for each of this many players.
#[derive(Debug)]
pub struct Entries {
    map: Arc<ShardedMap>,
    names: Vec<(usize, String)>,
    bodies: Arc<Vec<Body>>,
}

impl Entries {
    /// Puts an entry for each.
    #[must_use]
    pub fn new(players: u64, bodies: &Arc<Vec<Body>>) -> Self {
        let names = (0..players as usize).map(|number| (number, number.to_string()));
        let entries = Self {
            map: Arc::default(),
            names: names.collect(),
            bodies: Arc::clone(bodies),
        };
        for (number, name) in &entries.names {
            entries.map.put(*number, name, &entries.bodies[0].bytes);
        }
        entries
    }

    /// Accesses each `rounds` times, `in_flight` at once. Returns nanoseconds
    /// an access.
    pub async fn access_all(&self, access: Access, rounds: u64, in_flight: usize) -> f64 {
        let accesses = work_in_shares(self.names.clone(), in_flight, |share, task| {
            let (map, bodies) = (Arc::clone(&self.map), Arc::clone(&self.bodies));
            async move {
                let mut variant = task;
                for _ in 0..rounds {
                    for (number, name) in &share {
                        variant += 7;
                        let body = &bodies[variant % bodies.len()];
                        access.make(&map, *number, black_box(name), &body.bytes);
                    }
                }
                share
            }
        });
        let (took, _) = accesses.await;
        nanos_each(took, self.names.len() as u64 * rounds)
    }
}

impl Access {
    fn make(self, map: &ShardedMap, number: usize, name: &str, bytes: &[u8]) {
        match self {
            Self::Put => map.put(number, name, bytes),
            Self::Get => drop(black_box(map.get(number, name))),
            Self::PutAndRemove => {
                map.put(number, name, bytes);
                drop(black_box(map.remove(number, name)));
            }
        }
    }
}
