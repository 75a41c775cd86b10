//! A file has one subject, and says so by being short.

use std::fs;

use playerdata_policy::files_ending_in;

const MAX_LINES: usize = 400;

#[test]
fn no_source_file_is_longer_than_400_lines() {
    let files = files_ending_in(".rs").unwrap();
    assert!(files.len() > 50, "the sources were not found");
    let too_long: Vec<_> = files
        .iter()
        .map(|file| (fs::read_to_string(file).unwrap().lines().count(), file))
        .filter(|(lines, _)| *lines > MAX_LINES)
        .collect();
    assert!(too_long.is_empty(), "{too_long:#?}");
}

#[test]
fn every_crate_forbids_unsafe_code_and_asks_for_docs() {
    let sources = files_ending_in("lib.rs").unwrap();
    let roots = sources.iter().filter(|file| file.ends_with("src/lib.rs"));
    for file in roots {
        let text = fs::read_to_string(file).unwrap();
        assert!(
            text.contains("#![forbid(unsafe_code)]"),
            "{}",
            file.display()
        );
        assert!(
            text.contains("#![warn(missing_docs)]"),
            "{}",
            file.display()
        );
    }
}
