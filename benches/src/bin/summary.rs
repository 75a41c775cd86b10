//! Measures what each save, cycle and session costs, and prints it as a table.
//!
//! `cargo run --release -p playerdata-benches --bin summary`
#![forbid(unsafe_code)]

use std::{fs, path::PathBuf, process::ExitCode};

use clap::Parser;
use peak_alloc::PeakAlloc;
use playerdata_benches::{
    documents::Standard,
    report::{self, Row},
    row,
};
use tokio::runtime::Builder;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Measures what playerdata costs beside the best that each store can do.
#[derive(Debug, Parser)]
struct Arguments {
    /// Also measures 1 000 000 sessions, which takes minutes and 8 GB.
    #[arg(long)]
    full: bool,
    /// Writes the rows as JSON to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Measures only rows of this subject: autosave, memory, sqlite, size.
    #[arg(long, value_name = "SUBJECT")]
    only: Option<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let rows = measure(&arguments);
    println!("{}", report::table(&rows));
    if let Some(path) = &arguments.json {
        let json = serde_json::to_vec_pretty(&rows).expect("rows are plain data");
        if let Err(error) = fs::write(path, json) {
            eprintln!("could not write {}: {error}", path.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn measure(arguments: &Arguments) -> Vec<Row> {
    let runtime = Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("the system has room for a runtime");
    let wanted = |subject: &str| {
        let wanted = arguments.only.as_deref().is_none_or(|only| only == subject);
        if wanted {
            eprintln!("measuring: {subject}");
        }
        wanted
    };
    let mut rows = Vec::new();
    if wanted("autosave") {
        let million = arguments.full.then_some(1_000_000);
        for sessions in [1_000, 10_000, 100_000].into_iter().chain(million) {
            rows.extend(row::autosave::rows(Standard::A, sessions));
        }
        rows.extend(row::autosave::rows(Standard::B, 10_000));
    }
    if wanted("sqlite") {
        rows.extend(row::sqlite::rows(&runtime, Standard::A, false));
        rows.extend(row::sqlite::rows(&runtime, Standard::B, true));
        rows.extend(row::sqlite::rows(&runtime, Standard::B, false));
    }
    if wanted("memory") {
        rows.push(row::memory::row(&runtime, Standard::A));
        rows.push(row::memory::row(&runtime, Standard::B));
    }
    if wanted("size") {
        rows.push(row::size::row(&runtime, &ALLOCATOR, 100_000));
    }
    rows
}
