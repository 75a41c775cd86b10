//! Measures what each save, cycle and session costs, and prints it as a table.
//!
//! `cargo run --release -p playerdata-benches --bin summary`

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Parser;
use peak_alloc::PeakAlloc;
use playerdata_benches::{
    measure::{Extent, Subject, measure},
    report::{self, DocsError, Machine, PlotError, Row},
    timing::Stopwatch,
};
use serde::Serialize;
use thiserror::Error;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Measures what playerdata costs beside the best that each store can do.
#[derive(Debug, Parser)]
struct Arguments {
    /// Also measures 1 000 000 sessions, and with more rounds: takes 10 GB.
    #[arg(long)]
    full: bool,
    /// Writes the rows as JSON to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draws the rows that have an aim to this file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Puts the table in the place of the last run's in this document.
    #[arg(long, value_name = "FILE")]
    update_docs: Option<PathBuf>,
    /// Measures only rows of this subject; can be given again.
    #[arg(long, value_name = "SUBJECT")]
    only: Vec<Subject>,
}

/// Something that the run produced could not be kept.
#[derive(Debug, Error)]
enum Failure {
    #[error("{0}: {1}")]
    File(PathBuf, #[source] io::Error),
    #[error("{0}: {1}")]
    Docs(PathBuf, #[source] DocsError),
    #[error("{0}: {1}")]
    Plot(PathBuf, #[source] PlotError),
}

/// What the JSON has.
#[derive(Serialize)]
struct Run<'a> {
    command: &'a str,
    machine: &'a Machine,
    rows: &'a [Row],
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let watch = Stopwatch::start();
    let extent = if arguments.full {
        Extent::FULL
    } else {
        Extent::SHORT
    };
    let rows = measure(&ALLOCATOR, extent, &arguments.only);
    println!("{}", report::table(&rows));
    eprintln!("measured in {} s", watch.elapsed().as_secs());
    match keep(&arguments, &rows) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("summary: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Writes what was asked for.
fn keep(arguments: &Arguments, rows: &[Row]) -> Result<(), Failure> {
    let (machine, command) = (Machine::this(), report::command("summary"));
    if let Some(path) = &arguments.json {
        let run = Run {
            command: &command,
            machine: &machine,
            rows,
        };
        let json = serde_json::to_vec_pretty(&run).expect("rows are plain data");
        write(path, &json)?;
    }
    if let Some(path) = &arguments.svg {
        let drawn = report::plot(path, &machine, rows);
        drawn.map_err(|error| Failure::Plot(path.clone(), error))?;
    }
    if let Some(path) = &arguments.update_docs {
        let text = fs::read_to_string(path).map_err(|error| Failure::File(path.clone(), error))?;
        let table = report::table(rows);
        let text = report::replace_section(&text, "summary", &machine, &command, &table);
        let text = text.map_err(|error| Failure::Docs(path.clone(), error))?;
        write(path, text.as_bytes())?;
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(path, bytes).map_err(|error| Failure::File(path.to_owned(), error))
}
