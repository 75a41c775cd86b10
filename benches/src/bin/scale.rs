//! Holds many sessions in one process for some minutes, and reports what that
//! costs and what game code notices.
//!
//! `cargo run --release -p playerdata-benches --bin scale -- --store sqlite`

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{Parser, value_parser};
use playerdata_benches::{
    documents::Standard,
    report::{Machine, command, replace_section},
    scale::{Plan, Report, StoreAddress, run},
};
use playerdata_core::Settings;
use tokio::runtime::Builder;

/// Holds many sessions in one process for some minutes, and reports what that
/// costs and what game code notices.
#[derive(Debug, Parser)]
struct Arguments {
    /// sqlite or redis: a store made for it and removed; sqlite:PATH or
    /// redis://HOST:PORT: one that is there, where the players 0 to SESSIONS-1
    /// are played.
    #[arg(long)]
    store: StoreAddress,
    /// How many sessions.
    #[arg(long, default_value = "100000", value_parser = value_parser!(u64).range(1..=1_000_000))]
    sessions: u64,
    /// For how many minutes, after a first cycle.
    #[arg(long, default_value = "3", value_parser = value_parser!(u64).range(1..=60))]
    minutes: u64,
    /// Every how many seconds each document is changed, on average.
    #[arg(long, default_value = "10", value_parser = value_parser!(u64).range(1..=3_600))]
    change_every: u64,
    /// Documents with 300 inventory items (B) instead of the default ones (A).
    #[arg(long)]
    large: bool,
    /// Seconds of an autosave cycle.
    #[arg(long, default_value = "30", value_parser = value_parser!(u64).range(1..=3_600))]
    autosave_interval: u64,
    /// Writes the report as JSON to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Puts the table in the place of the last run's on this store, in this
    /// document.
    #[arg(long, value_name = "FILE")]
    update_docs: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match carry_out(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut text = error.to_string();
            let mut source = error.source();
            while let Some(error) = source {
                text += &format!(": {error}");
                source = error.source();
            }
            eprintln!("scale: {text}");
            ExitCode::FAILURE
        }
    }
}

fn carry_out(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let mut settings = Settings::default();
    settings.autosave_interval = Duration::from_secs(arguments.autosave_interval);
    let plan = Plan {
        place: arguments.store.clone(),
        sessions: arguments.sessions,
        document: if arguments.large {
            Standard::B
        } else {
            Standard::A
        },
        duration: Duration::from_secs(arguments.minutes * 60),
        change_every: Duration::from_secs(arguments.change_every),
        settings,
    };
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(run(&plan))?;
    println!("{}", report.table());
    if let Some(path) = &arguments.json {
        fs::write(path, serde_json::to_vec_pretty(&report)?)?;
    }
    if let Some(path) = &arguments.update_docs {
        update(path, &report)?;
    }
    Ok(())
}

fn update(path: &Path, report: &Report) -> Result<(), Box<dyn Error>> {
    let name = format!("scale {}", report.store);
    let text = fs::read_to_string(path)?;
    let (machine, table) = (Machine::this(), report.table());
    let text = replace_section(&text, &name, &machine, &command("scale"), &table)?;
    Ok(fs::write(path, text)?)
}
