//! `watch`: servers, sessions and saves as they come and go.

use std::process::Command;

use playerdata_process::{Folder, PATIENCE, Process};
use serde_json::{Value, json};

use super::Operator as _;
use crate::{
    game::{Play as _, QUICK},
    stores::on_every_store,
};

on_every_store! {
    a_server_is_seen_with_its_sessions_saves_and_who_took_its_player,
}

fn program(folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = folder.command(env!("CARGO_BIN_EXE_playerdata"));
    let store = folder.store().address().unwrap_or("sqlite:players.db");
    command.args(["watch", "--interval", "100ms", "--store", store]);
    command.args(arguments);
    command
}

/// The next update in which something is so.
fn until(watch: &mut Process, is_so: impl Fn(&Value) -> bool) -> Value {
    let patience = tokio::time::Instant::now() + PATIENCE;
    loop {
        let line = watch.answer();
        let update: Value = serde_json::from_str(&line).expect("it is JSON");
        if is_so(&update) {
            return update;
        }
        assert!(tokio::time::Instant::now() < patience, "{update}");
    }
}

fn a_server_is_seen_with_its_sessions_saves_and_who_took_its_player(folder: &Folder) {
    folder.settings(QUICK);
    let mut first = folder.play(&["--server", "first"]);
    assert_eq!(first.ask("save"), "saved revision 1");
    let mut watch = Process::start(&mut program(folder, &["--json"]));
    let seen = until(&mut watch, |update| update["sessions"] == json!(1));
    let server = &seen["servers"][0];
    assert_eq!(server["server"], json!("first"));
    assert_eq!(server["lease_is_live"], json!(true));
    assert_eq!(server["sessions"], json!(1));
    assert_eq!(
        (&seen["lost"], &seen["changed_hands"]),
        (&json!(0), &json!(0))
    );
    assert!(seen["oldest_look_seconds"].is_f64(), "{seen}");

    assert_eq!(first.ask("inc Currency 1"), "501");
    assert_eq!(first.ask("save"), "saved revision 2");
    until(&mut watch, |update| {
        update["saves_per_second"]
            .as_f64()
            .is_some_and(|saves| saves > 0.0)
    });
    let mut second = folder.play(&["--server", "second", "--on-conflict", "steal"]);
    assert_eq!(second.ask("get Currency"), "501");
    let seen = until(&mut watch, |update| update["changed_hands"] == json!(1));
    let change = json!([{"player": "1", "from": "first", "to": "second", "lost": false}]);
    assert_eq!(seen["changes"], change);
    second.end().expect(0, &["ended"]);
    until(&mut watch, |update| update["sessions"] == json!(0));
    watch.signal(rustix::process::Signal::INT);
    assert_eq!(watch.ended().code, Some(0));
}

#[test]
fn on_a_pipe_it_tells_a_number_of_updates_in_plain_lines() {
    let folder = Folder::new();
    let mut play = folder.play(&["--server", "first"]);
    assert_eq!(play.ask("save"), "saved revision 1");
    let ended = Process::start(&mut program(&folder, &["--count", "2"])).end();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let told = |part: &str| {
        ended
            .answers
            .iter()
            .filter(|line| line.contains(part))
            .count()
    };
    assert_eq!(told("1 sessions of 1 players"), 2, "{ended:#?}");
    assert_eq!(told("the oldest look was"), 2, "{ended:#?}");
    assert_eq!(told("first   live"), 2, "{ended:#?}");
    assert_eq!(told("\x1b"), 0, "{ended:#?}");
    for (arguments, told) in [
        (["--interval", "1ms"], "10ms is the shortest"),
        (["--count", "0"], "--count"),
        (["--rate", "0"], "--rate"),
    ] {
        let ended = folder.give(&[&["watch"][..], &arguments].concat());
        assert_eq!(ended.code, Some(2), "{ended:#?}");
        assert!(ended.messages.contains(told), "{ended:#?}");
    }
}

#[test]
fn at_a_terminal_it_is_drawn_again_until_q_is_pressed() {
    let folder = Folder::new();
    let mut play = folder.play(&["--server", "first"]);
    assert_eq!(play.ask("save"), "saved revision 1");
    for key in ["q", "\x03"] {
        let mut command = program(&folder, &[]);
        command.env("TERM", "xterm-256color").env("NO_COLOR", "1");
        let within = u64::try_from(PATIENCE.as_millis()).expect("it is not that long");
        let mut terminal = rexpect::session::spawn_command(command, Some(within)).unwrap();
        let mut expect = |text: &str| terminal.exp_string(text).unwrap();
        expect("\x1b[?1049h\x1b[?25l");
        expect("1 sessions of 1 players");
        expect("\x1b[H");
        expect("first   live");
        terminal.send(key).unwrap();
        terminal.flush().unwrap();
        let mut expect = |text: &str| terminal.exp_string(text).unwrap();
        expect("\x1b[?25h\x1b[?1049l");
        // What was seen last stays there.
        expect("first   live");
        terminal.exp_eof().unwrap();
        let status = format!("{:?}", terminal.process().wait().unwrap());
        assert!(status.ends_with(", 0)"), "{status}");
    }
}

#[test]
fn a_store_that_fails_is_told_and_watched_on() {
    let folder = Folder::new();
    folder.has_played("1", "");
    let mut watch = Process::start(&mut program(&folder, &["--json"]));
    until(&mut watch, |update| update["players"] == json!(1));
    let (there, away) = (
        folder.path().join("players.db"),
        folder.path().join("away.db"),
    );
    std::fs::rename(&there, &away).expect("it is there");
    until(&mut watch, |update| update["failure"].is_string());
    watch.signal(rustix::process::Signal::TERM);
    assert_eq!(watch.ended().code, Some(0));
}
