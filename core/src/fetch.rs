//! Fetching from memory what is needed soon.
//!
//! What the autosave looks at has been left alone for half a minute, and so
//! has to come from main memory. That takes longer than all the work on it,
//! if each part is waited for when its turn comes. A loop that does nothing
//! but look has many parts fetched at the same time: as long as it takes no
//! lock and counts nothing, since a processor ends all that it has begun
//! before it does either. What is found through other parts is looked at
//! in a loop of its own, when these are there.

use std::hint::black_box;

/// Looks at things, each of which is looked at by `look`.
pub(crate) fn all<T>(things: impl IntoIterator<Item = T>, look: impl Fn(T) -> u8) {
    let looks = things.into_iter().map(look);
    black_box(looks.fold(0, |seen, look| seen ^ look));
}
