//! Kept copies of a slot's record.

use std::time::Duration;

use super::Lock;
use crate::{Revision, UnixMillis};

/// Which versions of a slot stay, and when a further one is worth keeping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepPolicy {
    /// How many stay, the newest ones; with 0, none is kept and none is removed.
    pub most: u32,
    /// Nothing is kept if the newest version was kept less than this ago, by
    /// the store's clock if it has one. A version from the future was kept by a
    /// clock that ran ahead, and keeps no other away.
    pub min_age: Duration,
}

/// What [`keep_version`](super::Backend::keep_version) did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// A version of that revision is kept: by this call or already before.
    Kept {
        /// The slot's revision.
        revision: Revision,
    },
    /// The newest version is younger than the policy's `min_age`.
    Recent,
    /// The slot holds nothing, or the policy keeps none.
    Nothing,
    /// The lock is not the claim's any more. Nothing was changed.
    Lost {
        /// The lock as it stands, if there is one.
        holder: Option<Lock>,
    },
}

/// One kept version in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionSummary {
    /// The revision that it is a copy of.
    pub revision: Revision,
    /// When that was saved, by its server's clock.
    pub saved_at: UnixMillis,
    /// When it was kept, by the store's clock if it has one.
    pub kept_at: UnixMillis,
    /// The version of its document's schema.
    pub schema: u32,
    /// The size of its body as stored.
    pub body_bytes: u64,
}
