//! Sentinels of a test's own.

use std::{
    fs,
    process::{Child, Command, Stdio},
};

use redis::{Client, FromRedisValue};
use tempfile::TempDir;

use crate::{
    program,
    server::{WATCHED, free_port},
    until,
};

/// What the Sentinels call the primary.
const NAME: &str = "mymaster";

/// Three Sentinels that watch over one primary, which they call `mymaster`,
/// and agree by two on what to do. Stopped when they are dropped.
#[derive(Debug)]
pub struct TestSentinels {
    sentinels: Vec<Sentinel>,
}

#[derive(Debug)]
struct Sentinel {
    process: Child,
    port: u16,
    _folder: TempDir,
}

impl TestSentinels {
    /// Starts them, and waits until they know each other and the replicas of
    /// the primary at a port of 127.0.0.1.
    ///
    /// # Panics
    ///
    /// If they don't start, or don't find each other.
    pub async fn of(primary: u16, replicas: usize) -> Self {
        let sentinels = (0..3).map(|_| Sentinel::launch(primary)).collect();
        let this = Self { sentinels };
        for sentinel in &this.sentinels {
            until("the Sentinels know all", || async {
                let info: Result<String, _> = sentinel.ask(&["INFO", "sentinel"]).await;
                let known = format!("status=ok,address=127.0.0.1:{primary},slaves={replicas}");
                info.is_ok_and(|info| info.contains(&known) && info.contains("sentinels=3"))
            })
            .await;
        }
        this
    }

    /// Where they are, as `HOST:PORT,HOST:PORT,HOST:PORT`.
    #[must_use]
    pub fn hosts(&self) -> String {
        let hosts = self.sentinels.iter();
        let hosts: Vec<_> = hosts
            .map(|sentinel| format!("127.0.0.1:{}", sentinel.port))
            .collect();
        hosts.join(",")
    }

    /// The port of the primary, as one of them sees it.
    ///
    /// # Panics
    ///
    /// If it does not answer.
    pub async fn primary(&self) -> u16 {
        let question = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME];
        let address: (String, u16) = self.sentinels[0].ask(&question).await.expect("it answers");
        address.1
    }

    /// Has the primary and a replica change places.
    ///
    /// # Panics
    ///
    /// If they refuse.
    pub async fn fail_over(&self) {
        let command = ["SENTINEL", "FAILOVER", NAME];
        let done: Result<(), _> = self.sentinels[0].ask(&command).await;
        done.expect("there is a replica");
    }
}

impl Sentinel {
    fn launch(primary: u16) -> Self {
        let binary = program().expect("no redis-server or valkey-server: set REDIS_SERVER_BIN");
        let (port, folder) = (
            free_port(),
            tempfile::tempdir().expect("a temporary folder"),
        );
        let file = folder.path().join("sentinel.conf");
        // Sentinels keep what they learn in this file.
        let settings = format!(
            "port {port}\nbind 127.0.0.1\ndir {folder}\nlogfile log\n\
             sentinel monitor {NAME} 127.0.0.1 {primary} 2\n\
             sentinel down-after-milliseconds {NAME} 1000\n\
             sentinel failover-timeout {NAME} 6000\n",
            folder = folder.path().display(),
        );
        fs::write(&file, settings).expect("the folder is there");
        let mut command = Command::new("sh");
        command.args(["-c", WATCHED, "sh"]).arg(binary);
        command.arg(file).arg("--sentinel").stdin(Stdio::piped());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().expect("`sh` starts");
        Self {
            process,
            port,
            _folder: folder,
        }
    }

    async fn ask<T: FromRedisValue>(&self, command: &[&str]) -> redis::RedisResult<T> {
        let client = Client::open(format!("redis://127.0.0.1:{}", self.port))?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        let (name, arguments) = command.split_first().expect("a command has a name");
        let mut command = redis::cmd(name);
        command.arg(arguments).query_async(&mut connection).await
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        // The watcher kills it when its input closes.
        drop(self.process.stdin.take());
        if let Err(error) = self.process.wait() {
            eprintln!("a Sentinel did not end: {error}");
        }
    }
}
