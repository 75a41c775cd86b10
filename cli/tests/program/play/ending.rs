//! The ways to leave, and what is saved then.

use std::process::Stdio;

use rustix::process::Signal;

use playerdata_process::{Folder, Process};

use crate::game::Play as _;

/// What is in the store, for somebody who does not want to wait for a lock.
fn currency(folder: &Folder) -> String {
    let ended = folder.run(&["--on-conflict", "fail"], "get Currency\n");
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    ended.answers[0].clone()
}

#[test]
fn the_end_of_the_input_saves_and_releases() {
    let folder = Folder::new();
    folder
        .run(&[], "inc Currency 1")
        .expect(0, &["501", "ended"]);
    assert_eq!(currency(&folder), "501");
}

#[test]
fn what_follows_end_is_not_done() {
    let folder = Folder::new();
    folder
        .run(&[], "end\ninc Currency 1\n")
        .expect(0, &["ended"]);
    assert_eq!(currency(&folder), "500");
}

#[test]
fn a_signal_saves_and_releases() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let folder = Folder::new();
        let mut play = folder.play(&[]);
        assert_eq!(play.ask("inc Currency 1"), "501");
        play.signal(signal);
        play.ended().expect(0, &["ended"]);
        assert_eq!(currency(&folder), "501");
    }
}

#[test]
fn a_signal_while_waiting_for_the_player_ends_the_wait() {
    let folder = Folder::new();
    let mut holder = folder.play(&["--server", "holder"]);
    assert_eq!(holder.ask("save"), "saved revision 1");
    let mut waiting = folder.play(&[]);
    waiting.message_with("server holder");
    waiting.signal(Signal::TERM);
    let waiting = waiting.ended().expect(3, &[]);
    assert!(
        waiting.messages.contains("server holder"),
        "{}",
        waiting.messages
    );
}

#[test]
fn answers_that_nobody_reads_end_the_game_and_lose_nothing() {
    let folder = Folder::new();
    let mut command = folder.program();
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    drop(child.stdout.take());
    let mut input = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, b"inc Currency 1\n").unwrap();
    // The input goes on: it is the answer that can't be written.
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(currency(&folder), "501");
}

#[test]
fn a_document_that_can_not_be_saved_at_the_end_is_told_and_the_player_is_free() {
    let folder = Folder::with_settings("max_document_bytes = 1000");
    let long = "x".repeat(1000);
    let input = format!("inc Currency 1\nsave\nset EquippedItems Weapon \"{long}\"\nsave\nend\n");
    let ended = folder.run(&[], input);
    assert_eq!(ended.code, Some(5), "{ended:#?}");
    let [_, saved, _, refused, end] = &ended.answers[..] else {
        panic!("{ended:#?}");
    };
    assert_eq!(saved, "saved revision 1");
    assert!(
        refused.starts_with("error: ") && refused.contains("1000"),
        "{refused}"
    );
    assert!(
        end.starts_with("error: the session of player 1 could not be ended"),
        "{end}"
    );
    assert!(
        ended.messages.contains(&long),
        "what is not saved is reported"
    );
    assert_eq!(currency(&folder), "501");
}

/// A limit on the size of files stands in for a full disk.
#[cfg(unix)]
#[test]
fn a_full_disk_is_told_and_loses_nothing_acknowledged() {
    let folder = Folder::new();
    let mut play = {
        let plain = folder.program();
        let script = "trap '' XFSZ; ulimit -f 1000; exec \"$0\" play";
        let mut limited = std::process::Command::new("sh");
        limited.args(["-c", script]).arg(plain.get_program());
        Process::start(limited.current_dir(folder.path()).env_remove("RUST_LOG"))
    };
    let mut acknowledged = 0;
    let refused = loop {
        let number = play.ask("inc Currency 1");
        // Digits of a product that no compression shortens.
        let digits: String = (0..6_000_u128)
            .map(|n| ((n + 3 * acknowledged + 7).pow(7) % 1_000_000_007).to_string())
            .collect();
        play.ask(&format!("set EquippedItems Weapon \"{digits}\""));
        let answer = play.ask("save");
        if answer.starts_with("error: ") {
            break answer;
        }
        assert!(acknowledged < 100, "{answer}");
        acknowledged = number.parse::<u128>().unwrap() - 500;
    };
    assert!(acknowledged > 0, "{refused}");
    assert!(refused.contains("store unavailable: "), "{refused}");
    let ended = play.end();
    let logged = |line: &str| line.contains("save failed") && line.contains("store unavailable: ");
    assert!(
        ended.messages.lines().any(logged),
        "the log says why, too: {ended:#?}"
    );
    assert_eq!(ended.code, Some(5), "{ended:#?}");
    let thief = folder.run(&["--on-conflict", "steal"], "get Currency\n");
    thief.expect(0, &[&(500 + acknowledged).to_string(), "ended"]);
}
