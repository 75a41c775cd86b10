//! Settings against a model of their rules that is too simple to be wrong.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use std::{collections::BTreeSet, time::Duration};

use playerdata_core::{Settings, SettingsProblem};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Map, Value};

const DAY_MS: u64 = 86_400_000;

/// Names, and the most, in milliseconds. All begin at 1 ms.
const DURATIONS: [(&str, u64); 7] = [
    ("autosave_interval", DAY_MS),
    ("lock_expiry", DAY_MS),
    ("heartbeat_interval", DAY_MS),
    ("operation_timeout", DAY_MS),
    ("retry_delay", DAY_MS),
    ("idempotency_memory", 3_650 * DAY_MS),
    ("version_interval", 3_650 * DAY_MS),
];

/// Names, least and most, and the most that the type holds. What is no limit
/// is the type's own.
const NUMBERS: [(&str, u64, u64, u64); 9] = [
    ("max_concurrent_saves", 1, 65_536, u64::MAX),
    ("save_attempts", 1, 100, u32::MAX as u64),
    ("max_document_bytes", 1, 1 << 30, u64::MAX),
    ("force_save_every", 0, u32::MAX as u64, u32::MAX as u64),
    ("compress_from_bytes", 0, u64::MAX, u64::MAX),
    ("max_inventory_items", 0, u64::MAX, u64::MAX),
    ("max_item_quantity", 0, u64::MAX, u64::MAX),
    ("max_idempotency_keys", 1, 100_000, u64::MAX),
    ("versions_kept", 0, 1_000, u32::MAX as u64),
];

const FLAGS: [&str; 5] = [
    "single_slot",
    "allow_negative_values",
    "allow_new_attributes",
    "reconcile",
    "debug",
];

/// One line of a file.
#[derive(Clone, Debug)]
struct Line {
    key: String,
    text: String,
    given: Given,
}

/// What a line gives to its setting.
#[derive(Clone, Debug)]
enum Given {
    /// Milliseconds, a number, or the size of the default data.
    Number(u64),
    /// Something that is fine whatever it is.
    Fine,
    /// Nothing that the setting takes.
    Nonsense,
    /// There is no such setting.
    Unknown,
}

fn line(key: &str, text: impl Into<String>, given: Given) -> Line {
    let (key, text) = (key.to_owned(), text.into());
    Line { key, text, given }
}

/// A number around the edges of what is allowed; TOML has none above `i64::MAX`.
fn around(least: u64, most: u64) -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(least),
        Just(least.saturating_sub(1)),
        Just(most),
        Just(most.saturating_add(1)),
        0..20_000_u64,
    ]
    .prop_map(|number| number.min(i64::MAX as u64))
}

fn any_line() -> impl Strategy<Value = Line> {
    let duration = select(DURATIONS.to_vec()).prop_flat_map(|(key, most)| {
        around(1, most).prop_map(move |ms| line(key, format!("\"{ms}ms\""), Given::Number(ms)))
    });
    let number = select(NUMBERS.to_vec()).prop_flat_map(|(key, least, most, fits)| {
        around(least, most).prop_map(move |number| {
            let given = if number > fits {
                Given::Nonsense
            } else {
                Given::Number(number)
            };
            line(key, number.to_string(), given)
        })
    });
    let flag = (select(FLAGS.to_vec()), any::<bool>())
        .prop_map(|(key, on)| line(key, on.to_string(), Given::Fine));
    let data = (0..600_usize).prop_map(|size| {
        // {"n":"…"} has eight bytes around what is in it.
        let text = format!("'{{\"n\":\"{}\"}}'", "x".repeat(size));
        line("default_data", text, Given::Number(size as u64 + 8))
    });
    let small_limit = (300..700_u64).prop_map(|limit| {
        line(
            "max_document_bytes",
            limit.to_string(),
            Given::Number(limit),
        )
    });
    let skipped = Just(line("skip_keys", "[\"LastSeen\", \"é\"]", Given::Fine));
    let names = DURATIONS.iter().map(|(name, _)| *name);
    let names = names
        .chain(NUMBERS.iter().map(|(name, ..)| *name))
        .chain(FLAGS);
    let names: Vec<_> = names.chain(["skip_keys", "default_data"]).collect();
    let nonsense = (
        select(names),
        select(vec!["-1", "[3]", "1.5", "1979-05-27", "\"soon\""]),
    )
        .prop_map(|(key, text)| line(key, text, Given::Nonsense));
    let unknown = (
        select(vec!["autosave", "Debug", "lock-expiry", "x"]),
        any::<bool>(),
    )
        .prop_map(|(key, value)| line(key, value.to_string(), Given::Unknown));
    prop_oneof![
        6 => duration, 4 => number, 2 => flag, 2 => data, 2 => small_limit, 1 => skipped,
        2 => nonsense, 1 => unknown,
    ]
}

/// A file that names no key twice.
fn files() -> impl Strategy<Value = Vec<Line>> {
    vec(any_line(), 0..10).prop_map(|lines| {
        let mut named = BTreeSet::new();
        let first = |line: &Line| named.insert(line.key.clone());
        lines.into_iter().filter(first).collect()
    })
}

