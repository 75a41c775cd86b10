//! A record that expands takes no more memory than a document may have.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use std::{fs, io, path::Path};

use peak_alloc::PeakAlloc;
use playerdata_hostile::{Fate, MAX_DOCUMENT_BYTES, record};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Beside the document: what an error and the input's copy take.
const ROOM_BYTES: usize = 16 * 1024;

/// What the decompressor may take, which allocates for itself; a bomb that was
/// let would take much more.
const DECOMPRESSOR_BYTES: usize = 8 << 20;

/// The inputs that are named as bombs.
fn bombs() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/record");
    let entries = fs::read_dir(folder).unwrap().map(|entry| {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        (name, fs::read(entry.path()).unwrap())
    });
    entries.filter(|(name, _)| name.contains("bomb")).collect()
}

/// The most memory that this process ever had, on systems that report it.
fn most_ever_resident() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

#[test]
fn s5_a_bomb_in_the_corpus_takes_no_more_memory_than_a_document_may() {
    let bombs = bombs();
    assert!(
        bombs.len() >= 3,
        "of known, of unknown size, of a large window"
    );
    let resident_before = most_ever_resident();
    for (name, input) in &bombs {
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage();
        assert_eq!(record(input), Fate::Refused);
        let peak = MEMORY.peak_usage().saturating_sub(before);
        let most = MAX_DOCUMENT_BYTES + input.len() + ROOM_BYTES;
        assert!(
            peak <= most,
            "{name} took {peak} bytes, and may take {most}"
        );
    }
    if let (Some(before), Some(after)) = (resident_before, most_ever_resident()) {
        let grown = after - before;
        assert!(
            grown <= DECOMPRESSOR_BYTES,
            "the process grew by {grown} bytes"
        );
    }
    // They would be bombs, if they were let.
    for (name, input) in &bombs {
        let mut expanded = zstd::stream::Decoder::new(&input[1..]).unwrap();
        expanded.window_log_max(31).unwrap();
        let bytes = io::copy(&mut expanded, &mut io::sink()).unwrap();
        assert!(
            bytes > 100 * MAX_DOCUMENT_BYTES as u64,
            "{name} has {bytes} bytes"
        );
    }
}
