//! The table of mutants in the documentation.

use std::{collections::HashSet, fmt::Write as _, fs, path::Path};

use playerdata_conformance::all_cases;

use crate::all_mutants;

const HEADER: &str = "\
# Mutants

A suite is worth what it catches. Each line is a store that is broken in one
place, as real systems were, with the cases that must fail on it. The stores
are in `conformance/tests/mutants`; the tests there break one in each of these
ways and run the cases named. They also run the whole suite on the same stores
without a flaw, and require that every case catches something.

There are three stores: a plain one in memory; one in SQL, with several
connections to a file of SQLite, whose statements lack a condition or stand
where there has to be a transaction; and one whose operations take several
steps, in any of which it can fall asleep.

This table is generated. To write it again after a change:

```sh
PLAYERDATA_WRITE_DOCS=1 cargo test -p playerdata-conformance --test mutants table
```

| what is broken | store | caught by |
| --- | --- | --- |
";

/// The table as it should be.
fn table() -> String {
    let mut text = HEADER.to_owned();
    for mutant in all_mutants() {
        let cases: Vec<_> = mutant
            .caught_by
            .iter()
            .map(|case| format!("`{case}`"))
            .collect();
        // Writing to a String can't fail.
        let (what, form) = (mutant.what.trim(), mutant.form);
        let _ = writeln!(text, "| {what} | {form} | {} |", cases.join("<br>"));
    }
    text
}

#[test]
fn the_table_in_the_documentation_is_what_the_tests_prove() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/mutants.md");
    if std::env::var_os("PLAYERDATA_WRITE_DOCS").is_some() {
        fs::write(&path, table()).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap();
    assert!(
        found == table(),
        "docs/mutants.md is out of date: write it with PLAYERDATA_WRITE_DOCS=1"
    );
}

/// A case that notices nothing proves nothing.
#[test]
fn every_case_catches_a_mutant() {
    let mutants = all_mutants();
    let catching: HashSet<_> = mutants.iter().flat_map(|mutant| mutant.caught_by).collect();
    let idle: Vec<_> = all_cases()
        .map(ToString::to_string)
        .filter(|case| !catching.contains(&case.as_str()))
        .collect();
    assert!(idle.is_empty(), "without a mutant: {idle:#?}");
}
