//! One connection to one server, replaced when it breaks.

use std::{fmt, sync::Arc};

use futures::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use parking_lot::Mutex;
use redis::{Cmd, Pipeline, RedisError, ServerError, Value};
use tokio::time::{Instant, timeout_at};

use super::{dialer::Dialer, lane::Lane, node::timed_out};
use crate::error::Failure;

type Connecting = Shared<BoxFuture<'static, Result<Arc<Lane>, RedisError>>>;

/// A connection that many commands share. A broken one is replaced when the
/// next command needs it; no command is ever sent twice.
///
/// The client crate's own `ConnectionManager` is not used here for it does not
/// distinguish a command that was never sent from one whose answer was lost,
/// and goes on using a connection after commands on it have timed out.
pub(crate) struct ServerLink {
    dialer: Dialer,
    current: Mutex<Current>,
}

#[derive(Default)]
struct Current {
    /// Distinguishes the connections of this link.
    number: u64,
    /// Where there is a connection, without waiting.
    ready: Option<Arc<Lane>>,
    connecting: Option<Connecting>,
}

impl Current {
    fn forget(&mut self) {
        self.number += 1;
        self.ready = None;
        self.connecting = None;
    }
}

impl fmt::Debug for ServerLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerLink({:?})", self.dialer)
    }
}

impl ServerLink {
    pub(crate) fn new(dialer: Dialer) -> Self {
        Self {
            dialer,
            current: Mutex::default(),
        }
    }

    /// Sends a command, if there is a connection by then, and waits for the
    /// answer. `bytes` is how long its value is, if it has one.
    pub(crate) async fn send(
        &self,
        command: &Cmd,
        bytes: usize,
        by: Instant,
    ) -> Result<Value, Failure> {
        let (number, lane) = self.lane(by).await?;
        match lane.send(command, bytes).await {
            Ok(value) => answer(value),
            Err(error) => Err(self.failed(number, error)),
        }
    }

    /// Sends commands that nothing comes between, and waits for `count`
    /// answers, refusals among them.
    pub(crate) async fn send_all(
        &self,
        commands: &Pipeline,
        count: usize,
        by: Instant,
    ) -> Result<Vec<Value>, Failure> {
        let (number, lane) = self.lane(by).await?;
        let answers = lane.send_all(commands, count).await;
        answers.map_err(|error| self.failed(number, error))
    }

    /// Has the next command make a new connection, for instance to find out
    /// whether the address stands for another server now.
    pub(crate) fn reconnect(&self) {
        self.current.lock().forget();
    }

    async fn lane(&self, by: Instant) -> Result<(u64, Arc<Lane>), Failure> {
        {
            let current = self.current.lock();
            if let Some(lane) = &current.ready {
                return Ok((current.number, Arc::clone(lane)));
            }
        }
        let connecting = Box::pin(self.new_lane());
        let connected = timeout_at(by, connecting).await;
        connected.unwrap_or_else(|_| Err(Failure::NotSent(timed_out())))
    }

    async fn new_lane(&self) -> Result<(u64, Arc<Lane>), Failure> {
        let (number, connecting) = {
            let mut current = self.current.lock();
            let connecting = current.connecting.get_or_insert_with(|| self.connect());
            let connecting = connecting.clone();
            (current.number, connecting)
        };
        match connecting.await {
            Ok(lane) => {
                let mut current = self.current.lock();
                if current.number == number {
                    current.ready = Some(Arc::clone(&lane));
                }
                Ok((number, lane))
            }
            Err(error) => {
                self.abandon(number);
                Err(Failure::NotSent(error))
            }
        }
    }

    fn connect(&self) -> Connecting {
        let dialer = self.dialer.clone();
        let connecting = async move { dialer.dial().await.map(Lane::new) };
        let connecting = connecting.boxed().shared();
        // It goes on also when who asked for it gives up, for those who wait.
        drop(tokio::spawn(connecting.clone()));
        connecting
    }

    fn failed(&self, number: u64, error: RedisError) -> Failure {
        match ServerError::try_from(error) {
            Ok(refusal) => Failure::Refused(refusal),
            Err(error) => {
                self.abandon(number);
                Failure::InDoubt(error)
            }
        }
    }

    /// Gives up a connection on which a command failed or timed out: what is
    /// behind it may be gone without a word.
    fn abandon(&self, number: u64) {
        let mut current = self.current.lock();
        if current.number == number {
            current.forget();
        }
    }
}

/// Distinguishes a refusal from an answer.
pub(crate) fn answer(value: Value) -> Result<Value, Failure> {
    match value {
        Value::ServerError(refusal) => Err(Failure::Refused(refusal)),
        value => Ok(value),
    }
}
