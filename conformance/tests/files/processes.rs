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
    ClaimNumber, Fence, Incarnation, PlayerId, Revision, ServerId, ServerName, SessionId, SlotName,
    SystemClock, UnixMillis, WriteId,
    backend::{
        Acquisition, Backend, Body, Claim, Claimant, Encoding, Opening, Stamp, WriteOutcome,
    },
};
use uuid::Uuid;

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

fn claimant(by: u128) -> Claimant {
    Claimant {
        session: SessionId::from_uuid(Uuid::from_u128(by)),
        server: ServerId {
            name: ServerName::new("server").unwrap(),
            incarnation: Incarnation::from_uuid(Uuid::from_u128(by)),
        },
        at: UnixMillis::new(0),
    }
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
    let given_up = store.acquire(&player, &claimant(1), None).now_or_never();
    assert!(given_up.is_none(), "{given_up:?}");
    drop(other);

    let acquired = store.acquire(&player, &claimant(2), None).await.unwrap();
    let fence = Fence::new(1);
    assert_eq!(acquired, Acquisition::Acquired { fence });
}

/// Takes the player from whoever died and saves without end, saying which
/// revisions were acknowledged.
async fn save_until_killed(backend: FilesBackend) {
    let dead = backend.holder(&player()).await.unwrap();
    let by = claimant(dead.as_ref().map_or(0, |lock| lock.fence.get()).into());
    let replacing = dead.map(|lock| lock.session);
    let acquired = backend.acquire(&player(), &by, replacing).await.unwrap();
    let Acquisition::Acquired { fence } = acquired else {
        panic!("{acquired:?}");
    };
    let claim = Claim {
        player: player(),
        session: by.session,
        fence,
        slot: SlotName::new("Slot1").unwrap(),
        number: ClaimNumber::new(1),
    };
    let opened = match backend.open(&claim).await.unwrap() {
        Opening::Opened(opened) => opened,
        other => panic!("{other:?}"),
    };
    for base in opened.revision.get().. {
        let stamp = Stamp {
            base: Revision::new(base),
            write_id: WriteId::from_uuid(Uuid::from_u128(base.into())),
            at: UnixMillis::new(0),
        };
        let revision = stamp.base.next();
        let body = Body {
            schema: 1,
            encoding: Encoding::Json,
            bytes: revision.to_string().into(),
        };
        let outcome = backend.save(&claim, &stamp, &body).await.unwrap();
        assert_eq!(outcome, WriteOutcome::Written { revision });
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
