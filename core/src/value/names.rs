//! Names that many documents have: of items that do not fit in their place,
//! and of items' types.

use std::{
    convert::Infallible,
    sync::{Arc, LazyLock},
};

use smol_str::SmolStr;

use super::{index::hash, pool::Pool};

/// The longest name that a [`SmolStr`] has in it.
const SHORT: usize = 23;

/// The longest name that is shared, and the most names: 16 MiB at most.
const MAX_SHARED_LENGTH: usize = 256;
const MAX_SHARED: usize = 64 << 10;

static SHARED: LazyLock<Pool<str>> = LazyLock::new(|| Pool::new(MAX_SHARED));

/// A name that all who have it share, if it is not too long.
pub(crate) fn shared(name: &str) -> Arc<str> {
    if name.len() > MAX_SHARED_LENGTH {
        return name.into();
    }
    let made = || Ok::<_, Infallible>(name.into());
    let Ok(shared) = SHARED.share(hash(name), |other| other == name, made);
    shared
}

/// A name that lies in its place if it is short, and is shared otherwise.
pub(crate) fn short_or_shared(name: &str) -> SmolStr {
    if name.len() <= SHORT {
        SmolStr::new(name)
    } else {
        shared(name).into()
    }
}
