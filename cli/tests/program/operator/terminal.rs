//! The commands at a terminal: questions, colours, and how far something is.

use std::process::Command;

use playerdata_process::{Folder, PATIENCE};
use rexpect::session::{PtySession, spawn_command};
use serde_json::json;

use super::{
    Operator as _,
    moving::with_players,
    scene::{Figure, put_in_place, rich},
};
use crate::game::Play as _;

/// Gives a command at a terminal.
fn at_a_terminal(
    folder: &Folder,
    arguments: &[&str],
    set_up: impl FnOnce(&mut Command),
) -> PtySession {
    let mut command = folder.command(env!("CARGO_BIN_EXE_playerdata"));
    command
        .args(arguments)
        .env("PLAYERDATA_STORE", "sqlite:players.db")
        .env("TERM", "xterm-256color")
        .env_remove("NO_COLOR");
    set_up(&mut command);
    let within = u64::try_from(PATIENCE.as_millis()).expect("it is not that long");
    spawn_command(command, Some(within)).expect("a terminal can be made")
}

/// All that is shown, up to the end, which comes with this code.
fn shown(mut terminal: PtySession, code: i32) -> String {
    let text = terminal.exp_eof().expect("it ends");
    let status = terminal.process().wait().expect("it can be waited for");
    let status = format!("{status:?}");
    assert!(status.ends_with(&format!(", {code})")), "{status}: {text}");
    text
}

#[test]
fn whatever_changes_something_is_asked_for_first() {
    let folder = Folder::new();
    let hero = Figure::new("hero", [rich(1), rich(2), rich(3)]);
    put_in_place(&folder, &[hero]);
    folder.write("mended.json", &rich(7).to_string());
    let mut play = folder.play(&["--player", "busy", "--server", "first"]);
    assert_eq!(play.ask("save"), "saved revision 1");
    for (arguments, question) in [
        (
            &["restore", "hero", "Slot1", "1"][..],
            "Restore revision 1 of Slot1 of player hero, saved 2026-02-27",
        ),
        (
            &["rewind", "--before", "2026-02-28 18:00:00"],
            "Restore all players to before 2026-02-28T18:00:00",
        ),
        (
            &["put", "hero", "Slot1", "mended.json"],
            "Put a document into Slot1 of player hero, in place of revision 3?",
        ),
        (
            &["send", "hero", "Slot1", "{}", "--id", "gift"],
            "Send letter gift to Slot1 of player hero?",
        ),
        (&["free", "busy"], "Free player busy, held by session "),
        (&["erase", "hero"], "Erase player hero, who has Slot1?"),
        (
            &["import", "scene.jsonl"],
            "Import the players of scene.jsonl?",
        ),
        (
            &["move", "--to", "sqlite:other.db"],
            "Copy all players of sqlite:players.db to sqlite:other.db?",
        ),
    ] {
        let mut terminal = at_a_terminal(&folder, arguments, |_| ());
        let asked = |error| panic!("{question:?} was not asked: {error}");
        terminal.exp_string(question).unwrap_or_else(asked);
        terminal.exp_string("[y/N] ").unwrap_or_else(asked);
        terminal.send_line("n").expect("it is there");
        shown(terminal, 1);
    }
    let shown = folder.json(0, &["show", "hero"]);
    assert_eq!(shown["slots"][0]["revision"], json!(3), "nothing was done");
    assert_eq!(
        folder.json(0, &["holder", "busy"])["lock"]["server"],
        json!("first")
    );
    folder.json(1, &["mail", "hero", "Slot1"]);
    assert!(!folder.path().join("other.db").exists());
}

#[test]
fn there_are_colours_at_a_terminal_unless_nobody_wants_them_and_none_elsewhere() {
    let folder = Folder::new();
    put_in_place(&folder, &[Figure::new("hero", [rich(1), rich(2)])]);
    let commands = [
        &["show", "hero"][..],
        &["versions", "hero", "Slot1"],
        &["diff", "hero", "Slot1", "1"],
    ];
    for arguments in commands {
        let code = i32::from(arguments[0] == "diff");
        let coloured = shown(at_a_terminal(&folder, arguments, |_| ()), code);
        assert!(coloured.contains("\u{1b}[36m"), "{coloured:?}");
        let plain = at_a_terminal(&folder, arguments, |command| {
            command.env("NO_COLOR", "1");
        });
        let plain = shown(plain, code);
        assert!(!plain.contains('\u{1b}'), "{plain:?}");
        let piped = folder.give(arguments).answers.concat();
        assert!(!piped.contains('\u{1b}'), "{piped:?}");
    }
}

#[test]
fn what_takes_long_shows_how_far_it_is_and_only_to_people() {
    let folder = with_players(2_000);
    let to = ["move", "--to", "sqlite:other.db", "--yes"];
    let moved = shown(at_a_terminal(&folder, &to, |_| ()), 0);
    assert!(moved.contains("players copied"), "{moved:?}");
    assert!(moved.contains("2000 players written"), "{moved:?}");
    let again = folder.give(&to);
    assert_eq!(again.messages, "");
    again.expect(
        0,
        &[
            "0 players written, 2000 already there, 0 skipped because something newer is there, 0 \
           skipped because they are held, 0 not whole because something can't be read",
        ],
    );
}
