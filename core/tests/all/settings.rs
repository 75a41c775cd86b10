//! Settings: defaults, reading, and refusing what can't work.

use std::{error::Error, sync::Arc, time::Duration};

use playerdata_core::{
    SessionManager, Settings, SettingsError, SettingsProblem, SlotName, StartError,
};
use playerdata_memory::MemoryBackend;
use proptest::prelude::*;
use serde_json::{Value, json};

fn refused(text: &str) -> SettingsError {
    Settings::from_toml(text).expect_err(text)
}

#[test]
fn nothing_given_is_the_defaults_and_they_are_fine() {
    assert_eq!(Settings::from_toml("").unwrap(), Settings::default());
    Settings::default().check().unwrap();
}

#[test]
fn the_default_document_is_the_standard_one() {
    let standard = r#"{"Currency":500,"Level":1,"CurrentXP":0,"XPtoNextLevel":1000,"Inventory":[{"Name":"Starter Sword","ItemType":"Object","Quantity":1},{"Name":"Bread","ItemType":"Object","Quantity":5}],"EquippedItems":{"Weapon":null,"Head":null,"Torso":null,"Legs":null,"Boots":null,"Neck":null,"Ring1":null,"Ring2":null},"Reputation":{"Nordraxia":1},"GiftBank":{}}"#;
    let data = Settings::default().default_data;
    assert_eq!(serde_json::to_string(&data).unwrap(), standard);
}

#[test]
fn f1_two_defaults_share_no_document() {
    let mut first = Settings::default();
    first.default_data["Currency"] = json!(0);
    assert_eq!(Settings::default().default_data["Currency"], 500);
}

#[test]
fn every_bad_key_and_combination_is_in_one_error() {
    let error = refused(
        r#"
        autosave_interval = "0s"
        lock_expiry = "9s"
        heartbeat_interval = "3s"
        retry_delay = 200
        autosaveinterval = 30
        save_attempts = 0
        max_concurrent_saves = -1
        operation_timeout = "4s"
        debug = "yes"
        default_data = "[]"
        [limits]
        items = 3
        "#,
    );
    let lines: Vec<String> = error.to_string().lines().map(str::to_owned).collect();
    assert_eq!(
        lines,
        [
            r#"retry_delay: invalid type: integer `200`, expected a duration such as "30s", "1m 30s" or "200ms""#,
            r#""autosaveinterval" is not a setting"#,
            "max_concurrent_saves: invalid value: integer `-1`, expected usize",
            r#"debug: invalid type: string "yes", expected a boolean"#,
            "default_data: not the JSON text of an object: invalid type: sequence, expected a map \
             at line 1 column 0",
            r#""limits" is not a setting"#,
            "autosave_interval: 0s is out of range: it can be 1ms to 1day",
            "save_attempts: 0 is out of range: it can be 1 to 100",
            "lock_expiry: 9s leaves no room for two heartbeats and a store call; with a \
             heartbeat_interval of 3s and an operation_timeout of 4s it is at least 10s",
        ]
    );
    assert_eq!(error.problems.len(), lines.len());
}

#[test]
fn a_key_that_cant_be_read_is_not_blamed_for_what_its_default_leads_to() {
    // The default lock_expiry would not go with this heartbeat.
    let error = refused("lock_expiry = \"5 parsecs\"\nheartbeat_interval = \"40s\"");
    assert!(
        matches!(&error.problems[..], [SettingsProblem::WrongValue { key, .. }] if key == "lock_expiry"),
        "{error}"
    );
}

#[test]
fn lock_expiry_leaves_room_for_two_heartbeats_and_a_store_call() {
    let mut settings = Settings::default();
    settings.lock_expiry = Duration::from_millis(15_000);
    settings.check().unwrap();
    settings.lock_expiry = Duration::from_millis(14_999);
    let error = settings.check().unwrap_err();
    let [SettingsProblem::LockExpiryTooShort { least, .. }] = &error.problems[..] else {
        panic!("{error}");
    };
    assert_eq!(*least, Duration::from_secs(15));

    settings.heartbeat_interval = Duration::MAX;
    assert_eq!(settings.check().unwrap_err().problems.len(), 2);
}

#[test]
fn zero_and_absurdly_large_values_are_refused() {
    for text in [
        "autosave_interval = \"25h\"",
        "autosave_interval = \"0ms\"",
        "heartbeat_interval = \"0s\"",
        "lock_expiry = \"2days\"",
        "operation_timeout = \"0s\"",
        "retry_delay = \"999us\"",
        "save_attempts = 101",
        "max_concurrent_saves = 0",
        "max_concurrent_saves = 65537",
        "max_document_bytes = 0",
        "max_document_bytes = 1073741825",
    ] {
        let error = refused(text);
        let named = error.problems.iter().any(|problem| {
            matches!(problem, SettingsProblem::OutOfRange { key, .. } if text.starts_with(key))
        });
        assert!(named, "{text}: {error}");
    }
}

