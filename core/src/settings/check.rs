//! Which values make sense, alone and together.

use std::{fmt::Display, ops::RangeInclusive, time::Duration};

use humantime::format_duration;

use super::{Settings, SettingsProblem};

/// Shorter would not be a wait, longer is a slip of the unit.
const DURATIONS: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_hours(24);
/// What has to be remembered has to be so for long.
const MEMORY: RangeInclusive<Duration> =
    Duration::from_millis(1)..=Duration::from_hours(3_650 * 24);
const IDEMPOTENCY_KEYS: RangeInclusive<usize> = 1..=100_000;
const VERSIONS: RangeInclusive<u32> = 0..=1_000;
const CONCURRENT_SAVES: RangeInclusive<usize> = 1..=65_536;
const SAVE_ATTEMPTS: RangeInclusive<u32> = 1..=100;
const DOCUMENT_BYTES: RangeInclusive<usize> = 1..=(1 << 30);

/// Everything that is wrong with `settings`.
pub(super) fn problems(settings: &Settings) -> Vec<SettingsProblem> {
    let mut problems = out_of_range(settings);
    problems.extend(impossible_combinations(settings));
    problems
}

fn out_of_range(settings: &Settings) -> Vec<SettingsProblem> {
    let durations = [
        ("autosave_interval", settings.autosave_interval, DURATIONS),
        ("lock_expiry", settings.lock_expiry, DURATIONS),
        ("heartbeat_interval", settings.heartbeat_interval, DURATIONS),
        ("operation_timeout", settings.operation_timeout, DURATIONS),
        ("retry_delay", settings.retry_delay, DURATIONS),
        ("idempotency_memory", settings.idempotency_memory, MEMORY),
        ("version_interval", settings.version_interval, MEMORY),
    ];
    let numbers = [
        range(
            "max_concurrent_saves",
            &settings.max_concurrent_saves,
            &CONCURRENT_SAVES,
        ),
        range("save_attempts", &settings.save_attempts, &SAVE_ATTEMPTS),
        range(
            "max_document_bytes",
            &settings.max_document_bytes,
            &DOCUMENT_BYTES,
        ),
        range(
            "max_idempotency_keys",
            &settings.max_idempotency_keys,
            &IDEMPOTENCY_KEYS,
        ),
        range("versions_kept", &settings.versions_kept, &VERSIONS),
    ];
    durations
        .into_iter()
        .filter(|(_, given, allowed)| !allowed.contains(given))
        .map(|(key, given, allowed)| SettingsProblem::OutOfRange {
            key,
            given: format_duration(given).to_string(),
            least: format_duration(*allowed.start()).to_string(),
            most: format_duration(*allowed.end()).to_string(),
        })
        .chain(numbers.into_iter().flatten())
        .collect()
}

fn range<N: PartialOrd + Display>(
    key: &'static str,
    given: &N,
    allowed: &RangeInclusive<N>,
) -> Option<SettingsProblem> {
    (!allowed.contains(given)).then(|| SettingsProblem::OutOfRange {
        key,
        given: given.to_string(),
        least: allowed.start().to_string(),
        most: allowed.end().to_string(),
    })
}

fn impossible_combinations(settings: &Settings) -> Vec<SettingsProblem> {
    let mut problems = Vec::new();
    let least = settings
        .heartbeat_interval
        .saturating_mul(2)
        .saturating_add(settings.operation_timeout);
    if settings.lock_expiry < least {
        problems.push(SettingsProblem::LockExpiryTooShort {
            lock_expiry: settings.lock_expiry,
            heartbeat_interval: settings.heartbeat_interval,
            operation_timeout: settings.operation_timeout,
            least,
        });
    }
    problems
}
