//! Help, bad usage, completions and manual pages.

use playerdata_process::Folder;

use super::Operator as _;

const COMMANDS: &[&str] = &[
    "play",
    "players",
    "show",
    "versions",
    "diff",
    "restore",
    "rewind",
    "put",
    "holder",
    "free",
    "erase",
    "send",
    "mail",
    "export",
    "import",
    "move",
    "check",
    "watch",
    "completions",
    "man",
];

#[test]
fn help_lists_the_commands_and_tells_about_each() {
    let folder = Folder::new();
    let help = folder.give(&["help"]);
    assert_eq!(help.code, Some(0), "{help:#?}");
    for command in COMMANDS {
        let listed = |line: &String| line.trim_start().starts_with(command);
        assert!(help.answers.iter().any(listed), "{command}: {help:#?}");
        let told = folder.give(&["help", command]);
        assert_eq!(told.code, Some(0), "{told:#?}");
        let usage = format!("Usage: playerdata {command}");
        assert!(
            told.answers.iter().any(|line| line.starts_with(&usage)),
            "{told:#?}"
        );
    }
    assert!(
        help.answers
            .iter()
            .any(|line| line.contains("Exit codes: 0 done"))
    );
}

#[test]
fn a_command_line_that_can_not_be_used_is_told_with_exit_code_2() {
    let folder = Folder::new();
    for (arguments, told) in [
        (&["fly"][..], "unrecognized subcommand 'fly'"),
        (&["show"], "<PLAYER>"),
        (&["show", "1", "Slot/1"], "slot name"),
        (&["show", "1", "--raw"], "<SLOT>"),
        (
            &["show", "1", "--store", "players.db"],
            "did you mean sqlite:players.db?",
        ),
        (&["play", "--config", "nowhere.toml"], "nowhere.toml"),
        (
            &["show", "1"],
            "there is no file players.db; nothing was created",
        ),
        (
            &["put", "1", "Slot1", "nowhere.json"],
            "nowhere.json can't be read",
        ),
        (&["free", "1", "--accept-hazard", "fire"], "evicts-players"),
        (&["diff", "1", "Slot1"], "<REVISION>"),
        (&["players", "--rate", "0"], "--rate"),
        (&["players", "--segments", "257"], "--segments"),
        (&["completions", "cmd.exe"], "bash"),
    ] {
        let ended = folder.give(arguments);
        assert_eq!(ended.code, Some(2), "{arguments:?}: {ended:#?}");
        assert_eq!(ended.answers, [""; 0], "{arguments:?}");
        assert!(ended.messages.contains(told), "{arguments:?}: {ended:#?}");
    }
    assert!(!folder.path().join("players.db").exists());
    let mut storeless = folder.command(env!("CARGO_BIN_EXE_playerdata"));
    let ended = playerdata_process::Process::start(storeless.args(["show", "1"])).end();
    assert_eq!(ended.code, Some(2), "{ended:#?}");
    assert!(ended.messages.contains("--store <STORE>"), "{ended:#?}");
}

#[test]
fn completions_and_manual_pages_are_written() {
    let folder = Folder::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = folder.give(&["completions", shell]);
        assert_eq!(script.code, Some(0), "{script:#?}");
        assert!(
            script.answers.iter().any(|line| line.contains("versions")),
            "{shell}"
        );
    }
    let page = folder.give(&["man"]);
    assert!(
        page.answers
            .iter()
            .any(|line| line.starts_with(".TH playerdata 1")),
        "{page:#?}"
    );
    assert_eq!(folder.give(&["man", "."]).code, Some(0));
    for page in ["playerdata.1", "playerdata-show.1", "playerdata-play.1"] {
        assert!(folder.path().join(page).exists(), "{page}");
    }
    let nowhere = folder.give(&["man", "nowhere"]);
    assert_eq!(nowhere.code, Some(2), "{nowhere:#?}");
}
