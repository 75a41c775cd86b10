//! How much memory documents and sessions take: exact bytes, as asked of the
//! allocator.
//!
//! One test, since all tests of a program share an allocator.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use std::sync::Arc;

use peak_alloc::PeakAlloc;
use playerdata_core::{Document, OnConflict, SessionManager};
use playerdata_memory::MemoryBackend;
use tokio::runtime::Builder;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// The bytes that each of many equal documents takes, the first of which has
/// what all of them share. They are read as a load reads them.
fn bytes_of_each(json: &str) -> f64 {
    const COUNT: usize = 1_000;
    let read = || serde_json::from_str::<Document>(json).unwrap();
    let first = read();
    let mut documents = Vec::with_capacity(COUNT);
    let before = ALLOCATOR.current_usage();
    documents.extend((0..COUNT).map(|_| Box::new(read())));
    let taken = ALLOCATOR.current_usage() - before;
    assert!(documents.iter().all(|document| **document == first));
    taken as f64 / COUNT as f64
}

/// Document B: the standard one with 300 items, whose names are of `length`.
fn with_items(length: usize) -> String {
    let mut document = Document::standard();
    for item in document.inventory().len()..300 {
        let name = format!("{:length$}{item:03}", "Item number ", length = length - 3);
        let inventory = document.inventory_mut();
        inventory.add(&name, item as u64 + 1).unwrap();
    }
    serde_json::to_string(&document).unwrap()
}

/// The bytes that each of many idle sessions takes, with a handle to it and
/// one to its slot, its document, and what the memory backend has of the
/// player, who was never saved.
fn bytes_of_each_session() -> f64 {
    // The tables of players are nearly full with so many.
    const COUNT: u64 = 7_000;
    // Time stands still, so that none is saved.
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let mut sessions = Vec::with_capacity(COUNT as usize);
    let backend = Arc::new(MemoryBackend::new());
    let manager = SessionManager::typed(backend, |_| Document::standard());
    let manager = runtime.block_on(manager.start()).unwrap();
    let before = ALLOCATOR.current_usage();
    runtime.block_on(async {
        for player in 0..COUNT {
            let session = manager.start_session_with(player, OnConflict::Fail).await;
            let session = session.unwrap();
            let slot = session.load_slot("Slot1").await.unwrap();
            sessions.push((session, slot));
        }
    });
    let taken = ALLOCATOR.current_usage() - before;
    taken as f64 / COUNT as f64
}

#[test]
fn a_document_takes_little_more_memory_than_its_json_and_a_session_little_more() {
    documents();
    let each = bytes_of_each_session();
    println!("a session takes {each} bytes");
    assert!(each <= 1_530.0, "a session takes {each} bytes");
}

fn documents() {
    let a = serde_json::to_string(&Document::standard()).unwrap();
    assert_eq!(a.len(), 346);
    let of_a = bytes_of_each(&a);
    println!("A takes {of_a} bytes");
    assert!(of_a <= 600.0, "A takes {of_a} bytes");

    // Names that fit into their items, and names that documents share.
    for length in [15, 40] {
        let b = with_items(length);
        let of_b = bytes_of_each(&b);
        let ratio = of_b / b.len() as f64;
        println!("B takes {of_b} bytes, {ratio} times its JSON");
        assert!(ratio <= 1.2, "B takes {of_b} bytes, {ratio} times its JSON");
    }
    assert_eq!(with_items(15).len(), 18_718);

    // Keys and names that no two players share take no more than twice theirs.
    let own = |player: usize| {
        let friends: Vec<_> = (0..300)
            .map(|friend| format!("\"player {player:04} friend {friend:03}\":{friend}"))
            .collect();
        format!("{{\"Friends\":{{{}}}}}", friends.join(","))
    };
    let texts: Vec<_> = (0..200).map(own).collect();
    let before = ALLOCATOR.current_usage();
    let documents: Vec<Document> = texts
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect();
    let taken = ALLOCATOR.current_usage() - before;
    drop(documents);
    let json: usize = texts.iter().map(String::len).sum();
    let ratio = taken as f64 / json as f64;
    assert!(ratio <= 2.2, "keys of its own: {ratio} times their JSON");
}
