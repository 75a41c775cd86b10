//! Commands that are under way at the same time, and sent together.

use crate::support;

use std::{
    collections::BTreeSet,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use futures::{future::join_all, poll};
use playerdata_core::backend::{Acquisition, Backend};
use support::{RawSession, TestServer, connect, options};
use tokio::{runtime, sync::oneshot, time::timeout};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

fn session(player: usize) -> RawSession {
    RawSession::of(format!("player-{player}"))
}

async fn acquire(backend: &dyn Backend, session: &RawSession) -> Acquisition {
    let (player, claimant) = (&session.claim.player, &session.claimant);
    let acquired = backend.acquire(player, claimant, None).await;
    acquired.expect("the server answers")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l1_each_of_many_at_once_gets_the_answer_to_its_own_question() {
    let server = TestServer::start(&[]).await;
    let backend = connect(&[server.url()], &options()).await;
    let sessions: Vec<_> = (0..300).map(session).collect();
    let acquired = join_all(sessions.iter().map(|one| acquire(&backend, one))).await;
    let refused = acquired
        .iter()
        .any(|it| matches!(it, Acquisition::Held { .. }));
    assert!(!refused, "all are free");
    let others: Vec<_> = (0..300).map(session).collect();
    let refused = join_all(others.iter().map(|one| acquire(&backend, one))).await;
    for ((session, acquired), refused) in sessions.iter().zip(acquired).zip(refused) {
        let Acquisition::Held { holder } = refused else {
            panic!("{:?} is held", session.claim.player);
        };
        assert_eq!(holder.session, session.claimant.session);
        let fence = holder.fence;
        assert_eq!(acquired, Acquisition::Acquired { fence });
    }
    let holders: BTreeSet<_> = sessions.iter().map(|one| one.claimant.session).collect();
    assert_eq!(holders.len(), 300);
}

/// On one thread, so that nothing is sent before the test lets others run.
#[tokio::test]
async fn e7_what_is_given_up_while_it_waits_for_others_is_not_sent() {
    let server = TestServer::start(&[]).await;
    let backend = connect(&[server.url()], &options()).await;
    acquire(&backend, &session(0)).await; // from now on there is a connection
    let sessions: Vec<_> = (1..=20).map(session).collect();
    let mut calls: Vec<_> = sessions
        .iter()
        .map(|one| Box::pin(acquire(&backend, one)))
        .collect();
    for call in &mut calls {
        assert!(poll!(call).is_pending(), "nobody has answered");
    }
    let given_up = calls.split_off(10);
    drop(given_up);
    join_all(calls).await;
    for (number, one) in sessions.iter().enumerate() {
        let holder = backend.holder(&one.claim.player).await;
        let is_held = holder.expect("the server answers").is_some();
        assert_eq!(is_held, number < 10, "{:?}", one.claim.player);
    }
}

/// Begins as many calls as have to be under way for the next one to be sent
/// together with others.
async fn begin_some(backend: &dyn Backend) -> Vec<impl Future<Output = Acquisition>> {
    let sessions = (1..=5).map(session);
    let mut calls: Vec<_> = sessions
        .map(|one| Box::pin(async move { acquire(backend, &one).await }))
        .collect();
    for call in &mut calls {
        assert!(poll!(call).is_pending(), "nobody has answered");
    }
    calls
}

/// Does something on a thread with a runtime of its own.
fn aside<W: Future<Output = ()>>(work: impl FnOnce() -> W + Send + 'static) -> JoinHandle<()> {
    let mut builder = runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build();
    let runtime = runtime.expect("the system has room for a runtime");
    thread::spawn(move || runtime.block_on(work()))
}

#[tokio::test]
async fn a9_a_thread_that_game_code_keeps_keeps_no_command_of_others() {
    let server = TestServer::start(&[]).await;
    let backend = Arc::new(connect(&[server.url()], &options()).await);
    acquire(&*backend, &session(0)).await; // from now on there is a connection
    let (begun, others_begin) = oneshot::channel();
    let (done, others_are_done) = mpsc::channel();
    let game = Arc::clone(&backend);
    let kept = aside(move || async move {
        let calls = begin_some(&*game).await;
        begun.send(()).unwrap();
        // Game code that returns when others are done.
        let in_time = others_are_done.recv_timeout(PATIENCE);
        in_time.expect("others are not held up");
        join_all(calls).await;
    });
    others_begin.await.unwrap();
    acquire(&*backend, &session(6)).await;
    done.send(()).unwrap();
    kept.join().unwrap();
}

#[tokio::test]
async fn a_runtime_that_ended_keeps_no_command_of_others() {
    let server = TestServer::start(&[]).await;
    let backend = Arc::new(connect(&[server.url()], &options()).await);
    acquire(&*backend, &session(0)).await;
    let other = Arc::clone(&backend);
    let ended = aside(move || async move { drop(begin_some(&*other).await) });
    ended.join().unwrap();
    let sessions: Vec<_> = (10..30).map(session).collect();
    let acquired = join_all(sessions.iter().map(|one| acquire(&*backend, one)));
    let acquired = timeout(PATIENCE, acquired).await;
    assert_eq!(acquired.expect("all are sent").len(), 20);
}
