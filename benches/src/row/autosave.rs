//! The autosave cycle beside the original's.

use std::{cell::RefCell, sync::Arc};

use playerdata_memory::MemoryBackend;

use crate::{
    documents::Standard,
    original::{self, Player, Writer},
    report::{Aim, Row, Unit},
    sessions::Crowd,
    timing::{Stopwatch, by_turns},
};

const COMPARING: &str = "the original's deep copy and comparison, saving nothing";
const SAVING: &str = "the original's way with the same saves, one by one";

/// Every how many documents one is changed.
const CHANGED: usize = 10;

/// How much of everything.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Rounds of ours and the original's by turns.
    pub rounds: usize,
    /// Idle cycles are measured this many at a time: one is too short.
    pub idle_cycles: u32,
}

/// The cycle with nothing changed, and with one document in ten changed: ours
/// with its saves into memory, beside the original's without any, and beside
/// the original's with the same saves.
#[must_use]
pub fn rows(standard: Standard, sessions: u64, effort: Effort) -> [Row; 3] {
    let pair = RefCell::new(Pair::of(standard, sessions));
    let idle = by_turns(
        effort.rounds,
        [
            &mut || pair.borrow_mut().crowd.cycles(effort.idle_cycles),
            &mut || pair.borrow_mut().compare(0),
        ],
    );
    let busy = by_turns(
        effort.rounds,
        [
            &mut || pair.borrow_mut().change_and_save(),
            &mut || pair.borrow_mut().change_and_compare(),
            &mut || pair.borrow_mut().change_compare_and_save(),
        ],
    );
    let row = |share: &str, against, [ours, limit]: [&[f64]; 2], aim| {
        let document = standard.name();
        let what = format!("autosave cycle, {sessions} sessions of {document}, {share}");
        Row::measured(what, against, Unit::Nanos, [ours, limit], aim)
    };
    let none = "nothing changed";
    let (compared, saved) = ([&idle[0], &idle[1]], "10 % changed and saved");
    let [ours, comparing, saving] = &busy;
    [
        row(
            none,
            COMPARING,
            compared.map(Vec::as_slice),
            Some(Aim::AtLeast(10_000.0)),
        ),
        row(
            saved,
            COMPARING,
            [ours, comparing],
            Some(Aim::AtLeast(if standard == Standard::A {
                25.0
            } else {
                60.0
            })),
        ),
        row(saved, SAVING, [ours, saving], None),
    ]
}

/// What a save takes in a cycle, with its share of a wake-up for 16 of them, and
/// what it takes to wake up for one alone. Beside them, what the original takes
/// to look at ten documents, of which one has changed.
#[must_use]
pub fn parts(sessions: u64, effort: Effort) -> [Row; 3] {
    const TURNS: u64 = 256;
    /// Every how many turns one has a save: too far apart to be saved together.
    const APART: u64 = 32;
    /// A cycle with so few wake-ups is too short to be measured by itself.
    const CYCLES: u32 = 32;
    const COMPARING_TEN: &str = "the original's deep copy and comparison of ten documents";
    assert!(sessions >= TURNS, "so that each turn has a slot");
    let pair = RefCell::new(Pair::of(Standard::A, sessions));
    let [idle, comparing] = by_turns(
        effort.rounds,
        [
            &mut || pair.borrow_mut().crowd.cycles(effort.idle_cycles),
            &mut || pair.borrow_mut().compare(0),
        ],
    );
    let [all, alone, ten] = by_turns(
        effort.rounds,
        [
            &mut || pair.borrow_mut().change_first_and_save(sessions, 1),
            &mut || {
                let mut pair = pair.borrow_mut();
                let cycles = (0..CYCLES).map(|_| pair.change_first_and_save(TURNS, APART));
                cycles.sum::<f64>() / f64::from(CYCLES)
            },
            &mut || pair.borrow_mut().change_and_compare() * 10.0 / sessions as f64,
        ],
    );
    let saves: Vec<_> = all.iter().map(|all| all / sessions as f64).collect();
    let of_a_wake_up = |(alone, save): (&f64, &f64)| alone / (TURNS / APART) as f64 - save;
    let wakes: Vec<_> = alone.iter().zip(&saves).map(of_a_wake_up).collect();
    let row = |what: &str, against, [ours, limit]: [&[f64]; 2], aim| {
        let what = format!("autosave cycle, {sessions} sessions of A, {what}");
        Row::measured(what, against, Unit::Nanos, [ours, limit], aim)
    };
    let idle_aim = Some(Aim::AtLeast(10_000.0));
    [
        row("nothing changed", COMPARING, [&idle, &comparing], idle_aim),
        row("a save", COMPARING_TEN, [&saves, &ten], None),
        row(
            "a wake-up for one save",
            COMPARING_TEN,
            [&wakes, &ten],
            None,
        ),
    ]
}

/// As many players of ours and of the original.
struct Pair {
    crowd: Crowd,
    players: Vec<Player>,
    writer: Writer,
    value: u64,
}

impl Pair {
    fn of(standard: Standard, sessions: u64) -> Self {
        let crowd = Crowd::gather(Arc::new(MemoryBackend::new()), sessions, standard);
        let json = standard.document().to_json();
        let players = (0..sessions).map(|_| Player::new(json.clone())).collect();
        Self {
            writer: crowd.block_on(Writer::open(sessions.div_ceil(CHANGED as u64))),
            crowd,
            players,
            value: 1_000,
        }
    }

    /// Ours. Returns how long the cycle took, in nanoseconds; so do the others.
    fn change_and_save(&mut self) -> f64 {
        self.crowd.change_every(CHANGED);
        let nanos = self.crowd.cycle();
        assert_eq!(self.crowd.unsaved(), 0, "one cycle saves what was changed");
        nanos
    }

    /// The same with every `every`-th of this many changed, the first ones:
    /// session after session has turn after turn.
    fn change_first_and_save(&mut self, count: u64, every: u64) -> f64 {
        self.crowd.change_first(count as usize, every as usize);
        let nanos = self.crowd.cycle();
        assert_eq!(self.crowd.unsaved(), 0, "one cycle saves what was changed");
        nanos
    }

    /// The original's, without saves.
    fn compare(&mut self, changed: usize) -> f64 {
        let watch = Stopwatch::start();
        assert_eq!(original::cycle(&mut self.players), changed);
        watch.nanos_each(1)
    }

    fn change_and_compare(&mut self) -> f64 {
        let changed = self.change();
        self.compare(changed)
    }

    /// The original's, with saves.
    fn change_compare_and_save(&mut self) -> f64 {
        let changed = self.change();
        let watch = Stopwatch::start();
        let writing = self.writer.cycle(&mut self.players);
        assert_eq!(self.crowd.block_on(writing), changed);
        watch.nanos_each(1)
    }

    /// Changes the original's documents. Returns how many.
    fn change(&mut self) -> usize {
        self.value += 1;
        for player in self.players.iter_mut().step_by(CHANGED) {
            player.change(self.value);
        }
        self.players.len().div_ceil(CHANGED)
    }
}
