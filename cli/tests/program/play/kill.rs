//! `kill -9` in the middle of saves: what was acknowledged is there.

use std::{io::Write, process::ChildStdin, thread};

use playerdata_process::Folder;
use rustix::process::Signal;

use crate::{game::Play as _, stores::on_every_store};

on_every_store! {
    every_acknowledged_save_survives_kill_9,
}

const ROUNDS: u64 = 25;

/// Adds and saves until the reader is dead.
fn feed(mut input: ChildStdin) -> thread::JoinHandle<()> {
    thread::spawn(move || while input.write_all(b"inc Currency 1\nsave\n").is_ok() {})
}

fn number(answer: &str) -> u64 {
    answer.parse().expect("the answer is a number")
}

/// The last number that a save was acknowledged for, and its revision.
#[derive(Debug, Default)]
struct Acknowledged {
    currency: u64,
    revision: u64,
    saves: u64,
}

impl Acknowledged {
    fn note(&mut self, changed: &mut u64, answer: &str) {
        if let Some(revision) = answer.strip_prefix("saved revision ") {
            self.revision = revision.parse().expect("a revision is a number");
            self.currency = *changed;
            self.saves += 1;
        } else {
            *changed = number(answer);
        }
    }
}

fn every_acknowledged_save_survives_kill_9(folder: &Folder) {
    // The same name in every round: the next has the player at once.
    let arguments = ["--server", "a"];
    let mut known = Acknowledged::default();
    for round in 0..ROUNDS {
        let mut play = folder.play(&arguments);
        let status = play.ask("status");
        let status: serde_json::Value = serde_json::from_str(&status).expect("the status is JSON");
        let mut changed: u64 = number(&play.ask("get Currency"));
        if round > 0 {
            assert!(changed >= known.currency, "{changed} after {known:?}");
            let revision = status["revision"].as_u64().expect("a revision");
            assert!(revision >= known.revision, "{revision} after {known:?}");
            // Killed between a write and its acknowledgement, at most.
            assert!(revision <= known.revision + 1, "{revision} after {known:?}");
        }
        let feeder = feed(play.take_input());
        // Another moment in each round, within a save or between two.
        let until = known.saves + 1 + round * 61 % 240;
        while known.saves < until {
            let answer = play.answer();
            known.note(&mut changed, &answer);
        }
        play.signal(Signal::KILL);
        let ended = play.ended();
        assert_eq!(ended.code, None, "it was killed: {ended:?}");
        for answer in &ended.answers {
            known.note(&mut changed, answer);
        }
        feeder.join().expect("it does not panic");
    }
    assert!(known.saves > 2_000, "{known:?}");
    let last = folder.run(&arguments, "get Currency\n");
    let currency = number(&last.answers[0]);
    assert!(currency >= known.currency, "{currency} after {known:?}");
}
