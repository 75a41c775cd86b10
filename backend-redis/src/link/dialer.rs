//! How a connection to a server is made.

use std::{fmt, sync::Arc, time::Duration};

use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, RedisError, RedisResult,
    aio::{ConnectionLike as _, MultiplexedConnection},
};
use tokio::time::{Instant, timeout};

use super::{node::timed_out, sentinel::Sentinels};
use crate::RedisOptions;

/// Makes connections to one server: to one at an address, or to the primary
/// that Sentinel names just then.
#[derive(Clone)]
pub(crate) struct Dialer {
    info: ConnectionInfo,
    sentinels: Option<Arc<Sentinels>>,
    options: Arc<RedisOptions>,
}

/// The address alone.
impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sentinels {
            Some(sentinels) => write!(f, "Dialer({sentinels:?})"),
            None => write!(f, "Dialer({})", self.info.addr()),
        }
    }
}

impl Dialer {
    /// To the server of a client, in its way.
    pub(crate) fn to(client: &Client, options: &Arc<RedisOptions>) -> Self {
        let info = client.get_connection_info().clone();
        // Small writes are sent at once: the connection batches them already.
        let tcp = info.tcp_settings().clone().set_nodelay(true);
        Self {
            info: info.set_tcp_settings(tcp),
            sentinels: None,
            options: options.clone(),
        }
    }

    /// To the primary that these Sentinels name, in the way of this dialer.
    pub(crate) fn by(self, sentinels: Arc<Sentinels>) -> Self {
        Self {
            sentinels: Some(sentinels),
            ..self
        }
    }

    /// To another server, in the way of this dialer.
    pub(crate) fn to_address(&self, address: &str) -> RedisResult<Self> {
        Ok(Self {
            info: at(&self.info, self.options.reachable(address))?,
            sentinels: None,
            options: self.options.clone(),
        })
    }

    pub(crate) fn options(&self) -> &RedisOptions {
        &self.options
    }

    pub(crate) fn sentinels(&self) -> Option<&Sentinels> {
        self.sentinels.as_deref()
    }

    /// Where it leads, unless Sentinel decides.
    pub(crate) fn address(&self) -> String {
        self.info.addr().to_string()
    }

    /// Connects, in a quarter of the operation's time.
    pub(crate) async fn dial(&self) -> RedisResult<MultiplexedConnection> {
        let limit = self.options.operation_timeout / 4;
        let connecting = timeout(limit, self.connect(limit));
        connecting.await.unwrap_or_else(|_| Err(timed_out()))
    }

    async fn connect(&self, limit: Duration) -> RedisResult<MultiplexedConnection> {
        let started = Instant::now();
        let mut info = self.info.clone();
        if let Some(sentinels) = &self.sentinels {
            let primary = sentinels.primary(limit).await?;
            sentinels.follow(&primary);
            info = at(&info, self.options.reachable(&primary))?;
        }
        if let Some(credentials) = &self.options.credentials {
            let given = credentials.get().await?;
            let mut settings = info.redis_settings().clone();
            settings = settings.set_password(given.password);
            if let Some(user) = given.user {
                settings = settings.set_username(user);
            }
            info = info.set_redis_settings(settings);
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(limit.saturating_sub(started.elapsed())))
            .set_response_timeout(Some(self.options.operation_timeout - limit))
            .set_pipeline_buffer_size(1_024);
        let client = Client::open(info)?;
        let connecting = client.get_multiplexed_async_connection_with_config(&config);
        let mut connection = connecting.await?;
        self.introduce(&mut connection).await?;
        Ok(connection)
    }

    /// Gives the connection a name at the server. It is for people to
    /// read: a server that does not take it is no worse for it.
    async fn introduce(&self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        let name = &self.options.client_name;
        if name.is_empty() {
            return Ok(());
        }
        let mut command = redis::cmd("CLIENT");
        command.arg("SETNAME").arg(name);
        match connection.req_packed_command(&command).await {
            Err(error) if error.is_unrecoverable_error() => Err(error),
            Err(_) | Ok(_) => Ok(()),
        }
    }
}

/// The same way of connecting, to another address.
pub(super) fn at(info: &ConnectionInfo, address: &str) -> RedisResult<ConnectionInfo> {
    let malformed = || {
        let what = "the address of a server is malformed";
        RedisError::from((redis::ErrorKind::Parse, what, address.to_owned()))
    };
    let (host, port) = address.rsplit_once(':').ok_or_else(malformed)?;
    let port = port.parse().map_err(|_| malformed())?;
    let host = host.to_owned();
    let addr = match info.addr() {
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
    Ok(info.clone().set_addr(addr))
}
