//! The sample settings file says what the code does.

use std::path::PathBuf;

use playerdata_core::Settings;
use serde_json::Value;

fn sample() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/settings.toml")
}

#[test]
fn the_sample_file_names_every_setting_with_its_default() {
    let settings = Settings::from_toml_file(sample()).unwrap();
    assert_eq!(settings, Settings::default());

    let text = std::fs::read_to_string(sample()).unwrap();
    let table: toml::Table = toml::from_str(&text).unwrap();
    let Value::Object(fields) = serde_json::to_value(Settings::default()).unwrap() else {
        panic!("settings are a struct");
    };
    let in_code: Vec<_> = fields.keys().collect();
    let in_sample: Vec<_> = table.keys().collect();
    assert_eq!(in_sample, in_code, "every field, in the order of the code");
}

#[test]
fn the_sample_file_explains_every_setting() {
    let text = std::fs::read_to_string(sample()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    for field in toml::from_str::<toml::Table>(&text).unwrap().keys() {
        let line = lines
            .iter()
            .position(|line| line.starts_with(&format!("{field} =")))
            .unwrap();
        assert!(lines[line - 1].starts_with("# "), "{field}");
    }
}
