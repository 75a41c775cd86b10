//! The list of cases is complete, and every case says what it is for.

use std::{collections::BTreeMap, fs, path::Path};

use playerdata_conformance::all_cases;

/// How a case begins in the source.
const CASE: &str = "pub async fn ";

/// The cases in the source, with what is written above each.
fn cases_in_the_source() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cases");
    let mut found = BTreeMap::new();
    collect(&folder, &mut found);
    found
}

fn collect(folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be listed").path();
        if path.is_dir() {
            collect(&path, found);
            continue;
        }
        let subject = path
            .file_stem()
            .expect("a file has a name")
            .to_string_lossy();
        let text = fs::read_to_string(&path).expect("source is text");
        let mut docs = String::new();
        for line in text.lines() {
            if let Some(doc) = line.strip_prefix("///") {
                docs.push_str(doc);
            } else if let Some(signature) = line.strip_prefix(CASE) {
                let (name, arguments) = signature.split_once('(').expect("arguments");
                assert_eq!(
                    arguments, "fixture: Fixture) {",
                    "{subject}::{name} is public, so it has to be a case"
                );
                found.insert(format!("{subject}::{name}"), std::mem::take(&mut docs));
            } else {
                docs.clear();
            }
        }
    }
}

#[test]
fn every_case_is_listed_exactly_once() {
    let mut listed: Vec<_> = all_cases().map(ToString::to_string).collect();
    listed.sort();
    let found: Vec<_> = cases_in_the_source().into_keys().collect();
    assert_eq!(listed, found);
}

#[test]
fn the_readme_says_how_many_cases_there_are() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(readme).expect("the repository has a README");
    let every_store = all_cases().filter(|case| case.group.is_none());
    let managed = every_store
        .clone()
        .filter(|case| case.subject.starts_with("manager_"))
        .count();
    let (every_store, all) = (every_store.count(), all_cases().count());
    let sentence = format!(
        "{every_store} cases for every store, {managed} of them with a session manager on top, \
         and {} more",
        all - every_store
    );
    assert!(
        readme.contains(&sentence),
        "README.md should say: {sentence}"
    );
}

#[test]
fn every_case_says_what_it_proves_and_what_failing_it_does_to_players() {
    for (case, docs) in cases_in_the_source() {
        assert!(docs.contains("Proves "), "{case} names no rule: {docs}");
        assert!(
            docs.contains("A backend that fails it "),
            "{case} does not say what failing it does: {docs}"
        );
    }
}
