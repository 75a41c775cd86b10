//! What a line can ask for.

use playerdata::{Key, SlotName};
use serde_json::{Number, Value};

/// One command.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Reads or changes the document.
    Document(DocumentCommand),
    /// Saves the slot now.
    Save,
    /// Opens another slot, or goes back to one, and plays on in it.
    Load(SlotName),
    /// Lists the slots in the store.
    Slots,
    /// Tells where the player, the session and the slot stand.
    Status,
    /// Dies at once.
    Crash,
    /// Saves, releases the player, and leaves.
    End,
    /// Lists the commands.
    Help,
}

/// A command that needs the document only.
#[derive(Clone, Debug, PartialEq)]
pub enum DocumentCommand {
    /// Reads a value.
    Get(OwnedKey),
    /// Sets a value.
    Set(OwnedKey, Value),
    /// Adds to a number.
    Increment(OwnedKey, Number),
    /// Takes from a number.
    Decrement(OwnedKey, Number),
    /// Whether there is such a value.
    Has(OwnedKey),
    /// Adds so many of an item, of a type if one is given.
    Add(String, u64, Option<String>),
    /// Removes so many of an item.
    Remove(String, u64),
    /// Reads an item, or one field of it.
    Item(String, Option<String>),
    /// Sets one field of an item.
    Edit(String, String, Value),
    /// Reads all items.
    Items,
    /// Removes all items.
    Clear,
    /// Reads all there is.
    Show,
}

impl From<DocumentCommand> for Command {
    fn from(command: DocumentCommand) -> Self {
        Self::Document(command)
    }
}

/// The address of a value: an attribute, or an entry of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedKey {
    /// The attribute.
    pub attribute: String,
    /// The entry, if the attribute is a table.
    pub entry: Option<String>,
}

impl OwnedKey {
    /// The key, as the library takes it.
    #[must_use]
    pub fn as_key(&self) -> Key<'_> {
        Key::from((&*self.attribute, self.entry.as_deref()))
    }
}

/// How each command is written, in the order of `help`.
const USAGES: &[&str] = &[
    "get KEY [SUB]",
    "set KEY [SUB] JSON",
    "inc KEY [SUB] N",
    "dec KEY [SUB] N",
    "has KEY [SUB]",
    "add ITEM N [TYPE]",
    "remove ITEM N",
    "item ITEM [FIELD]",
    "edit ITEM FIELD JSON",
    "items",
    "clear",
    "show",
    "save",
    "load SLOT",
    "slots",
    "status",
    "crash",
    "end",
    "help",
];

/// How the command of that name is written, if there is one.
pub(super) fn usage_of(name: &str) -> Option<&'static str> {
    let is_of = |usage: &&str| usage.split(' ').next() == Some(name);
    USAGES.iter().copied().find(is_of)
}

/// All commands, on one line.
pub(super) fn help() -> String {
    USAGES.join(" · ")
}
