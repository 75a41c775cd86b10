//! The lock that most write by hand on Redis: a key that expires, and a script
//! that deletes it if it is still the caller's.

use playerdata_redis::redis::{self, RedisResult, Script, aio::MultiplexedConnection};

use super::redis::connect;
use crate::{shares::work_in_shares, timing::nanos_each};

const RELEASE: &str = "
    if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
    return redis.call('DEL', KEYS[1])";

/// Who takes all the locks.
const HOLDER: &str = "00000000-0000-4000-8000-000000000000";

/// How long a lock is kept if nobody releases it.
const EXPIRY_MILLIS: u64 = 60_000;

/// A value that can be locked.
#[derive(Clone, Debug)]
pub struct Lock {
    connection: MultiplexedConnection,
    release: Script,
    key: String,
    value: String,
}

impl Lock {
    /// Takes it.
    ///
    /// # Errors
    ///
    /// What the server says.
    ///
    /// # Panics
    ///
    /// If somebody else has it.
    pub async fn take(&mut self) -> RedisResult<()> {
        let mut take = redis::cmd("SET");
        take.arg(&self.key).arg(HOLDER).arg("NX");
        take.arg("PX").arg(EXPIRY_MILLIS);
        let taken: Option<String> = take.query_async(&mut self.connection).await?;
        assert!(taken.is_some(), "nobody else has the lock");
        Ok(())
    }

    /// Sets the value that it is for, without looking at it: the server does
    /// not know that the two belong together.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn set(&mut self, value: &[u8]) -> RedisResult<()> {
        let mut set = redis::cmd("SET");
        set.arg(&self.value).arg(value);
        set.exec_async(&mut self.connection).await
    }

    /// Gives it back.
    ///
    /// # Errors
    ///
    /// What the server says.
    ///
    /// # Panics
    ///
    /// If it was lost.
    pub async fn release(&mut self) -> RedisResult<()> {
        let mut release = self.release.key(&self.key);
        release.arg(HOLDER);
        let released: bool = release.invoke_async(&mut self.connection).await?;
        assert!(released, "the lock is still ours");
        Ok(())
    }
}

/// A lock for each of this many players, on one connection.
#[derive(Debug)]
pub struct Locks(Vec<Lock>);

impl Locks {
    /// Connects.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn new(url: &str, players: u64) -> RedisResult<Self> {
        let connection = connect(url).await?;
        let release = Script::new(RELEASE);
        let lock = |player| Lock {
            connection: connection.clone(),
            release: release.clone(),
            key: format!("by hand:{player}:lock"),
            value: format!("by hand:{player}"),
        };
        Ok(Self((0..players).map(lock).collect()))
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Lock> {
        self.0.iter()
    }

    /// Takes each and gives it back `rounds` times, `in_flight` at once.
    /// Returns nanoseconds a lock.
    ///
    /// # Panics
    ///
    /// If the server fails.
    pub async fn lock_all(&self, rounds: u64, in_flight: usize) -> f64 {
        let locking = work_in_shares(self.0.clone(), in_flight, |mut share, _| async move {
            for _ in 0..rounds {
                for lock in &mut share {
                    lock.take().await.expect("the server takes writes");
                    lock.release().await.expect("the server takes writes");
                }
            }
            share
        });
        let (took, _) = locking.await;
        nanos_each(took, self.0.len() as u64 * rounds)
    }
}
