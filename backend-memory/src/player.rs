//! What is kept of each player, and where.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use parking_lot::Mutex;
use playerdata_core::{
    Fence, PlayerId, SessionId,
    backend::{Claim, Lock},
};

use crate::{mail::Mailboxes, slot::Slots, version::Versions};

/// All that is known of one player.
#[derive(Default)]
pub(crate) struct Player {
    /// The generation of the latest lock. Outlives the lock and an erasure.
    pub(crate) fence: Fence,
    pub(crate) lock: Option<Lock>,
    pub(crate) slots: Slots,
    pub(crate) mailboxes: Mailboxes,
    pub(crate) versions: Versions,
}

impl Player {
    /// Whether there is anything of the player to list: the lock and its fence
    /// alone are not.
    fn has_anything(&self) -> bool {
        self.slots.has_record() || self.mailboxes.has_letter() || !self.versions.is_empty()
    }

    /// The lock, if it is this session's.
    pub(crate) fn lock_of(&self, session: SessionId) -> Option<&Lock> {
        self.lock.as_ref().filter(|lock| lock.session == session)
    }

    /// Whether the lock is the one that the claim was made under.
    pub(crate) fn is_locked_for(&self, claim: &Claim) -> bool {
        self.lock_of(claim.session)
            .is_some_and(|lock| lock.fence == claim.fence)
    }
}

/// Enough for the threads of a large machine to seldom meet, and small enough
/// to make for every test.
const SHARDS: usize = 64;

/// The players, each in the shard that its id hashes to.
pub(crate) struct Players {
    /// With a key of its own: players may choose their ids.
    hasher: DefaultHashBuilder,
    shards: Box<[Shard]>,
}

/// A shard has its cache lines to itself, so that a busy neighbour does not
/// slow it down.
#[derive(Default)]
#[repr(align(128))]
struct Shard {
    /// In blocks of their own: a table is searched in a small part of the
    /// memory that it would take with them in it.
    players: Mutex<HashTable<Box<(PlayerId, Player)>>>,
}

impl Default for Players {
    fn default() -> Self {
        Self {
            hasher: DefaultHashBuilder::default(),
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
        }
    }
}

impl Players {
    /// Reads or changes a player who may be unknown, in one critical section.
    pub(crate) fn with<T>(&self, id: &PlayerId, step: impl FnOnce(Option<&mut Player>) -> T) -> T {
        let hash = self.hasher.hash_one(id);
        let mut players = self.shard(hash).players.lock();
        let known = players.find_mut(hash, |known| known.0 == *id);
        step(known.map(|known| &mut known.1))
    }

    /// Changes a player, who is known from then on, in one critical section.
    pub(crate) fn with_known<T>(&self, id: &PlayerId, step: impl FnOnce(&mut Player) -> T) -> T {
        let hash = self.hasher.hash_one(id);
        let mut players = self.shard(hash).players.lock();
        let known = players.entry(
            hash,
            |known| known.0 == *id,
            |known| self.hasher.hash_one(&known.0),
        );
        let mut known = known.or_insert_with(|| Box::new((id.clone(), Player::default())));
        step(&mut known.get_mut().1)
    }

    /// A page of the players of which something is stored. Their order is that
    /// of their shards and hashes, which stays the same for the life of the
    /// store.
    pub(crate) fn page(
        &self,
        after: Option<&(u64, PlayerId)>,
        limit: usize,
    ) -> Vec<(u64, PlayerId)> {
        let first = after.map_or(0, |(hash, _)| shard_of(*hash));
        let mut page = Vec::new();
        for (index, shard) in self.shards.iter().enumerate().skip(first) {
            let after = after.filter(|_| index == first);
            let mut found: Vec<(u64, PlayerId)> = {
                let players = shard.players.lock();
                let stored = players.iter().filter(|known| known.1.has_anything());
                let hashed = stored.map(|known| (self.hasher.hash_one(&known.0), known.0.clone()));
                hashed
                    .filter(|at| after.is_none_or(|after| at > after))
                    .collect()
            };
            found.sort_unstable();
            found.truncate(limit - page.len());
            page.append(&mut found);
            if page.len() >= limit {
                break;
            }
        }
        page
    }

    /// The shard of a hash. Its table distinguishes players by other bits of
    /// it.
    fn shard(&self, hash: u64) -> &Shard {
        &self.shards[shard_of(hash)]
    }
}

fn shard_of(hash: u64) -> usize {
    // The remainder is less than SHARDS, so it fits any usize.
    ((hash >> 32) % SHARDS as u64) as usize
}
