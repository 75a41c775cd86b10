//! Everything in the corpus still ends as the name of its file says.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use std::{collections::BTreeSet, fs, path::PathBuf};

use playerdata_hostile::TARGETS;

/// The most that a file of the corpus may have: it is kept for ever.
const MAX_FILE_BYTES: u64 = 128 * 1024;

fn corpus() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

#[test]
fn every_input_of_the_corpus_is_taken_or_refused_as_its_name_says() {
    for (target, run) in TARGETS {
        let mut seen = BTreeSet::new();
        for entry in fs::read_dir(corpus().join(target)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            assert!(
                entry.metadata().unwrap().len() <= MAX_FILE_BYTES,
                "{target}/{name}"
            );
            let fate = run(&fs::read(entry.path()).unwrap()).to_string();
            let expected = name.split('-').next().unwrap();
            assert_eq!(fate, expected, "{target}/{name}");
            seen.insert(fate);
        }
        assert_eq!(seen.len(), 2, "{target} has inputs of both kinds");
    }
}

#[test]
fn every_target_of_the_corpus_is_fuzzed_too() {
    let names = |folder: PathBuf| -> BTreeSet<String> {
        let entries = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        entries
            .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
            .collect()
    };
    let tested: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(corpus()), tested);
    assert_eq!(names(corpus().join("../targets/bin")), tested);
}
