//! Every row of the summary can be measured, in next to no time: what the
//! figures are is another matter.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use peak_alloc::PeakAlloc;
use playerdata_benches::{
    measure::{Extent, Subject, measure},
    report::{Judgement, Machine, Outcome, plot, table},
};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// What the aims are for.
const WITH_AIMS: [&str; 19] = [
    "SQLite: guarded save of A, 256 in flight",
    "SQLite: guarded save of B compressed, 256 in flight",
    "SQLite: guarded save of B, 256 in flight",
    "Redis with a log: guarded save of A, 64 in flight",
    "Redis with a log: guarded save of B compressed, 64 in flight",
    "Redis with a log: guarded save of B, 64 in flight",
    "Redis without a log: guarded save of A, 64 in flight",
    "DynamoDB: charge for a save of A",
    "DynamoDB: charge for a save of B compressed",
    "DynamoDB: charge for a save of B",
    "memory: guarded save of A",
    "memory: guarded save of B",
    "SQLite: `apply_once` on A and save, 4 in flight",
    "SQLite: `apply_once` on B and save, 4 in flight",
    "writes of a transfer, end to end",
    "memory of an idle session, of 20, beside its document",
    "memory that a cycle takes that saves all of 20 sessions",
    "autosave cycle, 20 sessions of A, nothing changed",
    "autosave cycle, 20 sessions of A, 10 % changed and saved",
];

#[test]
fn every_row_can_be_measured_and_shown() {
    let rows = measure(&ALLOCATOR, Extent::TINY, &[]);
    for what in WITH_AIMS {
        let row = rows
            .iter()
            .find(|row| row.what == what && row.aim.is_some());
        let row = row.unwrap_or_else(|| panic!("no row {what:?}"));
        assert!(matches!(row.outcome, Outcome::Measured(_)), "{row:?}");
        assert!(matches!(row.judgement, Judgement::Met | Judgement::Missed));
        if what.starts_with("DynamoDB") {
            assert_eq!(
                row.judgement,
                Judgement::Met,
                "charges do not depend on load"
            );
        }
    }
    let json = serde_json::to_value(&rows).unwrap();
    assert!(json[0]["measured"]["ratio"].is_f64(), "{json}");

    let table = table(&rows);
    assert_eq!(table.lines().count(), rows.len() + 2);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.svg");
    plot(&file, &Machine::this(), &rows).unwrap();
    let picture = std::fs::read_to_string(file).unwrap();
    assert!(picture.contains(WITH_AIMS[0]));
}

#[test]
fn only_the_subjects_asked_for_are_measured() {
    let rows = measure(&ALLOCATOR, Extent::TINY, &[Subject::Memory]);
    assert_eq!(rows.len(), 2, "{rows:?}");
}
