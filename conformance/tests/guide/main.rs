//! What `docs/writing-a-backend.md` says holds: the order in which to build a
//! backend, what a failure looks like, and the code that it shows.

mod excerpts;
mod failure;
mod half;
mod order;

use std::{fs, path::PathBuf};

/// The folder of documents.
fn docs() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "docs"].iter().collect()
}

fn guide() -> String {
    fs::read_to_string(docs().join("writing-a-backend.md")).expect("the guide is there")
}
