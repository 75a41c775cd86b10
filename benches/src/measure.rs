//! All rows of the summary, in order, and how long to take over them.

use clap::ValueEnum;
use peak_alloc::PeakAlloc;
use tokio::runtime::{Builder, Runtime};

use crate::{
    documents::Standard,
    report::Row,
    row::{autosave, document, load, memory, once, redis, size, sqlite},
    store::redis::Log,
};

/// What rows are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Subject {
    /// The autosave cycle.
    Autosave,
    /// Guarded saves on SQLite.
    Sqlite,
    /// Guarded saves on Redis.
    Redis,
    /// Guarded saves on DynamoDB.
    Dynamodb,
    /// Guarded saves in memory.
    Memory,
    /// Loads, and whole visits.
    Load,
    /// Documents in memory.
    Document,
    /// What happens exactly once.
    Once,
    /// The memory that sessions take.
    Size,
}

impl Subject {
    /// Those that do not disturb each other's figures first: what leaves
    /// memory in pieces comes last.
    const ALL: [Self; 9] = [
        Self::Sqlite,
        Self::Redis,
        Self::Load,
        Self::Dynamodb,
        Self::Memory,
        Self::Document,
        Self::Once,
        Self::Size,
        Self::Autosave,
    ];
}

/// How much of everything is measured.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// How many sessions of A in the autosave rows that show the parts of a
    /// cycle: few.
    pub few_sessions_of_a: u64,
    /// How many sessions of A in the other autosave rows, three rows each.
    pub sessions_of_a: &'static [u64],
    /// How many of B.
    pub sessions_of_b: u64,
    /// How many idle sessions are weighed.
    pub idle_sessions: u64,
    /// Cycles.
    pub autosave: autosave::Effort,
    /// For A; a fifth as many saves a round for B.
    pub sqlite: sqlite::Effort,
    /// For A; a quarter as many saves a round for B.
    pub redis: redis::Effort,
    /// Players who save on DynamoDB.
    pub dynamodb_players: u64,
    /// Saves into memory.
    pub memory: memory::Effort,
    /// Players who come.
    pub load: load::Effort,
    /// Calls.
    pub document: document::Effort,
    /// Changes, letters and trades.
    pub once: once::Effort,
}

impl Extent {
    /// Less than five minutes.
    pub const SHORT: Self = Self {
        few_sessions_of_a: 1_000,
        sessions_of_a: &[10_000, 100_000],
        sessions_of_b: 10_000,
        idle_sessions: 100_000,
        autosave: autosave::Effort {
            rounds: 5,
            idle_cycles: 10_000,
        },
        sqlite: sqlite::Effort {
            players: 10_000,
            rounds: 5,
            rounds_each: 5,
            singles: 500,
        },
        redis: redis::Effort {
            players: 1_024,
            rounds: 31,
            rounds_each: 4,
        },
        dynamodb_players: 64,
        memory: memory::Effort {
            rounds: 15,
            rounds_each: 400,
        },
        load: load::Effort {
            players: 256,
            rounds: 15,
            rounds_each: 16,
        },
        document: document::Effort {
            rounds: 25,
            calls: 20_000,
        },
        once: once::Effort {
            players: 64,
            rounds: 15,
            rounds_each: 40,
        },
    };

    /// With a million sessions, and more rounds.
    pub const FULL: Self = Self {
        sessions_of_a: &[10_000, 100_000, 1_000_000],
        autosave: autosave::Effort {
            rounds: 7,
            idle_cycles: 10_000,
        },
        sqlite: sqlite::Effort {
            rounds: 11,
            ..Self::SHORT.sqlite
        },
        redis: redis::Effort {
            rounds: 101,
            ..Self::SHORT.redis
        },
        ..Self::SHORT
    };

    /// Next to nothing: shows that every row can be measured, and says nothing
    /// about costs.
    pub const TINY: Self = Self {
        few_sessions_of_a: 600,
        sessions_of_a: &[20],
        sessions_of_b: 10,
        idle_sessions: 20,
        autosave: autosave::Effort {
            rounds: 1,
            idle_cycles: 2,
        },
        sqlite: sqlite::Effort {
            players: 10,
            rounds: 1,
            rounds_each: 1,
            singles: 2,
        },
        redis: redis::Effort {
            players: 8,
            rounds: 1,
            rounds_each: 1,
        },
        dynamodb_players: 3,
        memory: memory::Effort {
            rounds: 1,
            rounds_each: 1,
        },
        load: load::Effort {
            players: 8,
            rounds: 1,
            rounds_each: 1,
        },
        document: document::Effort {
            rounds: 1,
            calls: 100,
        },
        once: once::Effort {
            players: 4,
            rounds: 1,
            rounds_each: 1,
        },
    };
}

