//! Text, the short in its place.

use std::{fmt, str};

use triomphe::Arc;

/// The longest text that takes no memory of its own.
const SHORT: usize = 14;

/// Some text. Up to [`SHORT`] bytes are in it, more are shared with its
/// copies: it never changes.
///
/// Invariants: `bytes` begins with `len` bytes of UTF-8, and is zero after
/// them; a long text is longer than a short one can be. So equal texts are
/// equal field by field.
#[derive(Clone, PartialEq)]
pub(crate) enum Text {
    Short { len: u8, bytes: [u8; SHORT] },
    // Not `Arc<str>`, which takes twice the room in here.
    Long(Arc<Box<str>>),
}

impl Text {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Short { .. } => {
                str::from_utf8(self.as_bytes()).expect("a short text was made of text")
            }
            Self::Long(text) => text,
        }
    }

    /// The same, without a look at whether it is text.
    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short { len, bytes } => &bytes[..usize::from(*len)],
            Self::Long(text) => text.as_bytes(),
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        let mut bytes = [0; SHORT];
        match bytes.get_mut(..text.len()) {
            Some(place) => {
                place.copy_from_slice(text.as_bytes());
                Self::Short {
                    len: text.len() as u8,
                    bytes,
                }
            }
            None => Self::Long(Arc::new(text.into())),
        }
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}
