//! `docs/invariants.md` is true: every rule has a row with tests, and every
//! test named there exists, and so do the code's files and functions.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

/// The rules that there are of each kind.
const RULES: [(char, RangeInclusive<usize>); 11] = [
    ('L', 1..=10),
    ('S', 1..=13),
    ('V', 1..=7),
    ('A', 1..=10),
    ('I', 1..=5),
    ('E', 1..=14),
    ('X', 1..=3),
    ('M', 1..=6),
    ('P', 1..=6),
    ('H', 1..=5),
    ('F', 1..=29),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The tests that each row names, by rule.
fn rows() -> Vec<(String, Vec<String>)> {
    let page = fs::read_to_string(root().join("docs/invariants.md")).unwrap();
    let is_rule = |cell: &str| {
        cell.chars().next().is_some_and(char::is_uppercase) && cell[1..].parse::<usize>().is_ok()
    };
    page.lines()
        .filter_map(|line| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            let [_, rule, _, tests, _, _] = cells[..] else {
                return None;
            };
            let tests = tests
                .split(", ")
                .map(|test| test.trim_matches('`').to_owned());
            is_rule(rule).then(|| (rule.to_owned(), tests.collect()))
        })
        .collect()
}

/// The functions of all sources, by the name of their file.
fn functions() -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::<_, BTreeSet<_>>::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                if name != "target" && !name.is_empty() && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let names = text.split("fn ").skip(1);
                let names = names.filter_map(|rest| Some(rest.split_once('(')?.0.to_owned()));
                found.entry(name).or_default().extend(names);
            }
        }
    }
    found
}

#[test]
fn every_rule_has_one_row() {
    let rules: Vec<_> = rows().into_iter().map(|(rule, _)| rule).collect();
    let expected: Vec<_> = RULES
        .iter()
        .flat_map(|(kind, rules)| rules.clone().map(move |number| format!("{kind}{number}")))
        .collect();
    assert_eq!(rules, expected);
}

#[test]
fn every_test_that_a_rule_names_exists() {
    let functions = functions();
    let mut missing = Vec::new();
    for (rule, tests) in rows() {
        assert!(!tests.is_empty(), "{rule} has no test");
        for test in tests {
            let known = test.split_once("::").is_some_and(|(file, name)| {
                functions
                    .get(file)
                    .is_some_and(|names| names.contains(name))
            });
            if !known {
                missing.push(format!("{rule}: {test:?}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// The words in backticks of a row's last column, by rule, without what is said
/// of the backends.
fn code_cells() -> Vec<(String, Vec<String>)> {
    let page = fs::read_to_string(root().join("docs/invariants.md")).unwrap();
    let rules: BTreeSet<_> = rows().into_iter().map(|(rule, _)| rule).collect();
    let cells = page.lines().filter_map(|line| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let rule = cells.get(1).filter(|rule| rules.contains(**rule))?;
        let code = cells.get(4).filter(|_| !rule.starts_with('F'))?;
        let of_core = code
            .split("; ")
            .filter(|part| !part.starts_with("backends"));
        let words = of_core.flat_map(|part| part.split('`').skip(1).step_by(2));
        Some(((*rule).to_owned(), words.map(str::to_owned).collect()))
    });
    cells.collect()
}

#[test]
fn all_code_that_a_rule_names_exists() {
    let source = root().join("core/src");
    let mut missing = Vec::new();
    for (rule, words) in code_cells() {
        let (paths, names): (Vec<_>, Vec<_>) = words
            .into_iter()
            .partition(|word| source.join(word).exists() || word.ends_with(".rs"));
        let mut text = String::new();
        for path in paths {
            let path = source.join(path);
            if path.is_file() {
                text += &fs::read_to_string(&path).unwrap();
            } else if !path.is_dir() {
                missing.push(format!("{rule}: {}", path.display()));
            }
        }
        let items = ["fn ", "struct ", "enum ", "impl "];
        let is_there = |name: &String| {
            items
                .iter()
                .any(|kind| text.contains(&format!("{kind}{name}")))
        };
        let lost = names.iter().filter(|name| !is_there(name));
        missing.extend(lost.map(|name| format!("{rule}: {name}")));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
