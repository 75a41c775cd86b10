//! From a line to a command.

use playerdata::{IdempotencyKey, InvalidName, LetterId, PlayerId, SlotName};
use serde_json::{Number, Value};
use thiserror::Error;

use super::{
    Command, DocumentCommand as Doc, OwnedKey,
    command::Topic,
    economy::EconomyCommand as Economy,
    words::{Unclosed, Words},
};

/// Why a line is not a command.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ParseError {
    /// There is nothing in the line, or a comment.
    #[error("there is no command")]
    Blank,
    /// There is not a command of that name.
    #[error("{0:?} is not a command; `help` lists them")]
    Unknown(String),
    /// There are too few words, or too many.
    #[error("usage: {0}")]
    Usage(&'static str),
    /// A quote is left open.
    #[error(transparent)]
    Unclosed(#[from] Unclosed),
    /// A number was expected.
    #[error("{0:?} is not a number")]
    NotANumber(String),
    /// A quantity was expected.
    #[error("{0:?} is not a whole number; put an item's name with spaces in it in quotes")]
    NotAQuantity(String),
    /// A value was expected.
    #[error("{given} is not JSON; put text in double quotes")]
    NotJson {
        /// What was given.
        given: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The name of a slot or a player, a key or an id was expected.
    #[error(transparent)]
    Name(#[from] InvalidName),
}

type Result<T> = std::result::Result<T, ParseError>;

/// Reads a line as a command.
///
/// Words are quoted as in a shell. JSON is written as it is, and may be quoted
/// as in a shell, too. A line that begins with `#` is a comment.
///
/// # Errors
///
/// [`ParseError`] for everything that is not a command.
pub fn parse(line: &str) -> Result<Command> {
    let mut words = Words::of(line);
    if words.rest().starts_with('#') {
        return Err(ParseError::Blank);
    }
    let name = words.take()?.ok_or(ParseError::Blank)?;
    let topic = Topic::named(&name).ok_or_else(|| ParseError::Unknown(excerpt(&name)))?;
    let usage = topic.usage;
    let mut line = Arguments { words, usage };
    let command = match topic.name() {
        "get" => Doc::Get(line.key()?).into(),
        "has" => Doc::Has(line.key()?).into(),
        "set" => line.set()?.into(),
        "inc" => line.key_and_number(Doc::Increment)?.into(),
        "dec" => line.key_and_number(Doc::Decrement)?.into(),
        "add" => Doc::Add(line.word()?, line.quantity()?, line.optional()?).into(),
        "remove" => Doc::Remove(line.word()?, line.quantity()?).into(),
        "item" => Doc::Item(line.word()?, line.optional()?).into(),
        "edit" => Doc::Edit(line.word()?, line.word()?, line.json()?).into(),
        "items" => Doc::Items.into(),
        "clear" => Doc::Clear.into(),
        "show" => Doc::Show.into(),
        "once" => Economy::Once(line.once_key()?, line.word()?, line.number()?).into(),
        "send" => line.send()?.into(),
        "mail" => Economy::Mail.into(),
        "gifts" => Economy::Gifts.into(),
        "claim" => Economy::Claim(line.word()?).into(),
        "transfer" => line.transfer()?.into(),
        "save" => Command::Save,
        "load" => Command::Load(SlotName::new(line.word()?)?),
        "slots" => Command::Slots,
        "status" => Command::Status,
        "crash" => Command::Crash,
        "end" => Command::End,
        "help" => Command::Help(line.topic()?),
        _ => return Err(ParseError::Unknown(excerpt(&name))),
    };
    line.end()?;
    Ok(command)
}

/// The name under which `help` lists a command.
pub(super) fn canonical(name: &str) -> &str {
    match name {
        "?" => "help",
        "quit" | "exit" => "end",
        other => other,
    }
}

/// What follows a command's name.
struct Arguments<'a> {
    words: Words<'a>,
    usage: &'static str,
}

impl Arguments<'_> {
    fn topic(&mut self) -> Result<Option<&'static Topic>> {
        let Some(name) = self.optional()? else {
            return Ok(None);
        };
        let topic = Topic::named(&name);
        topic
            .map(Some)
            .ok_or_else(|| ParseError::Unknown(excerpt(&name)))
    }

    fn optional(&mut self) -> Result<Option<String>> {
        Ok(self.words.take()?)
    }

    fn word(&mut self) -> Result<String> {
        self.optional()?.ok_or(ParseError::Usage(self.usage))
    }

    fn end(&mut self) -> Result<()> {
        match self.words.rest() {
            "" => Ok(()),
            _ => Err(ParseError::Usage(self.usage)),
        }
    }

    fn key(&mut self) -> Result<OwnedKey> {
        let (attribute, entry) = (self.word()?, self.optional()?);
        Ok(OwnedKey { attribute, entry })
    }

    fn quantity(&mut self) -> Result<u64> {
        let word = self.word()?;
        let quantity = word.parse();
        quantity.map_err(|_| ParseError::NotAQuantity(excerpt(&word)))
    }

    fn once_key(&mut self) -> Result<IdempotencyKey> {
        Ok(IdempotencyKey::new(self.word()?)?)
    }

    fn address(&mut self) -> Result<(PlayerId, SlotName)> {
        let player = PlayerId::new(self.word()?)?;
        Ok((player, SlotName::new(self.word()?)?))
    }

    fn number(&mut self) -> Result<Number> {
        let word = self.word()?;
        let number = serde_json::from_str(&word);
        number.map_err(|_| ParseError::NotANumber(excerpt(&word)))
    }

    fn send(&mut self) -> Result<Economy> {
        let (player, slot) = self.address()?;
        let id = LetterId::new(self.word()?)?;
        Ok(Economy::Send(player, slot, id, self.json()?))
    }

    fn transfer(&mut self) -> Result<Economy> {
        let key = self.once_key()?;
        let (player, slot) = self.address()?;
        let (name, amount) = (self.word()?, self.number()?);
        Ok(Economy::Transfer(key, player, slot, name, amount))
    }

    /// `KEY [SUB] N`: the last word is the number.
    fn key_and_number(&mut self, command: fn(OwnedKey, Number) -> Doc) -> Result<Doc> {
        let (attribute, second, third) = (self.word()?, self.word()?, self.optional()?);
        let (entry, number) = match third {
            Some(third) => (Some(second), third),
            None => (None, second),
        };
        let parsed = serde_json::from_str(&number);
        let number = parsed.map_err(|_| ParseError::NotANumber(excerpt(&number)))?;
        Ok(command(OwnedKey { attribute, entry }, number))
    }

    /// `KEY [SUB] JSON`: if all that follows the key is JSON, there is no SUB.
    fn set(&mut self) -> Result<Doc> {
        let attribute = self.word()?;
        let entry = if self.is_json() {
            None
        } else {
            self.optional()?
        };
        let value = self.json()?;
        Ok(Doc::Set(OwnedKey { attribute, entry }, value))
    }

    /// Whether what follows is meant as JSON as a whole: it is, or it begins
    /// like a list or a table, or it is one word.
    fn is_json(&self) -> bool {
        let rest = self.words.rest();
        rest.starts_with(['{', '['])
            || serde_json::from_str::<Value>(rest).is_ok()
            || self.only_word().is_some()
    }

    /// All that follows, if it is one word.
    fn only_word(&self) -> Option<String> {
        let mut words = self.words;
        let word = words.take().ok().flatten();
        word.filter(|_| words.rest().is_empty())
    }

    /// All that follows, as JSON, with or without a shell's quotes around it.
    fn json(&mut self) -> Result<Value> {
        let rest = self.words.rest();
        if rest.is_empty() {
            return Err(ParseError::Usage(self.usage));
        }
        let value = serde_json::from_str(rest).or_else(|source| {
            let unquoted = self.only_word();
            let value = unquoted.and_then(|word| serde_json::from_str(&word).ok());
            value.ok_or(ParseError::NotJson {
                given: excerpt(rest),
                source,
            })
        })?;
        self.words = Words::of("");
        Ok(value)
    }
}

/// Cuts a text for an error.
fn excerpt(text: &str) -> String {
    const CHARACTERS: usize = 80;
    match text.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
