//! The page and the dashboard for those on call name the figures that there are.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use std::{collections::BTreeSet, fs, path::Path};

use playerdata_core::METRICS;

fn read(name: &str) -> String {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    fs::read_to_string(docs.join(name)).unwrap()
}

/// Every word of a text that begins like a figure's name.
fn names_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let names = words.filter(|word| word.starts_with("playerdata_"));
    names.map(str::to_owned).collect()
}

#[test]
fn the_page_describes_each_figure_as_the_code_does() {
    let page = read("monitoring.md");
    for metric in METRICS {
        let labels: Vec<_> = metric
            .labels
            .iter()
            .map(|label| format!("`{label}`"))
            .collect();
        let labels = match labels.join(", ") {
            none if none.is_empty() => String::new(),
            some => format!("{some} "),
        };
        let row = format!(
            "| `{}` | {} | {labels}| {} |",
            metric.name, metric.kind, metric.meaning
        );
        assert!(page.contains(&row), "no row {row}");
    }
    let known: BTreeSet<_> = METRICS
        .iter()
        .map(|metric| metric.name.to_owned())
        .collect();
    let crates = |name: &String| name != "playerdata_core";
    let named: BTreeSet<_> = names_in(&page).into_iter().filter(crates).collect();
    assert_eq!(named, known);
}

#[test]
fn the_dashboard_shows_every_figure_and_no_other() {
    let dashboard: serde_json::Value =
        serde_json::from_str(&read("grafana-dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().unwrap());
    let expressions: Vec<_> = targets
        .map(|target| target["expr"].as_str().unwrap())
        .collect();
    let shown: BTreeSet<_> = names_in(&expressions.join(" "))
        .into_iter()
        .map(|name| {
            let parts = ["_bucket", "_count", "_sum"];
            let of_histogram = parts.iter().find_map(|part| name.strip_suffix(part));
            of_histogram.map(str::to_owned).unwrap_or(name)
        })
        .collect();
    let known: BTreeSet<_> = METRICS
        .iter()
        .map(|metric| metric.name.to_owned())
        .collect();
    assert_eq!(shown, known);
}
