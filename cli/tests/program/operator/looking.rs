//! Looking: `show`, `players`, `versions`, `diff`, `mail`, `check`.

use std::{io::Read as _, process::Stdio};

use playerdata_process::Folder;
use serde_json::json;

use super::Operator as _;

#[test]
fn show_has_each_slot_in_words_and_in_json_with_the_envelope_apart() {
    let folder = Folder::new();
    folder.has_played("7", "set Currency 7\nload Slot2\nset Currency 8\n");

    let shown = folder.json(0, &["show", "7"]);
    assert_eq!(shown["player"], json!("7"));
    assert_eq!(shown["lock"], json!(null));
    assert_eq!(shown["slots"][0]["slot"], json!("Slot1"));
    assert_eq!(shown["slots"][0]["revision"], json!(1));
    assert_eq!(shown["slots"][0]["document"]["Currency"], json!(7));
    assert_eq!(shown["slots"][0]["document"]["$playerdata"], json!(null));
    assert_eq!(shown["slots"][0]["envelope"]["v"], json!(1));
    assert_eq!(shown["slots"][1]["document"]["Currency"], json!(8));

    let words = folder.give(&["show", "7", "Slot2"]);
    assert_eq!(words.code, Some(0), "{words:#?}");
    for line in [
        "player 7: free",
        "Currency       8",
        "  Starter Sword  Object    1",
    ] {
        assert!(
            words.answers.iter().any(|it| it == line),
            "{line}: {words:#?}"
        );
    }
    assert!(
        words
            .answers
            .iter()
            .any(|it| it.starts_with("Slot2: revision 1, saved 20"))
    );
    assert!(
        words
            .answers
            .iter()
            .any(|it| it.starts_with("Stored beside it ($playerdata): {"))
    );

    let raw = folder.give(&["show", "7", "Slot1", "--raw"]);
    assert!(raw.answers[0].starts_with("{\"Currency\":7"), "{raw:#?}");
}

#[test]
fn nothing_is_shown_of_a_player_who_was_never_there() {
    let folder = Folder::new();
    folder.has_played("7", "");
    assert_eq!(folder.json(1, &["show", "8"])["slots"], json!([]));
    assert_eq!(folder.json(1, &["show", "7", "Slot9"])["slots"], json!([]));
    let words = folder.give(&["show", "8"]);
    words.expect(1, &["player 8: free", "", "nothing is stored"]);
}

#[test]
fn players_are_listed_all_of_them_and_by_prefix() {
    let folder = Folder::new();
    for player in ["a-1", "a-2", "b-1"] {
        folder.has_played(player, "");
    }
    let mut listed = folder.give(&["players"]).answers;
    listed.sort();
    assert_eq!(listed, ["a-1", "a-2", "b-1"]);
    let mut listed = folder
        .give(&["players", "--prefix", "a-", "--json"])
        .answers;
    listed.sort();
    assert_eq!(listed, [r#"{"player":"a-1"}"#, r#"{"player":"a-2"}"#]);
    folder.give(&["players", "--prefix", "c"]).expect(1, &[]);
}

#[test]
fn a_pipe_that_is_closed_early_ends_a_command_quietly() {
    let folder = Folder::new();
    folder.has_played("1", "");
    let mut command = folder.command(env!("CARGO_BIN_EXE_playerdata"));
    command.args(["show", "1", "--store", "sqlite:players.db"]);
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let mut messages = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut messages)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(messages, "");
}

#[test]
fn slots_without_versions_or_mail_say_so() {
    let folder = Folder::new();
    folder.has_played("1", "");
    let versions = folder.json(1, &["versions", "1", "Slot1"]);
    assert_eq!(versions["versions"], json!([]));
    let mail = folder.json(1, &["mail", "1", "Slot1"]);
    assert_eq!(mail["letters"], json!([]));
    let none = folder.give(&["mail", "1", "Slot1"]);
    none.expect(1, &["no letters are waiting for Slot1 of player 1"]);
    let none = folder.give(&["diff", "1", "Slot1", "9"]);
    assert_eq!(none.code, Some(1), "{none:#?}");
    assert!(
        none.messages
            .contains("no version 9 of Slot1 of player 1 is kept"),
        "{none:#?}"
    );
}

#[test]
fn two_stores_are_compared_by_path_and_items_by_name() {
    let folder = Folder::new();
    folder.has_played("1", "");
    std::fs::copy(
        folder.path().join("players.db"),
        folder.path().join("then.db"),
    )
    .unwrap();
    folder.has_played(
        "1",
        "inc Currency 5\nremove 'Starter Sword' 1\nadd Bread 1\n",
    );
    let diff = [
        "diff",
        "1",
        "Slot1",
        "--store",
        "sqlite:then.db",
        "--with",
        "sqlite:players.db",
    ];
    let found = folder.json(1, &diff);
    assert_eq!(
        found["differences"][0],
        json!({"path": "Currency", "old": 500, "new": 505})
    );
    assert_eq!(
        found["differences"][1]["path"],
        json!("Inventory[Starter Sword]")
    );
    assert_eq!(
        found["differences"][2],
        json!({"path": "Inventory[Bread].Quantity", "old": 5, "new": 6})
    );
    let words = folder.give(&diff);
    let currency = words
        .answers
        .iter()
        .find(|line| line.contains("Currency"))
        .unwrap();
    let words: Vec<_> = currency.split_whitespace().collect();
    assert_eq!(words, ["Currency", "500", "→", "505"]);
    let same = ["diff", "1", "Slot1", "--with", "sqlite:players.db"];
    assert_eq!(folder.json(0, &same)["differences"], json!([]));
}

#[test]
fn check_finds_nothing_where_nothing_is_wrong() {
    let folder = Folder::new();
    folder.has_played("1", "load Slot2\n");
    folder.has_played("2", "");
    let checked = folder.give(&["check"]);
    let last = checked.answers.last().unwrap();
    assert_eq!(checked.code, Some(0), "{checked:#?}");
    assert!(
        last.starts_with("2 players and 3 records checked: 0 faults"),
        "{last}"
    );
    let one = folder.give(&["check", "2", "--json"]);
    let last: serde_json::Value = serde_json::from_str(one.answers.last().unwrap()).unwrap();
    assert_eq!(last["seen"]["records"], json!(1));
}
