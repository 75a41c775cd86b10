//! JSON values as documents keep them: small, in few pieces, and cheap to
//! copy; and what else documents, inventories and the codec share.
//!
//! To be read in this order: this file, `text`, and `table` with `shape`,
//! `index` and `pool`, are what values are made of; `read` and `write` are JSON
//! text; `storable` and `view` are a game's types, on their way in and out.
//! `names` and `type_name` are small things apart.
//!
//! ```text
//! {"Level": 7, "Title": "Knight", "Worn": {"Head": null, "Legs": null}}
//!
//! Table                        Shape, one for all tables with these keys
//!   shape  ------------------->  text   ,"Level":,"Title":,"Worn":
//!   values ---> [ Value; 3 ]     ends            9       18      26
//!                 Unsigned 7     index  none: few keys are compared
//!                 Text "Knight"
//!                 Table -------> Table, shared with copies of it
//!                                  shape  ---> ,"Head":,"Legs":
//!                                  values ---> [ Null, Null ]
//! ```
//!
//! - A [`Value`] has 16 bytes: numbers, and text of up to 14 bytes, lie in it.
//!   Longer text, lists and tables have a block of their own, which copies
//!   share until one of them is changed. Its count is `triomphe`'s, since there
//!   are no weak pointers to it: it is smaller by one word, and a change looks
//!   whether anybody else has the block without writing to it.
//! - A [`Table`] is its values in their order, beside a shape: its keys, as
//!   they are written. Shapes are shared by all tables of a process and
//!   counted; there is a bound to them, past which a table has its own
//!   (`pool`). So the keys of a million players of one game are there once.
//! - A key is found by comparing if there are few, and by hash if there are
//!   more ([`Index`], which the inventory has its items found by as well).
//!
//! Invariants, each kept by the one file that can break it:
//!
//! - no table has a key twice (`shape`);
//! - a table has as many values as its shape has keys (`table`);
//! - a number that is not negative is `Unsigned`, and a float is finite: so
//!   equal values are equal variants (here, `read`);
//! - what is written is, byte for byte, what `serde_json` writes (`write`);
//! - what is read from a value is what `serde_json` reads from its own
//!   (`view`).

mod index;
#[cfg(test)]
mod model_tests;
pub(crate) mod names;
mod pool;
mod read;
mod shape;
mod storable;
mod table;
mod text;
mod type_name;
mod view;
pub(crate) mod write;

use serde_json::Number;
use triomphe::Arc;

pub(crate) use index::Index;
pub(crate) use read::{Key, OpenTable, Read, Scratch, twice};
pub(crate) use shape::Twice;
pub(crate) use storable::storable;
pub(crate) use table::Table;
use text::Text;
pub use type_name::TypeName;
pub(crate) use view::Part;
pub use view::ValueRef;

/// The member of a stored JSON object that is not the game's.
pub(crate) const ENVELOPE: &str = "$playerdata";

/// A list in no more memory than it needs. It is copied, since a block that is
/// made smaller in its place leaves a hole beside it.
pub(crate) fn exact<T>(mut list: Vec<T>) -> Vec<T> {
    if list.len() == list.capacity() {
        return list;
    }
    let mut exact = Vec::with_capacity(list.len());
    exact.append(&mut list);
    exact
}

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Unsigned(u64),
    Negative(i64),
    Float(f64),
    Text(Text),
    List(Arc<Vec<Value>>),
    Table(Arc<Table>),
}

const _: () = assert!(size_of::<Value>() == 16);

impl Value {
    #[inline]
    pub(crate) fn view(&self) -> ValueRef<'_> {
        ValueRef(match self {
            Self::Null => Part::Null,
            Self::Bool(value) => Part::Bool(*value),
            Self::Unsigned(number) => Part::Unsigned(*number),
            Self::Negative(number) => Part::Negative(*number),
            Self::Float(number) => Part::Float(*number),
            Self::Text(text) => Part::Text(text.as_str()),
            Self::List(values) => Part::List(values),
            Self::Table(table) => Part::Table(table),
        })
    }

    pub(crate) fn to_json(&self) -> serde_json::Value {
        self.view().to_json()
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Unsigned(number)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        u64::try_from(number).map_or(Self::Negative(number), Self::Unsigned)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        if let Some(number) = number.as_u64() {
            number.into()
        } else if let Some(number) = number.as_i64() {
            number.into()
        } else {
            // Without serde_json's arbitrary precision, this is always there.
            number.as_f64().map_or(Self::Null, Self::Float)
        }
    }
}
