//! Redis without anything around it: a plain `SET`, and a script that checks
//! and then sets, through the client that the backend uses, on one connection
//! with the same settings.

use std::{sync::Arc, time::Duration};

use playerdata_core::backend::Body;
use playerdata_redis::redis::{
    self, AsyncConnectionConfig, Client, IntoConnectionInfo as _, RedisResult, Script,
    aio::MultiplexedConnection,
};

use crate::{shares::work_in_shares, timing::nanos_each};

/// What most would write who know that a lock has to be checked.
const CHECK_AND_SET: &str = "
    if redis.call('HGET', KEYS[1], 'session') ~= ARGV[1] then return 0 end
    redis.call('SET', KEYS[2], ARGV[2])
    return 1";

/// Who holds all the locks.
const HOLDER: &str = "00000000-0000-4000-8000-000000000000";

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// Whatever is there: a `SET`, which checks nothing.
    Plain,
    /// If the player's lock is ours: a script, which costs the server more.
    Checked,
}

/// A player's keys: the lock, and the value.
#[derive(Clone, Debug)]
struct PlayerKeys {
    lock: String,
    value: String,
}

/// Values at keys of the same lengths, with the same bytes in front of the
/// bodies, as those that the backend has written.
#[derive(Debug)]
pub struct Values {
    connection: MultiplexedConnection,
    places: Vec<PlayerKeys>,
    header: Vec<u8>,
}

impl Values {
    /// Looks at what the backend has in a namespace, where each open slot must
    /// have been saved, and takes keys for as many values.
    ///
    /// # Errors
    ///
    /// What the server says.
    ///
    /// # Panics
    ///
    /// If there are no values.
    pub async fn beside(url: &str, namespace: &str) -> RedisResult<Self> {
        let mut connection = connect(url).await?;
        let keys: Vec<String> = redis::cmd("KEYS")
            // Those of claims: at rest a slot that is open has a mark only.
            .arg(format!("{namespace}:{{*}}:*:*:*"))
            .query_async(&mut connection)
            .await?;
        let first = keys.first().expect("the backend has saved something");
        let value: Vec<u8> = redis::cmd("GET")
            .arg(first)
            .query_async(&mut connection)
            .await?;
        let line_end = value.iter().position(|&byte| byte == b'\n');
        let header_bytes = line_end.expect("a header is a line") + 1;
        let other = "x".repeat(namespace.len());
        let places = keys.iter().map(|key| {
            let value = key.replacen(namespace, &other, 1);
            let player = value.find('}').expect("a key carries its player") + 1;
            PlayerKeys {
                lock: value[..player].to_owned(),
                value,
            }
        });
        let values = Self {
            places: places.collect(),
            header: value[..header_bytes].to_vec(),
            connection,
        };
        for place in &values.places {
            let mut connection = values.connection.clone();
            let mut lock = redis::cmd("HSET");
            lock.arg(&place.lock).arg("session").arg(HOLDER);
            lock.exec_async(&mut connection).await?;
        }
        Ok(values)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Writes each `rounds` times, `in_flight` at once. Returns nanoseconds a
    /// write.
    ///
    /// # Panics
    ///
    /// If a write fails.
    pub async fn write_all(
        &self,
        write: Write,
        bodies: &[Body],
        rounds: u64,
        in_flight: usize,
    ) -> f64 {
        let values = bodies
            .iter()
            .map(|body| [&self.header, &*body.bytes].concat());
        let values: Arc<Vec<_>> = Arc::new(values.collect());
        let script = Arc::new(Script::new(CHECK_AND_SET));
        let writing = work_in_shares(self.places.clone(), in_flight, |share, number| {
            let (connection, values) = (self.connection.clone(), Arc::clone(&values));
            let script = Arc::clone(&script);
            async move {
                let mut connection = connection;
                let mut variant = number;
                for _ in 0..rounds {
                    for place in &share {
                        variant += 7;
                        let value = &values[variant % values.len()];
                        let written = match write {
                            Write::Plain => plain(&mut connection, place, value).await,
                            Write::Checked => checked(&mut connection, &script, place, value).await,
                        };
                        written.expect("the server takes writes");
                    }
                }
                share
            }
        });
        let (took, _) = writing.await;
        nanos_each(took, self.places.len() as u64 * rounds)
    }

    /// Reads each `rounds` times, `in_flight` at once. Returns nanoseconds a
    /// reading.
    ///
    /// # Panics
    ///
    /// If a value is not there.
    pub async fn read_all(&self, rounds: u64, in_flight: usize) -> f64 {
        let reading = work_in_shares(self.places.clone(), in_flight, |share, _| {
            let mut connection = self.connection.clone();
            async move {
                for _ in 0..rounds {
                    for place in &share {
                        let value = read(&mut connection, place).await;
                        assert!(value.is_ok_and(|value| !value.is_empty()));
                    }
                }
                share
            }
        });
        let (took, _) = reading.await;
        nanos_each(took, self.places.len() as u64 * rounds)
    }
}

/// A plain `GET`.
async fn read(connection: &mut MultiplexedConnection, place: &PlayerKeys) -> RedisResult<Vec<u8>> {
    let mut command = redis::cmd("GET");
    command.arg(&place.value).query_async(connection).await
}

async fn plain(
    connection: &mut MultiplexedConnection,
    place: &PlayerKeys,
    value: &[u8],
) -> RedisResult<()> {
    let mut command = redis::cmd("SET");
    command.arg(&place.value).arg(value);
    command.exec_async(connection).await
}

async fn checked(
    connection: &mut MultiplexedConnection,
    script: &Script,
    place: &PlayerKeys,
    value: &[u8],
) -> RedisResult<()> {
    let mut call = script.key(&place.lock);
    call.key(&place.value).arg(HOLDER).arg(value);
    let written: bool = call.invoke_async(connection).await?;
    assert!(written, "the lock is ours");
    Ok(())
}

/// A connection with the settings of the backend's own.
pub(super) async fn connect(url: &str) -> RedisResult<MultiplexedConnection> {
    let info = url.into_connection_info()?;
    let tcp = info.tcp_settings().clone().set_nodelay(true);
    let client = Client::open(info.set_tcp_settings(tcp))?;
    let config = AsyncConnectionConfig::new()
        .set_response_timeout(Some(Duration::from_secs(2)))
        .set_pipeline_buffer_size(1_024);
    client
        .get_multiplexed_async_connection_with_config(&config)
        .await
}
