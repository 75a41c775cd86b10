//! A row of the summary, and how rows are shown.

mod machine;
mod plot;
mod table;

use serde::Serialize;

pub use machine::Machine;
pub use plot::{PlotError, plot};
pub use table::{DocsError, amount, command, figure, replace_section, table, thousands};

use crate::timing::median;

/// One measurement beside its limit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What was measured.
    pub what: String,
    /// What it was compared with.
    pub against: String,
    /// The outcome.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What the ratio is meant to be; `None` for a row that only informs.
    pub aim: Option<Aim>,
    /// Whether it is that.
    pub judgement: Judgement,
}

/// The outcome of a measurement.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Figures.
    Measured(Figures),
    /// Nothing, for lack of something that it needs.
    NotMeasured {
        /// What that is.
        why: String,
    },
}

/// Medians of several rounds within one run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// What ours and the limit are in.
    pub unit: Unit,
    /// Ours.
    pub ours: f64,
    /// The limit.
    pub limit: f64,
    /// How ours relates to the limit; larger is better. The median of each
    /// round's, not the ratio of the medians.
    pub ratio: f64,
    /// The worst round's.
    pub lowest: f64,
    /// The best round's.
    pub highest: f64,
}

/// What a figure is in. The smaller, the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Nanoseconds.
    Nanos,
    /// Bytes of memory.
    Bytes,
    /// DynamoDB's write units.
    WriteUnits,
    /// Writes to a store.
    Writes,
}

/// What a ratio is meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    /// That or more.
    AtLeast(f64),
    /// Just that.
    Exactly(f64),
}

impl Aim {
    /// The figure in it.
    #[must_use]
    pub fn figure(self) -> f64 {
        match self {
            Self::AtLeast(figure) | Self::Exactly(figure) => figure,
        }
    }

    fn is_met_by(self, ratio: f64) -> bool {
        match self {
            Self::AtLeast(least) => ratio >= least,
            // Charges are whole units: what differs at all differs by more.
            Self::Exactly(wanted) => (ratio - wanted).abs() < 1e-9,
        }
    }
}

/// Whether a row is what it is meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// It is.
    Met,
    /// It is not.
    Missed,
    /// It is not known.
    NotMeasured,
    /// It only informs.
    NoAim,
}

impl Row {
    /// A row of pairs of ours and the limit, one pair a round.
    ///
    /// # Panics
    ///
    /// If there are none, or not as many of each.
    #[must_use]
    pub fn measured(
        what: String,
        against: &str,
        unit: Unit,
        [ours, limits]: [&[f64]; 2],
        aim: Option<Aim>,
    ) -> Self {
        assert_eq!(ours.len(), limits.len(), "one pair a round");
        let pairs = ours.iter().zip(limits);
        let ratios: Vec<_> = pairs.map(|(ours, limit)| limit / ours).collect();
        let ratio = median(ratios.clone());
        let judgement = match aim {
            None => Judgement::NoAim,
            Some(aim) if aim.is_met_by(ratio) => Judgement::Met,
            Some(_) => Judgement::Missed,
        };
        let figures = Figures {
            unit,
            ours: median(ours.to_vec()),
            limit: median(limits.to_vec()),
            ratio,
            lowest: ratios.iter().copied().fold(f64::INFINITY, f64::min),
            highest: ratios.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        };
        Self {
            what,
            against: against.to_owned(),
            outcome: Outcome::Measured(figures),
            aim,
            judgement,
        }
    }

    /// A row that could not be measured.
    #[must_use]
    pub fn not_measured(what: String, against: &str, why: String, aim: Option<Aim>) -> Self {
        Self {
            what,
            against: against.to_owned(),
            outcome: Outcome::NotMeasured { why },
            aim,
            judgement: Judgement::NotMeasured,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(ours: &[f64], limits: &[f64], aim: Aim) -> Row {
        let what = "what".to_owned();
        Row::measured(what, "against", Unit::Nanos, [ours, limits], Some(aim))
    }

    #[test]
    fn a_ratio_is_the_median_of_each_rounds_and_not_of_the_medians() {
        // A machine that is slow for a while is slow for both.
        let row = row(&[1.0, 10.0, 100.0], &[2.0, 20.0, 50.0], Aim::AtLeast(2.0));
        let Outcome::Measured(figures) = row.outcome else {
            panic!("{row:?}");
        };
        assert_eq!((figures.ours, figures.limit), (10.0, 20.0));
        assert_eq!(
            (figures.lowest, figures.ratio, figures.highest),
            (0.5, 2.0, 2.0)
        );
        assert_eq!(row.judgement, Judgement::Met);
    }

    #[test]
    fn an_exact_aim_is_missed_on_either_side() {
        let judgement = |ours, limit| row(&[ours], &[limit], Aim::Exactly(1.0)).judgement;
        assert_eq!(judgement(3.0, 3.0), Judgement::Met);
        assert_eq!(judgement(4.0, 3.0), Judgement::Missed);
        assert_eq!(judgement(3.0, 4.0), Judgement::Missed);
    }
}
