//! At a terminal: history, completion, colours, and what is reported while
//! somebody types.

use std::process::Command;

use playerdata_process::{Folder, PATIENCE};
use rexpect::session::{PtySession, spawn_command};

use crate::game::{Play as _, QUICK};

/// The program at a terminal of its own, without colours, and with its history
/// in the folder.
fn sit_down(folder: &Folder, set_up: impl FnOnce(&mut Command)) -> PtySession {
    let mut command = folder.program();
    command
        .env("TERM", "xterm-256color")
        .env("XDG_STATE_HOME", folder.path().join("state"))
        .env("NO_COLOR", "1");
    set_up(&mut command);
    let within = u64::try_from(PATIENCE.as_millis()).expect("it is not that long");
    spawn_command(command, Some(within)).expect("a terminal can be made")
}

fn expect(terminal: &mut PtySession, text: &str) -> String {
    match terminal.exp_string(text) {
        Ok(before) => before,
        Err(error) => panic!("{text:?} was not shown: {error}"),
    }
}

fn type_in(terminal: &mut PtySession, text: &str) {
    terminal.send(text).expect("it is there");
    terminal.flush().expect("it is there");
}

fn ended(terminal: &mut PtySession, code: i32) {
    terminal.exp_eof().expect("it ends");
    let status = terminal.process().wait().expect("it can be waited for");
    let status = format!("{status:?}");
    let exited = status.starts_with("Exited(") && status.ends_with(&format!(", {code})"));
    assert!(exited, "{status}");
}

#[test]
fn a_person_is_greeted_and_shown_the_document_as_tables() {
    let folder = Folder::new();
    let mut terminal = sit_down(&folder, |_| ());
    expect(&mut terminal, "player 1 is here");
    expect(&mut terminal, "`help` lists the commands");
    expect(&mut terminal, "> ");
    type_in(&mut terminal, "show\r");
    expect(&mut terminal, "Currency       500\r\n");
    expect(&mut terminal, "  Starter Sword  Object    1\r\n");
    expect(&mut terminal, "Reputation\r\n  Nordraxia  1\r\n");
    type_in(&mut terminal, "help\r");
    expect(&mut terminal, "inc KEY [SUB] N");
    expect(&mut terminal, "adds to a number: inc Currency 200\r\n");
    type_in(&mut terminal, "quit\r");
    expect(&mut terminal, "ended\r\n");
    ended(&mut terminal, 0);
}

#[test]
fn lines_are_completed_and_edited_and_kept_for_the_next_time() {
    let folder = Folder::new();
    let mut terminal = sit_down(&folder, |_| ());
    expect(&mut terminal, "> ");
    // Completed by the tabulator, and two letters that are taken back.
    type_in(&mut terminal, "ge\t Currency\r");
    expect(&mut terminal, "\r\n500\r\n");
    type_in(&mut terminal, "inc Currenyy\x08\x08cy 7\r");
    expect(&mut terminal, "\r\n507\r\n");
    // The line before, again.
    type_in(&mut terminal, "\x1b[A\r");
    expect(&mut terminal, "\r\n514\r\n");
    // The end of the input.
    type_in(&mut terminal, "\x04");
    expect(&mut terminal, "ended\r\n");
    ended(&mut terminal, 0);

    let mut terminal = sit_down(&folder, |_| ());
    expect(&mut terminal, "> ");
    type_in(&mut terminal, "\x1b[A\r");
    expect(&mut terminal, "\r\n521\r\n");
    // Ctrl-C.
    type_in(&mut terminal, "\x03");
    expect(&mut terminal, "ended\r\n");
    ended(&mut terminal, 0);
}

#[test]
fn what_happens_while_somebody_types_is_told_and_the_terminal_is_left_as_it_was() {
    let folder = Folder::new();
    folder.settings(QUICK);
    let mut terminal = sit_down(&folder, |command| {
        command.args(["--config", "settings.toml", "--server", "first"]);
    });
    expect(&mut terminal, "> ");
    type_in(&mut terminal, "inc Currency 11\r");
    expect(&mut terminal, "\r\n511\r\n");
    type_in(&mut terminal, "get Cur");
    let mut second = folder.play(&["--server", "second"]);
    // Pasted text is taken as it comes again.
    expect(&mut terminal, "\x1b[?2004l\r\n");
    expect(&mut terminal, "server second asks for the player");
    expect(&mut terminal, "ended\r\n");
    ended(&mut terminal, 0);
    assert_eq!(second.ask("get Currency"), "511");
}

#[test]
fn there_are_colours_unless_nobody_wants_them() {
    let folder = Folder::new();
    let mut terminal = sit_down(&folder, |command| {
        command.env_remove("NO_COLOR");
    });
    expect(&mut terminal, "\x1b[1m\x1b[32m> ");
    type_in(&mut terminal, "get Nothing\r");
    expect(&mut terminal, "\x1b[1m\x1b[31merror\x1b[0m: ");
    type_in(&mut terminal, "end\r");
    ended(&mut terminal, 0);

    let mut terminal = sit_down(&folder, |_| ());
    expect(&mut terminal, "> ");
    type_in(&mut terminal, "get Nothing\r");
    let before = expect(&mut terminal, "error: ");
    assert!(!before.contains("\x1b[1m"), "{before:?}");
    type_in(&mut terminal, "end\r");
    ended(&mut terminal, 0);
}

#[test]
fn a_terminal_that_can_do_nothing_will_do() {
    let folder = Folder::new();
    let mut terminal = sit_down(&folder, |command| {
        command.env("TERM", "dumb");
    });
    expect(&mut terminal, "> ");
    type_in(&mut terminal, "get Currency\n");
    expect(&mut terminal, "500\r\n");
    type_in(&mut terminal, "end\n");
    expect(&mut terminal, "ended\r\n");
    ended(&mut terminal, 0);
}
