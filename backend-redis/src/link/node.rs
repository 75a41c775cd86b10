//! One server, and the ways to send it a command.

use std::time::Duration;

use parking_lot::Mutex;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, Pipeline, RedisError,
    ServerError, Value,
    aio::{ConnectionLike as _, ConnectionManager},
};
use tokio::{sync::Semaphore, time::timeout};

use super::server::{ServerLink, answer};
use crate::{RedisOptions, error::Failure};

/// What is sent, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order<'a> {
    pub(crate) command: &'a Cmd,
    /// Whether replicas may have to confirm it.
    pub(crate) confirmed: bool,
    /// Whether the node was named by an `ASK` redirection.
    pub(crate) asking: bool,
}

/// One server.
#[derive(Debug)]
pub(crate) struct Node {
    main: Main,
    confirmed: Option<Confirmed>,
}

#[derive(Debug)]
enum Main {
    Own(Box<ServerLink>),
    /// Made by the caller, who keeps it in order too.
    Ready(ConnectionManager),
}

impl Node {
    /// A node that is connected to when the first command needs it.
    pub(crate) fn new(client: Client, options: &RedisOptions) -> Self {
        let config = config(options);
        let confirmed = (options.min_replicas > 0)
            .then(|| Confirmed::new(client.clone(), config.clone(), options));
        Self {
            main: Main::Own(Box::new(ServerLink::new(client, config))),
            confirmed,
        }
    }

    /// A node behind a connection that the caller made.
    pub(crate) fn ready(connection: ConnectionManager) -> Self {
        Self {
            main: Main::Ready(connection),
            confirmed: None,
        }
    }

    /// Whether the order's time is limited by the connection that it takes.
    pub(crate) fn limits(&self, order: Order<'_>) -> bool {
        let shared = self.confirmed.is_none() || !order.confirmed;
        shared && matches!(self.main, Main::Own(_))
    }

    pub(crate) async fn send(&self, order: Order<'_>) -> Result<Value, Failure> {
        match (&self.main, &self.confirmed) {
            (_, Some(confirmed)) if order.confirmed => Box::pin(confirmed.send(order)).await,
            (_, _) if order.asking => Box::pin(self.send_asking(order)).await,
            (Main::Own(link), _) => link.send(order.command).await,
            (Main::Ready(connection), _) => Box::pin(send_on(connection, order)).await,
        }
    }

    async fn send_asking(&self, order: Order<'_>) -> Result<Value, Failure> {
        let mut commands = redis::pipe();
        commands.cmd("ASKING").add_command(order.command.clone());
        let answers = self.send_all(&commands, 2).await?;
        answer(answers.into_iter().nth(1).unwrap_or_default())
    }

    async fn send_all(&self, commands: &Pipeline, count: usize) -> Result<Vec<Value>, Failure> {
        match &self.main {
            Main::Own(link) => link.send_all(commands, count).await,
            Main::Ready(connection) => {
                let mut connection = connection.clone();
                let sent = connection.req_packed_commands(commands, 0, count).await;
                sent.map_err(ready_failure)
            }
        }
    }

    /// See [`ServerLink::reconnect`].
    pub(crate) fn reconnect(&self) {
        if let Main::Own(link) = &self.main {
            link.reconnect();
        }
        if let Some(confirmed) = &self.confirmed {
            confirmed.idle.lock().clear();
        }
    }
}

/// Connections for changes that replicas have to confirm.
///
/// `WAIT` holds up all that comes after it on its connection, so a change has
/// a connection of its own until it is confirmed.
#[derive(Debug)]
struct Confirmed {
    client: Client,
    config: AsyncConnectionConfig,
    idle: Mutex<Vec<ServerLink>>,
    permits: Semaphore,
    min_replicas: u32,
    replica_timeout: Duration,
}

impl Confirmed {
    fn new(client: Client, config: AsyncConnectionConfig, options: &RedisOptions) -> Self {
        Self {
            client,
            config,
            idle: Mutex::default(),
            permits: Semaphore::new(options.replica_connections.max(1)),
            min_replicas: options.min_replicas,
            replica_timeout: options.replica_timeout,
        }
    }

    async fn send(&self, order: Order<'_>) -> Result<Value, Failure> {
        let _permit = timeout(self.replica_timeout, self.permits.acquire())
            .await
            .map_err(|_| Failure::NotSent(timed_out()))?;
        let idle = self.idle.lock().pop();
        let link =
            idle.unwrap_or_else(|| ServerLink::new(self.client.clone(), self.config.clone()));
        let answered = self.send_on(&link, order).await;
        // If this future is dropped before, so is the connection: on it a
        // `WAIT` would hold up whoever came next.
        self.idle.lock().push(link);
        answered
    }

    async fn send_on(&self, link: &ServerLink, order: Order<'_>) -> Result<Value, Failure> {
        let mut commands = redis::pipe();
        if order.asking {
            commands.cmd("ASKING");
        }
        commands.add_command(order.command.clone());
        let wait_ms = self.replica_timeout.as_millis().max(1);
        let wait_ms = u64::try_from(wait_ms).unwrap_or(u64::MAX);
        commands.cmd("WAIT").arg(self.min_replicas).arg(wait_ms);
        let count = if order.asking { 3 } else { 2 };
        let mut answers = link.send_all(&commands, count).await?;
        let have_it = answers.pop();
        let value = answer(answers.pop().unwrap_or_default())?;
        match have_it {
            Some(Value::Int(replicas)) if replicas >= i64::from(self.min_replicas) => Ok(value),
            Some(Value::Int(replicas)) => Err(Failure::TooFewReplicas {
                have_it: replicas,
                wanted: self.min_replicas,
            }),
            Some(Value::ServerError(refusal)) => Err(Failure::Unconfirmed(refusal)),
            _ => Err(Failure::TooFewReplicas {
                have_it: 0,
                wanted: self.min_replicas,
            }),
        }
    }
}

/// How long connecting and answering may take: together the operation's time.
fn config(options: &RedisOptions) -> AsyncConnectionConfig {
    let connecting = options.operation_timeout / 4;
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(connecting))
        .set_response_timeout(Some(options.operation_timeout - connecting))
        .set_pipeline_buffer_size(1_024)
}

/// The client to another node of the same Cluster, with the same credentials.
pub(crate) fn client_for(template: &ConnectionInfo, address: &str) -> Result<Client, RedisError> {
    let malformed = || {
        let what = "the Cluster names a node by a malformed address";
        RedisError::from((redis::ErrorKind::Parse, what, address.to_owned()))
    };
    let (host, port) = address.rsplit_once(':').ok_or_else(malformed)?;
    let port = port.parse().map_err(|_| malformed())?;
    let host = host.to_owned();
    let addr = match template.addr() {
        ConnectionAddr::TcpTls {
            insecure,
            tls_params,
            ..
        } => ConnectionAddr::TcpTls {
            host,
            port,
            insecure: *insecure,
            tls_params: tls_params.clone(),
        },
        _ => ConnectionAddr::Tcp(host, port),
    };
    Client::open(template.clone().set_addr(addr))
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
