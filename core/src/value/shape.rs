//! The keys of a table, in their order, apart from its values.

use std::sync::{Arc, LazyLock};

use super::{
    ENVELOPE,
    index::{FEW, Index, hash},
    pool::Pool,
    write::is_plain,
};

/// What surrounds a key in the text of a shape: `,"` before and `":` behind.
const BEFORE: usize = 2;
const BEHIND: usize = 2;

/// The most bytes of keys that are shared, and the most shapes: with their
/// places, no more than 32 MiB whatever players invent.
const MAX_SHARED_TEXT: usize = 4 << 10;
const MAX_SHARED: usize = 4 << 10;

static SHARED: LazyLock<Pool<Shape>> = LazyLock::new(|| Pool::new(MAX_SHARED));

/// The ordered keys of a table.
///
/// ```text
/// text   ,"Currency":,"Level":,"CurrentXP":
/// ends              12      21            34
/// ```
///
/// That is how they are written, if none of them has to be escaped (`plain`).
/// `reserved` is whether the library's own key is among them.
///
/// Invariants: no key is there twice; `ends` are where the keys' parts of
/// `text` end; `index` is that of the keys.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    text: String,
    ends: Vec<u32>,
    plain: bool,
    reserved: bool,
    index: Index,
}

/// Which key is there twice.
#[derive(Debug)]
pub(crate) struct Twice(pub(crate) String);

impl Shape {
    pub(super) const EMPTY: Self = Self {
        text: String::new(),
        ends: Vec::new(),
        plain: true,
        reserved: false,
        index: Index::EMPTY,
    };

    /// The shape with these keys, shared with all tables that have the same
    /// ones, if it is not too large.
    pub(super) fn shared(text: &str, ends: &[u32]) -> Result<Arc<Self>, Twice> {
        if text.len() > MAX_SHARED_TEXT {
            return Self::of(text, ends).map(Arc::new);
        }
        let is_it = |shape: &Self| shape.text == text && shape.ends == ends;
        SHARED.share(hash(text), is_it, || Self::of(text, ends).map(Arc::new))
    }

    fn of(text: &str, ends: &[u32]) -> Result<Self, Twice> {
        let key_at = |at| key_at(text, ends, at);
        let index = Index::of(ends.len(), key_at).map_err(|at| Twice(key_at(at).to_owned()))?;
        Ok(Self {
            text: text.to_owned(),
            ends: ends.to_vec(),
            plain: (0..ends.len()).all(|at| is_plain(key_at(at).as_bytes())),
            reserved: (0..ends.len()).any(|at| key_at(at) == ENVELOPE),
            index,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether it has the key of what is kept beside a document.
    pub(super) fn has_reserved(&self) -> bool {
        self.reserved
    }

    pub(super) fn key(&self, at: usize) -> &str {
        key_at(&self.text, &self.ends, at)
    }

    /// A key with what surrounds it, as it is written; `None` if some key has to
    /// be escaped.
    pub(super) fn written(&self, at: usize) -> Option<&[u8]> {
        let part = begin_of(&self.ends, at)..self.ends[at] as usize;
        self.plain.then(|| &self.text.as_bytes()[part])
    }

    pub(super) fn find(&self, key: &str) -> Option<usize> {
        if !self.index.is_empty() {
            let key_at = |at| key_at(&self.text, &self.ends, at);
            return self.index.find(key, self.len(), key_at);
        }
        let mut end = 0;
        self.ends.iter().position(|&next| {
            let begin = end + BEFORE;
            end = next as usize;
            end == begin + key.len() + BEHIND
                && self.text.as_bytes().get(begin..end - BEHIND) == Some(key.as_bytes())
        })
    }

    /// Gives a shape one more key at its end, which it does not have.
    pub(super) fn add(this: &mut Arc<Self>, key: &str) {
        if this.len() < FEW {
            let (mut text, mut ends) = (this.text.clone(), this.ends.clone());
            push(&mut text, 0, &mut ends, key);
            *this = Self::shared(&text, &ends).expect("the key is not there");
            return;
        }
        let shape = Arc::make_mut(this);
        push(&mut shape.text, 0, &mut shape.ends, key);
        shape.plain &= is_plain(key.as_bytes());
        shape.reserved |= key == ENVELOPE;
        let (text, ends) = (&shape.text, &shape.ends);
        shape.index.pushed(ends.len(), |at| key_at(text, ends, at));
    }

    /// Takes the key at `at` out of a shape; those behind it move up.
    pub(super) fn cut(this: &mut Arc<Self>, at: usize) {
        if this.len() <= FEW {
            let (mut text, mut ends) = (this.text.clone(), this.ends.clone());
            cut(&mut text, &mut ends, at);
            *this = Self::shared(&text, &ends).expect("no key was there twice");
            return;
        }
        let shape = Arc::make_mut(this);
        let key = key_at(&shape.text, &shape.ends, at);
        shape.reserved &= key != ENVELOPE;
        shape.index.removing(key, at, shape.ends.len());
        cut(&mut shape.text, &mut shape.ends, at);
    }
}

/// Adds a key to the text, in which the keys begin at `base`, and to the ends.
pub(super) fn push(text: &mut String, base: usize, ends: &mut Vec<u32>, key: &str) {
    text.reserve(BEFORE + key.len() + BEHIND);
    text.push_str(",\"");
    text.push_str(key);
    text.push_str("\":");
    let end = u32::try_from(text.len() - base).expect("no document has 4 GB of keys");
    ends.push(end);
}

/// Takes the key at `at` out of the text and the ends.
fn cut(text: &mut String, ends: &mut Vec<u32>, at: usize) {
    let (begin, end) = (begin_of(ends, at), ends[at]);
    text.replace_range(begin..end as usize, "");
    ends.remove(at);
    for later in &mut ends[at..] {
        *later -= end - begin as u32;
    }
}

fn begin_of(ends: &[u32], at: usize) -> usize {
    at.checked_sub(1).map_or(0, |before| ends[before] as usize)
}

pub(super) fn key_at<'t>(text: &'t str, ends: &[u32], at: usize) -> &'t str {
    &text[begin_of(ends, at) + BEFORE..ends[at] as usize - BEHIND]
}

/// The key that was pushed last.
pub(super) fn last_key<'t>(text: &'t str, ends: &[u32]) -> &'t str {
    ends.len()
        .checked_sub(1)
        .map_or("", |last| key_at(text, ends, last))
}

impl Default for Shape {
    fn default() -> Self {
        Self::EMPTY
    }
}
