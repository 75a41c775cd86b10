//! The core's folders and files depend on each other in one direction only:
//! what is in `LAYERS` names nothing that stands above it there.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// From what a user holds, at the top, to what everything stands on. To add a
/// module, put it under everything that uses it.
const LAYERS: [&str; 22] = [
    "handle",
    "engine",
    "autosave",
    "state",
    "event",
    "refusal",
    "error",
    "letter",
    "parcel",
    "document_type",
    "backend",
    "schema",
    "codec",
    "settings",
    "document",
    "inventory",
    "value",
    "id",
    "clock",
    "metrics",
    "fetch",
    "excerpt",
];

#[test]
fn every_arrow_between_the_modules_of_the_core_points_down() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let root = code_of(&source.join("lib.rs"));
    let mut exports = exports_of(&root);
    // A macro is exported from the root, whoever has it.
    exports.insert("forward_backend".to_owned(), "backend".to_owned());
    let mut files = Vec::new();
    collect(&source, &mut files);
    let mut wrong = BTreeSet::new();
    let mut arrows = 0;
    for file in files {
        let module = module_of(&source, &file);
        let Some(from) = module.first().cloned() else {
            continue; // lib.rs, which names everything
        };
        for path in paths_in(&code_of(&file), &module) {
            let to = exports.get(&path[0]).unwrap_or(&path[0]);
            if *to == from {
                continue;
            }
            arrows += 1;
            if layer(to) <= layer(&from) {
                let name = file.strip_prefix(&source).expect("it was found there");
                wrong.insert(format!("{} names {}", name.display(), path.join("::")));
            }
        }
    }
    assert!(arrows > 200, "only {arrows} arrows were found");
    assert!(wrong.is_empty(), "arrows that point up: {wrong:#?}");
}

fn layer(module: &str) -> usize {
    let at = LAYERS.iter().position(|layer| *layer == module);
    at.unwrap_or_else(|| panic!("{module} has no place in LAYERS"))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The path of a file's module, from the root of the crate.
fn module_of(source: &Path, file: &Path) -> Vec<String> {
    let path = file.strip_prefix(source).unwrap().with_extension("");
    let parts = path.iter().map(|part| part.to_str().unwrap().to_owned());
    parts
        .filter(|part| part != "mod" && part != "lib")
        .collect()
}

/// A file's text without its comments.
fn code_of(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let lines = text.lines();
    let code = lines.map(|line| line.split_once("//").map_or(line, |(code, _)| code));
    code.collect::<Vec<_>>().join("\n")
}

/// Which module each name that the root re-exports comes from.
fn exports_of(root: &str) -> BTreeMap<String, String> {
    let uses = uses_in(root).into_iter();
    let exported = uses.filter_map(|path| Some((path.last()?.clone(), path.first()?.clone())));
    exported.collect()
}

/// Every path into another module that code names, from the root of the crate.
fn paths_in(code: &str, module: &[String]) -> Vec<Vec<String>> {
    let (own, tests) = code.split_once("\nmod tests {").unwrap_or((code, ""));
    let mut in_tests = module.to_vec();
    in_tests.push("tests".to_owned());
    let mut paths = Vec::new();
    for (code, module) in [(own, module), (tests, &in_tests[..])] {
        let named = uses_in(code).into_iter().chain(named_in(code));
        paths.extend(named.filter_map(|path| from_root(&path, module)));
    }
    paths
}

/// A path as seen from the root; `None` if it leads to another crate or stays
/// in its own module.
fn from_root(path: &[String], module: &[String]) -> Option<Vec<String>> {
    let ups = path.iter().take_while(|part| *part == "super").count();
    let path = match path.first()?.as_str() {
        "crate" => path[1..].to_vec(),
        "super" => {
            let above = module.len().checked_sub(ups).expect("no module is above");
            [&module[..above], &path[ups..]].concat()
        }
        _ => return None,
    };
    path.first()?;
    Some(path)
}

/// The paths of all `use` declarations, one for each name.
fn uses_in(code: &str) -> Vec<Vec<String>> {
    let mut uses = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find("use ") {
        let is_word = rest[..at].chars().next_back().is_none_or(|c| !is_name(c));
        rest = &rest[at + "use ".len()..];
        let Some(end) = rest.find(';').filter(|_| is_word) else {
            continue;
        };
        flatten(&rest[..end], &mut Vec::new(), &mut uses);
    }
    uses
}

/// Splits a tree such as `a::{b, c::d}` into its paths.
fn flatten(tree: &str, prefix: &mut Vec<String>, uses: &mut Vec<Vec<String>>) {
    let tree = tree.trim();
    let depth = prefix.len();
    let (path, group) = match tree.split_once('{') {
        Some((path, group)) => (path, group.rsplit_once('}').map(|(group, _)| group)),
        None => (tree, None),
    };
    let path = path.split(" as ").next().unwrap_or_default();
    let names = path.split("::").map(str::trim);
    prefix.extend(names.filter(|name| !name.is_empty()).map(str::to_owned));
    match group {
        Some(group) => branches(group).for_each(|branch| flatten(branch, prefix, uses)),
        None if prefix.len() > depth => uses.push(prefix.clone()),
        None => {}
    }
    prefix.truncate(depth);
}

/// The parts of a group, at the commas outside of inner groups.
fn branches(group: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    group.split(move |c| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    })
}

/// Paths that are written out in code: `crate::…` and `super::super::…`.
fn named_in(code: &str) -> Vec<Vec<String>> {
    let words = code.split(|c| !is_name(c) && c != ':');
    let words = words.map(|word| word.trim_end_matches(':'));
    let paths = words.filter(|word| word.starts_with("crate::") || word.starts_with("super::"));
    paths
        .map(|path| path.split("::").map(str::to_owned).collect())
        .collect()
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
