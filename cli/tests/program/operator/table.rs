//! Every command on every store: what it answers in JSON, and how it ends.

use playerdata_process::Folder;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::{
    Operator as _,
    scene::{Figure, put_in_place, rich},
};
use crate::{game::Play as _, stores::on_every_store};

on_every_store! {
    every_command_that_looks_answers_in_json_and_by_its_exit_code,
    every_command_that_changes_something_answers_in_json_and_by_its_exit_code,
}

/// A command, the code that it ends with, and what its answer has: the member at
/// a place, or the text of the error.
type Row<'a> = (&'a str, i32, Has<'a>);

enum Has<'a> {
    /// At this place of the answer (a JSON pointer) is this.
    At(&'a str, Value),
    /// Nothing is answered, and standard error has this.
    Told(&'a str),
}

use Has::{At, Told};

#[track_caller]
fn hold(folder: &Folder, rows: &[Row<'_>]) {
    for (arguments, code, has) in rows {
        let words = shlex::split(arguments).expect("the quotes are closed");
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let ended = folder.give(&[&words, &["--json"][..]].concat());
        assert_eq!(ended.code, Some(*code), "{arguments}: {ended:#?}");
        let answers = ended.answers.iter();
        let answers: Vec<Value> = answers
            .map(|line| serde_json::from_str(line).expect("each line is JSON"))
            .collect();
        match has {
            Told(text) => {
                assert!(ended.messages.contains(text), "{arguments}: {ended:#?}");
                assert!(answers.is_empty(), "{arguments}: {answers:?}");
            }
            At(place, value) => {
                let last = answers.last().unwrap_or(&Value::Null);
                let found = last.pointer(place);
                assert_eq!(found, Some(value), "{arguments}, {place}: {ended:#?}");
            }
        }
    }
}

/// A player of whom versions are kept and a letter waits, and one who is held
/// by a server.
fn scene(folder: &Folder) -> playerdata_process::Process {
    let hero = Figure::new("hero", [rich(1), rich(2), rich(3)]);
    let hero = hero.with_letter("gift", &json!({"Bread": 1}));
    put_in_place(folder, &[hero, Figure::new("busy", [rich(1), rich(2)])]);
    let mut play = folder.play(&["--player", "busy", "--server", "first"]);
    assert_eq!(play.ask("get Currency"), "2");
    play
}

fn every_command_that_looks_answers_in_json_and_by_its_exit_code(folder: &Folder) {
    let _play = scene(folder);
    folder.write("names", "hero\n");
    folder.write("bad-names", "hero\n\u{7}\n");
    hold(
        folder,
        &[
            ("players --prefix h", 0, At("/player", json!("hero"))),
            ("players --prefix x", 1, Told("")),
            ("show hero", 0, At("/slots/0/document/Currency", json!(3))),
            ("show hero Slot1", 0, At("/slots/0/revision", json!(3))),
            ("show busy", 0, At("/lock/server", json!("first"))),
            ("show nobody", 1, At("/slots", json!([]))),
            ("show hero Slot2", 1, At("/slots", json!([]))),
            ("holder busy", 0, At("/lock/lease_is_live", json!(true))),
            ("holder hero", 1, At("/lock", json!(null))),
            (
                "versions hero Slot1",
                0,
                At("/versions/0/revision", json!(2)),
            ),
            ("versions hero Slot2", 1, At("/versions", json!([]))),
            ("diff hero Slot1 1", 1, At("/differences/0/new", json!(3))),
            (
                "diff hero Slot1 1 2",
                1,
                At("/differences/0/path", json!("Currency")),
            ),
            ("diff hero Slot1 3", 0, At("/differences", json!([]))),
            ("diff hero Slot1 9", 1, Told("no version 9 of Slot1")),
            (
                "diff nobody Slot1 1",
                1,
                Told("no version 1 of Slot1 of player nobody is kept"),
            ),
            (
                "mail hero Slot1",
                0,
                At("/letters/0/content/Bread", json!(1)),
            ),
            ("mail busy Slot1", 1, At("/letters", json!([]))),
            ("check", 0, At("/seen/players", json!(2))),
            ("check hero --versions", 0, At("/seen/records", json!(1))),
            (
                "export --players names",
                0,
                At("/slots/0/letters/0/id", json!("gift")),
            ),
            (
                "export --players bad-names",
                2,
                Told("line 2 of bad-names can't be used"),
            ),
            ("export --players nowhere", 2, Told("nowhere can't be read")),
        ],
    );
    what_is_not_json_is_as_it_should_be(folder);
}

fn what_is_not_json_is_as_it_should_be(folder: &Folder) {
    let raw = folder.give(&["show", "hero", "Slot1", "--raw"]);
    assert_eq!(raw.code, Some(0), "{raw:#?}");
    let raw: Value = serde_json::from_str(&raw.answers.concat()).expect("it is JSON as stored");
    assert_eq!(raw["Currency"], json!(3));
    let mut listed = folder.give(&["players"]).answers;
    listed.sort();
    assert_eq!(listed, ["busy", "hero"]);
    let exported = folder.give(&["export", "--versions", "--mail-of", "Slot2"]);
    assert_eq!(exported.answers.len(), 2, "{exported:#?}");
}

fn every_command_that_changes_something_answers_in_json_and_by_its_exit_code(folder: &Folder) {
    let mut play = scene(folder);
    folder.write("mended.json", &rich(7).to_string());
    folder.write("half.json", "{");
    folder.write("bad.jsonl", "{\n");
    what_needs_consent_is_refused(folder);
    what_would_be_done_is_said(folder);
    what_makes_no_sense_is_refused(folder);
    what_is_consented_to_is_done(folder);
    play.signal(Signal::KILL);
    play.ended();
}

/// Nobody can be asked here, so nothing is done.
fn what_needs_consent_is_refused(folder: &Folder) {
    let say_yes = "pass --yes";
    hold(
        folder,
        &[
            ("restore hero Slot1 1", 2, Told(say_yes)),
            ("rewind --before 2026-02-28", 2, Told("2026-02-28")),
            ("rewind --before '2026-02-28 18:00:00'", 2, Told(say_yes)),
            ("put hero Slot1 mended.json", 2, Told(say_yes)),
            ("send hero Slot1 '{}'", 2, Told(say_yes)),
            ("free busy", 2, Told(say_yes)),
            ("erase hero", 2, Told(say_yes)),
            ("import scene.jsonl", 2, Told(say_yes)),
            ("move --to sqlite:other.db", 2, Told(say_yes)),
        ],
    );
}

/// And after that, nothing was.
fn what_would_be_done_is_said(folder: &Folder) {
    hold(
        folder,
        &[
            (
                "restore hero Slot1 1 --dry-run",
                0,
                At("/revision", json!(null)),
            ),
            (
                "put hero Slot1 mended.json --dry-run",
                0,
                At("/base", json!(3)),
            ),
            (
                "send hero Slot1 '{}' --dry-run",
                0,
                At("/sent", json!(false)),
            ),
            ("free busy --dry-run", 0, At("/freed", json!(false))),
            ("erase hero --dry-run", 0, At("/erased", json!(false))),
            (
                "import scene.jsonl --dry-run",
                0,
                At("/would", json!("would import 2 players")),
            ),
            (
                "move --to sqlite:other.db --dry-run",
                0,
                At("/would", json!("would copy 2 players")),
            ),
            (
                "rewind --before '2026-02-28 18:00:00' --dry-run",
                0,
                At("/restored", json!(1)),
            ),
            ("show hero", 0, At("/slots/0/revision", json!(3))),
        ],
    );
}

/// Nor is a player touched whom a server holds.
fn what_makes_no_sense_is_refused(folder: &Folder) {
    let held = "is held by";
    hold(
        folder,
        &[
            ("restore busy Slot1 1 --yes", 3, Told(held)),
            ("put busy Slot1 mended.json --yes", 3, Told(held)),
            ("erase busy --yes", 3, Told(held)),
            (
                "restore hero Slot1 9 --yes",
                1,
                Told("no version 9 of Slot1"),
            ),
            (
                "put hero Slot1 mended.json --yes --base 2",
                4,
                Told("has been written since"),
            ),
            (
                "put hero Slot1 half.json --yes",
                2,
                Told("half.json is not JSON"),
            ),
            ("send hero Slot1 Bread --yes", 2, Told("it is not JSON")),
            (
                "import bad.jsonl --yes",
                2,
                Told("line 1 of bad.jsonl can't be used"),
            ),
            (
                "import nowhere.jsonl --yes",
                2,
                Told("nowhere.jsonl can't be read"),
            ),
        ],
    );
}

/// Each does what it says.
fn what_is_consented_to_is_done(folder: &Folder) {
    hold(
        folder,
        &[
            ("restore hero Slot1 1 --yes", 0, At("/revision", json!(4))),
            (
                "put hero Slot1 mended.json --yes",
                0,
                At("/revision", json!(5)),
            ),
            (
                "rewind --before '2026-02-28 18:00:00' --slot Slot1 --yes",
                0,
                At("/restored", json!(1)),
            ),
            ("show hero", 0, At("/slots/0/document/Currency", json!(2))),
            (
                "send hero Slot1 '{}' --id new --yes",
                0,
                At("/sent", json!(true)),
            ),
            (
                "send hero Slot1 '{}' --id new --yes",
                0,
                At("/sent", json!(false)),
            ),
            ("mail hero Slot1", 0, At("/letters/1/id", json!("new"))),
            ("import scene.jsonl --yes", 1, At("/newer", json!(1))),
            ("move --to sqlite:other.db --yes", 1, At("/held", json!(1))),
            (
                "diff hero Slot1 --with sqlite:other.db",
                0,
                At("/differences", json!([])),
            ),
            ("free busy --yes", 0, At("/freed", json!(true))),
            ("free busy --yes", 1, At("/freed", json!(false))),
            ("erase hero --yes", 0, At("/erased", json!(true))),
            ("show hero", 1, At("/slots", json!([]))),
            ("erase nobody --yes", 0, At("/slots", json!([]))),
        ],
    );
}