/// The documents as they are stored: whether compressed. A is too small to be.
const FORMS: [(Standard, bool); 3] = [
    (Standard::A, false),
    (Standard::B, true),
    (Standard::B, false),
];

/// Measures the rows of these subjects; of all, if none is named. Says on
/// standard error what it is at.
///
/// # Panics
///
/// If a store fails that is there: a benchmark of a failing store says nothing.
#[must_use]
pub fn measure(allocator: &PeakAlloc, extent: Extent, only: &[Subject]) -> Vec<Row> {
    let is_wanted = |subject| only.is_empty() || only.contains(&subject);
    // Before there are other threads, which would free what is not counted here.
    let mut documents = is_wanted(Subject::Size).then(|| size::documents(allocator));
    let runtime = Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("the system has room for a runtime");
    let mut rows = Vec::new();
    for subject in Subject::ALL
        .into_iter()
        .filter(|&subject| is_wanted(subject))
    {
        eprintln!("measuring: {subject:?}");
        if subject == Subject::Size {
            rows.extend(documents.take().into_iter().flatten());
        }
        rows.extend(rows_of(subject, &runtime, allocator, extent));
    }
    rows
}

fn rows_of(subject: Subject, runtime: &Runtime, allocator: &PeakAlloc, extent: Extent) -> Vec<Row> {
    match subject {
        Subject::Autosave => cycles(extent),
        Subject::Sqlite => FORMS
            .iter()
            .flat_map(|&form| {
                let mut effort = extent.sqlite;
                if form.0 == Standard::B {
                    effort.rounds_each = effort.rounds_each.div_ceil(5);
                }
                sqlite::rows(runtime, form, effort)
            })
            .collect(),
        Subject::Redis => [Log::EverySecond, Log::Off]
            .iter()
            .flat_map(|&log| FORMS.map(|form| (log, form)))
            .flat_map(|(log, form)| {
                let mut effort = extent.redis;
                if form.0 == Standard::B {
                    effort.rounds_each = effort.rounds_each.div_ceil(4);
                }
                if form == (Standard::B, false) && log == Log::EverySecond {
                    // The log is synced once a second: as long as that a round.
                    effort.rounds = effort.rounds.div_ceil(4);
                    effort.rounds_each *= 16;
                }
                redis::rows(runtime, log, form, effort)
            })
            .collect(),
        Subject::Dynamodb => charges(runtime, extent),
        Subject::Load => {
            let mut rows = load::sqlite(runtime, extent.load).to_vec();
            rows.push(load::redis(runtime, extent.load));
            rows
        }
        Subject::Document => {
            let mut rows: Vec<_> = Standard::BOTH
                .iter()
                .flat_map(|&standard| document::codec(standard, extent.document))
                .collect();
            rows.extend(document::slot(runtime, extent.document));
            rows
        }
        Subject::Memory => [Standard::A, Standard::B]
            .map(|standard| memory::row(runtime, standard, extent.memory))
            .into(),
        Subject::Once => {
            let keys = Standard::BOTH.map(|standard| once::keys(runtime, standard, extent.once));
            let mut rows = Vec::from(keys);
            rows.extend(once::mail_and_trades(runtime, extent.once));
            rows.push(once::transfer());
            rows
        }
        Subject::Size => size::rows(runtime, allocator, extent.idle_sessions).into(),
    }
}

fn cycles(extent: Extent) -> Vec<Row> {
    let few = autosave::parts(extent.few_sessions_of_a, extent.autosave);
    let many = extent.sessions_of_a.iter();
    let many = many.map(|&count| (Standard::A, count));
    let many = many.chain([(Standard::B, extent.sessions_of_b)]);
    let many = many.flat_map(|(standard, count)| autosave::rows(standard, count, extent.autosave));
    few.into_iter().chain(many).collect()
}

#[cfg(feature = "dynamodb")]
fn charges(runtime: &Runtime, extent: Extent) -> Vec<Row> {
    let row = |form| crate::row::dynamodb::row(runtime, form, extent.dynamodb_players);
    FORMS.map(row).into()
}

#[cfg(not(feature = "dynamodb"))]
fn charges(_: &Runtime, _: Extent) -> Vec<Row> {
    use crate::{harness::NO_DYNAMODB, report::Aim};

    let row = |(standard, compressed): (Standard, bool)| {
        let what = format!(
            "DynamoDB: charge for a save of {}",
            standard.form(compressed)
        );
        let against = "an unconditional `PutItem` of the same item";
        let aim = Some(Aim::Exactly(1.0));
        Row::not_measured(what, against, NO_DYNAMODB.to_owned(), aim)
    };
    FORMS.map(row).into()
}
