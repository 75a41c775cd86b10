//! What a line can ask for.

use playerdata::{Key, SlotName};
use serde_json::{Number, Value};

use super::{economy::EconomyCommand, parse::canonical};

/// One command.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Command {
    /// Reads or changes the document.
    Document(DocumentCommand),
    /// Does what counts exactly once.
    Economy(EconomyCommand),
    /// Saves the slot now.
    Save,
    /// Opens another slot, or goes back to one, and plays on in it.
    Load(SlotName),
    /// Lists the slots in the store.
    Slots,
    /// Shows where the player, the session and the slot stand.
    Status,
    /// Dies at once.
    Crash,
    /// Saves, releases the player, and leaves.
    End,
    /// Lists the commands, or explains one.
    Help(Option<&'static Topic>),
}

/// A command that needs the document only.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
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
    /// Adds a number of an item, of a type if one is given.
    Add(String, u64, Option<String>),
    /// Removes a number of an item.
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

impl From<EconomyCommand> for Command {
    fn from(command: EconomyCommand) -> Self {
        Self::Economy(command)
    }
}

/// The address of a value: an attribute, or an entry of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OwnedKey {
    /// The attribute.
    pub attribute: String,
    /// The entry, if the attribute is a table.
    pub entry: Option<String>,
}

impl OwnedKey {
    /// The key, as a message names it.
    pub(super) fn shown(&self) -> String {
        let entry = self.entry.iter().flat_map(|entry| [" ", entry]);
        std::iter::once(&*self.attribute).chain(entry).collect()
    }

    /// The key, as the library takes it.
    #[must_use]
    pub fn as_key(&self) -> Key<'_> {
        Key::from((&*self.attribute, self.entry.as_deref()))
    }
}

/// How a command is written, and what it does.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Topic {
    /// Its name and what follows it.
    pub usage: &'static str,
    /// What it does.
    pub about: &'static str,
}

impl Topic {
    /// The command's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.usage.split(' ').next().unwrap_or(self.usage)
    }

    /// That of the command which can be typed so, if there is one.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        let name = canonical(name);
        TOPICS.iter().find(|topic| topic.name() == name)
    }
}

const fn topic(usage: &'static str, about: &'static str) -> Topic {
    Topic { usage, about }
}

/// Every command, in the order of `help`.
pub(super) const TOPICS: &[Topic] = &[
    topic(
        "get KEY [SUB]",
        "reads an attribute, or an entry of a table: get Reputation Nordraxia",
    ),
    topic(
        "set KEY [SUB] JSON",
        "sets it, to a JSON value: set EquippedItems Weapon \"Starter Sword\"",
    ),
    topic("inc KEY [SUB] N", "adds to a number: inc Currency 200"),
    topic("dec KEY [SUB] N", "takes from a number"),
    topic("has KEY [SUB]", "whether there is such a value"),
    topic(
        "add ITEM N [TYPE]",
        "adds a number of an item: add 'Health Potion' 3 Consumable",
    ),
    topic("remove ITEM N", "removes a number of an item"),
    topic("item ITEM [FIELD]", "reads an item, or one field of it"),
    topic(
        "edit ITEM FIELD JSON",
        "sets one field of an item: edit Bread Smell \"of yeast\"",
    ),
    topic("items", "reads the inventory"),
    topic("clear", "removes all items"),
    topic("show", "reads the whole document"),
    topic(
        "once KEY ATTRIBUTE N",
        "adds to a number at most once for this key, and saves: once receipt-17 Currency 100",
    ),
    topic(
        "send PLAYER SLOT ID JSON",
        "sends a letter, once for its id: send 2 Slot1 order-5 {\"Amounts\":{\"Currency\":100}}",
    ),
    topic("mail", "lists the letters that wait for this slot"),
    topic("gifts", "reads the gift bank"),
    topic(
        "claim ID",
        "moves a gift into the inventory and the attributes",
    ),
    topic(
        "transfer KEY PLAYER SLOT NAME N",
        "moves a number of an item, or an amount, to another slot, once for this key: \
         transfer gift-3 2 Slot1 Bread 2",
    ),
    topic("save", "saves now; changes are also saved automatically"),
    topic("load SLOT", "opens another slot, or goes back to one"),
    topic("slots", "lists the slots that are stored"),
    topic(
        "status",
        "shows where the player, the session and the slot stand",
    ),
    topic("crash", "dies at once, without saving, as in a power cut"),
    topic(
        "end",
        "saves, releases the player, and leaves; also: quit, exit, Ctrl-D",
    ),
    topic(
        "help [COMMAND]",
        "lists the commands, or explains one; also: ?",
    ),
];
