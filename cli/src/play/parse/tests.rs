use proptest::prelude::*;
use serde_json::json;

use super::*;

fn key(attribute: &str, entry: Option<&str>) -> OwnedKey {
    OwnedKey {
        attribute: attribute.to_owned(),
        entry: entry.map(str::to_owned),
    }
}

fn doc(line: &str) -> Doc {
    match parse(line) {
        Ok(Command::Document(command)) => command,
        other => panic!("{line}: {other:?}"),
    }
}

fn error(line: &str) -> String {
    parse(line).unwrap_err().to_string()
}

#[test]
fn every_command_that_help_lists_is_one() {
    for Topic { usage, .. } in crate::play::command::TOPICS {
        let line = usage.replace("JSON", "5").replace(['[', ']'], "");
        let line = line.replace(" N", " 5").replace("COMMAND", "get");
        parse(&line).unwrap_or_else(|error| panic!("{usage}: {error}"));
    }
}

#[test]
fn commands_have_second_names() {
    for (line, same) in [
        ("?", "help"),
        ("quit", "end"),
        ("exit", "end"),
        ("? get", "help get"),
    ] {
        assert_eq!(parse(line).unwrap(), parse(same).unwrap(), "{line}");
    }
    assert_eq!(parse("help quit").unwrap(), parse("? end").unwrap());
    assert!(error("help me").contains("\"me\" is not a command"));
}

#[test]
fn keys_have_one_part_or_two() {
    assert_eq!(doc("get Currency"), Doc::Get(key("Currency", None)));
    assert_eq!(
        doc("  has Reputation 'Old Town' "),
        Doc::Has(key("Reputation", Some("Old Town")))
    );
    assert_eq!(
        doc("inc Currency 200"),
        Doc::Increment(key("Currency", None), 200.into())
    );
    assert_eq!(
        doc("dec Reputation Nordraxia -3"),
        Doc::Decrement(key("Reputation", Some("Nordraxia")), (-3).into())
    );
}

#[test]
fn json_is_taken_as_typed_and_as_a_shell_would_quote_it() {
    for (line, entry, value) in [
        ("set K 5", None, json!(5)),
        ("set K null", None, json!(null)),
        (r#"set K "Sir Bob""#, None, json!("Sir Bob")),
        (r#"set K '"Sir Bob"'"#, None, json!("Sir Bob")),
        (r#"set K {"a": [1, 2]}"#, None, json!({"a": [1, 2]})),
        (r#"set K '{"a": [1, 2]}'"#, None, json!({"a": [1, 2]})),
        ("set K Sub 5", Some("Sub"), json!(5)),
        (r#"set K "My Sub" "x y""#, Some("My Sub"), json!("x y")),
        (r#"set K Sub '"x y"'"#, Some("Sub"), json!("x y")),
        (r#"set K 1 [1, "x"]"#, Some("1"), json!([1, "x"])),
    ] {
        let expected = Doc::Set(key("K", entry), value);
        assert_eq!(doc(line), expected, "{line}");
    }
}

#[test]
fn json_with_a_fault_in_it_is_never_taken_for_a_sub_key() {
    for line in [
        r#"set K {"a": 1"#,
        "set K [1, 2",
        "set K Bob",
        "set K Sub Bob",
    ] {
        assert!(
            error(line).contains("is not JSON"),
            "{line}: {}",
            error(line)
        );
    }
    assert!(error("set K \"Bob").contains("quote"));
}

#[test]
fn names_of_items_are_quoted() {
    assert_eq!(
        doc("add 'Health Potion' 3 Consumable"),
        Doc::Add("Health Potion".to_owned(), 3, Some("Consumable".to_owned()))
    );
    assert_eq!(
        doc(r#"edit "Starter Sword" Damage 12.5"#),
        Doc::Edit("Starter Sword".to_owned(), "Damage".to_owned(), json!(12.5))
    );
    assert!(error("add Health Potion 3").contains("in quotes"));
}

#[test]
fn what_is_wrong_is_told() {
    for (line, told) in [
        ("", "no command"),
        ("  # inc Currency 5", "no command"),
        ("gte Currency", "\"gte\" is not a command"),
        ("GET Currency", "\"GET\" is not a command"),
        ("get", "get KEY [SUB]"),
        ("get a b c", "get KEY [SUB]"),
        ("set", "set KEY [SUB] JSON"),
        ("set K", "set KEY [SUB] JSON"),
        ("inc K", "inc KEY [SUB] N"),
        ("inc K much", "\"much\" is not a number"),
        ("inc K 1e999", "is not a number"),
        ("add Bread -1", "\"-1\" is not a whole number"),
        ("add Bread 1.5", "is not a whole number"),
        ("load 'Slot 1'", "slot name"),
        ("end now", "usage: end"),
    ] {
        assert!(error(line).contains(told), "{line}: {}", error(line));
    }
}

#[test]
fn errors_are_short_however_long_the_line() {
    for line in ["x".repeat(60_000), format!("set K {}", "é".repeat(30_000))] {
        assert!(error(&line).len() < 400);
    }
}

proptest! {
    #[test]
    fn no_line_is_more_than_it_can_take(line in any::<String>()) {
        let _ = parse(&line);
    }

    #[test]
    fn nor_is_one_that_begins_like_a_command(
        name in "get|set|inc|add|edit|load|item",
        rest in "[ \\t\\n\\\\'\"#{}\\[\\]:,a-c0-9.eé-]{0,40}",
    ) {
        let _ = parse(&format!("{name} {rest}"));
    }
}
