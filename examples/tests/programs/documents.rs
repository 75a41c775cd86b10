//! What the documents say of these programs, and of their own code.

use std::{fs, path::Path};

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(root.join(path)).expect("the repository has it")
}

#[test]
fn the_readme_shows_the_game_server_as_it_is() {
    let program = read("examples/examples/game_server.rs");
    let code = program.find("use ").expect("it uses the library");
    let shown = format!("```rust,no_run\n{}```\n", &program[code..]);
    assert!(
        read("README.md").contains(&shown),
        "README.md is out of date"
    );
}

/// Rust, or a block that names no language, which counts as Rust.
fn has_code(document: &str) -> bool {
    let fences = document.lines().filter(|line| line.starts_with("```"));
    let mut openings = fences.step_by(2);
    openings.any(|line| line == "```" || line.starts_with("```rust"))
}

#[test]
fn the_code_in_each_document_is_compiled() {
    let compiled = read("examples/src/lib.rs") + &read("conformance/src/lib.rs");
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    for entry in fs::read_dir(docs).expect("the repository has documents") {
        let name = entry.expect("they can be listed").file_name();
        let path = format!("docs/{}", name.display());
        if path.ends_with(".md") && has_code(&read(&path)) {
            let included = format!("include_str!(\"../../{path}\")");
            assert!(compiled.contains(&included), "{path} is compiled nowhere");
        }
    }
}
