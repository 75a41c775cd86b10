//! What steps do before their operation answers anybody.

use std::fmt;

use playerdata_core::{
    PlayerId, SlotName,
    backend::{Claimant, Letter, Lock},
};

/// Something that a step did that is not the last of its operation, or that
/// was done for another operation, left by its process.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Deed {
    /// A lock was marked as ending: nothing is opened under it any more.
    Marked {
        /// Whose lock it is.
        player: PlayerId,
        /// The lock that was meant.
        lock: Lock,
        /// For whom it is taken away; none if it is given up.
        by: Option<Claimant>,
    },
    /// A lock that was marked is gone.
    Freed {
        /// Whose lock it was.
        player: PlayerId,
        /// The lock that was meant.
        lock: Lock,
    },
    /// A slot of a player that is being erased is gone.
    SlotErased {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
    },
    /// An erasure is over.
    Erased {
        /// The player.
        player: PlayerId,
    },
    /// A letter waits in a mailbox, of which its sender is not told yet.
    Posted {
        /// Whose mailbox it is.
        player: PlayerId,
        /// The slot that it is for.
        slot: SlotName,
        /// The letter.
        letter: Letter,
    },
}

/// Sees what is done before any operation answers.
///
/// All that an operation answers, and every other change that it made, it
/// tells right after its last step, without waiting for anything. So who is
/// told of the deeds, and of the answers by who made the call, can follow the
/// table step by step, in a runtime of one thread.
pub trait Observer: fmt::Debug + Send + Sync + 'static {
    /// Called right after the step.
    fn saw(&self, deed: &Deed);
}
