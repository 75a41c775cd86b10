//! What the tests share: a folder with a database, names, and short ways to
//! say things.
#![allow(clippy::unwrap_used)] // what a test can't go on without
#![allow(dead_code, unreachable_pub, unused_imports)] // each test file uses a part of it

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use playerdata_core::{
    ClaimNumber, Clock, Fence, PlayerId, UnixMillis,
    backend::{Backend, Claim, Claimant, Opened, Stamp},
};
pub use playerdata_raw_session::{
    RawSession, acquired, body, opened, server, session, slot, written,
};
use playerdata_sqlite::{SqliteBackend, SqliteOptions};
use tempfile::TempDir;

/// A folder that is removed at the end, with the path of a database in it.
pub struct Folder {
    folder: TempDir,
}

impl Folder {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn database(&self) -> PathBuf {
        self.folder.path().join("playerdata.db")
    }

    pub fn log(&self) -> PathBuf {
        self.folder.path().join("playerdata.db-wal")
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn options(&self) -> SqliteOptions {
        SqliteOptions::new(self.database())
    }

    pub fn open(&self) -> SqliteBackend {
        self.options().open().unwrap()
    }

    /// Makes the file as version 1 of the tables had it, with two players, one
    /// of whom is held, a lease and a notice.
    pub fn make_version_1(&self) {
        let sql = include_str!("../fixtures/version-1.sql");
        self.operator().execute_batch(sql).unwrap();
    }

    /// The same file as version 2 of the tables had it.
    pub fn make_version_2(&self) {
        let sql = include_str!("../fixtures/version-2.sql");
        self.operator().execute_batch(sql).unwrap();
    }

    /// A plain connection to the file, as an operator has it.
    pub fn operator(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.database()).unwrap()
    }
}

/// This test, named, again in another process, which its environment marks.
pub fn once_more(name: &str, variable: &str, value: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([name, "--exact", "--nocapture"])
        .env(variable, value);
    command
}

/// Runs it, and fails as it fails.
pub fn succeeds(command: &mut Command) {
    let output = command.output().unwrap();
    let said =
        [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    assert!(output.status.success(), "{said:?}");
    assert!(said[0].contains("1 passed"), "{said:?}");
}

/// A clock that stands where it is set.
#[derive(Debug)]
pub struct SetClock(AtomicU64);

impl SetClock {
    pub fn at(millis: u64) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(millis)))
    }

    pub fn set(&self, millis: u64) {
        self.0.store(millis, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> UnixMillis {
        UnixMillis::new(self.0.load(Ordering::SeqCst))
    }
}

pub fn player(number: u64) -> PlayerId {
    PlayerId::from(number)
}

pub fn claimant(number: u128) -> Claimant {
    Claimant {
        session: session(number),
        server: server("server", 1),
        at: UnixMillis::new(1),
    }
}

pub fn claim(of: u64, by: u128, number: u64) -> Claim {
    Claim {
        player: player(of),
        session: session(by),
        fence: Fence::new(1),
        slot: slot("Slot1"),
        number: ClaimNumber::new(number),
    }
}

/// The first claim of a session on the first slot, under this fence.
pub fn claim_under(fence: Fence, of: u64, by: u128) -> Claim {
    Claim {
        fence,
        ..claim(of, by, 1)
    }
}

/// The stamp of the write that makes revision `base + 1`.
pub fn stamp(base: u64) -> Stamp {
    playerdata_raw_session::stamp(base, u128::from(base) + 1_000)
}

/// Locks a player and opens the first slot, both of which have to succeed.
pub async fn start(backend: &SqliteBackend, of: u64, by: u128) -> Opened {
    let fence = acquired(backend, &player(of), &claimant(by), None).await;
    opened(backend, &claim_under(fence, of, by)).await
}

/// The text that the first slot of a player holds.
pub async fn stored(backend: &SqliteBackend, of: u64) -> Option<Vec<u8>> {
    let record = backend.view(&player(of), &slot("Slot1")).await.unwrap();
    record.map(|record| record.body.bytes.to_vec())
}
