//! What a player takes along to another store, so that nothing is lost there,
//! and nothing is taken in twice.

use playerdata_process::{Folder, Store};
use serde_json::{Value, json};

use super::Operator as _;
use crate::{game::Play as _, stores::on_every_server};

const OLD: [&str; 2] = ["--store", "sqlite:old.db"];
const POSTING: &str = "6f0a7a52-3b0f-4a63-9f04-6f6f3f7f1a11";
const TRADE: &str = "6f0a7a52-3b0f-4a63-9f04-6f6f3f7f1a22";

on_every_server! {
    m1_p3_mail_its_memory_and_verdicts_are_moved,
}

/// Gives a command at the old store of the folder.
fn at_old(folder: &Folder, arguments: &[&str]) -> Value {
    folder.json(0, &[arguments, &OLD].concat())
}

fn send(folder: &Folder, store: &[&str], player: &str, id: &str) -> Value {
    let letter = r#"{"Items":[{"Name":"Bread","Quantity":1}]}"#;
    let arguments = ["send", player, "Slot1", letter, "--id", id, "--yes"];
    folder.json(0, &[&arguments[..], store].concat())["sent"].clone()
}

/// Plays at a store, and gives the answers except for the last.
fn play(folder: &Folder, store: &[&str], player: &str, lines: &str) -> Vec<String> {
    let arguments = [&["--strict", "--player", player][..], store].concat();
    let ended = folder.run(&arguments, lines);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let mut answers = ended.answers;
    answers.pop();
    answers
}

/// Moves everybody from the old store to that of the folder.
fn move_house(folder: &Folder) -> Value {
    let to = folder.store().address().unwrap_or("sqlite:players.db");
    at_old(folder, &["move", "--to", to, "--yes"])
}

fn mail(folder: &Folder, code: i32, store: &[&str], player: &str) -> Vec<Value> {
    let mail = folder.json(code, &[&["mail", player, "Slot1"][..], store].concat());
    let letters = mail["letters"].as_array().expect("a list").iter();
    letters.map(|letter| letter["id"].clone()).collect()
}

/// One line of an export: a player with a document, and what is beside it.
fn line(player: &str, currency: u64, envelope: &Value, more: &Value) -> String {
    let mut slot = json!({
        "slot": "Slot1",
        "revision": 1,
        "schema": 1,
        "saved_at_ms": 1_000,
        "write_id": POSTING,
        "document": {"Currency": currency, "Inventory": [], "GiftBank": {}},
        "envelope": envelope,
    });
    for (name, value) in more["slot"].as_object().into_iter().flatten() {
        slot[name] = value.clone();
    }
    let verdicts = more.get("verdicts").cloned().unwrap_or_else(|| json!([]));
    let line = json!({
        "format": 2, "player": player, "slots": [slot], "verdicts": verdicts,
    });
    line.to_string() + "\n"
}

fn has_imported(folder: &Folder, lines: &[String]) {
    folder.write("old.jsonl", &lines.concat());
    let imported = at_old(folder, &["import", "old.jsonl", "--yes"]);
    assert_eq!(imported["written"], json!(lines.len()));
}

fn m1_p3_mail_its_memory_and_verdicts_are_moved(folder: &Folder) {
    let bought = json!({"v": 4, "escrow": [{
        "side": {"trade": TRADE, "first": true},
        "key": "deal",
        "put": {"Amounts": {"Currency": 5}},
        "get": {"Amounts": {"Currency": 90}},
    }]});
    let decided = json!({"verdicts": [{"trade": TRADE, "verdict": "commit"}]});
    let refused = json!({"slot": {"remembered": [
        {"id": "order-17", "posting": POSTING, "retention": "timed"},
        {"id": "parcel-3", "posting": POSTING, "retention": "until-settled"},
    ]}});
    has_imported(
        folder,
        &[
            line("trader", 10, &bought, &decided),
            line("customer", 20, &json!({"v": 1}), &refused),
        ],
    );
    assert_eq!(send(folder, &OLD, "newcomer", "order-18"), json!(true));

    let moved = move_house(folder);
    assert_eq!(moved["written"], json!(3));
    assert_eq!(move_house(folder)["there_already"], json!(3));
    // Bought for somebody who has never played.
    assert_eq!(mail(folder, 0, &[], "newcomer"), [json!("order-18")]);
    // Taken in before the move, and sent again after it.
    assert_eq!(send(folder, &[], "customer", "order-17"), json!(false));
    assert_eq!(mail(folder, 1, &[], "customer"), [json!(null); 0]);
    // Decided before the move, and done after it.
    assert_eq!(play(folder, &[], "trader", "get Currency\n"), ["100"]);
}

#[test]
fn m2_what_was_taken_in_between_two_moves_is_not_taken_in_again() {
    let folder = Folder::on(Store::sqlite());
    folder.has_played("1", "");
    std::fs::rename(
        folder.path().join("players.db"),
        folder.path().join("old.db"),
    )
    .expect("it is there");
    assert_eq!(send(&folder, &OLD, "1", "gift"), json!(true));
    move_house(&folder);
    assert_eq!(mail(&folder, 0, &[], "1"), [json!("gift")]);

    let played = play(&folder, &OLD, "1", "claim gift\ninc Currency 1\n");
    assert_eq!(played.last().map(String::as_str), Some("501"));
    assert_eq!(mail(&folder, 1, &OLD, "1"), [json!(null); 0]);
    assert_eq!(move_house(&folder)["written"], json!(1));
    assert_eq!(mail(&folder, 1, &[], "1"), [json!(null); 0]);
    let played = play(&folder, &[], "1", "gifts\nget Currency\n");
    assert_eq!(played.last().map(String::as_str), Some("501"));
    assert!(!played[0].contains("gift"), "{played:?}");
    assert_eq!(send(&folder, &[], "1", "gift"), json!(false));
}

