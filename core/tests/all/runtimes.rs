//! Managers on runtimes that are gone, can't do the work, or are not the
//! caller's.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::{sync::Arc, thread, time::Duration};

use futures::executor::block_on;
use playerdata_core::{
    Error, OnConflict, RecoverOptions, Revision, SessionEnd, SessionManager, Settings, SlotName,
    StartError, backend::Backend,
};
use playerdata_memory::MemoryBackend;
use serde_json::json;
use support::*;
use tokio::{
    runtime::{Builder, Runtime},
    time::Instant,
};

fn with_threads() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).enable_time().build().unwrap()
}

fn backend() -> Arc<dyn Backend> {
    Arc::new(MemoryBackend::new())
}

#[test]
fn e8_without_a_runtime_or_its_timers_a_start_fails_and_says_why() {
    let none = block_on(SessionManager::builder(backend()).start());
    assert!(matches!(none, Err(StartError::NoRuntime)), "{none:?}");
    let without_timers = Builder::new_current_thread().build().unwrap();
    let started = without_timers.block_on(SessionManager::builder(backend()).start());
    let error = started.unwrap_err();
    assert!(matches!(error, StartError::NoTimers));
    assert!(error.to_string().contains("enable_time"), "{error}");
}

/// Everything that there is to call, on a thread without a runtime.
fn call_everything(manager: &SessionManager) {
    let slot_name = SlotName::new("Slot1").unwrap();
    let session = block_on(manager.start_session(1)).unwrap();
    let slot = block_on(session.load_slot("Slot1")).unwrap();
    slot.set("Currency", 7).unwrap();
    block_on(slot.save()).unwrap();
    block_on(session.save_all()).unwrap();
    assert_eq!(block_on(session.slots()).unwrap().len(), 1);
    let lock = block_on(manager.holder(&player(1))).unwrap().unwrap();
    assert!(block_on(manager.is_live(&lock)).unwrap());
    block_on(manager.list(&player(1))).unwrap();
    block_on(manager.view(&player(1), &slot_name)).unwrap();
    block_on(session.delete_slot("Slot2")).unwrap();
    block_on(session.end()).unwrap();
    block_on(session.ended());
    let json = json!({"Currency": 8});
    let none = RecoverOptions::default();
    block_on(manager.put(&player(1), &slot_name, &json, Revision::new(2), none)).unwrap();
    let other = block_on(manager.start_session(2)).unwrap();
    let lock = block_on(manager.holder(&player(2))).unwrap().unwrap();
    block_on(manager.force_release(&player(2), &lock)).unwrap();
    drop(other);
    block_on(manager.erase(&player(1))).unwrap();
    let _dropped = block_on(manager.start_session(3)).unwrap();
    assert!(block_on(manager.shutdown(Duration::from_secs(60))).is_complete());
}

#[test]
fn every_call_works_from_a_thread_without_a_runtime() {
    let runtime = with_threads();
    let builder = SessionManager::builder(backend()).runtime(runtime.handle().clone());
    let manager = block_on(builder.start()).unwrap();
    thread::spawn(move || call_everything(&manager))
        .join()
        .unwrap();
}

#[test]
fn e8_e10_after_the_runtime_is_gone_nothing_is_taken_and_all_is_given_out() {
    let runtime = with_threads();
    let manager = runtime
        .block_on(SessionManager::builder(backend()).start())
        .unwrap();
    let session = runtime.block_on(manager.start_session(1)).unwrap();
    let slot = runtime.block_on(session.load_slot("Slot1")).unwrap();
    slot.set("Currency", 7).unwrap();
    let mut events = manager.events();
    drop(runtime);
    let refused = slot.set("Currency", 8);
    assert!(matches!(refused, Err(Error::RuntimeGone)), "{refused:?}");
    assert!(matches!(block_on(slot.save()), Err(Error::RuntimeGone)));
    assert_eq!(block_on(session.ended()), SessionEnd::RuntimeGone);
    let error = block_on(session.end()).unwrap_err();
    assert!(matches!(*error.cause, Error::RuntimeGone));
    assert_eq!(error.unsaved[0].document.get::<u64>("Currency").unwrap(), 7);
    assert!(matches!(
        block_on(manager.start_session_with(2, OnConflict::Fail)),
        Err(Error::RuntimeGone)
    ));
    while block_on(events.next()).is_some() {}
    let report = block_on(manager.shutdown(Duration::from_secs(1)));
    let unsaved = &report.unfinished[0].unsaved[0];
    assert_eq!(unsaved.document.get::<u64>("Currency").unwrap(), 7);
}

#[test]
fn e8_a_runtime_that_nobody_runs_takes_no_changes_once_the_lease_may_have_lapsed() {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let mut settings = Settings::default();
    settings.heartbeat_interval = Duration::from_millis(10);
    settings.operation_timeout = Duration::from_millis(500);
    settings.lock_expiry = Duration::from_millis(600);
    let builder = SessionManager::builder(backend()).settings(settings);
    let manager = runtime.block_on(builder.start()).unwrap();
    let session = runtime.block_on(manager.start_session(1)).unwrap();
    let slot = runtime.block_on(session.load_slot("Slot1")).unwrap();
    slot.set("Currency", 7).unwrap();
    let began = Instant::now();
    while slot.set("Currency", 8).is_ok() {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "it is never refused"
        );
        thread::yield_now();
    }
    assert!(matches!(slot.set("Currency", 9), Err(Error::RuntimeGone)));
    // Somebody runs it again, and so changes can be saved again.
    runtime.block_on(async {
        while slot.set("Currency", 9).is_err() {
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "it is never taken"
            );
            tokio::task::yield_now().await;
        }
        slot.save().await.unwrap();
    });
}
