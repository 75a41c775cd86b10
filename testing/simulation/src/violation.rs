//! Which rules are checked, and what a failed check says.

use playerdata_conformance::Rule;
use thiserror::Error;

/// The rules that a run is checked against, unless it is told otherwise.
pub const RULES: &[Rule] = &[
    Rule::L1,
    Rule::L2,
    Rule::L3,
    Rule::L4,
    Rule::L5,
    Rule::L6,
    Rule::L7,
    Rule::L8,
    Rule::L9,
    Rule::L10,
    Rule::S1,
    Rule::S2,
    Rule::S3,
    Rule::S4,
    Rule::S5,
    Rule::S6,
    Rule::A9,
    Rule::X1,
    Rule::X2,
    Rule::X3,
    Rule::M1,
    Rule::M2,
    Rule::M3,
    Rule::P2,
    Rule::P3,
    Rule::P4,
    Rule::H1,
    Rule::H4,
    Rule::H5,
    Rule::Kept,
    Rule::NoPanic,
    Rule::Notices,
    Rule::OneWriter,
    Rule::Recovered,
];

/// A rule that was seen broken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("step {step}: {rule:?} broken: {what}")]
#[non_exhaustive]
pub struct Violation {
    /// The entry of the history at which it was seen.
    pub step: usize,
    /// The rule.
    pub rule: Rule,
    /// What was seen.
    pub what: String,
}
