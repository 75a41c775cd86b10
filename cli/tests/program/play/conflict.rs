//! Two servers that want the same player.

use playerdata_process::Folder;

use crate::{
    game::{Play as _, QUICK},
    stores::on_every_store,
};

on_every_store! {
    the_holder_saves_and_releases_for_a_second_server_that_asks,
    a_second_server_that_does_not_want_to_wait_is_told_who_holds_the_player,
    a_server_that_was_stolen_from_is_out_at_its_next_save,
    a_server_that_was_stolen_from_is_told_while_it_waits_for_input,
    players_of_their_own_do_not_meet,
}

fn the_holder_saves_and_releases_for_a_second_server_that_asks(folder: &Folder) {
    folder.settings(QUICK);
    let mut first = folder.play(&["--server", "first"]);
    assert_eq!(first.ask("save"), "saved revision 1");
    assert_eq!(first.ask("inc Currency 11"), "511");

    let mut second = folder.play(&["--server", "second"]);
    let waiting = second.message_with("waiting");
    assert!(waiting.contains("server first"), "{waiting}");
    first.message_with("server second asks for the player");
    first.ended().expect(0, &["ended"]);
    assert_eq!(
        second.ask("get Currency"),
        "511",
        "what was not saved yet, too"
    );
    second.end().expect(0, &["ended"]);
}

fn a_second_server_that_does_not_want_to_wait_is_told_who_holds_the_player(folder: &Folder) {
    let mut first = folder.play(&["--server", "first"]);
    assert_eq!(first.ask("inc Currency 1"), "501");

    let second = folder.run(&["--on-conflict", "fail"], "inc Currency 1\n");
    let second = second.expect(3, &[]);
    assert!(
        second.messages.contains("server first"),
        "{}",
        second.messages
    );

    assert_eq!(first.ask("save"), "saved revision 1");
    first.end().expect(0, &["ended"]);
    folder
        .run(&[], "get Currency\n")
        .expect(0, &["501", "ended"]);
}

fn a_server_that_was_stolen_from_is_out_at_its_next_save(folder: &Folder) {
    let mut first = folder.play(&["--server", "first"]);
    first.ask("inc Currency 1");
    assert_eq!(first.ask("save"), "saved revision 1");
    first.ask("inc Currency 10");

    let mut thief = folder.play(&["--server", "thief", "--on-conflict", "steal"]);
    assert_eq!(
        thief.ask("get Currency"),
        "501",
        "all that was acknowledged"
    );
    let refusal = first.ask("save");
    assert!(
        refusal.starts_with("error: ") && refusal.contains("server thief"),
        "{refusal}"
    );
    let first = first.ended().expect(4, &[]);
    assert!(
        first.messages.contains("server thief"),
        "{}",
        first.messages
    );
    assert!(
        first.messages.contains("\"Currency\":511"),
        "what was not saved is told"
    );

    assert_eq!(thief.ask("inc Currency 2"), "503");
    assert_eq!(thief.ask("save"), "saved revision 2");
    thief.end().expect(0, &["ended"]);
    folder
        .run(&[], "get Currency\n")
        .expect(0, &["503", "ended"]);
}

fn a_server_that_was_stolen_from_is_told_while_it_waits_for_input(folder: &Folder) {
    folder.settings(QUICK);
    let mut first = folder.play(&["--server", "first"]);
    first.ask("save");
    let mut thief = folder.play(&["--server", "thief", "--on-conflict", "steal"]);
    thief.ask("get Level");
    let first = first.ended().expect(4, &[]);
    assert!(
        first.messages.contains("server thief"),
        "{}",
        first.messages
    );
}

fn players_of_their_own_do_not_meet(folder: &Folder) {
    let mut one = folder.play(&["--player", "1"]);
    let mut two = folder.play(&["--player", "-2", "--on-conflict", "fail"]);
    assert_eq!(one.ask("inc Currency 1"), "501");
    assert_eq!(two.ask("inc Currency 2"), "502");
    assert_eq!(one.ask("save"), "saved revision 1");
    assert_eq!(two.ask("save"), "saved revision 1");
    one.end().expect(0, &["ended"]);
    two.end().expect(0, &["ended"]);
}
