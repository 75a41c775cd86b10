//! The game server: two processes on one file, bots that move between them,
//! and a signal that ends one of them meanwhile.

use playerdata_process::{Folder, Process, example};
use rustix::process::Signal;

/// A server at a port of its own, and its address. Settings are environment.
fn server(folder: &Folder) -> (Process, String) {
    let mut command = folder.command(example("game_server"));
    command
        .arg("127.0.0.1:0")
        .env("PLAYERDATA_STORE", "sqlite:game.db")
        .env("PLAYERDATA_HEARTBEAT_INTERVAL", "200ms");
    let mut server = Process::start(&mut command);
    let line = server.answer();
    let address = line.strip_prefix("listening on ").expect("an address");
    (server, address.to_owned())
}

#[test]
fn e4_bots_on_two_servers_lose_nothing_when_one_of_them_gets_sigterm() {
    let folder = Folder::new();
    let (mut leaving, first) = server(&folder);
    let (mut staying, second) = server(&folder);
    let mut bots = Process::start(folder.command(example("bots")).args([&first, &second]));
    // By the time that one is through, all of them are under way.
    let done = bots.answer();
    assert!(done.ends_with("as it should be"), "{done}");
    leaving.signal(Signal::TERM);
    let ended = leaving.ended();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let saved = ended.answers.last().expect("it says how many it saved");
    assert!(saved.ends_with(" players saved"), "{ended:#?}");
    assert!(!ended.messages.contains("panicked"), "{ended:#?}");

    let ended = bots.ended();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert_eq!(ended.answers.len(), 19, "{ended:#?}");
    staying.signal(Signal::TERM);
    assert_eq!(staying.ended().code, Some(0));
}

#[test]
fn variables_that_are_misspelt_are_refused_by_name() {
    let folder = Folder::new();
    let mut command = folder.command(example("game_server"));
    command
        .env("PLAYERDATA_STORE", "players.db")
        .env("PLAYERDATA_LOKC_EXPIRY", "90s");
    let ended = Process::start(&mut command).end();
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    for told in ["sqlite:players.db", "PLAYERDATA_LOKC_EXPIRY"] {
        assert!(ended.messages.contains(told), "{ended:#?}");
    }
}
