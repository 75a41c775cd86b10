//! What a line that is being typed may go on with.

use std::borrow::Cow;

use playerdata::{Document, Item};
use serde_json::{Number, Value};

use super::{
    command::TOPICS,
    parse::canonical,
    words::{first_word, unquoted},
};

/// Where the word begins that the line ends in, and what it may become.
pub(super) fn complete(line: &str, document: Option<&Document>) -> (usize, Vec<String>) {
    let (before, start) = words_before(line);
    let typed = &line[start..];
    let typed = typed.strip_prefix(['"', '\'']).unwrap_or(typed);
    let mut names = names_after(&before, document);
    names.retain(|name| name.starts_with(typed));
    let names = names.iter().map(|name| quoted(name)).collect();
    (start, names)
}

/// The words that are whole, and where the next one begins.
fn words_before(line: &str) -> (Vec<String>, usize) {
    let mut words = Vec::new();
    let mut start = 0;
    loop {
        let rest = line[start..].trim_start_matches([' ', '\t']);
        start = line.len() - rest.len();
        let word = first_word(rest);
        if word.len() == rest.len() {
            return (words, start);
        }
        words.push(unquoted(word).unwrap_or_default());
        start += word.len();
    }
}

fn names_after(before: &[String], document: Option<&Document>) -> Vec<String> {
    let Some((command, arguments)) = before.split_first() else {
        return TOPICS.iter().map(|topic| topic.name().to_owned()).collect();
    };
    let command = canonical(command);
    match (command, arguments, document) {
        ("help", [], _) => names_after(&[], None),
        ("get" | "set" | "inc" | "dec" | "has", [], Some(document)) => document
            .attributes()
            .map(|(name, _)| name.to_owned())
            .collect(),
        ("get" | "set" | "inc" | "dec" | "has", [attribute], Some(document)) => {
            entries(document, attribute)
        }
        ("add" | "remove" | "item" | "edit", [], Some(document)) => {
            let items = document.inventory().iter();
            items.map(|item| item.name().to_owned()).collect()
        }
        ("once", [_], Some(document)) => numbers(document).collect(),
        ("transfer", [_, _, _], Some(document)) => {
            let items = document.inventory().iter();
            let items = items.map(|item| item.name().to_owned());
            items.chain(numbers(document)).collect()
        }
        ("claim", [], Some(document)) => document.gift_bank().ids().map(str::to_owned).collect(),
        ("item" | "edit", [item], Some(document)) => {
            let item = document.inventory().lookup(item).ok();
            item.map(fields).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

fn numbers(document: &Document) -> impl Iterator<Item = String> {
    let attributes = document.attributes();
    let numbers = attributes.filter(|(name, _)| document.get::<Number>(*name).is_ok());
    numbers.map(|(name, _)| name.to_owned())
}

fn entries(document: &Document, attribute: &str) -> Vec<String> {
    match document.get(attribute) {
        Ok(Value::Object(entries)) => entries.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

fn fields(item: &Item) -> Vec<String> {
    match serde_json::to_value(item) {
        Ok(Value::Object(fields)) => fields.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

/// A name as it is typed.
fn quoted(name: &str) -> String {
    shlex::try_quote(name).map_or_else(|_| name.to_owned(), Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(line: &str) -> Vec<String> {
        let mut document = Document::standard();
        document.inventory_mut().add("Health Potion", 1).unwrap();
        document.gift_bank_mut().put("order-5", 1).unwrap();
        let (start, names) = complete(line, Some(&document));
        names
            .into_iter()
            .map(|name| format!("{}{name}", &line[..start]))
            .collect()
    }

    #[test]
    fn a_line_goes_on_with_commands_and_the_names_of_the_document() {
        for (line, expected) in [
            ("cl", &["clear", "claim"][..]),
            (
                " s",
                &[" set", " show", " send", " save", " slots", " status"],
            ),
            ("help ge", &["help get"]),
            ("get Cur", &["get Currency", "get CurrentXP"]),
            ("set Reputation ", &["set Reputation Nordraxia"]),
            ("inc Currency ", &[]),
            ("item 'Hea", &["item 'Health Potion'"]),
            (
                "edit 'Health Potion' Qua",
                &["edit 'Health Potion' Quantity"],
            ),
            ("claim or", &["claim order-5"]),
            ("once day-1 Currency", &["once day-1 Currency"]),
            ("transfer gift 2 Slot1 Br", &["transfer gift 2 Slot1 Bread"]),
            ("add B", &["add Bread"]),
            ("add Bread ", &[]),
            ("frobnicate ", &[]),
            ("get 'é", &[]),
        ] {
            assert_eq!(completed(line), expected, "{line}");
        }
    }

    #[test]
    fn without_a_document_there_are_the_commands() {
        assert_eq!(complete("qu", None).1, Vec::<String>::new());
        assert_eq!(complete("sta", None), (0, vec!["status".to_owned()]));
    }
}
