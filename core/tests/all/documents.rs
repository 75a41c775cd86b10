//! The documents of the repository link to what is there, and name files that
//! there are.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use std::{
    fs,
    path::{Path, PathBuf},
};

const FOLDERS: [&str; 5] = ["", "docs", "benches", "cli", "playerdata"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Each document with its folder.
fn documents() -> Vec<(PathBuf, PathBuf)> {
    let in_folder = |folder: &str| {
        let folder = root().join(folder);
        let entries = fs::read_dir(&folder).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let documents = paths.filter(|path| path.extension().is_some_and(|it| it == "md"));
        documents
            .map(|path| (folder.clone(), path))
            .collect::<Vec<_>>()
    };
    FOLDERS.iter().copied().flat_map(in_folder).collect()
}

/// What links lead to, without other sites and places on a page.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1);
    let targets = targets.filter_map(|rest| rest.split([')', ' ', '\n']).next());
    let files = targets.filter_map(|target| target.split('#').next());
    files.filter(|file| !file.is_empty() && !file.contains(':'))
}

/// What looks like a path from the root, in backticks.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let is_path = |word: &&str| {
        let first = word.split_once('/').map(|(first, _)| first);
        first.is_some_and(|first| !first.is_empty() && root().join(first).is_dir())
            && !word.contains(['*', '<', '$', ' '])
    };
    text.split('`').skip(1).step_by(2).filter(is_path)
}

#[test]
fn every_file_that_a_document_names_exists() {
    let mut missing = Vec::new();
    for (folder, document) in documents() {
        let text = fs::read_to_string(&document).unwrap();
        let linked = links(&text).map(|file| folder.join(file));
        let named = paths(&text).map(|path| root().join(path));
        let lost = linked.chain(named).filter(|path| !path.exists());
        missing.extend(lost.map(|path| (document.clone(), path)));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
