//! A settings file: an operator's slips, at the worst place.

use playerdata_core::Settings;

use crate::Fate;

/// Reads the text of a settings file.
///
/// # Panics
///
/// If what is taken does not pass its own check, or what is refused is not
/// with a reason.
#[must_use]
pub fn settings(input: &[u8]) -> Fate {
    let Ok(text) = str::from_utf8(input) else {
        return Fate::Refused;
    };
    match Settings::from_toml(text) {
        Ok(settings) => {
            settings.check().expect("what was read was checked");
            let json = serde_json::to_string(&settings);
            let json = json.expect("settings can be written as JSON");
            let again: Settings = serde_json::from_str(&json).expect("and read again");
            assert_eq!(again, settings);
            Fate::Taken
        }
        Err(error) => {
            assert!(!error.problems.is_empty());
            assert!(
                error
                    .problems
                    .iter()
                    .all(|problem| !problem.to_string().is_empty())
            );
            Fate::Refused
        }
    }
}
