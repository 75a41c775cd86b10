//! A connection, and what is about to be sent on it.
//!
//! The client crate writes a command to the socket as soon as a task has made
//! it, and a system call takes longer than all the rest of a small command. So
//! where many are under way, those of all tasks that are ready to run are
//! gathered first, and sent in one go.

use std::{
    mem,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use parking_lot::Mutex;
use redis::{Cmd, Pipeline, RedisError, Value, aio::MultiplexedConnection};
use tokio::{sync::oneshot, task::yield_now};

/// As many commands under way at a time go out one by one: there is nothing to
/// gather, and nobody should wait for it.
const FEW: usize = 4;

/// Values longer than this go out one by one: they take longer to copy than to
/// send.
const LONG_BYTES: usize = 4 * 1024;

/// No more commands are sent in one go: they are answered together, too.
const MOST: usize = 128;

pub(crate) struct Lane {
    connection: MultiplexedConnection,
    waiting: Mutex<Vec<Waiting>>,
    /// Commands without an answer yet.
    under_way: AtomicUsize,
}

struct Waiting {
    command: Cmd,
    answer: Answer,
}

type Answer = oneshot::Sender<Result<Value, RedisError>>;

impl Lane {
    pub(crate) fn new(connection: MultiplexedConnection) -> Arc<Self> {
        Arc::new(Self {
            connection,
            waiting: Mutex::default(),
            under_way: AtomicUsize::new(0),
        })
    }

    /// Sends a command and waits for the answer. If this is dropped while the
    /// command still waits for others, it is not sent.
    pub(crate) async fn send(
        self: &Arc<Self>,
        command: &Cmd,
        bytes: usize,
    ) -> Result<Value, RedisError> {
        let (_under_way, others) = UnderWay::one_more(&self.under_way);
        if others < FEW || bytes > LONG_BYTES {
            let mut connection = self.connection.clone();
            return connection.send_packed_command(command).await;
        }
        let (answer, answered) = oneshot::channel();
        let command = command.clone();
        self.waiting.lock().push(Waiting { command, answer });
        // Whoever is ready to run may have something to send.
        yield_now().await;
        // Each sends for all, so that nobody depends on a task that may be on a
        // thread which game code keeps.
        self.send_waiting();
        answered.await.unwrap_or_else(|_| Err(runtime_gone()))
    }

    /// Sends commands that nothing comes between, and waits for `count` answers.
    pub(crate) async fn send_all(
        &self,
        commands: &Pipeline,
        count: usize,
    ) -> Result<Vec<Value>, RedisError> {
        let mut connection = self.connection.clone();
        connection.send_packed_commands(commands, 0, count).await
    }

    /// Sends what waits, if anything does.
    fn send_waiting(self: &Arc<Self>) {
        let waiting = mem::take(&mut *self.waiting.lock());
        // Who has given up does not hear of it.
        let wanted = waiting.into_iter().filter(|one| !one.answer.is_closed());
        let mut wanted: Vec<_> = wanted.collect();
        while !wanted.is_empty() {
            let rest = wanted.split_off(wanted.len().min(MOST));
            let (mut commands, mut answers) = (Pipeline::new(), Vec::new());
            for one in wanted {
                commands.add_command(one.command);
                answers.push(one.answer);
            }
            // In a task of its own, so that all are answered also if the caller
            // gives up.
            tokio::spawn(Arc::clone(self).send_and_answer(commands, answers));
            wanted = rest;
        }
    }

    async fn send_and_answer(self: Arc<Self>, commands: Pipeline, answers: Vec<Answer>) {
        match self.send_all(&commands, answers.len()).await {
            Ok(values) => {
                for (answer, value) in answers.into_iter().zip(values) {
                    let _ = answer.send(Ok(value));
                }
            }
            Err(error) => {
                for answer in answers {
                    let _ = answer.send(Err(error.clone()));
                }
            }
        }
    }
}

/// Counts a command for as long as somebody waits for its answer.
struct UnderWay<'a>(&'a AtomicUsize);

impl<'a> UnderWay<'a> {
    /// Counts one more, and says how many there were.
    fn one_more(count: &'a AtomicUsize) -> (Self, usize) {
        let others = count.fetch_add(1, Ordering::Relaxed);
        (Self(count), others)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The error for an answer that nobody will give: who would is gone with its
/// runtime.
fn runtime_gone() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::BrokenPipe).into()
}
