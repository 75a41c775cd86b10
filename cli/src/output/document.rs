//! A document for people: attributes one below the other, lists of objects as
//! tables.

use serde_json::{Map, Value};
use unicode_width::UnicodeWidthStr;

use super::{
    escaped,
    style::{HEADING, NAME, styled},
};

/// A document on several lines; anything else on one.
pub(crate) fn pretty(document: &Value) -> String {
    let Value::Object(members) = document else {
        return one_line(document);
    };
    let mut simple = Vec::new();
    let mut sections = Vec::new();
    for (name, value) in members {
        match value {
            Value::Object(entries) if !entries.is_empty() => {
                sections.push(section(name, &pairs(entries)));
            }
            Value::Array(items) if is_table(items) => sections.push(section(name, &rows(items))),
            _ => simple.push((&**name, one_line(value))),
        }
    }
    let mut parts = Vec::new();
    if !simple.is_empty() {
        parts.push(named(&simple, ""));
    }
    parts.extend(sections);
    parts.join("\n\n")
}

/// A value as JSON, on one line.
fn one_line(value: &Value) -> String {
    escaped(&value.to_string())
}

fn section(name: &str, content: &str) -> String {
    format!("{}\n{content}", styled(HEADING, &escaped(name)))
}

fn pairs(entries: &Map<String, Value>) -> String {
    let entries: Vec<_> = entries
        .iter()
        .map(|(name, value)| (&**name, one_line(value)))
        .collect();
    named(&entries, "  ")
}

/// Names and values, the values below each other.
pub(crate) fn named(pairs: &[(&str, String)], indent: &str) -> String {
    let rows: Vec<_> = pairs
        .iter()
        .map(|(name, value)| vec![escaped(name), value.clone()])
        .collect();
    let lines = aligned(&rows).into_iter().zip(&rows).map(|(line, row)| {
        let (name, rest) = line.split_at(row[0].len());
        format!("{indent}{}{rest}", styled(NAME, name))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether all of it are objects, and there are some.
fn is_table(items: &[Value]) -> bool {
    !items.is_empty() && items.iter().all(Value::is_object)
}

fn rows(items: &[Value]) -> String {
    let items: Vec<_> = items.iter().filter_map(Value::as_object).collect();
    let mut columns: Vec<&str> = Vec::new();
    for name in items.iter().flat_map(|item| item.keys()) {
        if !columns.contains(&&**name) {
            columns.push(name);
        }
    }
    let cell = |value: Option<&Value>| match value {
        None => String::new(),
        Some(Value::String(text)) => escaped(text),
        Some(value) => one_line(value),
    };
    let row =
        |item: &&Map<String, Value>| columns.iter().map(|name| cell(item.get(*name))).collect();
    table(&columns, items.iter().map(row))
}

/// A table with a line of names over it.
pub(crate) fn table(names: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let names = names.iter().map(|name| escaped(name)).collect();
    let rows: Vec<Vec<String>> = std::iter::once(names).chain(rows).collect();
    let mut lines = aligned(&rows);
    if let Some(names) = lines.first_mut() {
        *names = styled(NAME, names);
    }
    lines
        .iter()
        .map(|line| format!("  {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Rows as lines, their cells below each other. They are as wide as they are:
/// a terminal wraps what is too long.
fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.width()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let mut line = String::new();
        let mut missing = 0;
        for (cell, width) in row.iter().zip(&widths) {
            line.extend(std::iter::repeat_n(' ', missing));
            line.push_str(cell);
            missing = width - cell.width() + 2;
        }
        line.truncate(line.trim_end().len());
        line
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn without_colours(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn a_document_has_its_attributes_below_each_other_and_its_items_in_a_table() {
        let document = json!({
            "Currency": 500,
            "Name": "Bob\u{1b}[2J",
            "GiftBank": {},
            "Reputation": {"Nordraxia": 1, "Old Town": null},
            "Inventory": [
                {"Name": "Starter Sword", "ItemType": "Object", "Quantity": 1},
                {"Name": "Bread", "ItemType": "Object", "Quantity": 5, "Smell": {"of": "yeast"}},
            ],
        });
        let expected = "\
Currency  500
Name      \"Bob\\u001b[2J\"
GiftBank  {}

Reputation
  Nordraxia  1
  Old Town   null

Inventory
  Name           ItemType  Quantity  Smell
  Starter Sword  Object    1
  Bread          Object    5         {\"of\":\"yeast\"}";
        assert_eq!(without_colours(&pretty(&document)), expected);
    }

    #[test]
    fn what_is_no_object_is_one_line() {
        assert_eq!(pretty(&json!([1, "a"])), "[1,\"a\"]");
        assert_eq!(pretty(&json!({})), "");
    }

    #[test]
    fn a_long_value_is_not_wrapped() {
        let long = "x".repeat(100_000);
        let shown = without_colours(&pretty(&json!({"K": long})));
        assert_eq!(shown, format!("K  \"{long}\""));
    }
}