#[tokio::test]
async fn s8_default_data_larger_than_a_document_may_be_is_refused_with_both_sizes() {
    // The document and what is kept beside it.
    let with_limit = |limit| {
        let mut settings = Settings::default();
        settings.max_document_bytes = limit;
        settings
    };
    let start = async |settings: Settings| {
        let store = Arc::new(MemoryBackend::new());
        SessionManager::builder(store)
            .settings(settings)
            .start()
            .await
    };
    start(with_limit(398)).await.unwrap();
    let mut settings = with_limit(397);
    settings.save_attempts = 0;
    let Err(StartError::Settings(error)) = start(settings).await else {
        panic!("it started");
    };
    assert!(
        matches!(
            error.problems[..],
            [
                SettingsProblem::OutOfRange { .. },
                SettingsProblem::DefaultDataTooLarge {
                    bytes: 398,
                    limit: 397
                }
            ]
        ),
        "{error}"
    );
}

#[tokio::test]
async fn s8_the_default_document_is_no_matter_to_a_games_own_type() {
    let settings = Settings::from_toml("max_document_bytes = 100").unwrap();
    let store = Arc::new(MemoryBackend::new());
    let manager = SessionManager::typed(store, |_| 1_u32).settings(settings);
    manager.start().await.unwrap();
}

#[tokio::test]
async fn default_data_that_no_document_can_be_given_is_refused() {
    for data in [
        json!({"$playerdata": {"v": 1}}),
        json!({"Inventory": [{"Name": "", "Quantity": 1}]}),
        json!({"Inventory": 5}),
    ] {
        let mut settings = Settings::default();
        settings.default_data = data.as_object().unwrap().clone();
        let store = Arc::new(MemoryBackend::new());
        let started = SessionManager::builder(store).settings(settings).start();
        let refused = started.await.unwrap_err();
        assert!(matches!(refused, StartError::DefaultData(_)), "{data}");
    }
}

#[test]
fn default_data_can_be_a_table_or_json_text_and_keeps_its_order() {
    let expected = json!({"Z": 1, "A": {"y": [1.5, "x"], "b": true}});
    let table = "[default_data]\nZ = 1\n[default_data.A]\ny = [1.5, \"x\"]\nb = true";
    let text = r#"default_data = '{"Z": 1, "A": {"y": [1.5, "x"], "b": true}}'"#;
    for form in [table, text] {
        let data = Settings::from_toml(form).unwrap().default_data;
        assert_eq!(
            serde_json::to_string(&data).unwrap(),
            expected.to_string(),
            "{form}"
        );
    }
}

#[test]
fn default_data_that_json_cant_hold_is_refused_by_its_path() {
    for (text, path) in [
        ("[default_data]\nBorn = 1979-05-27", "default_data.Born"),
        (
            "[default_data.A]\nlist = [1.0, nan]",
            "default_data.A.list.1",
        ),
        ("default_data = 3", "default_data"),
        ("default_data = 'null'", "default_data"),
    ] {
        let error = refused(text);
        assert!(
            matches!(&error.problems[..], [SettingsProblem::WrongValue { key, .. }] if key == path),
            "{error}"
        );
    }
}

#[test]
fn text_that_is_no_toml_is_refused_with_its_place() {
    let error = refused("debug = true\ndebug = ");
    assert!(matches!(
        error.problems[..],
        [SettingsProblem::Syntax { .. }]
    ));
    assert!(error.to_string().contains("line 2"), "{error}");
}

#[test]
fn a_file_that_is_missing_or_too_large_is_named() {
    let missing = Settings::from_toml_file("no/such/file.toml").unwrap_err();
    assert!(missing.to_string().contains("no/such/file.toml"));
    assert!(missing.source().is_some());

    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("too-large.toml");
    std::fs::write(&path, "# ".repeat(1 << 20)).unwrap();
    let too_large = Settings::from_toml_file(path).unwrap_err();
    let reason = too_large.source().unwrap().to_string();
    assert!(reason.contains("1048576 bytes"), "{reason}");
}

#[test]
fn s9_single_slot_maps_every_name_to_one() {
    let asked = SlotName::new("Slot7").unwrap();
    let mut settings = Settings::default();
    assert_eq!(settings.slot_for(&asked), asked);
    settings.single_slot = true;
    assert_eq!(settings.slot_for(&asked).as_str(), "Slot1");
}

#[test]
fn settings_can_be_part_of_a_larger_configuration() {
    let written = serde_json::to_string(&Settings::default()).unwrap();
    assert_eq!(
        serde_json::from_str::<Settings>(&written).unwrap(),
        Settings::default()
    );
    let with_null = r#"{"default_data": {"Weapon": null}}"#;
    let read: Settings = serde_json::from_str(with_null).unwrap();
    assert_eq!(read.default_data["Weapon"], Value::Null);
}

