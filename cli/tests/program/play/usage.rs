//! Bad usage, bad settings, and stores that can't be opened.

use playerdata_process::Folder;

use crate::game::Play as _;

#[test]
fn a_command_line_that_can_not_be_used_is_told_with_exit_code_2() {
    let folder = Folder::new();
    for (arguments, told) in [
        (&["--stroe", "memory:"][..], "--stroe"),
        (&["now"], "now"),
        (&["--store"], "--store"),
        (&["--store", "game.db"], "did you mean sqlite:game.db?"),
        (&["--store", "sqlite:"], "should be sqlite:PATH"),
        (
            &["--store", "mysql://x"],
            "no store with the scheme \"mysql\"",
        ),
        (&["--player", "two words"], "is not a valid player id"),
        (&["--player", ""], "--player"),
        (&["--slot", "Slot/1"], "is not a valid slot name"),
        (&["--server", "Ä"], "is not a valid server name"),
        (&["--on-conflict", "fight"], "hand-over"),
        (&["--config", "nowhere.toml"], "nowhere.toml"),
    ] {
        let ended = folder.run(arguments, "inc Currency 1\n").expect(2, &[]);
        assert!(
            ended.messages.contains(told),
            "{arguments:?}: {}",
            ended.messages
        );
    }
    assert!(!folder.path().join("players.db").exists());
}

#[test]
fn the_version_and_the_arguments_are_told() {
    let folder = Folder::new();
    let version = folder.run(&["--version"], "");
    let named = concat!("playerdata-play ", env!("CARGO_PKG_VERSION"));
    version.expect(0, &[named]);
    let help = folder.run(&["--help"], "");
    for told in [
        "--store",
        "--strict",
        "PLAYERDATA_STORE",
        "6 a command was refused",
    ] {
        assert!(
            help.answers.iter().any(|line| line.contains(told)),
            "{told}: {help:#?}"
        );
    }
}

#[test]
fn a_command_that_is_refused_counts_with_strict() {
    let folder = Folder::new();
    let input = "inc Currency 1\nget Nothing\ninc Currency 1\n";
    let refused = folder.run(&["--strict"], input);
    assert_eq!(refused.code, Some(6), "{refused:#?}");
    assert_eq!(
        refused.answers[2..],
        ["502", "ended"],
        "the others are done"
    );
    assert_eq!(folder.run(&[], input).code, Some(0));
    let answers = ["505", "ended"];
    folder
        .run(&["--strict"], "inc Currency 1\n")
        .expect(0, &answers);
}

#[test]
fn the_store_is_that_of_the_environment_unless_it_is_named() {
    let folder = Folder::new();
    let mut program = folder.program();
    program.env("PLAYERDATA_STORE", "sqlite:other.db");
    let ended = playerdata_process::Process::start(&mut program).end();
    ended.expect(0, &["ended"]);
    assert!(folder.path().join("other.db").exists());
    program.args(["--store", "sqlite:named.db"]);
    let ended = playerdata_process::Process::start(&mut program).end();
    ended.expect(0, &["ended"]);
    assert!(folder.path().join("named.db").exists());
    assert!(!folder.path().join("players.db").exists());
}

#[cfg(feature = "redis")]
#[test]
fn the_address_of_a_redis_server_that_makes_no_sense_is_told_with_exit_code_2() {
    let folder = Folder::new();
    for (store, told) in [
        ("redis://", "Missing hostname"),
        ("redis://127.0.0.1:99999", "invalid port number"),
        ("redis://127.0.0.1/players", "Invalid database number"),
        ("redis://127.0.0.1?nmaespace=x", "it sets \"nmaespace\""),
        (
            "redis://127.0.0.1?namespace=a{b}",
            "is not a valid namespace",
        ),
    ] {
        let ended = folder.run(&["--store", store], "").expect(2, &[]);
        assert!(ended.messages.contains(told), "{store}: {}", ended.messages);
    }
}

#[cfg(not(any(feature = "redis", feature = "dynamodb")))]
#[test]
fn a_store_that_is_not_built_in_names_the_feature_that_adds_it() {
    let folder = Folder::new();
    for (store, feature) in [
        ("redis://127.0.0.1", "--features redis`"),
        ("rediss://127.0.0.1", "--features redis-tls`"),
        (
            "dynamodb://players?endpoint=http://127.0.0.1:1",
            "--features dynamodb",
        ),
    ] {
        let ended = folder.run(&["--store", store], "").expect(2, &[]);
        assert!(
            ended.messages.contains(feature),
            "{store}: {}",
            ended.messages
        );
    }
}

#[test]
fn every_fault_of_a_settings_file_is_told_at_once() {
    let settings = "lock_expiry = '1s'\nlock_expiri = '60s'\nsave_attempts = 0\ndebug = 'yes'";
    let ended = Folder::with_settings(settings).run(&[], "").expect(2, &[]);
    for told in [
        "settings.toml",
        "lock_expiry",
        "lock_expiri",
        "save_attempts",
        "debug",
    ] {
        assert!(ended.messages.contains(told), "{told}: {}", ended.messages);
    }
}

#[test]
fn settings_that_are_no_toml_or_hold_no_document_are_told() {
    for (settings, told) in [
        ("lock_expiry", "valid TOML"),
        ("[default_data]\nInventory = 5", "an inventory"),
    ] {
        let ended = Folder::with_settings(settings).run(&[], "").expect(2, &[]);
        assert!(ended.messages.contains(told), "{told}: {}", ended.messages);
    }
}

#[test]
fn the_sample_settings_can_be_used_as_they_are() {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/settings.toml");
    let ended = Folder::new().run(&["--config", sample], "get Currency\n");
    ended.expect(0, &["500", "ended"]);
}

#[test]
fn debug_mode_reports_decisions_and_rust_log_goes_before_it() {
    let folder = Folder::with_settings("debug = true");
    let ended = folder.run(&[], "inc Currency 1\nsave\n");
    assert!(ended.messages.contains("lock taken"), "{}", ended.messages);
    assert!(ended.messages.contains("slot saved"), "{}", ended.messages);

    let mut command = folder.program();
    command
        .args(["--config", "settings.toml"])
        .env("RUST_LOG", "error");
    let ended = playerdata_process::Process::start(&mut command).end();
    assert_eq!(ended.expect(0, &["ended"]).messages, "");

    command.env("RUST_LOG", "playerdata_core=loud");
    let ended = playerdata_process::Process::start(&mut command).end();
    assert!(ended.expect(2, &[]).messages.contains("RUST_LOG"));
}

#[test]
fn a_store_that_can_not_be_opened_is_told_with_exit_code_5() {
    let folder = Folder::new();
    folder.write("text.db", &"This is not a database. ".repeat(100));
    for (store, told) in [
        ("sqlite:text.db", "not an SQLite database"),
        ("sqlite:missing/folder/game.db", "missing/folder/game.db"),
        ("sqlite:.", "could not open"),
    ] {
        let ended = folder.run(&["--store", store], "").expect(5, &[]);
        assert!(ended.messages.contains(told), "{store}: {}", ended.messages);
    }
}

#[test]
fn a_store_that_can_not_be_reached_is_told_with_exit_code_5() {
    let unreachable: &[&str] = &[
        #[cfg(feature = "redis")]
        "redis://127.0.0.1:1",
        #[cfg(feature = "dynamodb")]
        "dynamodb://players?endpoint=http://127.0.0.1:1",
    ];
    for store in unreachable {
        let ended = Folder::new().run(&["--store", store], "").expect(5, &[]);
        assert!(
            ended.messages.contains("could not open"),
            "{store}: {}",
            ended.messages
        );
    }
}
