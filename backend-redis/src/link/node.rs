//! One server, and the ways to send it a command.

use parking_lot::Mutex;
use redis::{
    Cmd, RedisError, ServerError, Value,
    aio::{ConnectionLike as _, ConnectionManager},
};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout_at},
};

use super::{
    dialer::Dialer,
    server::{ServerLink, answer},
};
use crate::{RedisOptions, error::Failure};

/// What is sent, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order<'a> {
    pub(crate) command: &'a Cmd,
    pub(crate) way: Way,
    /// How long the value is that it sends.
    pub(crate) bytes: usize,
    /// Whether the node was named by an `ASK` redirection.
    pub(crate) asking: bool,
    /// It is not sent later than this.
    pub(crate) send_by: Instant,
}

/// Which of the connections to a server a command takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The one that most share.
    Shared,
    /// One on which replicas may have to confirm it.
    Confirmed,
    /// The one for leases, on which no large value is before them.
    Leases,
}

/// One server.
#[derive(Debug)]
pub(crate) struct Node {
    main: Main,
    confirmed: Option<Confirmed>,
    /// Bytes of values that may still be sent to it.
    room: Semaphore,
    most_in_flight: usize,
}

#[derive(Debug)]
enum Main {
    Own {
        dialer: Box<Dialer>,
        shared: Box<ServerLink>,
        leases: Box<ServerLink>,
    },
    /// Made by the caller, who keeps it in order too.
    Ready(ConnectionManager),
}

impl Node {
    /// A node that is connected to when the first command needs it.
    pub(crate) fn new(dialer: Dialer) -> Self {
        let options = dialer.options();
        let (room, most_in_flight) = room(options);
        let confirmed = options.confirms().then(|| Confirmed::new(dialer.clone()));
        let link = || Box::new(ServerLink::new(dialer.clone()));
        let (shared, leases) = (link(), link());
        let main = Main::Own {
            dialer: Box::new(dialer),
            shared,
            leases,
        };
        Self {
            main,
            confirmed,
            room,
            most_in_flight,
        }
    }

    /// A node behind a connection that the caller made.
    pub(crate) fn ready(connection: ConnectionManager, options: &RedisOptions) -> Self {
        let (room, most_in_flight) = room(options);
        Self {
            main: Main::Ready(connection),
            confirmed: None,
            room,
            most_in_flight,
        }
    }

    /// How it is connected to, unless by the caller.
    pub(crate) fn dialer(&self) -> Option<&Dialer> {
        match &self.main {
            Main::Own { dialer, .. } => Some(dialer),
            Main::Ready(_) => None,
        }
    }

    /// Whether the order's time is limited by the connection that it takes.
    pub(crate) fn limits(&self, order: Order<'_>) -> bool {
        let shared = self.confirmed.is_none() || order.way != Way::Confirmed;
        shared && matches!(self.main, Main::Own { .. })
    }

    /// Waits until a value of this length may be sent, or until it is too late
    /// for that.
    pub(crate) async fn room_for(
        &self,
        bytes: usize,
        until: Option<Instant>,
    ) -> Result<SemaphorePermit<'_>, Failure> {
        let bytes = u32::try_from(bytes.min(self.most_in_flight)).unwrap_or(u32::MAX);
        if let Ok(permit) = self.room.try_acquire_many(bytes) {
            return Ok(permit);
        }
        let waiting = Box::pin(self.room.acquire_many(bytes));
        let permit = match until {
            Some(until) => timeout_at(until, waiting)
                .await
                .map_err(|_| Failure::NotSent(timed_out()))?,
            // Each that is before it ends when the server's time is over.
            None => waiting.await,
        };
        permit.map_err(|_| Failure::NotSent(timed_out()))
    }

    pub(crate) async fn send(&self, order: Order<'_>) -> Result<Value, Failure> {
        match (&self.main, &self.confirmed, order.way) {
            (_, Some(confirmed), Way::Confirmed) => Box::pin(confirmed.send(order)).await,
            _ if order.asking => Box::pin(self.send_asking(order)).await,
            (Main::Own { leases, .. }, _, Way::Leases) => {
                leases.send(order.command, order.bytes, order.send_by).await
            }
            (Main::Own { shared, .. }, ..) => {
                shared.send(order.command, order.bytes, order.send_by).await
            }
            (Main::Ready(connection), ..) => Box::pin(send_on(connection, order)).await,
        }
    }

    async fn send_asking(&self, order: Order<'_>) -> Result<Value, Failure> {
        let mut commands = redis::pipe();
        commands.cmd("ASKING").add_command(order.command.clone());
        let answers = match &self.main {
            Main::Own { shared, .. } => shared.send_all(&commands, 2, order.send_by).await?,
            Main::Ready(connection) => {
                let mut connection = connection.clone();
                let sent = connection.req_packed_commands(&commands, 0, 2).await;
                sent.map_err(ready_failure)?
            }
        };
        answer(answers.into_iter().nth(1).unwrap_or_default())
    }

    /// Has the next command make a new connection, for instance to find out
    /// whether the address stands for another server now.
    pub(crate) fn reconnect(&self) {
        match &self.main {
            Main::Own { shared, leases, .. } => {
                shared.reconnect();
                leases.reconnect();
            }
            Main::Ready(connection) => end(connection.clone()),
        }
        if let Some(confirmed) = &self.confirmed {
            confirmed.idle.lock().clear();
        }
    }
}

