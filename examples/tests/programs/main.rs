//! The short programs, run as a newcomer would run them.

mod documents;
mod server;
mod trading;

use playerdata_process::{Folder, Process, example};

/// Runs a program in a folder of its own and checks what it prints.
#[track_caller]
fn prints(name: &str, answers: &[&str]) {
    let ended = Process::start(&mut Folder::new().command(example(name))).end();
    let ended = ended.expect(0, answers);
    assert_eq!(ended.messages, "");
}

#[test]
fn play_takes_commands_and_has_its_own_name() {
    let folder = Folder::new();
    let mut play = Process::start(&mut folder.command(example("play")));
    assert_eq!(play.ask("inc Currency 200"), "700");
    play.end().expect(0, &["ended"]);
    assert!(folder.path().join("players.db").exists());
    let version = Process::start(folder.command(example("play")).arg("--version"));
    let named = concat!("play ", env!("CARGO_PKG_VERSION"));
    version.end().expect(0, &[named]);
}

#[test]
fn quickstart_counts_on_from_what_it_saved() {
    let folder = Folder::new();
    let run = || Process::start(&mut folder.command(example("quickstart"))).end();
    run().expect(0, &["700 coins"]);
    run().expect(0, &["900 coins"]);
}

#[test]
fn typed_migrates_a_profile() {
    prints(
        "typed",
        &[
            "release 1: 120 gold, 2 potions",
            "release 2: 1 gold and 20 silver, 2 potions",
        ],
    );
}

#[test]
fn hooks_run_on_load_on_save_and_at_the_end() {
    prints(
        "hooks",
        &[
            "visit 1, 2 potions",
            "player 4711 leaves: Requested",
            "visit 2, 3 potions",
            "player 4711 leaves: Requested",
        ],
    );
}

#[test]
fn events_tell_the_old_server_to_kick_the_player() {
    let ended = Process::start(&mut Folder::new().command(example("events"))).end();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    for told in [
        "server new asks for player 4711",
        "player 4711 is free: HandOver",
        "kick the player: HandOver",
        "700 coins are on the new server",
    ] {
        assert!(ended.answers.iter().any(|line| line == told), "{ended:#?}");
    }
}

#[test]
fn a_tick_loop_needs_no_runtime_around_it() {
    prints("tick_loop", &["3 players have played"]);
}

#[test]
fn memory_lets_a_minute_pass_at_once() {
    prints("memory", &["held: true", "taken over"]);
}

#[test]
fn sqlite_saves_with_options_of_its_own() {
    let folder = Folder::new();
    let run = || Process::start(&mut folder.command(example("sqlite"))).end();
    run().expect(0, &["level 2 at revision 1"]);
    run().expect(0, &["level 3 at revision 2"]);
}

#[cfg(any(feature = "redis", feature = "dynamodb"))]
fn saves_at(name: &str, store: playerdata_process::Store) {
    let folder = Folder::on(store);
    let address = folder.store().address().expect("it is a server").to_owned();
    let ended = Process::start(folder.command(example(name)).arg(address)).end();
    ended.expect(0, &["level 2 at revision 1"]);
}

#[cfg(feature = "redis")]
#[test]
fn redis_saves_with_options_of_its_own() {
    saves_at("redis", playerdata_process::Store::redis());
}

#[cfg(feature = "dynamodb")]
#[test]
fn dynamodb_saves_with_options_of_its_own() {
    saves_at("dynamodb", playerdata_process::Store::dynamodb());
}
