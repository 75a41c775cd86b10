//! Rules of this repository that tests can check. The tests are the crate;
//! here is what they share.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The top folder of the repository.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every file with this ending below the repository's top folder, build
/// output and hidden folders left out, sorted.
///
/// # Errors
///
/// What reading the folders says.
pub fn files_ending_in(ending: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![repository()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if entry.file_type()?.is_dir() {
                if !name.starts_with('.') && name != "target" {
                    folders.push(entry.path());
                }
            } else if name.ends_with(ending) {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}
