//! Runs simulations until one fails.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    ops::Range,
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
};

use clap::{ArgGroup, Parser};
use playerdata_simulation::{Failure, Report, Simulation, run_seeds};

/// After how many seeds progress is reported.
const TELL_EVERY: u64 = 100;

/// Tries to make playerdata lose data, and stops when it did.
#[derive(Debug, Parser)]
#[command(group(ArgGroup::new("which").required(true)))]
struct Arguments {
    /// The seeds to run, such as 0..500.
    #[arg(long, value_name = "A..B", value_parser = range, group = "which")]
    seeds: Option<Range<u64>>,
    /// One seed, to replay it: prints its whole history.
    #[arg(long, group = "which")]
    seed: Option<u64>,
    /// Every seed from 0 on, until one fails.
    #[arg(long, group = "which")]
    forever: bool,
    /// On a store whose operations take several steps.
    #[arg(long)]
    in_steps: bool,
}

fn range(text: &str) -> Result<Range<u64>, String> {
    let (from, to) = text.split_once("..").ok_or("write it as A..B")?;
    let number = |text: &str| text.parse().map_err(|error| format!("{text:?}: {error}"));
    let range = number(from)?..number(to)?;
    if range.is_empty() {
        return Err("it has no seeds in it".to_owned());
    }
    Ok(range)
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let simulation = |seed| match arguments.in_steps {
        true => Simulation::new(seed).in_steps(None),
        false => Simulation::new(seed),
    };
    let result = match arguments.seed {
        Some(seed) => simulation(seed).run().map(|report| {
            say(&report.history.join("\n"));
            say(&format!("seed {seed}: no rule was broken"));
        }),
        None => run_all(arguments.seeds.unwrap_or(0..u64::MAX), simulation),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&told(&failure, arguments.in_steps));
            ExitCode::FAILURE
        }
    }
}

fn run_all(
    seeds: Range<u64>,
    simulation: impl Fn(u64) -> Simulation + Sync,
) -> Result<(), Failure> {
    let (passed, steps) = (AtomicU64::new(0), AtomicU64::new(0));
    run_seeds(seeds, simulation, |report: &Report| {
        let steps = steps.fetch_add(report.history.len() as u64, Ordering::Relaxed);
        let passed = passed.fetch_add(1, Ordering::Relaxed) + 1;
        if passed.is_multiple_of(TELL_EVERY) {
            say(&format!("{passed} seeds passed, {steps} steps"));
        }
    })?;
    say(&format!(
        "{} seeds passed, {} steps: no rule was broken",
        passed.into_inner(),
        steps.into_inner()
    ));
    Ok(())
}

fn told(failure: &Failure, in_steps: bool) -> String {
    let mut text = failure.history.join("\n");
    // Writing to a string does not fail.
    let _ = write!(
        text,
        "\n\n{failure}\n\nreplay: cargo run --release -p playerdata-simulation -- --seed {}{}",
        failure.seed,
        if in_steps { " --in-steps" } else { "" }
    );
    text
}

/// A closed pipe is not a reason to panic.
fn say(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}
