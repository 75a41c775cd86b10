//! From store to store: `export`, `import`, `move`, and versions that come
//! with them.

use playerdata_process::Folder;
use serde_json::{Value, json};

use super::Operator as _;
use crate::game::Play as _;

/// Writes an export of the folder's store to a file.
fn export(folder: &Folder, arguments: &[&str]) -> Vec<Value> {
    let arguments = [&["export"], arguments].concat();
    let exported = folder.give(&arguments);
    assert_eq!(exported.code, Some(0), "{exported:#?}");
    folder.write("export.jsonl", &(exported.answers.join("\n") + "\n"));
    let lines = exported.answers.iter();
    lines
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect()
}

const OTHER: [&str; 2] = ["--store", "sqlite:other.db"];

fn import(folder: &Folder, code: i32, arguments: &[&str]) -> Value {
    let arguments = [&["import", "export.jsonl", "--yes"], &OTHER[..], arguments].concat();
    folder.json(code, &arguments)
}

/// A slot whose revisions 1 and 2 are kept: a currency of 1 and 2, and 3 now.
fn with_versions() -> Folder {
    let folder = Folder::new();
    folder.has_played("1", "");
    let mut line = export(&folder, &[]).remove(0);
    let slot = &mut line["slots"][0];
    let record = |currency: u64, at: u64| {
        json!({
            "revision": currency,
            "schema": slot["schema"],
            "saved_at_ms": at,
            "write_id": slot["write_id"],
            "document": {"Currency": currency, "Inventory": []},
            "envelope": {"v": 1},
        })
    };
    let versions = json!([record(1, 1_000), record(2, 2_000)]);
    slot["document"]["Currency"] = json!(3);
    slot["versions"] = versions;
    folder.write("export.jsonl", &line.to_string());
    std::fs::remove_file(folder.path().join("players.db")).expect("it is there");
    let imported = folder.give(&["import", "export.jsonl", "--yes"]);
    assert_eq!(imported.code, Some(0), "{imported:#?}");
    folder
}