#[test]
fn p2_what_is_in_an_outbox_arrives_once_after_a_move() {
    let folder = Folder::new();
    let to =
        |id: &str| json!({"player": "receiver", "slot": "Slot1", "id": id, "posting": POSTING});
    let parcel = json!({"Amounts": {"Currency": 5}});
    let outbox = json!({"v": 4, "outbox": [
        {"to": to("arrived"), "at": 5, "parcel": parcel},
        {"to": to("waits"), "at": 5, "parcel": parcel},
        {"to": to("unsent"), "at": 5, "parcel": parcel},
    ]});
    let received = json!({"slot": {
        "remembered": [{"id": "arrived", "posting": POSTING, "retention": "until-settled"}],
        "letters": [{
            "id": "waits", "posting": POSTING, "sender": "", "sent_at_ms": 5,
            "retention": "until-settled", "content": parcel,
        }],
    }});
    has_imported(
        &folder,
        &[
            line("sender", 10, &outbox, &json!({})),
            line("receiver", 20, &json!({"v": 1}), &received),
        ],
    );
    move_house(&folder);
    play(&folder, &[], "sender", "get Currency\n");
    let waiting = mail(&folder, 0, &[], "receiver");
    assert_eq!(waiting, [json!("waits"), json!("unsent")]);
    let lines = "claim waits\nclaim unsent\nget Currency\n";
    let played = play(&folder, &[], "receiver", lines);
    assert_eq!(played.last().map(String::as_str), Some("30"));
}

#[test]
fn what_is_exported_takes_mail_its_memory_and_verdicts_along() {
    let folder = Folder::new();
    let trade = json!({"v": 4, "escrow": [{
        "side": {"trade": TRADE, "first": false},
        "key": "deal", "put": {"Amounts": {"Currency": 5}}, "get": {},
    }]});
    let remembered = json!({"slot": {"remembered": [
        {"id": "order-17", "posting": POSTING, "retention": "timed"},
    ]}});
    has_imported(&folder, &[line("1", 10, &trade, &remembered)]);
    send(&folder, &OLD, "2", "order-18");
    let exported = folder.give(&[&["export"][..], &OLD].concat());
    assert_eq!(exported.code, Some(0), "{exported:#?}");
    let lines: Vec<Value> = exported
        .answers
        .iter()
        .map(|line| serde_json::from_str(line).expect("it is JSON"))
        .collect();
    // Nobody had decided it, and nobody holds the player.
    let aborted = json!([{"trade": TRADE, "verdict": "abort"}]);
    assert_eq!(lines[0]["verdicts"], aborted);
    assert_eq!(
        lines[0]["slots"][0]["remembered"],
        remembered["slot"]["remembered"]
    );
    assert_eq!(lines[1]["slots"][0]["letters"][0]["id"], json!("order-18"));
    folder.write("export.jsonl", &(exported.answers.join("\n") + "\n"));
    let imported = folder.json(0, &["import", "export.jsonl", "--yes"]);
    assert_eq!(imported["written"], json!(2));
    let again = folder.give(&["export"]);
    assert_eq!(again.answers.len(), 2);
    for (line, again) in lines.iter().zip(&again.answers) {
        let again: Value = serde_json::from_str(again).expect("it is JSON");
        assert_eq!(again["slots"][0]["letters"], line["slots"][0]["letters"]);
        assert_eq!(
            again["slots"][0]["remembered"],
            line["slots"][0]["remembered"]
        );
        assert_eq!(again["verdicts"], line["verdicts"]);
    }
}

#[test]
fn p3_a_trade_that_the_other_store_has_ended_differently_is_told() {
    let folder = Folder::new();
    let trade = json!({"v": 4, "escrow": [{
        "side": {"trade": TRADE, "first": true},
        "key": "deal", "put": {"Amounts": {"Currency": 5}}, "get": {},
    }]});
    let verdict = |verdict: &str| json!({"verdicts": [{"trade": TRADE, "verdict": verdict}]});
    has_imported(&folder, &[line("1", 10, &trade, &verdict("commit"))]);
    // The other party was loaded at the new store, too early.
    folder.write("early.jsonl", &line("2", 10, &trade, &verdict("abort")));
    folder.json(0, &["import", "early.jsonl", "--yes"]);
    let arguments = ["move", "--to", "sqlite:players.db", "--yes"];
    let moved = folder.give(&[&arguments[..], &OLD].concat());
    assert_eq!(moved.code, Some(1), "{moved:#?}");
    assert!(moved.messages.contains("differently"), "{moved:#?}");
}

#[test]
fn versions_of_a_slot_that_was_deleted_come_along_by_its_name() {
    let folder = Folder::new();
    let version = |revision: u64| {
        json!({
            "revision": revision, "schema": 1, "saved_at_ms": 500 + revision,
            "write_id": POSTING, "document": {"Currency": revision},
        })
    };
    let slot = json!({"slot": "Slot1", "versions": [version(1), version(2)]});
    let deleted = json!({"format": 1, "player": "1", "slots": [slot]});
    has_imported(&folder, &[deleted.to_string() + "\n"]);
    let to = ["--to", "sqlite:players.db", "--yes", "--versions"];
    let arguments = [&["move"][..], &to, &["--slot", "Slot1"]].concat();
    for written in [1, 0] {
        let moved = at_old(&folder, &arguments);
        assert_eq!(moved["written"], json!(written));
    }
    let versions = folder.json(0, &["versions", "1", "Slot1"]);
    assert_eq!(versions["versions"].as_array().map(Vec::len), Some(2));
    let shown = folder.json(1, &["show", "1"]);
    assert_eq!(shown["slots"], json!([]), "it is deleted still");
}
