//! The names of a backend's methods, for errors, metrics and scripts of faults.

use std::fmt;

/// A method of [`Backend`](super::Backend) that goes to the store.
///
/// Shown as what it does ("save the slot"), so that an error reads "could not
/// save the slot"; [`method`](Self::method) is its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// [`hazards`](super::Backend::hazards)
    Hazards,
    /// [`renew_lease`](super::Backend::renew_lease)
    RenewLease,
    /// [`drop_lease`](super::Backend::drop_lease)
    DropLease,
    /// [`lease_is_live`](super::Backend::lease_is_live)
    LeaseIsLive,
    /// [`acquire`](super::Backend::acquire), and
    /// [`acquire_and_open`](super::Backend::acquire_and_open)
    Acquire,
    /// [`release`](super::Backend::release), and
    /// [`release_knowing`](super::Backend::release_knowing)
    Release,
    /// [`holder`](super::Backend::holder)
    Holder,
    /// [`notify`](super::Backend::notify)
    Notify,
    /// [`open`](super::Backend::open)
    Open,
    /// [`save`](super::Backend::save)
    Save,
    /// [`delete`](super::Backend::delete)
    Delete,
    /// [`view`](super::Backend::view)
    View,
    /// [`list`](super::Backend::list)
    List,
    /// [`erase`](super::Backend::erase)
    Erase,
    /// [`post`](super::Backend::post)
    Post,
    /// [`letters`](super::Backend::letters)
    Letters,
    /// [`discard`](super::Backend::discard)
    Discard,
    /// [`settle`](super::Backend::settle)
    Settle,
    /// [`known_letters`](super::Backend::known_letters)
    KnownLetters,
    /// [`decide`](super::Backend::decide)
    Decide,
    /// [`forget_decision`](super::Backend::forget_decision)
    ForgetDecision,
    /// [`keep_version`](super::Backend::keep_version)
    KeepVersion,
    /// [`versions`](super::Backend::versions)
    Versions,
    /// [`version`](super::Backend::version)
    Version,
    /// [`players`](super::Backend::players)
    Players,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 25] = [
        Self::Hazards,
        Self::RenewLease,
        Self::DropLease,
        Self::LeaseIsLive,
        Self::Acquire,
        Self::Release,
        Self::Holder,
        Self::Notify,
        Self::Open,
        Self::Save,
        Self::Delete,
        Self::View,
        Self::List,
        Self::Erase,
        Self::Post,
        Self::Letters,
        Self::Discard,
        Self::Settle,
        Self::KnownLetters,
        Self::Decide,
        Self::ForgetDecision,
        Self::KeepVersion,
        Self::Versions,
        Self::Version,
        Self::Players,
    ];

    /// The name of the method, such as `renew_lease`.
    #[must_use]
    pub const fn method(self) -> &'static str {
        self.names().0
    }

    /// The method's name, and what it does.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Hazards => ("hazards", "look at the store's settings"),
            Self::RenewLease => ("renew_lease", "renew the lease"),
            Self::DropLease => ("drop_lease", "drop the lease"),
            Self::LeaseIsLive => ("lease_is_live", "look at a lease"),
            Self::Acquire => ("acquire", "acquire the lock"),
            Self::Release => ("release", "release the lock"),
            Self::Holder => ("holder", "look at the lock"),
            Self::Notify => ("notify", "notify the holder"),
            Self::Open => ("open", "open the slot"),
            Self::Save => ("save", "save the slot"),
            Self::Delete => ("delete", "delete the slot"),
            Self::View => ("view", "view the slot"),
            Self::List => ("list", "list the slots"),
            Self::Erase => ("erase", "erase the player"),
            Self::Post => ("post", "post the letter"),
            Self::Letters => ("letters", "read the mailbox"),
            Self::Discard => ("discard", "discard the letter"),
            Self::Settle => ("settle", "settle the letter"),
            Self::KnownLetters => ("known_letters", "list the letters"),
            Self::Decide => ("decide", "decide the trade"),
            Self::ForgetDecision => ("forget_decision", "forget the verdict on the trade"),
            Self::KeepVersion => ("keep_version", "keep a version of the slot"),
            Self::Versions => ("versions", "list the versions of the slot"),
            Self::Version => ("version", "read a version of the slot"),
            Self::Players => ("players", "list the players"),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.names().1)
    }
}
