//! Two processes in one directory, one of which is killed.
#![allow(clippy::unwrap_used)] // helpers of tests are tests, too

use std::{
    fs::{self, File, TryLockError},
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
};

use futures::FutureExt;
use playerdata_core::{
    Fence, PlayerId, SlotName, SystemClock,
    backend::{Acquisition, Backend},
};
use playerdata_raw_session::RawSession;

use crate::{backend::FilesBackend, file::StateFile, player::Player};

const DIRECTORY: &str = "PLAYERDATA_TEST_DIRECTORY";

/// A test of this file in a process of its own, as its environment says.
/// It is killed when this is dropped.
struct Other(Child);

impl Other {
    fn start(test: &str, directory: &Path) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args([&format!("processes::{test}"), "--exact", "--nocapture"])
            .env(DIRECTORY, directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        Self(child.unwrap())
    }

    /// What it says, until it is dead.
    fn lines(&mut self) -> impl Iterator<Item = String> + use<> {
        let said = BufReader::new(self.0.stdout.take().unwrap());
        said.lines().map(Result::unwrap)
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// The directory, if this is the other process.
fn as_other() -> Option<PathBuf> {
    std::env::var_os(DIRECTORY).map(PathBuf::from)
}

fn backend(directory: &Path) -> FilesBackend {
    FilesBackend::new(directory, Arc::new(SystemClock))
}

fn player() -> PlayerId {
    PlayerId::from(7)
}

#[tokio::test]
async fn a_process_that_is_killed_at_a_file_keeps_nobody_out_of_it() {
    let file = |root: &Path| StateFile::of(root, "players", player().as_str());
    if let Some(root) = as_other() {
        let stay = |_: &mut Player| {
            println!("alone");
            std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
        };
        return file(&root).change(|| true, stay).unwrap();
    }
    let root = tempfile::tempdir().unwrap();
    let test = "a_process_that_is_killed_at_a_file_keeps_nobody_out_of_it";
    let mut other = Other::start(test, root.path());
    assert!(other.lines().any(|line| line.ends_with("alone")));

    let folder = file(root.path()).folder;
    let guard = File::open(folder.join("guard")).unwrap();
    assert!(matches!(guard.try_lock(), Err(TryLockError::WouldBlock)));
    fs::write(folder.join("fresh"), "half of a sta").unwrap();
    let (store, player) = (backend(root.path()), player());
    let (first, second) = (RawSession::of(7), RawSession::of(7));
    let given_up = store.acquire(&player, &first.claimant, None).now_or_never();
    assert!(given_up.is_none(), "{given_up:?}");
    drop(other);

    let acquired = store
        .acquire(&player, &second.claimant, None)
        .await
        .unwrap();
    let fence = Fence::new(1);
    assert_eq!(acquired, Acquisition::Acquired { fence });
}

/// Takes the player from whoever died and saves without end, saying which
/// revisions were acknowledged.
async fn save_until_killed(backend: FilesBackend) {
    let mut session = RawSession::of(player());
    session.take_over(&backend).await;
    session.open(&backend).await;
    loop {
        let revision = session.revision.next();
        session.save(&backend, revision.to_string()).await;
        println!("saved {revision}");
    }
}

#[tokio::test]
async fn s1_whatever_was_acknowledged_survives_a_kill() {
    if let Some(root) = as_other() {
        return save_until_killed(backend(&root)).await;
    }
    let root = tempfile::tempdir().unwrap();
    for _ in 0..5 {
        let mut other = Other::start("s1_whatever_was_acknowledged_survives_a_kill", root.path());
        let saved = other.lines().filter_map(|line| {
            let revision = line.strip_prefix("saved ")?;
            Some(revision.parse::<u64>().unwrap())
        });
        let mut saved = saved.skip(30);
        let mut last = saved.next().expect("it saves until it is killed");
        drop(other);
        // What it had still said is read to the end.
        last = saved.last().unwrap_or(last);

        let slot = SlotName::new("Slot1").unwrap();
        let record = backend(root.path()).view(&player(), &slot).await.unwrap();
        let record = record.unwrap();
        let there = record.revision.get();
        assert!(there == last || there == last + 1, "{there} for {last}");
        assert_eq!(record.body.bytes, record.revision.to_string());
    }
}
