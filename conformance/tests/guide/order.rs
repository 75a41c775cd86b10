//! The order in which the guide builds a backend, and which cases go green
//! with each step.

use std::{collections::BTreeMap, fmt::Write as _, fs};

use playerdata_conformance::{Case, all_cases};

use crate::{
    docs, guide,
    half::{Half, failure},
};

/// Steps of the guide, each with the methods that it builds.
const STEPS: &[(&str, &[&str])] = &[
    ("the lock", &["acquire", "release", "holder"]),
    ("the slots", &["open", "save", "delete"]),
    ("what is seen", &["view", "list"]),
    ("the end of all", &["erase"]),
    ("the lease", &["renew_lease", "drop_lease", "lease_is_live"]),
    ("notices", &["notify"]),
    (
        "mail",
        &["post", "letters", "discard", "settle", "known_letters"],
    ),
    ("verdicts", &["decide", "forget_decision"]),
    ("versions", &["keep_version", "versions", "version"]),
    ("the listing of players", &["players"]),
];

const HEADER: &str = "\
| step | methods | subjects that turn green |
| --- | --- | --- |
";

/// Subjects whose cases need, of the methods that they call last, one or
/// another as the race goes. How many of them are green is a matter of luck,
/// until all are.
const RACES: [&str; 4] = ["races", "save_races", "pairs", "cancelled"];

/// How many of the cases are in each subject.
fn by_subject(cases: &[&Case]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for case in cases {
        *counts.entry(case.subject).or_default() += 1;
    }
    counts
}

/// The subjects that have fewer red cases than they had, those without any
/// first.
fn greener(
    all: &BTreeMap<&'static str, usize>,
    were_red: &BTreeMap<&'static str, usize>,
    red: &BTreeMap<&'static str, usize>,
) -> String {
    let mut done = Vec::new();
    let mut begun = Vec::new();
    for (subject, were_red) in were_red {
        match red.get(subject) {
            None => done.push(format!("**`{subject}`**")),
            Some(red) if red < were_red && !RACES.contains(subject) => {
                let cases = all[subject];
                begun.push(format!("`{subject}` ({} of {cases})", cases - red));
            }
            Some(_) => {}
        }
    }
    done.append(&mut begun);
    done.join(", ")
}

/// The table as it should be: every case is run at every step until it passes.
fn table() -> String {
    let mut built = Vec::new();
    // Those with a session manager on top need all methods, and come last.
    let managed = |case: &&Case| case.subject.starts_with("manager_");
    // What the store in memory is: these groups are about others.
    let own = |case: &&Case| matches!(case.group, None | Some("durable" | "checked_base"));
    let all = all_cases().filter(own).filter(|case| !managed(case));
    let all: Vec<_> = all.collect();
    let mut red = all.clone();
    let mut text = HEADER.to_owned();
    for (number, (what, methods)) in STEPS.iter().enumerate() {
        built.extend_from_slice(methods);
        let were_red = by_subject(&red);
        red.retain(|case| failure(case, |clock| Half::new(clock, built.clone())).is_some());
        let greener = greener(&by_subject(&all), &were_red, &by_subject(&red));
        let methods: Vec<_> = methods.iter().map(|name| format!("`{name}`")).collect();
        // Writing to a String can't fail.
        let _ = writeln!(
            text,
            "| {}. {what} | {} | {greener} |",
            number + 1,
            methods.join(", ")
        );
    }
    assert!(red.is_empty(), "red when all is built: {red:?}");
    text
}

#[test]
fn each_step_of_the_guide_turns_the_subjects_green_that_it_says() {
    let (guide, table) = (guide(), table());
    if std::env::var_os("PLAYERDATA_WRITE_DOCS").is_some() {
        let begin = guide.find(HEADER).expect("the guide has the table");
        let end = guide[begin..]
            .find("\n\n")
            .map_or(guide.len(), |end| begin + end + 1);
        let written = format!("{}{table}{}", &guide[..begin], &guide[end..]);
        fs::write(docs().join("writing-a-backend.md"), written).expect("the guide can be written");
        return;
    }
    assert!(
        guide.contains(&table),
        "docs/writing-a-backend.md is out of date: write it with PLAYERDATA_WRITE_DOCS=1\n{table}"
    );
}
