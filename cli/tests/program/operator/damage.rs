//! A record that was damaged on purpose: found, shown, and repaired.

use playerdata_process::Folder;
use serde_json::json;

use super::Operator as _;
use crate::game::Play as _;

/// Changes the stored bytes of player 1's slot.
fn damage(folder: &Folder, change: &str) {
    let file = rusqlite::Connection::open(folder.path().join("playerdata.db"))
        .expect("the file is a database");
    let changed = file.execute(change, []).expect("the file is a database");
    assert_eq!(changed, 1, "{change}");
}

#[test]
fn s12_a_damaged_record_is_found_shown_and_repaired() {
    for change in [
        "UPDATE slot SET body = substr(body, 1, length(body) / 2)",
        "UPDATE slot SET body = CAST('another program''s' AS BLOB)",
        "UPDATE slot SET body = x'ff00fe'",
    ] {
        let folder = Folder::new();
        folder.has_played("1", "set Currency 7\n");
        damage(&folder, change);
        let refused = folder.run(&[], "");
        assert_eq!(
            refused.code,
            Some(5),
            "the game can't load it: {refused:#?}"
        );

        let checked = folder.give(&["check"]);
        assert_eq!(checked.code, Some(1), "{checked:#?}");
        let fault = checked
            .answers
            .iter()
            .find(|line| line.starts_with("fault"));
        let fault = fault.unwrap_or_else(|| panic!("{checked:#?}"));
        assert!(
            fault.starts_with("fault player 1, Slot1: revision 1 can't be read: "),
            "{fault}"
        );

        let shown = folder.json(1, &["show", "1"]);
        let unreadable = &shown["slots"][0]["unreadable"];
        assert!(
            unreadable["why"].as_str().unwrap().contains("JSON"),
            "{shown}"
        );
        assert_ne!(unreadable["excerpt"], json!(""));
        let words = folder.give(&["show", "1"]);
        assert!(
            words
                .answers
                .iter()
                .any(|line| line.starts_with("It can't be read: "))
        );

        folder.write("mended.json", r#"{"Currency": 7, "Inventory": []}"#);
        let put = folder.give(&["put", "1", "Slot1", "mended.json", "--yes"]);
        assert!(
            put.messages.contains("could not be read, and is gone"),
            "{put:#?}"
        );
        put.expect(0, &["Slot1 of player 1 is at revision 2"]);
        assert_eq!(folder.give(&["check"]).code, Some(0));
        folder.run(&[], "get Currency\n").expect(0, &["7", "ended"]);
    }
}
