//! What this workspace depends on: under which licences, and in how many
//! versions. Works offline, on what `Cargo.lock` has.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{CargoOpt, Metadata, MetadataCommand};
use playerdata_policy::repository;
use spdx::{Expression, LicenseReq};

/// Licences that a game may ship code under without asking a lawyer first.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages that are there in several versions because others ask for them.
/// One that is no longer is taken off the list, or the test fails.
const DUPLICATES: &str = include_str!("../duplicates.txt");

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(repository().join("Cargo.toml"))
        .features(CargoOpt::AllFeatures)
        .other_options(["--offline".to_owned(), "--locked".to_owned()])
        .exec()
        .expect("the lock file is complete and what it names was fetched")
}

fn is_allowed(licence: &LicenseReq) -> bool {
    let id = licence.license.id();
    id.is_some_and(|id| ALLOWED.contains(&id.name))
}

#[test]
fn every_dependency_has_a_licence_that_is_allowed() {
    let metadata = metadata();
    assert!(
        metadata.packages.len() > 50,
        "the dependencies were not found"
    );
    let refused: Vec<_> = metadata
        .packages
        .iter()
        .filter(|package| {
            let licence = package.license.as_deref().unwrap_or("none");
            let expression = Expression::parse_mode(licence, spdx::ParseMode::LAX);
            !expression.is_ok_and(|expression| expression.evaluate(is_allowed))
        })
        .map(|package| {
            format!(
                "{} {}: {:?}",
                package.name, package.version, package.license
            )
        })
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn packages_in_several_versions_are_those_that_are_known() {
    let metadata = metadata();
    let mut versions: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for package in &metadata.packages {
        versions
            .entry(package.name.to_string())
            .or_default()
            .insert(package.version.to_string());
    }
    let several = versions
        .into_iter()
        .filter(|(_, versions)| versions.len() > 1);
    let found: BTreeSet<_> = several.map(|(name, _)| name).collect();
    let known: BTreeSet<_> = DUPLICATES
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect();
    let new: Vec<_> = found.difference(&known).collect();
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(
        new.is_empty(),
        "packages that came in a second version: {new:?}"
    );
    assert!(
        gone.is_empty(),
        "no longer in several versions, take them off the list: {gone:?}"
    );
}
