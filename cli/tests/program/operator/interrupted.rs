//! What is broken off: a move that is killed, a reader that has gone.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::Stdio,
};

use playerdata_process::{Folder, PATIENCE, Process};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::{Operator as _, moving::with_players};
use crate::game::Play as _;

const OTHER: [&str; 2] = ["--store", "sqlite:other.db"];

/// How many players are listed at a store.
fn players(folder: &Folder, store: &[&str]) -> usize {
    folder.give(&[&["players"], store].concat()).answers.len()
}

/// All that is exported of a store, except for what is counted afresh.
fn exported(folder: &Folder, store: &[&str]) -> Vec<Value> {
    let exported = folder.give(&[&["export"], store].concat());
    assert_eq!(exported.code, Some(0), "{exported:#?}");
    let lines = exported.answers.iter();
    let mut lines: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect();
    for line in &mut lines {
        for slot in line["slots"].as_array_mut().into_iter().flatten() {
            slot["revision"] = json!(null);
            slot["write_id"] = json!(null);
        }
    }
    lines.sort_by_key(|line| line["player"].as_str().map(str::to_owned));
    lines
}

#[test]
fn a_move_that_is_killed_leaves_both_stores_right_and_is_made_again() {
    const PLAYERS: usize = 1_000;
    let folder = with_players(PLAYERS as u64);
    folder.settings(crate::game::SHORT);
    let before = exported(&folder, &[]);
    let to = [
        "move",
        "--to",
        "sqlite:other.db",
        "--yes",
        "--config",
        "settings.toml",
    ];
    for at_least in [1, 300] {
        let mut command = folder.command(env!("CARGO_BIN_EXE_playerdata"));
        let mut moving = Process::start(command.args(to).args(["--store", "sqlite:players.db"]));
        let patience = tokio::time::Instant::now() + PATIENCE;
        while players(&folder, &OTHER) < at_least {
            assert!(tokio::time::Instant::now() < patience, "nobody arrives");
        }
        moving.signal(Signal::KILL);
        moving.ended();
        assert_eq!(exported(&folder, &[]), before, "the source is as it was");
        // Who is there is there as a whole.
        let there = exported(&folder, &OTHER);
        assert!(there.len() >= at_least);
        assert!(there.iter().all(|player| before.contains(player)));
    }
    // Whom the killed one held are free when its lease has lapsed.
    let patience = tokio::time::Instant::now() + PATIENCE;
    loop {
        let again = folder.give(&to);
        if again.code == Some(0) {
            break;
        }
        assert!(again.messages.contains("is held by"), "{again:#?}");
        assert!(tokio::time::Instant::now() < patience, "{again:#?}");
    }
    assert_eq!(exported(&folder, &OTHER), before, "both are equal");
    assert_eq!(exported(&folder, &[]), before);
    for store in [&[][..], &OTHER] {
        assert!(nobody_waits(&folder, store));
    }
}

/// Whether the only locks of a store are those of dead servers, for which
/// nobody has to wait. A player who had arrived when the move was killed is not
/// written again, so that such a lock stays.
fn nobody_waits(folder: &Folder, store: &[&str]) -> bool {
    let checked = folder.give(&[&["check", "--json"], store].concat());
    assert_eq!(checked.code, Some(0), "{checked:#?}");
    let lines = checked.answers.iter();
    let mut lines = lines.map(|line| serde_json::from_str::<Value>(line).expect("it is JSON"));
    lines.all(|line| line["kind"] == "dead-lock" || line["seen"]["faults"] == 0)
}

#[test]
fn a_reader_that_has_enough_ends_a_long_list_quietly() {
    // More than a pipe takes.
    let folder = with_players(3_000);
    for arguments in [&["players"][..], &["export"], &["players", "--json"]] {
        let mut command = folder.command(env!("CARGO_BIN_EXE_playerdata"));
        let command = command
            .args(arguments)
            .env("PLAYERDATA_STORE", "sqlite:players.db");
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program can be started");
        let mut reader = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut first = String::new();
        reader.read_line(&mut first).expect("it writes a line");
        assert!(first.ends_with('\n'), "{first:?}");
        drop(reader);
        let mut messages = String::new();
        let mut told = child.stderr.take().expect("it is piped");
        told.read_to_string(&mut messages).expect("it is text");
        let status = child.wait().expect("it can be waited for");
        assert_eq!(status.code(), Some(0), "{messages}");
        assert_eq!(messages, "");
    }
}
