//! Players' documents that are changed and saved again and again, one way or
//! the other, and the lines that this makes.

use std::{
    cell::{LazyCell, RefCell},
    mem,
};

use async_trait::async_trait;
use criterion::Criterion;
use playerdata_benches::{
    harness::{group_in_flight, in_rounds},
    shares::work_in_shares,
    timing::nanos_each,
};
use serde_json::Value;
use tokio::runtime::Runtime;

/// Players who are saved in turn.
pub(crate) const PLAYERS: u64 = 256;

/// Saves in flight.
const IN_FLIGHT: [usize; 2] = [1, 64];

/// One player's document.
#[async_trait]
pub(crate) trait Saver: Send + 'static {
    /// Changes it, and saves it until that is acknowledged.
    async fn save(&mut self);
}

/// This many players, all saved one way.
pub(crate) type Savers = Vec<Box<dyn Saver>>;

/// A way to save.
pub(crate) struct Line<'a> {
    name: &'static str,
    open: &'a dyn Fn() -> Savers,
}

impl<'a> Line<'a> {
    /// One that is called so, after what it is and what it checks, and whose
    /// players `open` prepares when they are first wanted.
    pub(crate) fn new(name: &'static str, open: &'a dyn Fn() -> Savers) -> Self {
        Self { name, open }
    }
}

/// Measures some ways beside each other.
pub(crate) fn compare(criterion: &mut Criterion, runtime: &Runtime, on: &str, lines: &[Line<'_>]) {
    let players: Vec<_> = lines
        .iter()
        .map(|line| LazyCell::new(|| RefCell::new((line.open)())))
        .collect();
    for in_flight in IN_FLIGHT {
        let mut group = group_in_flight(criterion, &format!("comparison/{on}"), in_flight);
        for (line, players) in lines.iter().zip(&players) {
            group.bench_function(line.name, |b| {
                in_rounds(b, PLAYERS, |rounds| {
                    let mut players = players.borrow_mut();
                    let saving = save_all(mem::take(&mut players), rounds, in_flight);
                    let (nanos_each, savers) = runtime.block_on(saving);
                    *players = savers;
                    nanos_each
                });
            });
        }
        group.finish();
    }
}

async fn save_all(savers: Savers, rounds: u64, in_flight: usize) -> (f64, Savers) {
    let saving = work_in_shares(savers, in_flight, |mut share: Savers, _| async move {
        for _ in 0..rounds {
            for saver in &mut share {
                saver.save().await;
            }
        }
        share
    });
    let (took, savers) = saving.await;
    (nanos_each(took, PLAYERS * rounds), savers)
}

/// Changes a document that is a JSON value, as a game without `playerdata`
/// would.
pub(crate) fn change(document: &mut Value) {
    let currency = &mut document["Currency"];
    *currency = (currency.as_u64().unwrap_or_default() + 1).into();
}

/// The bytes of such a document.
pub(crate) fn encode(document: &Value) -> Vec<u8> {
    serde_json::to_vec(document).expect("a JSON value can be written")
}
