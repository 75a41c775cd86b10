//! What can't be read is an error, stays as it is, and harms nobody else.
#![allow(clippy::unwrap_used)] // helpers of tests are tests, too

use crate::support;

use futures::future::join_all;
use playerdata_core::backend::{
    Acquisition, Admission, Backend, BackendError, Effect, Encoding, ErrorKind, Notice, NoticeKind,
    Opening, Renewal,
};
use playerdata_sqlite::SqliteBackend;
use rusqlite::types::Value;
use support::*;

/// Two players, each locked, with a saved slot, of whom an operator's hand
/// then spoils the first.
async fn spoiled(folder: &Folder, sql: &str) -> SqliteBackend {
    let backend = folder.open();
    for of in [1, 2] {
        start(&backend, of, 1).await;
        let outcome = backend.save(&claim(of, 1, 1), &stamp(0), &body("a")).await;
        assert_eq!(outcome.unwrap(), written(1));
    }
    let operator = folder.operator();
    operator
        .pragma_update(None, "ignore_check_constraints", true)
        .unwrap();
    assert_eq!(operator.execute(sql, []).unwrap(), 1, "{sql}");
    backend
}

/// All rows of locks and slots, to compare before and after.
fn rows(folder: &Folder) -> Vec<Vec<Value>> {
    let operator = folder.operator();
    let mut rows = Vec::new();
    for table in ["lock", "slot"] {
        let mut statement = operator.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let read = statement.query_map([], |row| (0..columns).map(|at| row.get(at)).collect());
        rows.extend(read.unwrap().map(Result::unwrap));
    }
    rows
}

fn assert_corrupt<T: std::fmt::Debug>(outcome: Result<T, BackendError>, case: &str) {
    let error = outcome.expect_err(case);
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Corrupt, Effect::None),
        "{case}"
    );
    assert!(
        error.to_string().contains('1'),
        "it names the player: {error}"
    );
}

async fn assert_the_other_player_is_fine(backend: &SqliteBackend) {
    let outcome = backend.save(&claim(2, 1, 1), &stamp(1), &body("b")).await;
    assert_eq!(outcome.unwrap(), written(2));
    backend.release(&player(2), session(1)).await.unwrap();
    assert_eq!(start(backend, 2, 2).await.record.unwrap().body, body("b"));
}

#[tokio::test]
async fn f21_a_malformed_lock_is_an_error_stays_and_breaks_no_other_player() {
    for sql in [
        "UPDATE lock SET session = x'00' WHERE player = '1'",
        "UPDATE lock SET server = 'two words' WHERE player = '1'",
        "UPDATE lock SET incarnation = NULL WHERE player = '1'",
        "UPDATE lock SET fence = -4 WHERE player = '1'",
        "UPDATE lock SET since_ms = NULL WHERE player = '1'",
    ] {
        let folder = Folder::new();
        let backend = spoiled(&folder, sql).await;
        let before = rows(&folder);
        assert_corrupt(backend.holder(&player(1)).await, sql);
        assert_corrupt(backend.acquire(&player(1), &claimant(2), None).await, sql);
        assert_corrupt(backend.erase(&player(1)).await, sql);
        assert_corrupt(backend.open(&claim(1, 7, 1)).await, sql);
        assert_corrupt(
            backend.save(&claim(1, 7, 1), &stamp(1), &body("b")).await,
            sql,
        );
        assert!(rows(&folder) == before, "{sql}");
        assert_the_other_player_is_fine(&backend).await;
    }
}

#[tokio::test]
async fn l3_a_malformed_fence_is_not_grown_from() {
    let folder = Folder::new();
    let sql = "UPDATE lock SET fence = -4, session = NULL, server = NULL, incarnation = NULL,
               since_ms = NULL WHERE player = '1'";
    let backend = spoiled(&folder, sql).await;
    let before = rows(&folder);
    assert_corrupt(backend.acquire(&player(1), &claimant(2), None).await, sql);
    let (next, name) = (claimant(2), slot("Slot1"));
    let entered = backend
        .acquire_and_open(&player(1), &next, None, &name)
        .await;
    assert_corrupt(entered, sql);
    assert!(rows(&folder) == before);
}

#[tokio::test]
async fn s5_s12_a_malformed_slot_is_given_as_it_is_and_can_be_replaced() {
    for sql in [
        "UPDATE slot SET encoding = 'cbor' WHERE player = '1'",
        "UPDATE slot SET encoding = NULL WHERE player = '1'",
        "UPDATE slot SET write_id = x'0102' WHERE player = '1'",
        "UPDATE slot SET write_id = NULL WHERE player = '1'",
        "UPDATE slot SET schema = 1 << 40 WHERE player = '1'",
        "UPDATE slot SET saved_at_ms = NULL WHERE player = '1'",
    ] {
        let folder = Folder::new();
        let backend = spoiled(&folder, sql).await;
        let before = rows(&folder);
        let viewed = backend.view(&player(1), &slot("Slot1")).await.unwrap();
        let record = viewed.as_ref().unwrap();
        assert_eq!(record.body.encoding, Encoding::Unknown, "{sql}");
        assert_eq!(record.body.bytes, body("a").bytes, "{sql}");
        assert_eq!(record.revision.get(), 1, "{sql}");
        assert_eq!(backend.list(&player(1)).await.unwrap().len(), 1, "{sql}");
        assert!(rows(&folder) == before, "{sql}");
        let opened = backend.open(&claim(1, 1, 2)).await.unwrap();
        assert!(
            matches!(&opened, Opening::Opened(opened) if opened.record == viewed),
            "{sql}: {opened:?}"
        );
        let saved = backend.save(&claim(1, 1, 2), &stamp(1), &body("b")).await;
        assert_eq!(saved.unwrap(), written(2), "{sql}");
        let viewed = backend.view(&player(1), &slot("Slot1")).await.unwrap();
        assert_eq!(viewed.unwrap().body, body("b"), "{sql}");
        assert_the_other_player_is_fine(&backend).await;
    }
}

