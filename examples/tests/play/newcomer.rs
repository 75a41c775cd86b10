//! The programs that a newcomer copies from.

use std::fs;

use crate::process::{Folder, Process};

#[test]
fn the_program_in_the_readme_is_the_one_that_is_compiled_here() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let readme = fs::read_to_string(format!("{root}/README.md")).unwrap();
    let program = fs::read_to_string(format!("{root}/examples/examples/quickstart.rs")).unwrap();
    let (_, code) = program.split_once("\n\n").expect("a heading, and the code");
    assert!(
        readme.contains(code.trim()),
        "README.md shows another program"
    );
}

#[test]
fn quickstart_counts_on_from_what_it_saved() {
    let folder = Folder::new();
    let run = || Process::start(&mut folder.command("quickstart")).end();
    run().expect(0, &["700 coins"]);
    run().expect(0, &["900 coins"]);
}

#[test]
fn typed_migrates_a_profile_and_runs_its_hooks() {
    let ended = Process::start(&mut Folder::new().command("typed")).end();
    let ended = ended.expect(
        0,
        &[
            "release 1: 120 gold, 2 potions",
            "release 2: 1 gold and 20 silver, 2 potions, visit 1",
            "release 2: 3 gold and 20 silver, 1 potions, visit 2",
        ],
    );
    assert_eq!(ended.messages, "");
}