fn room(options: &RedisOptions) -> (Semaphore, usize) {
    let most = options
        .max_bytes_in_flight
        .clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
    (Semaphore::new(most), most)
}

/// Has the server close a connection, so that its manager makes another: it
/// has no other way to hear of it.
fn end(mut connection: ConnectionManager) {
    tokio::spawn(async move {
        let quit = redis::cmd("QUIT");
        let closed = connection.req_packed_command(&quit).await;
        tracing::debug!(?closed, "left a server that is not a primary");
        // The manager finds out that it is closed when it is used.
        let _ = connection.req_packed_command(&redis::cmd("PING")).await;
    });
}

/// Connections for changes that replicas, or disks, have to confirm.
///
/// `WAIT` holds up all that comes after it on its connection, so a change has
/// a connection of its own until it is confirmed.
#[derive(Debug)]
struct Confirmed {
    dialer: Dialer,
    idle: Mutex<Vec<ServerLink>>,
    permits: Semaphore,
}

impl Confirmed {
    fn new(dialer: Dialer) -> Self {
        let permits = Semaphore::new(dialer.options().replica_connections.max(1));
        Self {
            dialer,
            idle: Mutex::default(),
            permits,
        }
    }

    async fn send(&self, order: Order<'_>) -> Result<Value, Failure> {
        let _permit = timeout_at(order.send_by, self.permits.acquire())
            .await
            .map_err(|_| Failure::NotSent(timed_out()))?;
        let idle = self.idle.lock().pop();
        let link = idle.unwrap_or_else(|| ServerLink::new(self.dialer.clone()));
        let answered = self.send_on(&link, order).await;
        // If this future is dropped before, so is the connection: on it a
        // `WAIT` would hold up whoever came next.
        self.idle.lock().push(link);
        answered
    }

    async fn send_on(&self, link: &ServerLink, order: Order<'_>) -> Result<Value, Failure> {
        let options = self.dialer.options();
        let mut commands = redis::pipe();
        if order.asking {
            commands.cmd("ASKING");
        }
        commands.add_command(order.command.clone());
        commands.add_command(wait(options));
        let count = if order.asking { 3 } else { 2 };
        let mut answers = link.send_all(&commands, count, order.send_by).await?;
        let confirmed = answers.pop().unwrap_or_default();
        let value = answer(answers.pop().unwrap_or_default())?;
        check(confirmed, options).map(|()| value)
    }
}

fn wait(options: &RedisOptions) -> Cmd {
    let wait_ms = options.replica_timeout.as_millis().max(1);
    let wait_ms = u64::try_from(wait_ms).unwrap_or(u64::MAX);
    let mut command = Cmd::new();
    if options.confirm_on_disk {
        command.arg("WAITAOF").arg(1);
    } else {
        command.arg("WAIT");
    }
    command.arg(options.min_replicas).arg(wait_ms);
    command
}

/// Whether enough have the change: `WAIT` answers how many replicas, `WAITAOF`
/// whether the primary and how many replicas have it on disk.
fn check(confirmed: Value, options: &RedisOptions) -> Result<(), Failure> {
    let (local, replicas) = match confirmed {
        Value::ServerError(refusal) => return Err(Failure::Unconfirmed(refusal)),
        Value::Int(replicas) => (1, replicas),
        Value::Array(parts) => match parts.as_slice() {
            [Value::Int(local), Value::Int(replicas)] => (*local, *replicas),
            _ => (0, 0),
        },
        _ => (0, 0),
    };
    if local < 1 {
        return Err(Failure::NotOnDisk);
    }
    if replicas < i64::from(options.min_replicas) {
        return Err(Failure::TooFewReplicas {
            have_it: replicas,
            wanted: options.min_replicas,
        });
    }
    Ok(())
}

async fn send_on(connection: &ConnectionManager, order: Order<'_>) -> Result<Value, Failure> {
    let sent = connection.clone().req_packed_command(order.command).await;
    sent.map_err(ready_failure).and_then(answer)
}

/// A failure of a connection that the caller made: it does not say whether a
/// command was sent, unless nobody was there to send it to.
fn ready_failure(error: RedisError) -> Failure {
    match ServerError::try_from(error) {
        Ok(refusal) => Failure::Refused(refusal),
        Err(error) if error.is_connection_refusal() => Failure::NotSent(error),
        Err(error) => Failure::InDoubt(error),
    }
}

/// The client's error for an answer that did not come in time.
pub(crate) fn timed_out() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}
