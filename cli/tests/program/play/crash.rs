//! A server that dies without a word, and who has its player then.

use std::time::Duration;

use playerdata_process::Folder;
use tokio::time::Instant;

use crate::{
    game::{Play as _, SHORT},
    stores::on_every_store,
};

on_every_store! {
    a_server_that_restarts_under_its_name_has_the_player_at_once,
    another_server_has_the_player_once_the_lease_has_lapsed_and_not_before,
    another_server_that_does_not_want_to_wait_is_told_who_held_the_player,
    a_thief_has_the_player_of_a_crashed_server_at_once,
}

/// As `lock_expiry` in the settings `SHORT`.
const LOCK_EXPIRY: Duration = Duration::from_secs(2);

/// Plays as server `a`, saves at 501, goes on to 511, and crashes.
fn crash(folder: &Folder) {
    let mut play = folder.play(&["--server", "a"]);
    play.ask("inc Currency 1");
    assert_eq!(play.ask("save"), "saved revision 1");
    assert_eq!(play.ask("inc Currency 10"), "511");
    std::io::Write::write_all(play.input(), b"crash\n").expect("it reads its input");
    let ended = play.ended();
    assert_ne!(ended.code, Some(0));
    assert_eq!(ended.answers, [""; 0], "it says nothing, and saves nothing");
}

fn a_server_that_restarts_under_its_name_has_the_player_at_once(folder: &Folder) {
    crash(folder);
    let again = folder.run(
        &["--server", "a", "--on-conflict", "fail"],
        "get Currency\n",
    );
    again.expect(0, &["501", "ended"]);
}

fn another_server_has_the_player_once_the_lease_has_lapsed_and_not_before(folder: &Folder) {
    folder.settings(SHORT);
    let before = Instant::now();
    crash(folder);
    let mut other = folder.play(&["--server", "b"]);
    assert_eq!(other.ask("get Currency"), "501");
    let waited = before.elapsed();
    assert!(
        waited >= LOCK_EXPIRY,
        "{waited:?} after the lease was taken"
    );
    let told = other.message_with("waiting for up to 3s");
    assert!(told.contains("server a"), "{told}");
    let told = other.message_with("if that server is dead, its lease lapses within 2s");
    assert!(told.contains("--server NAME"), "{told}");
    other.end().expect(0, &["ended"]);
}

fn another_server_that_does_not_want_to_wait_is_told_who_held_the_player(folder: &Folder) {
    crash(folder);
    let other = folder
        .run(&["--server", "b", "--on-conflict", "fail"], "")
        .expect(3, &[]);
    assert!(other.messages.contains("server a"), "{}", other.messages);
}

fn a_thief_has_the_player_of_a_crashed_server_at_once(folder: &Folder) {
    crash(folder);
    let thief = folder.run(
        &["--server", "b", "--on-conflict", "steal"],
        "get Currency\n",
    );
    thief.expect(0, &["501", "ended"]);
}