#[test]
fn what_is_exported_is_imported_once_and_never_over_something_newer() {
    let folder = Folder::new();
    folder.has_played("1", "set Currency 7\nload Slot2\n");
    folder.has_played("2", "add Bread 1\n");
    let lines = export(&folder, &[]);
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["format"], json!(1));
    assert_eq!(lines[0]["slots"][0]["document"]["Currency"], json!(7));

    let unasked = folder.give(&["import", "export.jsonl", "--store", "sqlite:other.db"]);
    assert_eq!(unasked.code, Some(2), "{unasked:#?}");
    assert_eq!(
        import(&folder, 0, &["--dry-run"])["would"],
        json!("would import 2 players")
    );
    assert_eq!(import(&folder, 0, &[])["written"], json!(2));
    let shown = |player: &str, store: &[&str]| {
        let shown = folder.json(0, &[&["show", player], store].concat());
        let slots = shown["slots"].as_array().expect("it has slots").clone();
        let slots = slots.into_iter().map(|slot| {
            let kept = ["slot", "document", "envelope", "schema", "saved_at_ms"];
            kept.map(|member| slot[member].clone())
        });
        slots.collect::<Vec<_>>()
    };
    for player in ["1", "2"] {
        assert_eq!(shown(player, &OTHER), shown(player, &[]));
    }
    // Broken off and made again: nothing is written twice.
    let again = import(&folder, 0, &[]);
    assert_eq!(
        (&again["written"], &again["there_already"]),
        (&json!(0), &json!(2))
    );

    let play = [&OTHER[..], &["--player", "2"]].concat();
    folder
        .run(&play, "inc Currency 1\n")
        .expect(0, &["501", "ended"]);
    let newer = import(&folder, 1, &[]);
    assert_eq!(
        (&newer["newer"], &newer["there_already"]),
        (&json!(1), &json!(1))
    );
    let over = import(&folder, 0, &["--replace-newer"]);
    assert_eq!(
        (&over["written"], &over["there_already"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(shown("2", &OTHER), shown("2", &[]));
}

#[test]
fn a_player_who_is_held_is_left_and_told() {
    let folder = Folder::new();
    folder.has_played("1", "");
    export(&folder, &[]);
    let mut play = folder.play(&[&OTHER[..], &["--server", "busy"]].concat());
    assert_eq!(play.ask("get Currency"), "500");
    let arguments = [&["import", "export.jsonl", "--yes"], &OTHER[..]].concat();
    let left = folder.give(&arguments);
    assert_eq!(left.code, Some(1), "{left:#?}");
    assert!(
        left.messages.contains("skipped: player 1 is held by"),
        "{left:#?}"
    );
    assert!(left.messages.contains("busy"), "{left:#?}");
}

#[test]
fn a_line_that_makes_no_sense_is_told_by_its_number() {
    let folder = Folder::new();
    folder.has_played("1", "");
    let exported = folder.give(&["export"]).answers.remove(0);
    folder.write("export.jsonl", &format!("{exported}\n{{\n"));
    let arguments = [&["import", "export.jsonl", "--yes"], &OTHER[..]].concat();
    let refused = folder.give(&arguments);
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    assert!(
        refused
            .messages
            .contains("line 2 of export.jsonl can't be used"),
        "{refused:#?}"
    );
}

#[test]
fn some_players_are_exported_by_name() {
    let folder = Folder::new();
    for player in ["a", "b", "c"] {
        folder.has_played(player, "");
    }
    folder.write("names", "c\n\na\n");
    let lines = export(&folder, &["--players", "names"]);
    let names: Vec<_> = lines.iter().map(|line| &line["player"]).collect();
    assert_eq!(names, [&json!("c"), &json!("a")]);
}

#[test]
fn everybody_is_moved_and_both_sides_are_compared() {
    let folder = Folder::new();
    for player in ["1", "2", "3"] {
        folder.has_played(player, "inc Currency 1\n");
    }
    let sent = folder.give(&[
        "send",
        "1",
        "Slot1",
        r#"{"Bread":1}"#,
        "--id",
        "gift",
        "--yes",
    ]);
    sent.expect(0, &["letter gift is sent"]);
    let to = ["move", "--to", "sqlite:other.db"];
    let with = |option| [&to[..], &[option]].concat();
    assert_eq!(
        folder.json(0, &with("--dry-run"))["would"],
        json!("would copy 3 players")
    );
    assert!(!folder.path().join("other.db").exists());
    let moved = folder.json(0, &with("--yes"));
    assert_eq!(moved["written"], json!(3));
    let again = folder.json(0, &with("--yes"));
    assert_eq!(
        (&again["written"], &again["there_already"]),
        (&json!(0), &json!(3))
    );
    for player in ["1", "2", "3"] {
        folder.json(0, &["diff", player, "Slot1", "--with", "sqlite:other.db"]);
        folder.json(1, &["holder", player]);
        folder.json(1, &[&["holder", player], &OTHER[..]].concat());
    }
    let mail = folder.json(0, &[&["mail", "1", "Slot1"], &OTHER[..]].concat());
    assert_eq!(mail["letters"][0]["id"], json!("gift"));

    let itself = folder.give(&["move", "--to", "sqlite:players.db", "--yes"]);
    assert_eq!(itself.code, Some(2), "{itself:#?}");
}

#[cfg(feature = "redis")]
#[test]
fn everybody_is_moved_to_redis() {
    let folder = Folder::new();
    folder.has_played("1", "set Currency 7\n");
    let redis = playerdata_process::Store::redis();
    let address = redis.address().expect("it is a server");
    let moved = folder.json(0, &["move", "--to", address, "--yes"]);
    assert_eq!(moved["written"], json!(1));
    let same = ["diff", "1", "Slot1", "--with", address];
    assert_eq!(folder.json(0, &same)["differences"], json!([]));
    let play = ["--store", address];
    folder
        .run(&play, "get Currency\n")
        .expect(0, &["7", "ended"]);
}

#[test]
fn h4_a_version_is_listed_compared_and_restored_and_what_it_replaces_is_kept() {
    let folder = with_versions();
    let revisions = |folder: &Folder| -> Vec<Value> {
        let listed = folder.json(0, &["versions", "1", "Slot1"]);
        let listed = listed["versions"].as_array().expect("a list").clone();
        listed
            .iter()
            .map(|version| version["revision"].clone())
            .collect()
    };
    assert_eq!(revisions(&folder), [json!(2), json!(1)]);
    let found = folder.json(1, &["diff", "1", "Slot1", "1", "2"]);
    assert_eq!(
        found["differences"],
        json!([{"path": "Currency", "old": 1, "new": 2}])
    );

    let restore = ["restore", "1", "Slot1", "1"];
    let dry = folder.json(0, &[&restore[..], &["--dry-run"]].concat());
    assert_eq!(dry["revision"], json!(null));
    let restored = folder.json(0, &[&restore[..], &["--yes"]].concat());
    assert_eq!(restored["revision"], json!(4));
    assert_eq!(restored["left_out"], json!([]));
    assert_eq!(revisions(&folder), [json!(3), json!(2), json!(1)]);
    let shown = folder.json(0, &["show", "1", "Slot1"]);
    assert_eq!(shown["slots"][0]["document"]["Currency"], json!(1));
    assert_eq!(shown["lock"], json!(null), "its session is over");

    let none = folder.give(&["restore", "1", "Slot1", "9", "--yes"]);
    assert_eq!(none.code, Some(1), "{none:#?}");
    let mut play = folder.play(&["--server", "first"]);
    assert_eq!(play.ask("get Currency"), "1");
    let held = folder.give(&["restore", "1", "Slot1", "2", "--yes"]);
    assert_eq!(held.code, Some(3), "{held:#?}");
    let stolen = folder.json(0, &["restore", "1", "Slot1", "2", "--yes", "--steal"]);
    let made = stolen["revision"].as_u64().expect("a revision");
    assert!(made > 4, "{stolen}");
    assert!(play.ask("save").starts_with("error: "));
    assert_eq!(play.ended().code, Some(4));
}

#[test]
fn h4_what_was_sent_or_decided_since_is_left_out_of_a_version() {
    let folder = with_versions();
    let file = rusqlite::Connection::open(folder.path().join("players.db")).unwrap();
    let id = "6f0a7a52-3b0f-4a63-9f04-6f6f3f7f1a11";
    let to = json!({"player": "2", "slot": "Slot1", "id": "gift", "posting": id});
    let outbox = json!([{"to": to, "at": 5, "parcel": {"Amounts": {"Currency": 1}}}]);
    let side = json!({"trade": id, "first": true});
    let escrow = json!([{"side": side, "key": "swap", "put": {}, "get": {}}]);
    let envelope = json!({"v": 4, "outbox": outbox, "escrow": escrow});
    let body = json!({"Currency": 1, "Inventory": [], "$playerdata": envelope});
    let change = "UPDATE version SET body = ?1, encoding = 'json' WHERE revision = 1";
    let body = body.to_string().into_bytes();
    assert_eq!(file.execute(change, [&body[..]]).unwrap(), 1);
    drop(file);
    let restored = folder.json(0, &["restore", "1", "Slot1", "1", "--yes"]);
    assert_eq!(restored["left_out"], json!(["outbox", "escrow"]));
    let shown = folder.json(0, &["show", "1", "Slot1"]);
    let beside = &shown["slots"][0]["envelope"];
    assert!(beside.get("outbox").or(beside.get("escrow")).is_none());
    assert_eq!(
        shown["slots"][0]["document"],
        json!({"Currency": 1, "Inventory": []})
    );
}

#[test]
fn m1_a_letter_is_sent_once_under_its_id() {
    let folder = Folder::new();
    folder.has_played("1", "");
    let send =
        |content: &str| folder.json(0, &["send", "1", "Slot1", content, "--id", "gift", "--yes"]);
    assert_eq!(send(r#"{"Bread":1}"#)["sent"], json!(true));
    assert_eq!(send(r#"{"Bread":9}"#)["sent"], json!(false));
    let mail = folder.json(0, &["mail", "1", "Slot1"]);
    assert_eq!(mail["letters"][0]["content"], json!({"Bread": 1}));
    let sender = mail["letters"][0]["sender"].as_str().expect("a text");
    assert!(sender.starts_with("operator."), "{sender}");
    assert_eq!(mail["letters"].as_array().map(Vec::len), Some(1));
    for (content, told) in [("bread", "it is not JSON"), (&*"1".repeat(20), "")] {
        let ended = folder.give(&["send", "1", "Slot1", content, "--dry-run"]);
        assert_eq!(
            ended.code,
            Some(if told.is_empty() { 0 } else { 2 }),
            "{ended:#?}"
        );
        assert!(ended.messages.contains(told), "{ended:#?}");
    }
    let long = format!("\"{}\"", "x".repeat(20_000));
    let ended = folder.give(&["send", "1", "Slot1", &long, "--yes"]);
    assert_eq!(ended.code, Some(2), "{ended:#?}");
}

/// Puts many players into the folder's store.
pub(super) fn with_players(players: u64) -> Folder {
    let folder = Folder::new();
    let write_id = "6f0a7a52-3b0f-4a63-9f04-6f6f3f7f1a11";
    let line = |player: u64| {
        let slot = json!({
            "slot": "Slot1",
            "revision": 1,
            "schema": 1,
            "saved_at_ms": 1_000 + player,
            "write_id": write_id,
            "document": {"Currency": player, "Inventory": []},
        });
        json!({"format": 1, "player": player.to_string(), "slots": [slot]}).to_string() + "\n"
    };
    folder.write("export.jsonl", &(1..=players).map(line).collect::<String>());
    let imported = folder.json(0, &["import", "export.jsonl", "--yes"]);
    assert_eq!(imported["written"], json!(players));
    folder
}

#[test]
fn a_move_that_is_interrupted_leaves_nobody_half_and_is_made_again() {
    const PLAYERS: u64 = 2_000;
    let folder = with_players(PLAYERS);
    let mut command = folder.command(env!("CARGO_BIN_EXE_playerdata"));
    command.args(["move", "--to", "sqlite:other.db", "--yes", "--json"]);
    command.args(["--store", "sqlite:players.db"]);
    let mut moving = playerdata_process::Process::start(&mut command);
    // It has players there before it is interrupted.
    let patience = tokio::time::Instant::now() + playerdata_process::PATIENCE;
    let arguments = [&["show", "1"], &OTHER[..]].concat();
    while folder.give(&arguments).code != Some(0) {
        assert!(tokio::time::Instant::now() < patience, "nobody arrives");
    }
    moving.signal(rustix::process::Signal::INT);
    let ended = moving.ended();
    let told: Value = serde_json::from_str(&ended.answers[0]).expect("it is JSON");
    let first = told["written"].as_u64().expect("a number");
    let stopped = told["stopped"] == json!(true);
    assert_eq!(ended.code, Some(i32::from(stopped)), "{ended:#?}");
    assert_eq!(stopped, first < PLAYERS, "{told}");

    let again = folder.json(0, &["move", "--to", "sqlite:other.db", "--yes"]);
    assert_eq!(
        again["there_already"],
        json!(first),
        "nobody was left half, or held"
    );
    assert_eq!(again["written"], json!(PLAYERS - first));
}