/// What must be said of a file, in any order.
fn expected(lines: &[Line]) -> BTreeSet<String> {
    let given = |key: &str| {
        lines
            .iter()
            .find(|line| line.key == key)
            .map(|line| &line.given)
    };
    // Nothing if it can't be known.
    let number = |key: &str, default: u64| match given(key) {
        None => Some(default),
        Some(Given::Number(number)) => Some(*number),
        Some(_) => None,
    };
    let mut problems = BTreeSet::new();
    for line in lines {
        match line.given {
            Given::Nonsense => _ = problems.insert(format!("{} is nonsense", line.key)),
            Given::Unknown => _ = problems.insert(format!("{} is unknown", line.key)),
            Given::Number(_) | Given::Fine => {}
        }
    }
    let durations = DURATIONS.map(|(key, most)| (key, 1, most));
    let numbers = NUMBERS.map(|(key, least, most, _)| (key, least, most));
    for (key, least, most) in durations.into_iter().chain(numbers) {
        if let Some(Given::Number(number)) = given(key)
            && !(least..=most).contains(number)
        {
            problems.insert(format!("{key} is out of range"));
        }
    }
    let times = ["lock_expiry", "heartbeat_interval", "operation_timeout"];
    let defaults = [60_000, 5_000, 5_000];
    if let [Some(expiry), Some(heartbeat), Some(timeout)] =
        [0, 1, 2].map(|at| number(times[at], defaults[at]))
        && expiry < 2 * heartbeat + timeout
    {
        problems.insert("the lock expires too early".to_owned());
    }
    problems
}

fn told(problem: &SettingsProblem) -> String {
    match problem {
        SettingsProblem::UnknownKey { key } => format!("{key} is unknown"),
        SettingsProblem::WrongValue { key, .. } => {
            format!("{} is nonsense", key.split('.').next().unwrap())
        }
        SettingsProblem::OutOfRange { key, .. } => format!("{key} is out of range"),
        SettingsProblem::LockExpiryTooShort { .. } => "the lock expires too early".to_owned(),
        other => panic!("the file can be read: {other}"),
    }
}

/// Any default data that TOML text can carry, small enough for every limit.
fn sound_data() -> impl Strategy<Value = Vec<(String, Value)>> {
    vec(
        (
            "\\PC{0,8}",
            prop_oneof![
                Just(Value::Null),
                any::<bool>().prop_map(Value::from),
                any::<u64>().prop_map(Value::from),
                any::<f64>().prop_map(Value::from),
                ".{0,20}".prop_map(Value::from),
            ],
        ),
        0..8,
    )
}

/// Settings with every field drawn from what is allowed for it.
fn sound_settings() -> impl Strategy<Value = Settings> {
    let up_to_a_day = || (1..=DAY_MS * 1_000_000).prop_map(Duration::from_nanos);
    let a_day = || up_to_a_day().prop_map(|time| time.max(Duration::from_millis(1)));
    let times = (a_day(), a_day(), a_day(), a_day(), a_day());
    let numbers = (
        any::<u32>(),
        1..=65_536_usize,
        1..=100_u32,
        2_000..=(1_usize << 30),
        (
            0..=i64::MAX as usize,
            0..=i64::MAX as usize,
            0..=i64::MAX as u64,
            (a_day(), 1..=100_000_usize, a_day(), 0..=1_000_u32),
        ),
    );
    (
        times,
        numbers,
        any::<[bool; 5]>(),
        vec(".{0,8}", 0..3),
        sound_data(),
    )
        .prop_map(|(times, numbers, flags, skip_keys, data)| {
            let mut settings = Settings::default();
            let (expiry, heartbeat, timeout, autosave, delay) = times;
            settings.heartbeat_interval = (heartbeat / 4).max(Duration::from_millis(1));
            settings.operation_timeout = (timeout / 4).max(Duration::from_millis(1));
            let least = settings.heartbeat_interval * 2 + settings.operation_timeout;
            settings.lock_expiry = expiry.max(least);
            settings.autosave_interval = autosave;
            settings.retry_delay = delay;
            settings.force_save_every = numbers.0;
            settings.max_concurrent_saves = numbers.1;
            settings.save_attempts = numbers.2;
            settings.max_document_bytes = numbers.3;
            settings.compress_from_bytes = numbers.4.0;
            settings.max_inventory_items = numbers.4.1;
            settings.max_item_quantity = numbers.4.2;
            settings.idempotency_memory = numbers.4.3.0;
            settings.max_idempotency_keys = numbers.4.3.1;
            settings.version_interval = numbers.4.3.2;
            settings.versions_kept = numbers.4.3.3;
            [
                settings.single_slot,
                settings.allow_negative_values,
                settings.allow_new_attributes,
                settings.reconcile,
                settings.debug,
            ] = flags;
            settings.skip_keys = skip_keys;
            settings.default_data = data.into_iter().collect::<Map<_, _>>();
            settings
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_that_is_wrong_with_a_file_is_told_at_once_and_nothing_else(lines in files()) {
        let text: String =
            lines.iter().map(|line| format!("{} = {}\n", line.key, line.text)).collect();
        let problems: Vec<_> = match Settings::from_toml(&text) {
            Ok(_) => Vec::new(),
            Err(error) => error.problems.iter().map(told).collect(),
        };
        let different: BTreeSet<_> = problems.iter().cloned().collect();
        prop_assert_eq!(different.len(), problems.len(), "told twice:\n{}{:?}", text, problems);
        prop_assert_eq!(different, expected(&lines), "{}", text);
    }

    #[test]
    fn settings_written_as_toml_are_read_back_as_they_were(settings in sound_settings()) {
        prop_assert!(settings.check().is_ok(), "{:?}", settings.check());
        let text = toml::to_string(&settings).unwrap();
        let back = Settings::from_toml(&text);
        prop_assert_eq!(back.map_err(|error| error.to_string()), Ok(settings), "{}", text);
    }
}
