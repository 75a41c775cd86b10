//! Putting documents into slots.

use playerdata_process::Folder;
use serde_json::{Value, json};

use super::Operator as _;
use crate::{game::Play as _, stores::on_every_store};

on_every_store! {
    s12_a_document_is_put_in_the_place_of_another_and_the_envelope_stays,
}

fn s12_a_document_is_put_in_the_place_of_another_and_the_envelope_stays(folder: &Folder) {
    folder.has_played("1", "set Currency 7\n");
    let before = folder.json(0, &["show", "1"]);
    let mut document = before["slots"][0]["document"].clone();
    document["Currency"] = json!(1_000_000);
    folder.write("mended.json", &document.to_string());

    let put = ["put", "1", "Slot1", "mended.json"];
    let unasked = folder.give(&put);
    assert_eq!(unasked.code, Some(2), "{unasked:#?}");
    let give = |option, code| -> Value {
        let mut arguments = put.to_vec();
        arguments.push(option);
        folder.json(code, &arguments)
    };
    assert_eq!(give("--dry-run", 0)["revision"], json!(null));
    assert_eq!(folder.json(0, &["show", "1"]), before);

    assert_eq!(give("--yes", 0)["revision"], json!(2));
    let after = folder.json(0, &["show", "1"]);
    assert_eq!(after["lock"], json!(null), "its session is over");
    assert_eq!(after["slots"][0]["document"], document);
    assert_eq!(
        after["slots"][0]["envelope"],
        before["slots"][0]["envelope"]
    );
    folder
        .run(&[], "get Currency\n")
        .expect(0, &["1000000", "ended"]);
}

#[test]
fn a_put_is_refused_while_somebody_plays_and_over_what_is_newer() {
    let folder = Folder::new();
    folder.write("empty.json", "{}");
    let mut play = folder.play(&["--server", "first"]);
    assert_eq!(play.ask("save"), "saved revision 1");
    let held = folder.give(&["put", "1", "Slot1", "empty.json", "--yes"]);
    assert_eq!(held.code, Some(3), "{held:#?}");
    assert!(held.messages.contains("server first"), "{held:#?}");
    assert_eq!(play.ask("inc Currency 1"), "501");
    play.end().expect(0, &["ended"]);

    let newer = folder.give(&["put", "1", "Slot1", "empty.json", "--yes", "--base", "1"]);
    assert_eq!(newer.code, Some(4), "{newer:#?}");
    folder
        .run(&[], "get Currency\n")
        .expect(0, &["501", "ended"]);
}

#[test]
fn a_put_may_steal_and_who_it_was_is_told() {
    let folder = Folder::new();
    folder.write("empty.json", "{}");
    let mut play = folder.play(&["--server", "first"]);
    assert_eq!(play.ask("save"), "saved revision 1");
    let put = folder.give(&["put", "1", "Slot1", "empty.json", "--yes", "--steal"]);
    put.expect(0, &["Slot1 of player 1 is at revision 2"]);
    assert!(play.ask("save").starts_with("error: "));
    assert_eq!(play.ended().code, Some(4));
}

#[test]
fn what_is_put_can_come_from_standard_input_and_has_to_be_json() {
    let folder = Folder::new();
    folder.has_played("1", "");
    let mut command = folder.command(env!("CARGO_BIN_EXE_playerdata"));
    let store = ["--store", "sqlite:players.db", "--yes"];
    command.args(["put", "1", "Slot1", "-"]).args(store);
    let mut put = playerdata_process::Process::start(&mut command);
    std::io::Write::write_all(put.input(), b"{\"Currency\": 1}").unwrap();
    put.end().expect(0, &["Slot1 of player 1 is at revision 2"]);
    folder.write("half.json", "{\"Currency\": ");
    let half = folder.give(&["put", "1", "Slot1", "half.json", "--yes"]);
    assert_eq!(half.code, Some(2), "{half:#?}");
    assert!(half.messages.contains("half.json is not JSON"), "{half:#?}");
    folder.write("reserved.json", "{\"$playerdata\": {}}");
    let reserved = folder.give(&["put", "1", "Slot1", "reserved.json", "--yes"]);
    assert_eq!(reserved.code, Some(2), "{reserved:#?}");
    let shown = folder.json(0, &["show", "1"]);
    assert_eq!(shown["slots"][0]["document"], json!({"Currency": 1}));
}
