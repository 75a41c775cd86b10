//! What each command answers.

use serde_json::{Value, json};

use playerdata_process::Folder;

use crate::game::Play as _;

/// Runs pairs of a command and its answer.
fn converse(folder: &Folder, conversation: &[(&str, &str)]) {
    let mut play = folder.play(&[]);
    for (command, answer) in conversation {
        assert_eq!(play.ask(command), *answer, "{command}");
    }
    play.end().expect(0, &["ended"]);
}

#[test]
fn what_was_changed_is_there_at_the_next_start() {
    let folder = Folder::new();
    let input = "inc Currency 200\nadd Bread 3\nget Currency\nitem Bread Quantity\nend\n";
    let first = folder.run(&[], input);
    let first = first.expect(0, &["700", "8", "700", "8", "ended"]);
    assert_eq!(first.messages, "", "nobody is at the terminal");
    assert!(folder.path().join("players.db").exists());
    folder
        .run(&[], "get Currency\n")
        .expect(0, &["700", "ended"]);
}

#[test]
fn values_are_read_and_changed_by_key() {
    let folder = Folder::new();
    converse(
        &folder,
        &[
            ("get Currency", "500"),
            ("set Currency 7", "7"),
            ("inc Currency 3", "10"),
            ("dec Currency 4", "6"),
            ("inc Reputation Nordraxia 2", "3"),
            ("get Reputation", r#"{"Nordraxia":3}"#),
            ("set Reputation \"Old Town\" 5", "5"),
            ("get Reputation 'Old Town'", "5"),
            (
                "set EquippedItems Weapon \"Starter Sword\"",
                "\"Starter Sword\"",
            ),
            ("get EquippedItems Weapon", "\"Starter Sword\""),
            ("get EquippedItems Head", "null"),
            ("has EquippedItems Head", "true"),
            ("has EquippedItems Wings", "false"),
            ("has Currency", "true"),
        ],
    );
}

#[test]
fn items_are_added_removed_and_edited() {
    let folder = Folder::new();
    converse(
        &folder,
        &[
            ("add 'Health Potion' 3 Consumable", "3"),
            ("add \"Health Potion\" 2", "5"),
            ("remove Health\\ Potion 1", "4"),
            (
                "item 'Health Potion'",
                r#"{"Name":"Health Potion","ItemType":"Consumable","Quantity":4}"#,
            ),
            (
                "edit 'Starter Sword' Damage {\"base\": 12.5}",
                r#"{"base":12.5}"#,
            ),
            ("edit 'Starter Sword' Name \"Old Sword\"", "\"Old Sword\""),
            ("edit Bread Quantity 2.0", "2"),
            ("item 'Old Sword' Damage", r#"{"base":12.5}"#),
            ("remove Bread 2", "0"),
            ("remove 'Health Potion' 4", "0"),
            (
                "items",
                r#"[{"Name":"Old Sword","ItemType":"Object","Quantity":1,"Damage":{"base":12.5}}]"#,
            ),
            ("clear", "[]"),
            ("items", "[]"),
        ],
    );
}

#[test]
fn the_whole_document_is_shown_as_one_line_of_json() {
    let folder = Folder::new();
    let ended = folder.run(&[], "show\n");
    let document: Value = serde_json::from_str(&ended.answers[0]).unwrap();
    assert_eq!(document["XPtoNextLevel"], json!(1000));
    assert_eq!(document["Inventory"][1]["Name"], json!("Bread"));
    assert_eq!(document["EquippedItems"]["Ring2"], json!(null));
    assert_eq!(ended.answers[1..], ["ended"]);
}

#[test]
fn slots_are_saved_loaded_and_listed() {
    let folder = Folder::new();
    converse(
        &folder,
        &[
            ("slots", "[]"),
            ("set Currency 1", "1"),
            ("save", "saved revision 1"),
            ("load Slot2", "loaded Slot2 revision 0"),
            ("get Currency", "500"),
            ("set Currency 2", "2"),
            ("save", "saved revision 1"),
            ("save", "saved revision 2"),
            ("load Slot1", "loaded Slot1 revision 1"),
            ("get Currency", "1"),
        ],
    );
    let ended = folder.run(&["--slot", "Slot2"], "get Currency\nslots\n");
    assert_eq!(ended.answers[0], "2");
    let slots: Value = serde_json::from_str(&ended.answers[1]).unwrap();
    assert_eq!(slots[0]["slot"], json!("Slot1"));
    assert_eq!(slots[1]["revision"], json!(2));
    assert_eq!(slots.as_array().unwrap().len(), 2);
}

#[test]
fn status_tells_where_the_player_stands() {
    let folder = Folder::new();
    let arguments = ["--server", "a.example", "--player", "p-1", "--slot", "S"];
    let mut play = folder.play(&arguments);
    let mut status = || -> Value { serde_json::from_str(&play.ask("status")).unwrap() };
    let new = status();
    assert_eq!(new["player"], json!("p-1"));
    assert_eq!(new["server"], json!("a.example"));
    assert_eq!(new["slot"], json!("S"));
    assert_eq!(new["fence"], json!(1));
    assert_eq!(new["revision"], json!(0));
    assert_eq!(
        new["unsaved"],
        json!(true),
        "a new player is not stored yet"
    );
    assert_eq!(new["session"].as_str().unwrap().len(), 36);

    play.ask("save");
    let mut status = || -> Value { serde_json::from_str(&play.ask("status")).unwrap() };
    let saved = status();
    assert_eq!(saved["revision"], json!(1));
    assert_eq!(saved["unsaved"], json!(false));
}

#[test]
fn a_new_player_who_changes_nothing_is_stored_at_the_end() {
    let folder = Folder::new();
    folder.run(&[], "").expect(0, &["ended"]);
    let mut play = folder.play(&[]);
    let status: Value = serde_json::from_str(&play.ask("status")).unwrap();
    assert_eq!(status["revision"], json!(1));
}

#[test]
fn help_tells_about_a_command_and_a_question_mark_is_help() {
    let folder = Folder::new();
    let mut play = folder.play(&[]);
    assert_eq!(
        play.ask("help inc"),
        "inc KEY [SUB] N: adds to a number: inc Currency 200"
    );
    assert_eq!(play.ask("? inc"), play.ask("help inc"));
    assert_eq!(play.ask("?"), play.ask("help"));
    assert_eq!(
        play.ask("help fly"),
        "error: \"fly\" is not a command; `help` lists them"
    );
}

#[test]
fn quit_and_exit_end_the_game() {
    for leave in ["quit", "exit"] {
        let ended = Folder::new().run(&[], format!("{leave}\nget Currency\n"));
        ended.expect(0, &["ended"]);
    }
}

#[test]
fn set_says_if_a_value_is_of_another_type_than_before() {
    let folder = Folder::new();
    let mut play = folder.play(&[]);
    assert_eq!(play.ask("set Currency \"700\""), "\"700\"");
    let note = play.message_with("note: ");
    assert_eq!(note, "note: Currency was a number and is a text now");
    assert_eq!(play.ask("set Reputation Nordraxia true"), "true");
    let note = play.message_with("note: ");
    assert_eq!(
        note,
        "note: Reputation Nordraxia was a number and is a boolean now"
    );
    for usual in ["set Level 2.5", "set EquippedItems Head \"Hat\""] {
        play.ask(usual);
    }
    assert_eq!(play.end().expect(0, &["ended"]).messages, "");
}

#[test]
fn a_change_with_a_key_counts_once_also_at_the_next_start() {
    let folder = Folder::new();
    converse(
        &folder,
        &[
            ("once day-1 Currency 100", "600"),
            ("once day-1 Currency 100", "already applied"),
            ("get Currency", "600"),
        ],
    );
    folder
        .run(&[], "once day-1 Currency 100\nget Currency\n")
        .expect(0, &["already applied", "600", "ended"]);
}

#[test]
fn letters_and_parcels_arrive_once_and_are_claimed() {
    let folder = Folder::new();
    let send = "send 1 Slot2 order-5 {\"Amounts\":{\"Currency\":100}}";
    let mut play = folder.play(&[]);
    for (command, answer) in [
        ("mail", "[]"),
        ("gifts", "{}"),
        (send, "sent"),
        (send, "already sent"),
        ("transfer gift-3 1 Slot2 Bread 2", "transferred"),
        ("transfer gift-3 1 Slot2 Bread 2", "already transferred"),
        ("item Bread Quantity", "3"),
        ("transfer gift-4 1 Slot2 Currency 50", "transferred"),
        ("get Currency", "450"),
    ] {
        assert_eq!(play.ask(command), answer, "{command}");
    }
    assert!(play.ask("claim order-5").starts_with("error"));
    assert!(
        play.ask("transfer gift-5 1 Slot2 Bread 1.5")
            .contains("not a whole number")
    );
    play.ask("load Slot2");
    let gifts: Value = serde_json::from_str(&play.ask("gifts")).unwrap();
    assert_eq!(gifts.as_object().unwrap().len(), 3, "{gifts}");
    assert!(play.ask("mail").contains("order-5"), "not yet saved here");
    for id in gifts.as_object().unwrap().keys() {
        play.ask(&format!("claim '{id}'"));
    }
    assert_eq!(play.ask("get Currency"), "650");
    assert_eq!(play.ask("item Bread Quantity"), "7");
    play.end().expect(0, &["ended"]);
}

#[test]
fn help_names_every_command_on_one_line() {
    let ended = Folder::new().run(&["--store", "memory:"], "help\n");
    let names = "get set inc dec has add remove item edit items clear show once send mail gifts claim transfer save load slots \
                 status crash end help";
    for name in names.split(' ') {
        assert!(ended.answers[0].contains(name), "{name}");
    }
    assert_eq!(ended.answers[1..], ["ended"]);
}
