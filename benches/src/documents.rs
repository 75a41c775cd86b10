//! The two standard documents, and their encoded forms.

use std::sync::Arc;

use playerdata_core::{Codec, Document, RandomIds, Settings, backend::Body};

/// How many items document B has.
pub const ITEMS_OF_B: usize = 300;

/// How many variants of a document are saved in turn.
pub const VARIANTS: u64 = 64;

/// One of the two standard documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standard {
    /// The default data.
    A,
    /// The same with 300 inventory items.
    B,
}

impl Standard {
    /// Both of them.
    pub const BOTH: [Self; 2] = [Self::A, Self::B];

    /// Both, as they are stored: with or without compression. A is too small
    /// to be compressed.
    pub const FORMS: [(Self, bool); 3] = [(Self::A, false), (Self::B, false), (Self::B, true)];

    /// What to call it in one of these forms.
    #[must_use]
    pub fn form(self, compressed: bool) -> String {
        let form = if compressed { " compressed" } else { "" };
        format!("{}{form}", self.name())
    }

    /// Its letter.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
        }
    }

    /// The document.
    #[must_use]
    pub fn document(self) -> Document {
        let mut document = Document::standard();
        if self == Self::B {
            let inventory = document.inventory_mut();
            for item in inventory.len()..ITEMS_OF_B {
                inventory
                    .add(&format!("Item number {item:03}"), item as u64 + 1)
                    .expect("the names differ and there are no limits");
            }
        }
        document
    }

    /// Its encoded form, as `variant` of it: each has other values in it, and
    /// another length now and then, so that a store can't skip what did not
    /// change.
    #[must_use]
    pub fn body(self, variant: u64, compressed: bool) -> Body {
        let mut settings = Settings::default();
        settings.compress_from_bytes = if compressed { 1_024 } else { 0 };
        let mut document = self.document();
        document
            .increment("Currency", variant * 7_919 % 1_000_003)
            .expect("there is currency, and room for more");
        let codec = Codec::new(&settings, &RandomIds);
        let encoded = codec.encode(&document).expect("the document is small");
        codec.body(&encoded, 1)
    }

    /// This many variants of its encoded form.
    #[must_use]
    pub fn bodies(self, count: u64, compressed: bool) -> Vec<Body> {
        (0..count)
            .map(|variant| self.body(variant, compressed))
            .collect()
    }
}

/// Both documents as they are stored: what each form is called, and its
/// variants.
pub fn forms() -> impl Iterator<Item = (String, Arc<Vec<Body>>)> {
    Standard::FORMS.into_iter().map(|(standard, compressed)| {
        let bodies = standard.bodies(VARIANTS, compressed);
        (standard.form(compressed), Arc::new(bodies))
    })
}
