//! What was damaged on purpose: found, shown, and repaired.

use playerdata_process::Folder;
use serde_json::{Value, json};

use super::{
    Operator as _,
    scene::{Figure, put_in_place, rich},
};
use crate::{
    game::Play as _,
    raw::{Damage, Raw},
    stores::on_every_store,
};

on_every_store! {
    s12_a_damaged_record_is_found_shown_and_repaired_by_put_and_by_restore,
    s12_damaged_mail_and_versions_are_found_and_harm_nothing_else,
}

/// What `check` finds, each as JSON.
fn faults(folder: &Folder, arguments: &[&str]) -> Vec<Value> {
    let checked = folder.give(&[&["check", "--json"], arguments].concat());
    let lines = checked.answers.iter();
    let mut lines: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).expect("it answers in JSON"))
        .collect();
    let seen = lines.pop().expect("it says how much it looked at");
    let of_players = |line: &Value| line["fault"] == json!(true) && line["player"].is_string();
    lines.retain(of_players);
    assert_eq!(checked.code, Some(i32::from(!lines.is_empty())));
    assert_eq!(seen["seen"]["faults"], json!(lines.len()), "{lines:#?}");
    lines
}

fn s12_a_damaged_record_is_found_shown_and_repaired_by_put_and_by_restore(folder: &Folder) {
    let named = |damage, repair: &str| format!("{damage:?}-{repair}");
    let repairs = ["put", "restore"];
    let players = Damage::ALL.map(|damage| repairs.map(|repair| named(damage, repair)));
    let players = players.as_flattened();
    let figures = players
        .iter()
        .map(|player| Figure::new(player, [rich(1), rich(2)]));
    put_in_place(folder, &figures.collect::<Vec<_>>());
    let raw = Raw::of(folder);
    for damage in Damage::ALL {
        for repair in repairs {
            raw.damage(&named(damage, repair), "Slot1", damage);
        }
    }

    let found = faults(folder, &[]);
    let mut found: Vec<_> = found
        .iter()
        .map(|fault| (fault["player"].as_str().unwrap_or_default(), &fault["kind"]))
        .collect();
    found.sort_by_key(|(player, _)| *player);
    let mut wanted: Vec<_> = players
        .iter()
        .map(|it| (&**it, json!("unreadable")))
        .collect();
    wanted.sort_by_key(|(player, _)| *player);
    assert_eq!(
        found,
        wanted
            .iter()
            .map(|(player, kind)| (*player, kind))
            .collect::<Vec<_>>()
    );

    folder.write("mended.json", &rich(7).to_string());
    for damage in Damage::ALL {
        let (to_put, to_restore) = (named(damage, "put"), named(damage, "restore"));
        is_shown(folder, &to_put, damage);
        let put = folder.give(&["put", &to_put, "Slot1", "mended.json", "--yes"]);
        assert_eq!(put.code, Some(0), "{put:#?}");
        assert!(
            put.messages.contains("could not be read, and is gone"),
            "{put:#?}"
        );
        let restored = folder.json(0, &["restore", &to_restore, "Slot1", "1", "--yes"]);
        assert!(restored["revision"].as_u64() > Some(1), "{restored}");
    }
    assert_eq!(faults(folder, &[]), Vec::<Value>::new());
    for (repair, currency) in [("put", "7"), ("restore", "1")] {
        let player = named(Damage::Foreign, repair);
        let played = folder.run(&["--player", &player], "get Currency\n");
        played.expect(0, &[currency, "ended"]);
    }
}

/// It is shown as what can't be read, and why, and no game is given defaults.
fn is_shown(folder: &Folder, player: &str, damage: Damage) {
    let shown = folder.json(1, &["show", player]);
    let slot = &shown["slots"][0];
    assert_eq!(slot["slot"], json!("Slot1"));
    let why = slot["unreadable"]["why"].as_str().expect("it says why");
    assert!(!why.is_empty());
    let excerpt = slot["unreadable"]["excerpt"].as_str().expect("it has one");
    let part = match damage {
        Damage::Foreign => "another program's",
        Damage::Envelope => "nonsense",
        Damage::Flipped | Damage::Half => "",
    };
    assert!(!excerpt.is_empty() && excerpt.contains(part), "{shown}");
    if damage == Damage::Foreign {
        let words = folder.give(&["show", player]);
        let told = |line: &String| line.starts_with("It can't be read: ");
        assert!(words.answers.iter().any(told), "{words:#?}");
        let refused = folder.run(&["--player", player], "");
        assert_eq!(refused.code, Some(5), "{refused:#?}");
        let raw = folder.give(&["show", player, "Slot1", "--raw"]);
        assert!(raw.answers[0].contains("another program's"), "{raw:#?}");
    }
}

fn s12_damaged_mail_and_versions_are_found_and_harm_nothing_else(folder: &Folder) {
    let mut figures = ["mail", "version", "well"].map(|player| {
        Figure::new(player, [rich(1), rich(2), rich(3)]).with_letter("gift", &json!({"Bread": 1}))
    });
    figures[1] = Figure::new("version", [rich(1), rich(2), rich(3)]);
    put_in_place(folder, &figures);
    let raw = Raw::of(folder);
    raw.damage_letter("mail", "Slot1");
    raw.damage_version("version", "Slot1", 2);

    let found = faults(folder, &["--versions"]);
    let mut found: Vec<_> = found.iter().map(|fault| &fault["player"]).collect();
    found.sort_by_key(|player| player.as_str());
    assert_eq!(found, ["mail", "version"]);

    // A version that can't be read is not restored; another one is.
    let refused = folder.give(&["restore", "version", "Slot1", "2", "--yes"]);
    assert!(refused.code != Some(0), "{refused:#?}");
    let shown = folder.json(0, &["show", "version", "Slot1"]);
    assert_eq!(shown["slots"][0]["document"]["Currency"], json!(3));
    folder.json(0, &["restore", "version", "Slot1", "1", "--yes"]);

    // What is well is exported.
    let exported = folder.give(&["export", "--versions"]);
    assert_eq!(exported.code, Some(1), "{exported:#?}");
    assert_eq!(exported.answers.len(), 3, "{exported:#?}");
    let told = "left out: player mail, Slot1: ";
    assert!(exported.messages.contains(told), "{exported:#?}");
    assert!(!exported.messages.contains("player well"), "{exported:#?}");

    // So it is repaired: whatever can be read comes back.
    folder.write("names", "mail\n");
    let saved = folder.give(&["export", "--players", "names"]);
    folder.write("mail.jsonl", &(saved.answers.join("\n") + "\n"));
    folder.json(0, &["erase", "mail", "--yes"]);
    folder.json(0, &["import", "mail.jsonl", "--yes"]);
    assert_eq!(faults(folder, &["mail"]), Vec::<Value>::new());
    let played = folder.run(&["--player", "mail"], "get Currency\n");
    played.expect(0, &["3", "ended"]);
}
