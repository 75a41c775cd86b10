//! Leases, notices, and what is forgotten when.
#![allow(clippy::unwrap_used)] // helpers of tests are tests, too

use crate::support;

use std::{sync::Arc, time::Duration};

use playerdata_core::{
    Clock, ManualClock, ServerId, UnixMillis,
    backend::{
        Backend, INCARNATION_MEMORY, MAX_NOTICES, Notice, NoticeKind, Notification, Renewal,
    },
};
use playerdata_sqlite::SqliteBackend;
use support::*;

const TTL: Duration = Duration::from_secs(60);

fn clocked(folder: &Folder) -> (SqliteBackend, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::starting_at(UnixMillis::new(1_000_000)));
    let backend = folder.options().clock(clock.clone()).open().unwrap();
    (backend, clock)
}

fn notice(of: u64) -> Notice {
    Notice {
        player: player(of),
        session: session(1),
        kind: NoticeKind::Taken,
        from: server("other", 9),
    }
}

async fn renew(backend: &SqliteBackend, id: &ServerId) -> Vec<Notice> {
    match backend.renew_lease(id, TTL).await.unwrap() {
        Renewal::Renewed { notices } => notices,
        superseded => panic!("{superseded:?}"),
    }
}

fn rows(folder: &Folder, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    folder
        .operator()
        .query_row(&sql, [], |row| row.get(0))
        .unwrap()
}

#[tokio::test]
async fn a_lease_lives_until_it_lapses_or_is_dropped() {
    let folder = Folder::new();
    let (backend, clock) = clocked(&folder);
    let id = server("a", 1);
    assert!(!backend.lease_is_live(&id).await.unwrap());
    renew(&backend, &id).await;
    clock.advance(TTL - Duration::from_millis(1));
    assert!(backend.lease_is_live(&id).await.unwrap());
    clock.advance(Duration::from_millis(1));
    assert!(!backend.lease_is_live(&id).await.unwrap());
    renew(&backend, &id).await;
    assert!(backend.lease_is_live(&id).await.unwrap());
    backend.drop_lease(&id).await.unwrap();
    clock.set(UnixMillis::new(0)); // a clock that is set back revives nothing
    assert!(!backend.lease_is_live(&id).await.unwrap());
}

#[tokio::test]
async fn l7_a_superseded_incarnation_cannot_renew_for_as_long_as_it_is_remembered() {
    let folder = Folder::new();
    let (backend, clock) = clocked(&folder);
    let (old, new) = (server("a", 0xff), server("a", 0x100));
    renew(&backend, &old).await;
    renew(&backend, &new).await;
    assert!(!backend.lease_is_live(&old).await.unwrap());
    backend.drop_lease(&old).await.unwrap();
    assert!(backend.lease_is_live(&new).await.unwrap());
    backend.drop_lease(&new).await.unwrap();
    let refused = Renewal::Superseded {
        by: new.incarnation,
    };
    clock.advance(INCARNATION_MEMORY);
    renew(&backend, &server("b", 1)).await;
    assert_eq!(backend.renew_lease(&old, TTL).await.unwrap(), refused);
}

#[tokio::test]
async fn leases_and_notices_that_nobody_needs_any_more_are_tidied_away() {
    let folder = Folder::new();
    let (backend, clock) = clocked(&folder);
    for number in 0..80 {
        let id = server(&format!("gone-{number}"), 1);
        renew(&backend, &id).await;
        backend.notify(&id.name, &notice(number)).await.unwrap();
    }
    clock.advance(TTL + INCARNATION_MEMORY - Duration::from_millis(1));
    renew(&backend, &server("alive", 1)).await;
    assert_eq!(rows(&folder, "lease"), 81);
    clock.advance(Duration::from_millis(2));
    for left in [49, 17, 1, 1] {
        renew(&backend, &server("alive", 1)).await;
        assert_eq!(rows(&folder, "lease"), left, "some at a time");
    }
    assert_eq!(rows(&folder, "notice"), 0);
}

#[tokio::test]
async fn notices_come_once_and_in_order_and_their_number_is_bounded() {
    let folder = Folder::new();
    let (backend, _) = clocked(&folder);
    let id = server("a", 1);
    for of in 0..MAX_NOTICES as u64 {
        let queued = backend.notify(&id.name, &notice(of)).await.unwrap();
        assert_eq!(queued, Notification::Queued);
    }
    let full = backend.notify(&id.name, &notice(0)).await.unwrap();
    assert_eq!(full, Notification::Full);
    let other = backend
        .notify(&server("b", 1).name, &notice(0))
        .await
        .unwrap();
    assert_eq!(other, Notification::Queued);
    let expected: Vec<_> = (0..MAX_NOTICES as u64).map(notice).collect();
    assert!(renew(&backend, &id).await == expected);
    assert!(renew(&backend, &id).await.is_empty());
}

#[tokio::test]
async fn dropping_a_lease_forgets_its_notices_and_those_of_no_other() {
    let folder = Folder::new();
    let (backend, _) = clocked(&folder);
    let (old, new) = (server("a", 1), server("a", 2));
    renew(&backend, &new).await;
    backend.notify(&new.name, &notice(1)).await.unwrap();
    backend.drop_lease(&old).await.unwrap();
    assert_eq!(renew(&backend, &new).await, [notice(1)]);
    backend.notify(&new.name, &notice(2)).await.unwrap();
    backend.drop_lease(&new).await.unwrap();
    assert_eq!(renew(&backend, &new).await, []);
}

#[tokio::test]
async fn l10_a_lease_written_by_a_clock_that_was_ahead_holds_nobody_up() {
    const YEAR: Duration = Duration::from_secs(364 * 24 * 60 * 60);
    let folder = Folder::new();
    let (backend, clock) = clocked(&folder);
    let id = server("a", 1);
    let right = clock.now();
    clock.advance(YEAR);
    renew(&backend, &id).await;
    assert!(backend.lease_is_live(&id).await.unwrap());
    clock.set(right);
    assert!(!backend.lease_is_live(&id).await.unwrap());

    // Its server lives, and says so with the right time.
    renew(&backend, &id).await;
    assert!(backend.lease_is_live(&id).await.unwrap());
    clock.set(UnixMillis::new(right.get() - 900)); // a clock is set back a little
    assert!(backend.lease_is_live(&id).await.unwrap());
}

#[tokio::test]
async fn l10_leases_of_an_earlier_version_are_believed_for_a_day() {
    let folder = Folder::new();
    folder.make_version_1();
    let clock = Arc::new(ManualClock::starting_at(UnixMillis::new(0)));
    let backend = folder.options().clock(clock.clone()).open().unwrap();
    let (id, end) = (server("server-1", 7), 1_700_000_060_000);
    for (now, live) in [
        (end, false),
        (end - 1, true),
        (end - 86_400_000, true),
        (end - 364 * 86_400_000, false),
    ] {
        clock.set(UnixMillis::new(now));
        assert_eq!(backend.lease_is_live(&id).await.unwrap(), live, "{now}");
    }
}

#[tokio::test]
async fn a_lease_of_any_length_under_any_clock_is_kept() {
    let folder = Folder::new();
    let (backend, clock) = clocked(&folder);
    for (now, ttl) in [(0, Duration::MAX), (u64::MAX - 1, TTL), (1, Duration::ZERO)] {
        clock.set(UnixMillis::new(now));
        let renewal = backend.renew_lease(&server("a", 1), ttl).await.unwrap();
        assert!(matches!(renewal, Renewal::Renewed { .. }));
    }
    assert!(!backend.lease_is_live(&server("a", 1)).await.unwrap());
}
