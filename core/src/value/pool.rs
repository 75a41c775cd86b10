//! What documents share: each thing once, for as long as somebody has it.

use std::sync::Arc;

use hashbrown::HashTable;
use parking_lot::Mutex;

/// Parts of the pool with a lock of their own.
const SHARDS: usize = 16;

/// The fewest new things between two looks for what nobody has any more.
const MIN_PAUSE: usize = 64;

/// Things that are shared.
///
/// - A thing is there once, and stays for as long as anything but the pool has
///   it, and somewhat longer: what nobody has is looked for after as many new
///   things as there are, which costs each of them a constant time.
/// - There are never more than `max` of them. What finds no room is its
///   owner's own: no player can fill the memory with what nobody shares.
pub(super) struct Pool<T: ?Sized> {
    shards: [Mutex<Shard<T>>; SHARDS],
    max_of_shard: usize,
}

struct Shard<T: ?Sized> {
    things: HashTable<(u64, Arc<T>)>,
    /// This many new ones until the next look.
    pause: usize,
}

impl<T: ?Sized> Pool<T> {
    /// A pool for at most `max` things.
    pub(super) fn new(max: usize) -> Self {
        let shard = |_| Shard {
            things: HashTable::new(),
            pause: MIN_PAUSE,
        };
        Self {
            shards: std::array::from_fn(|at| Mutex::new(shard(at))),
            max_of_shard: max / SHARDS,
        }
    }

    /// The thing with this hash that `is_it` tells; or what `make` makes, which
    /// is shared from now on if there is room.
    pub(super) fn share<E>(
        &self,
        hash: u64,
        is_it: impl Fn(&T) -> bool,
        make: impl FnOnce() -> Result<Arc<T>, E>,
    ) -> Result<Arc<T>, E> {
        let shard = &self.shards[(hash >> 32) as usize % SHARDS];
        let find = |shard: &Shard<T>| {
            let found = shard
                .things
                .find(hash, |(of, thing)| *of == hash && is_it(thing));
            found.map(|(_, thing)| Arc::clone(thing))
        };
        if let Some(found) = find(&shard.lock()) {
            return Ok(found);
        }
        let made = make()?;
        let mut shard = shard.lock();
        if let Some(found) = find(&shard) {
            return Ok(found); // another thread was faster
        }
        shard.pause -= 1;
        if shard.pause == 0 {
            shard
                .things
                .retain(|(_, thing)| Arc::strong_count(thing) > 1);
            shard.pause = shard.things.len().max(MIN_PAUSE);
        }
        if shard.things.len() < self.max_of_shard {
            let entry = (hash, Arc::clone(&made));
            shard.things.insert_unique(hash, entry, |(hash, _)| *hash);
        }
        Ok(made)
    }

    /// How many things there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| shard.lock().things.len())
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn share(pool: &Pool<u64>, thing: u64) -> Arc<u64> {
        let hash = thing.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let shared = pool.share(
            hash,
            |it| *it == thing,
            || Ok::<_, Infallible>(Arc::new(thing)),
        );
        shared.unwrap()
    }

    #[test]
    fn what_is_there_is_shared_and_what_nobody_has_goes() {
        let pool = Pool::new(16 * 1024);
        let kept = share(&pool, 7);
        for thing in 0..100_000 {
            assert_eq!(*share(&pool, thing), thing);
            assert!(pool.len() <= SHARDS * (2 * MIN_PAUSE + 1), "{}", pool.len());
        }
        assert!(Arc::ptr_eq(&kept, &share(&pool, 7)));
    }

    #[test]
    fn past_the_bound_a_thing_is_its_owners_own() {
        let pool = Pool::new(1_600);
        let kept: Vec<_> = (0..10_000).map(|thing| share(&pool, thing)).collect();
        assert!(pool.len() <= 1_600, "{}", pool.len());
        assert!((0..).zip(&kept).all(|(thing, kept)| **kept == thing));
        drop(kept);
        // Those that came later find room again.
        for thing in 20_000..25_000 {
            share(&pool, thing);
        }
        let late: Vec<_> = (30_000..30_100).map(|thing| share(&pool, thing)).collect();
        let shared = |thing: &Arc<u64>| Arc::ptr_eq(thing, &share(&pool, **thing));
        assert!(late.iter().all(shared));
    }
}