#[test]
fn all_faults_of_settings_within_a_larger_configuration_are_in_its_one_error() {
    #[derive(Debug, serde::Deserialize)]
    struct Game {
        #[expect(dead_code)]
        players: Settings,
    }
    let text = "[players]\nlock_expiry = \"5s\"\nsave_attempts = 0\nautosave = \"1s\"\n\
                retry_delay = 3\n[players.default_data]\nBorn = 1979-05-27\nLuck = nan";
    let error = toml::from_str::<Game>(text).unwrap_err().to_string();
    let json = r#"{"players": {"lock_expiry": "5s", "save_attempts": 0, "autosave": 1}}"#;
    let in_json = serde_json::from_str::<Game>(json).unwrap_err().to_string();
    for told in ["lock_expiry: ", "save_attempts: 0", "\"autosave\""] {
        assert!(error.contains(told), "{told}: {error}");
        assert!(in_json.contains(told), "{told}: {in_json}");
    }
    for told in [
        "retry_delay: ",
        "default_data.Born: ",
        "default_data.Luck: ",
    ] {
        assert!(error.contains(told), "{told}: {error}");
    }
}

fn variables(given: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    given.iter().map(owned).collect()
}

#[test]
fn variables_go_over_the_file_and_the_file_over_the_defaults() {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("layers.toml");
    std::fs::write(
        &path,
        "save_attempts = 5\nretry_delay = 7\nlock_expiry = \"2m\"",
    )
    .unwrap();
    let given = variables(&[
        ("PLAYERDATA_LOCK_EXPIRY", "90s"),
        ("PLAYERDATA_RETRY_DELAY", "1s"), // over a value that is wrong
        ("PLAYERDATA_DEBUG", "true"),
        ("PLAYERDATA_MAX_CONCURRENT_SAVES", " 7 "),
        ("PLAYERDATA_SKIP_KEYS", "LastSeen, Visits,"),
        ("PLAYERDATA_DEFAULT_DATA", "{\"Gold\": null}"),
        ("HOME", "/"),
        ("playerdata_debug", "maybe"),
    ]);
    let settings = Settings::from_layers(Some(path), given).unwrap();
    assert_eq!(settings.save_attempts, 5);
    assert_eq!(settings.lock_expiry, Duration::from_secs(90));
    assert_eq!(settings.retry_delay, Duration::from_secs(1));
    assert!(settings.debug);
    assert_eq!(settings.max_concurrent_saves, 7);
    assert_eq!(settings.skip_keys, ["LastSeen", "Visits"]);
    assert_eq!(settings.default_data["Gold"], Value::Null);
    assert_eq!(
        settings.heartbeat_interval,
        Settings::default().heartbeat_interval
    );
}

#[test]
fn everything_wrong_in_any_layer_is_in_one_error() {
    let given = variables(&[
        ("PLAYERDATA_LOKC_EXPIRY", "90s"),
        ("PLAYERDATA_Debug", "true"),
        ("PLAYERDATA_SAVE_ATTEMPTS", "many"),
        ("PLAYERDATA_RETRY_DELAY", "0s"),
        ("PLAYERDATA_DEFAULT_DATA", "[]"),
    ]);
    let error = Settings::from_layers(Some("no/such/file.toml"), given).unwrap_err();
    let told = error.to_string();
    for part in [
        "no/such/file.toml",
        "PLAYERDATA_LOKC_EXPIRY: there is no such setting",
        "PLAYERDATA_Debug: there is no such setting",
        "PLAYERDATA_SAVE_ATTEMPTS: invalid type",
        "retry_delay: 0s is out of range",
        "PLAYERDATA_DEFAULT_DATA: ",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_eq!(error.problems.len(), 6, "{told}");
}

#[test]
fn every_setting_has_a_variable_that_takes_its_default() {
    let Value::Object(defaults) = serde_json::to_value(Settings::default()).unwrap() else {
        panic!("settings are a struct");
    };
    let given = Settings::variables().map(|(name, key)| match &defaults[&key] {
        Value::String(text) => (name, text.clone()),
        Value::Array(_) => (name, String::new()),
        other => (name, other.to_string()),
    });
    let given: Vec<_> = given.collect();
    assert_eq!(given.len(), defaults.len());
    let settings = Settings::from_layers(None::<&str>, given).unwrap();
    assert_eq!(settings, Settings::default());
}

fn toml_like() -> impl Strategy<Value = String> {
    let names: Vec<String> = match serde_json::to_value(Settings::default()) {
        Ok(Value::Object(fields)) => fields.into_iter().map(|(name, _)| name).collect(),
        other => panic!("{other:?}"),
    };
    let value = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| number.to_string()),
        "[0-9]{1,20} ?(ms|s|m|h|days|years)".prop_map(|text| format!("{text:?}")),
        Just("true".to_owned()),
        Just("[\"a\", 1]".to_owned()),
        Just("{a = {b = 1979-05-27}}".to_owned()),
        "\\PC{0,20}",
    ];
    prop::collection::vec((prop::sample::select(names), value), 0..8).prop_map(|lines| {
        lines
            .into_iter()
            .map(|(key, value)| format!("{key} = {value}\n"))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn reading_arbitrary_text_never_panics(text in "\\PC{0,200}") {
        let _ = Settings::from_toml(&text).map_err(|error| error.to_string());
    }

    #[test]
    fn what_is_read_passes_its_check_and_what_is_not_says_why(text in toml_like()) {
        match Settings::from_toml(&text) {
            Ok(settings) => prop_assert!(settings.check().is_ok()),
            Err(error) => {
                prop_assert!(!error.problems.is_empty());
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }
}