#[tokio::test]
async fn s5_a_slot_without_a_revision_is_an_error_is_listed_and_stays() {
    let folder = Folder::new();
    let sql = "UPDATE slot SET revision = -1 WHERE player = '1'";
    let backend = spoiled(&folder, sql).await;
    let before = rows(&folder);
    assert_corrupt(backend.open(&claim(1, 1, 2)).await, sql);
    assert_corrupt(backend.view(&player(1), &slot("Slot1")).await, sql);
    assert_eq!(backend.list(&player(1)).await.unwrap().len(), 1);
    assert!(rows(&folder) == before);
    assert_the_other_player_is_fine(&backend).await;
    // A start gets the lock, and leaves the slot to whoever opens it.
    backend.release(&player(1), session(1)).await.unwrap();
    let (next, name) = (claimant(3), slot("Slot1"));
    let entered = backend
        .acquire_and_open(&player(1), &next, None, &name)
        .await;
    assert!(matches!(
        entered.unwrap(),
        Admission::Acquired { opened: None, .. }
    ));
}

#[tokio::test]
async fn a_malformed_lease_is_an_error_and_stays() {
    let folder = Folder::new();
    let backend = folder.open();
    let ttl = std::time::Duration::from_secs(60);
    let id = server("server-1", 1);
    backend.renew_lease(&id, ttl).await.unwrap();
    let operator = folder.operator();
    operator
        .pragma_update(None, "ignore_check_constraints", true)
        .unwrap();
    operator
        .execute("UPDATE lease SET incarnation = x'00'", [])
        .unwrap();
    assert_corrupt(backend.renew_lease(&id, ttl).await, "renewing");
    assert_corrupt(backend.lease_is_live(&id).await, "reading");
    let kept: Vec<u8> = operator
        .query_row("SELECT incarnation FROM lease", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, [0]);
    assert!(matches!(
        backend
            .renew_lease(&server("server-2", 1), ttl)
            .await
            .unwrap(),
        Renewal::Renewed { .. }
    ));
}

#[tokio::test]
async fn a_notice_that_cannot_be_read_does_not_cost_the_lease() {
    let folder = Folder::new();
    let backend = folder.open();
    let id = server("server-1", 1);
    let notice = Notice {
        player: player(1),
        session: session(1),
        kind: NoticeKind::HandOver,
        from: server("server-2", 1),
    };
    for _ in 0..2 {
        backend.notify(&id.name, &notice).await.unwrap();
    }
    let sql = "UPDATE notice SET kind = 'invitation' WHERE id = 1";
    folder.operator().execute(sql, []).unwrap();
    let ttl = std::time::Duration::from_secs(60);
    assert_eq!(
        backend.renew_lease(&id, ttl).await.unwrap(),
        Renewal::Renewed {
            notices: vec![notice]
        }
    );
}

#[tokio::test]
async fn a_damaged_file_is_an_error_of_those_it_hits() {
    let folder = Folder::new();
    let backend = folder.open();
    start(&backend, 1, 1).await;
    backend.close().await;
    // The slots' own page, overwritten.
    let page: u32 = folder
        .operator()
        .query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'slot'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let page_size: u32 = folder
        .operator()
        .query_row("PRAGMA page_size", [], |row| row.get(0))
        .unwrap();
    let mut bytes = std::fs::read(folder.database()).unwrap();
    let (page, page_size) = (page as usize, page_size as usize);
    bytes[(page - 1) * page_size..page * page_size].fill(0x5a);
    std::fs::write(folder.database(), bytes).unwrap();

    let backend = folder.open();
    assert_corrupt(backend.open(&claim(1, 1, 2)).await, "opening");
    assert_corrupt(backend.view(&player(1), &slot("Slot1")).await, "viewing");

    // Also what is in the same group, because it waits for the operator too.
    let operator = folder.operator();
    operator.execute_batch("BEGIN IMMEDIATE").unwrap();
    let ill = claim(1, 1, 2);
    let well = (2..18).map(|of| {
        let backend = backend.clone();
        async move { backend.acquire(&player(of), &claimant(1), None).await }
    });
    let all = async { tokio::join!(join_all(well), backend.open(&ill)) };
    let let_go = async { operator.execute_batch("COMMIT").unwrap() };
    let ((acquiring, opening), ()) = tokio::join!(all, let_go);
    assert_corrupt(opening, "opening in a group");
    for acquired in acquiring {
        assert!(matches!(acquired.unwrap(), Acquisition::Acquired { .. }));
    }
}
