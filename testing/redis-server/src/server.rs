//! A server of a test's own.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio, id},
    sync::atomic::{AtomicU16, Ordering},
    time::Duration,
};

use redis::{Client, FromRedisValue, aio::MultiplexedConnection};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::{program, until};

/// Runs a server so that it ends when this process does, however that ends:
/// the pipe that is its input closes then.
pub(crate) const WATCHED: &str = r#"
exec 3<&0
( read -r _ <&3; kill -9 $$ ) &
exec "$@" </dev/null 3<&-
"#;

/// A server on a free port of 127.0.0.1, stopped when it is dropped.
#[derive(Debug)]
pub struct TestServer {
    process: Option<Child>,
    port: u16,
    folder: TempDir,
    settings: Vec<String>,
}

impl TestServer {
    /// Starts a server that syncs its log at every write, with more settings,
    /// such as `--appendonly no`, each word an item.
    ///
    /// # Panics
    ///
    /// If there is no server to start, or it does not start.
    pub async fn start(settings: &[&str]) -> Self {
        for _ in 0..20 {
            let mut server = Self {
                process: None,
                port: free_port(),
                folder: tempfile::tempdir().expect("a temporary folder"),
                settings: settings.iter().map(|&word| word.to_owned()).collect(),
            };
            server.launch();
            if server.is_up().await {
                return server;
            }
        }
        panic!("no server starts; the last one's log has been removed with its folder");
    }

    fn launch(&mut self) {
        let binary = program()
            .expect("no redis-server or valkey-server: scripts/redis-server.sh installs one");
        let mut command = Command::new("sh");
        command.args(["-c", WATCHED, "sh"]).arg(binary);
        command.args(["--bind", "127.0.0.1", "--port", &self.port.to_string()]);
        command.arg("--dir").arg(self.folder.path());
        command.args(["--logfile", "log", "--save", ""]);
        command.args(["--appendonly", "yes", "--appendfsync", "always"]);
        command.args(["--repl-diskless-sync-delay", "0"]);
        command.args(&self.settings).stdin(Stdio::piped());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        self.process = Some(command.spawn().expect("`sh` starts"));
    }

    /// Waits until it answers, and is not another that was faster to the port.
    async fn is_up(&mut self) -> bool {
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            let process = self.process.as_mut().expect("it was launched");
            if process.try_wait().expect("it is a child").is_some() {
                return false;
            }
            let expected = process.id().to_string();
            if let Ok(info) = self.try_ask::<String>(&["INFO", "server"]).await
                && info.contains(&format!("process_id:{expected}\r"))
            {
                return self.answers().await;
            }
            sleep(Duration::from_millis(5)).await;
        }
        false
    }

    /// Waits until it has loaded what it has on disk.
    async fn answers(&self) -> bool {
        for _ in 0..1_000 {
            if self.try_ask::<String>(&["PING"]).await.is_ok() {
                return true;
            }
            sleep(Duration::from_millis(5)).await;
        }
        false
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where clients find it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// A connection to it, as anybody could have it.
    ///
    /// # Panics
    ///
    /// If it takes none.
    pub async fn connection(&self) -> MultiplexedConnection {
        let client = Client::open(self.url()).expect("the URL is fine");
        let connection = client.get_multiplexed_async_connection().await;
        connection.expect("the server takes connections")
    }

    /// Has it carry out a command.
    ///
    /// # Panics
    ///
    /// If it refuses.
    pub async fn ask<T: FromRedisValue>(&self, command: &[&str]) -> T {
        let answer = self.try_ask(command).await;
        answer.unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }

    /// What it says if it refuses a command.
    pub async fn refusal(&self, command: &[&str]) -> Option<String> {
        let answer = self.try_ask::<redis::Value>(command).await;
        let error = answer.err()?;
        Some(format!(
            "{} {}",
            error.code()?,
            error.detail().unwrap_or_default()
        ))
    }

    /// Waits until a replica confirms what it is sent. `key` is one of this
    /// server's, if it is a node of a Cluster.
    ///
    /// # Panics
    ///
    /// If none does in time.
    pub async fn is_replicated(&self, key: &str) {
        let mut connection = self.connection().await;
        until("a replica confirms", || {
            let mut connection = connection.clone();
            async move {
                let mut commands = redis::pipe();
                commands.cmd("SET").arg(key).arg("probe").ignore();
                commands.cmd("WAIT").arg(1).arg(100);
                let confirmed = commands.query_async(&mut connection).await;
                confirmed.is_ok_and(|(replicas,): (i64,)| replicas >= 1)
            }
        })
        .await;
        let removed = redis::cmd("DEL").arg(key).exec_async(&mut connection).await;
        removed.expect("the server answers");
    }

    /// Whether it was started and not killed since.
    pub(crate) fn is_running(&self) -> bool {
        self.process.is_some()
    }

    async fn try_ask<T: FromRedisValue>(&self, command: &[&str]) -> redis::RedisResult<T> {
        let client = Client::open(self.url())?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        let (name, arguments) = command.split_first().expect("a command has a name");
        let mut command = redis::cmd(name);
        command.arg(arguments).query_async(&mut connection).await
    }

    /// Kills it as a crash would.
    ///
    /// # Panics
    ///
    /// If the system does not say that it ended.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // The watcher kills it when its input closes.
            drop(process.stdin.take());
            process.wait().expect("it is a child");
        }
    }

    /// Starts it again on what it has on disk.
    ///
    /// # Panics
    ///
    /// If it does not come back.
    pub async fn restart(&mut self) {
        self.kill();
        self.launch();
        assert!(self.is_up().await, "the server comes back");
    }

    /// Starts it again without anything that it had on disk.
    ///
    /// # Panics
    ///
    /// If it does not come back.
    pub async fn restart_empty(&mut self) {
        self.kill();
        self.folder = tempfile::tempdir().expect("a temporary folder");
        self.launch();
        assert!(self.is_up().await, "the server comes back");
    }

    /// Stops it from doing anything, without closing a connection.
    ///
    /// # Panics
    ///
    /// If it does not run.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Has it go on after [`freeze`](Self::freeze).
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let process = self.process.as_ref().expect("it runs");
        let sent = Command::new("kill")
            .args([signal, &process.id().to_string()])
            .status();
        assert!(sent.expect("`kill` runs").success());
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port that is free, and whose cluster bus port, 10 000 above, is free too.
/// Both are below 55 536, and the port below those that systems give out.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    for _ in 0..10_000 {
        let step = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        // Test processes start at different places, to keep out of each other's way.
        let offset = (id().wrapping_mul(37) + step) % 10_000;
        let port = 20_000 + u16::try_from(offset).expect("below 10 000");
        let is_free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
        if is_free(port) && is_free(port + 10_000) {
            return port;
        }
    }
    panic!("no port is free between 20000 and 29999");
}
