//! The table of mutants in the documentation.

use std::{fmt::Write as _, fs, path::Path};

use crate::flaws::MUTANTS;

const HEADER: &str = "\
# Mutants

A suite is worth what it catches. Each line is a store that is broken in one
place, as real systems were, with the cases that must fail on it. The stores
are in `conformance/tests/mutants`; the tests there break one in each of these
ways and run the cases named. They also run the whole suite on the same store
without a flaw.

This table is generated. To write it anew after a change:

```
PLAYERDATA_WRITE_DOCS=1 cargo test -p playerdata-conformance --test mutants table
```

| what is broken | caught by |
| --- | --- |
";

/// The table as it should be.
fn table() -> String {
    let mut text = HEADER.to_owned();
    for mutant in MUTANTS {
        let cases: Vec<_> = mutant
            .caught_by
            .iter()
            .map(|case| format!("`{case}`"))
            .collect();
        // Writing to a String can't fail.
        let _ = writeln!(text, "| {} | {} |", mutant.what.trim(), cases.join("<br>"));
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

#[test]
fn there_are_at_least_25_mutants_and_none_is_named_twice() {
    let mut flaws: Vec<_> = MUTANTS
        .iter()
        .map(|mutant| format!("{:?}", mutant.flaw))
        .collect();
    assert!(flaws.len() >= 25, "{}", flaws.len());
    flaws.sort();
    flaws.dedup();
    assert_eq!(flaws.len(), MUTANTS.len());
}
