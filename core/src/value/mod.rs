//! What documents, inventories and the codec share: values as JSON holds them.

mod checked;
mod storable;
mod type_name;

pub(crate) use checked::{Check, Checked};
pub(crate) use storable::storable;
pub use type_name::TypeName;
pub(crate) use type_name::kind_of;

/// The member of a stored JSON object that is not the game's.
pub(crate) const ENVELOPE: &str = "$playerdata";
