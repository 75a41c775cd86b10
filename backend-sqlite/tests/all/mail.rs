//! Letters, verdicts and versions in an SQLite file: its clock, its rows, its
//! damage. What every store has to do is in the conformance suite.
#![allow(clippy::unwrap_used)] // helpers of tests are tests, too

use crate::support;

use std::{sync::Arc, time::Duration};

use playerdata_core::{
    Fence, LetterId, ManualClock, PlayerId, Revision, TradeId, UnixMillis, WriteId,
    backend::{
        Backend, Erasure, ErrorKind, KeepPolicy, Keeping, LETTER_MEMORY, Letter, Party, Posting,
        Retention, VERDICT_MEMORY, Verdict,
    },
};
use playerdata_sqlite::SqliteBackend;
use support::*;
use uuid::Uuid;

const A_MOMENT: Duration = Duration::from_millis(1);

fn clocked(folder: &Folder) -> (SqliteBackend, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::starting_at(UnixMillis::new(1_000_000)));
    let backend = folder.options().clock(clock.clone()).open().unwrap();
    (backend, clock)
}

fn letter(number: u128, retention: Retention) -> Letter {
    Letter {
        id: LetterId::new(format!("letter-{number}")).unwrap(),
        posting: WriteId::from_uuid(Uuid::from_u128(number)),
        sender: "web shop".to_owned(),
        sent_at: UnixMillis::new(5),
        retention,
        content: "{}".into(),
    }
}

async fn post(backend: &SqliteBackend, letter: &Letter) -> Posting {
    let posted = backend.post(&player(1), &slot("Slot1"), letter).await;
    posted.unwrap()
}

async fn discard(backend: &SqliteBackend, letter: &Letter) {
    let (player, slot) = (player(1), slot("Slot1"));
    let discarded = backend.discard(&player, &slot, &letter.id, letter.posting);
    discarded.await.unwrap();
}

async fn settle(backend: &SqliteBackend, letter: &Letter) {
    let (player, slot) = (player(1), slot("Slot1"));
    let settled = backend.settle(&player, &slot, &letter.id, letter.posting);
    settled.await.unwrap();
}

fn known(posting: &Posting) -> bool {
    matches!(posting, Posting::AlreadyPosted { .. })
}

