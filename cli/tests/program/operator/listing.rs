//! `players` at a pace, and in segments.

use std::collections::BTreeSet;

use playerdata_process::Folder;
use tokio::time::Instant;

use super::Operator as _;

/// Has letters wait for some players: the cheapest thing to have.
fn with_players(folder: &Folder, players: u64) -> BTreeSet<String> {
    let letter = |player: u64| {
        format!(
            r#"{{"format":1,"player":"{player}","slots":[{{"slot":"Slot1","letters":[{{"id":"a","posting":"6f0a7a52-3b0f-4a63-9f04-6f6f3f7f1a11","sender":"","sent_at_ms":5,"retention":"timed","content":5}}]}}]}}"#
        ) + "\n"
    };
    folder.write(
        "players.jsonl",
        &(0..players).map(letter).collect::<String>(),
    );
    let imported = folder.give(&["import", "players.jsonl", "--yes"]);
    assert_eq!(imported.code, Some(0), "{imported:#?}");
    (0..players).map(|player| player.to_string()).collect()
}

#[test]
fn a_rate_bounds_how_many_players_are_asked_for_in_a_second() {
    let folder = Folder::new();
    let players = with_players(&folder, 35);
    let began = Instant::now();
    let listed = folder.give(&["players", "--rate", "20"]);
    assert_eq!(listed.answers.into_iter().collect::<BTreeSet<_>>(), players);
    assert!(began.elapsed().as_millis() >= 1_000, "two pages of 20");
}

#[test]
fn only_dynamodb_has_segments() {
    let folder = Folder::new();
    with_players(&folder, 1);
    let refused = folder.give(&["players", "--segments", "4"]);
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    assert!(refused.messages.contains("not sqlite"), "{refused:#?}");
}

#[cfg(feature = "dynamodb")]
#[test]
fn each_player_is_in_one_segment() {
    let folder = Folder::on(playerdata_process::Store::dynamodb());
    let players = with_players(&folder, 30);
    let listed = folder.give(&["players", "--segments", "4"]);
    assert_eq!(listed.code, Some(0), "{listed:#?}");
    assert_eq!(listed.answers.len(), players.len(), "none comes twice");
    assert_eq!(listed.answers.into_iter().collect::<BTreeSet<_>>(), players);
}
