//! Who holds a player, and freeing and erasing players.

use playerdata_process::Folder;
use rustix::process::Signal;
use serde_json::json;

use super::Operator as _;
use crate::{
    game::{Play as _, QUICK, SHORT},
    stores::on_every_store,
};

on_every_store! {
    a_player_is_freed_from_a_session_and_its_server_is_told,
    a_player_is_erased_for_good_and_not_while_somebody_plays,
}

fn a_player_is_freed_from_a_session_and_its_server_is_told(folder: &Folder) {
    folder.settings(QUICK);
    let mut play = folder.play(&["--server", "first"]);
    assert_eq!(play.ask("save"), "saved revision 1");
    let held = folder.json(0, &["holder", "1"]);
    assert_eq!(held["lock"]["server"], json!("first"));
    assert_eq!(held["lock"]["lease_is_live"], json!(true));
    assert!(held["lock"]["fence"].is_u64(), "{held}");

    let unasked = folder.give(&["free", "1"]);
    assert_eq!(unasked.code, Some(2), "{unasked:#?}");
    assert!(unasked.messages.contains("pass --yes"), "{unasked:#?}");
    let dry = folder.json(0, &["free", "1", "--dry-run"]);
    assert_eq!(dry["freed"], json!(false));
    assert_eq!(
        folder.json(0, &["holder", "1"]),
        held,
        "nothing was done yet"
    );

    assert_eq!(
        folder.json(0, &["free", "1", "--yes"])["freed"],
        json!(true)
    );
    assert_eq!(
        play.ended().code,
        Some(4),
        "its server sends the player away"
    );
    assert_eq!(folder.json(1, &["holder", "1"])["lock"], json!(null));
    assert_eq!(
        folder.json(1, &["free", "1", "--yes"])["freed"],
        json!(false)
    );
}

fn a_player_is_erased_for_good_and_not_while_somebody_plays(folder: &Folder) {
    let mut play = folder.play(&["--server", "first"]);
    assert_eq!(play.ask("save"), "saved revision 1");
    let held = folder.give(&["erase", "1", "--yes"]);
    assert_eq!(held.code, Some(3), "{held:#?}");
    assert!(held.messages.contains("server first"), "{held:#?}");
    play.end().expect(0, &["ended"]);

    let dry = folder.give(&["erase", "1", "--dry-run"]);
    dry.expect(0, &["would erase player 1, who has Slot1"]);
    assert_eq!(
        folder.json(0, &["show", "1"])["slots"][0]["revision"],
        json!(1)
    );
    let erased = folder.give(&["erase", "1", "--yes"]);
    erased.expect(
        0,
        &["player 1 is erased: nothing is stored for them any more"],
    );
    assert_eq!(folder.json(1, &["show", "1"])["slots"], json!([]));
}

#[test]
fn the_lock_of_a_dead_server_is_a_note_of_check() {
    let folder = Folder::new();
    folder.settings(SHORT);
    let mut play = folder.play(&["--server", "dead"]);
    assert_eq!(play.ask("save"), "saved revision 1");
    play.signal(Signal::KILL);
    play.ended();
    // Another server gets the player only when the lease has lapsed.
    let mut waiting = folder.play(&["--server", "next"]);
    waiting.message_with("is held by");
    waiting.signal(Signal::TERM);
    waiting.ended();
    let lapsed = tokio::time::Instant::now() + playerdata_process::PATIENCE;
    let note = loop {
        let checked = folder.give(&["check"]);
        assert_eq!(checked.code, Some(0), "{checked:#?}");
        let is_note = |line: &&String| line.contains("dead-lock");
        if let Some(note) = checked.answers.iter().find(is_note) {
            break note.clone();
        }
        assert!(tokio::time::Instant::now() < lapsed, "{checked:#?}");
    };
    assert!(note.starts_with("note player 1: held since "), "{note}");
    let held = folder.give(&["holder", "1"]);
    assert!(
        held.answers[0].contains("its lease has lapsed"),
        "{held:#?}"
    );
}

#[test]
fn at_a_terminal_it_is_asked_first() {
    let folder = Folder::new();
    folder.has_played("1", "");
    for (answer, code, told) in [
        ("n\n", 1, "[y/N] "),
        ("\n", 1, "[y/N] "),
        ("y\n", 0, "player 1 is erased"),
    ] {
        let mut command = folder.command(env!("CARGO_BIN_EXE_playerdata"));
        command.args(["erase", "1", "--store", "sqlite:players.db"]);
        let within = u64::try_from(playerdata_process::PATIENCE.as_millis()).unwrap();
        let mut terminal = rexpect::session::spawn_command(command, Some(within)).unwrap();
        terminal
            .exp_string("Erase player 1, who has Slot1? ")
            .unwrap();
        terminal.send(answer).unwrap();
        terminal.flush().unwrap();
        terminal.exp_string(told).unwrap();
        terminal.exp_eof().unwrap();
        let status = format!("{:?}", terminal.process().wait().unwrap());
        assert!(status.ends_with(&format!(", {code})")), "{status}");
    }
    assert_eq!(folder.json(1, &["show", "1"])["slots"], json!([]));
}