fn rows(folder: &Folder, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    let db = folder.operator();
    db.query_row(&sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn m2_the_id_of_a_discarded_letter_is_refused_for_as_long_as_promised_and_no_row_stays_for_ever()
 {
    let folder = Folder::new();
    let (backend, clock) = clocked(&folder);
    let first = letter(1, Retention::Timed);
    post(&backend, &first).await;
    discard(&backend, &first).await;
    clock.advance(LETTER_MEMORY - A_MOMENT);
    assert!(known(&post(&backend, &first).await));
    clock.advance(A_MOMENT);
    post(&backend, &letter(2, Retention::Timed)).await;
    assert_eq!(rows(&folder, "letter"), 1, "the first is tidied away");
}

#[tokio::test]
async fn p2_a_letter_from_an_outbox_is_remembered_until_it_is_settled_and_then_for_as_long() {
    let folder = Folder::new();
    let (backend, clock) = clocked(&folder);
    let sent = letter(1, Retention::UntilSettled);
    post(&backend, &sent).await;
    discard(&backend, &sent).await;
    clock.advance(LETTER_MEMORY * 100);
    assert!(known(&post(&backend, &sent).await));
    settle(&backend, &sent).await;
    clock.advance(LETTER_MEMORY - A_MOMENT);
    assert!(known(&post(&backend, &sent).await));
    clock.advance(A_MOMENT);
    assert!(!known(&post(&backend, &sent).await));
}

#[tokio::test]
async fn p3_a_verdict_goes_only_long_after_both_have_acted_on_it() {
    let folder = Folder::new();
    let (backend, clock) = clocked(&folder);
    let trade = TradeId::from_uuid(Uuid::from_u128(7));
    let decide = async |verdict| backend.decide(trade, verdict).await.unwrap();
    assert_eq!(decide(Verdict::Commit).await, Verdict::Commit);
    backend.forget_decision(trade, Party::First).await.unwrap();
    clock.advance(VERDICT_MEMORY * 100);
    assert_eq!(decide(Verdict::Abort).await, Verdict::Commit);
    backend.forget_decision(trade, Party::Second).await.unwrap();
    clock.advance(VERDICT_MEMORY - A_MOMENT);
    assert_eq!(decide(Verdict::Abort).await, Verdict::Commit);
    clock.advance(A_MOMENT);
    let another = TradeId::from_uuid(Uuid::from_u128(8));
    backend.decide(another, Verdict::Abort).await.unwrap();
    assert_eq!(rows(&folder, "verdict"), 1, "the first is tidied away");
}

#[tokio::test]
async fn p3_an_abort_goes_in_time_whoever_has_acted_on_it() {
    let folder = Folder::new();
    let (backend, clock) = clocked(&folder);
    let trade = TradeId::from_uuid(Uuid::from_u128(7));
    let decide = async |verdict| backend.decide(trade, verdict).await.unwrap();
    assert_eq!(decide(Verdict::Abort).await, Verdict::Abort);
    clock.advance(VERDICT_MEMORY - A_MOMENT);
    assert_eq!(decide(Verdict::Commit).await, Verdict::Abort);
    clock.advance(A_MOMENT);
    let another = TradeId::from_uuid(Uuid::from_u128(8));
    backend.decide(another, Verdict::Commit).await.unwrap();
    assert_eq!(rows(&folder, "verdict"), 1, "nobody needs the first");
}

#[tokio::test]
async fn a_letter_that_cannot_be_read_is_an_error_and_stays() {
    let folder = Folder::new();
    let backend = folder.open();
    post(&backend, &letter(1, Retention::Timed)).await;
    let sql = "UPDATE letter SET retention = 'eternal'";
    folder.operator().execute(sql, []).unwrap();
    let read = backend.letters(&player(1), &slot("Slot1"), None, 10).await;
    assert_eq!(read.unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(rows(&folder, "letter"), 1);
}

#[tokio::test]
async fn h1_a_version_is_kept_as_it_is_stored_also_if_it_can_no_longer_be_read() {
    let folder = Folder::new();
    let backend = folder.open();
    start(&backend, 1, 1).await;
    let claim = claim(1, 1, 1);
    backend.save(&claim, &stamp(0), &body("{}")).await.unwrap();
    let sql = "UPDATE slot SET encoding = 'morse'";
    folder.operator().execute(sql, []).unwrap();
    let policy = KeepPolicy {
        most: 2,
        min_age: Duration::ZERO,
    };
    let kept = backend.keep_version(&claim, policy).await.unwrap();
    let revision = Revision::new(1);
    assert_eq!(kept, Keeping::Kept { revision });
    let read = backend.version(&player(1), &slot("Slot1"), revision).await;
    assert_eq!(read.unwrap_err().kind(), ErrorKind::Corrupt);
    let listed = backend.versions(&player(1), &slot("Slot1")).await.unwrap();
    assert_eq!(listed.len(), 1);
}

#[tokio::test]
async fn h5_an_erasure_leaves_no_letter_no_memory_and_no_version() {
    let folder = Folder::new();
    let backend = folder.open();
    start(&backend, 1, 1).await;
    let claim = claim(1, 1, 1);
    backend.save(&claim, &stamp(0), &body("{}")).await.unwrap();
    let policy = KeepPolicy {
        most: 2,
        min_age: Duration::ZERO,
    };
    backend.keep_version(&claim, policy).await.unwrap();
    post(&backend, &letter(1, Retention::Timed)).await;
    post(&backend, &letter(2, Retention::UntilSettled)).await;
    discard(&backend, &letter(2, Retention::UntilSettled)).await;
    backend.release(&player(1), session(1)).await.unwrap();
    let erased = backend.erase(&player(1)).await.unwrap();
    assert_eq!(erased, Erasure::Erased);
    for table in ["slot", "letter", "version"] {
        assert_eq!(rows(&folder, table), 0, "{table}");
    }
    let late = backend.keep_version(&claim, policy).await.unwrap();
    assert_eq!(late, Keeping::Lost { holder: None });
}

#[tokio::test]
async fn a_file_of_before_gets_its_mailboxes_and_keeps_its_players() {
    for make in [Folder::make_version_1, Folder::make_version_2] {
        let folder = Folder::new();
        make(&folder);
        let backend = folder.open();
        let page = backend.players(None, 10).await.unwrap();
        assert_eq!(page.players, [player(101), player(102)]);
        assert_eq!(stored(&backend, 101).await.unwrap(), br#"{"of":101}"#);
        let posted = backend
            .post(&player(101), &slot("Slot1"), &letter(1, Retention::Timed))
            .await
            .unwrap();
        let Posting::Posted { holder } = posted else {
            panic!("{posted:?}");
        };
        assert_eq!(holder.unwrap().fence, Fence::new(1));
    }
}

#[tokio::test]
async fn a_page_of_players_reads_no_more_of_the_file_than_the_page() {
    let folder = Folder::new();
    folder.open().close().await;
    let mut plan = String::new();
    let db = folder.operator();
    let sql = include_str!("../../src/players.rs");
    let sql = sql.split("\"").nth(1).unwrap();
    let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let mut rows = statement.query(("a", 7)).unwrap();
    while let Some(row) = rows.next().unwrap() {
        plan += &row.get::<_, String>("detail").unwrap();
        plan.push('\n');
    }
    assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    assert!(!plan.contains("SCAN"), "{plan}");
    assert_eq!(plan.matches("SEARCH").count(), 3, "{plan}");
}

#[tokio::test]
async fn pages_of_players_follow_each_other_without_gap_or_repetition() {
    let folder = Folder::new();
    let backend = folder.open();
    for of in 1..=25_u64 {
        let (to, letter) = (player(of), letter(1, Retention::Timed));
        backend.post(&to, &slot("Slot1"), &letter).await.unwrap();
    }
    let (mut seen, mut after): (Vec<PlayerId>, _) = (Vec::new(), None);
    for _ in 0..10 {
        let page = backend.players(after.as_ref(), 7).await.unwrap();
        seen.extend(page.players);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let mut all: Vec<PlayerId> = (1..=25_u64).map(player).collect();
    all.sort();
    assert_eq!(seen, all);
}
