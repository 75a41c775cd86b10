//! The autosave cycle beside the original's.

use std::sync::Arc;

use playerdata_memory::MemoryBackend;

use crate::{
    documents::Standard,
    original,
    report::{Row, nanos},
    sessions::Crowd,
    timing::{Stopwatch, median},
};

const ROUNDS: usize = 5;
/// Idle cycles are measured so many at a time: one is too short.
const IDLE_CYCLES: u32 = 10_000;

/// The cycle with nothing changed, and with one document in ten changed.
#[must_use]
pub fn rows(standard: Standard, sessions: u64) -> [Row; 2] {
    let mut crowd = Crowd::gather(Arc::new(MemoryBackend::new()), sessions, standard);
    let json = standard.document().to_json();
    let mut players: Vec<_> = (0..sessions)
        .map(|_| original::Player::new(json.clone()))
        .collect();
    let (mut idle, mut busy) = (Figures::default(), Figures::default());
    for round in 0..ROUNDS as u64 {
        let watch = Stopwatch::start();
        assert_eq!(original::cycle(&mut players), 0);
        let limit = watch.nanos_each(1);
        idle.add(crowd.cycles(IDLE_CYCLES), limit);

        for player in players.iter_mut().step_by(10) {
            player.change(1_000 + round);
        }
        let watch = Stopwatch::start();
        assert_eq!(original::cycle(&mut players), players.len().div_ceil(10));
        let limit = watch.nanos_each(1);
        crowd.change_every(10);
        busy.add(crowd.cycle(), limit);
        assert_eq!(crowd.unsaved(), 0);
    }
    let name = |share: &str| {
        let document = standard.name();
        format!("autosave cycle, {sessions} sessions of {document}, {share} changed")
    };
    [
        idle.row(name("nothing"), 10_000.0),
        busy.row(name("10 %"), 20.0),
    ]
}

/// Pairs of ours and the limit, in nanoseconds a cycle.
#[derive(Default)]
struct Figures {
    ours: Vec<f64>,
    limit: Vec<f64>,
}

impl Figures {
    fn add(&mut self, ours: f64, limit: f64) {
        self.ours.push(ours);
        self.limit.push(limit);
    }

    fn row(self, what: String, aim: f64) -> Row {
        let ratios = self
            .ours
            .iter()
            .zip(&self.limit)
            .map(|(ours, limit)| limit / ours);
        Row {
            what,
            against: "the original's deep copy and comparison, saving nothing".to_owned(),
            ratio: median(ratios.collect()),
            ours: nanos(median(self.ours)),
            limit: nanos(median(self.limit)),
            aim,
        }
    }
}
