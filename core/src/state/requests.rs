//! Saves that game code asks for, and their outcomes.

use futures::future::{self, Shared as ForMany};
use tokio::sync::oneshot;

use crate::{Error, Revision};

/// The outcome of a save.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = std::sync::Arc::new(playerdata_memory::MemoryBackend::new());
/// # let manager = playerdata_core::SessionManager::builder(backend).start().await?;
/// # let session = manager.start_session(4711_u64).await?;
/// # let slot = session.load_slot("Slot1").await?;
/// use playerdata_core::Saved;
///
/// match slot.save().await? {
///     Saved::Written { revision } => println!("saved as revision {revision}"),
///     saved => println!("nothing to do since revision {}", saved.revision()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Saved {
    /// The slot was written.
    Written {
        /// The revision that the write made.
        revision: Revision,
    },
    /// The store has the content already; nothing was sent.
    Unchanged {
        /// The revision in the store.
        revision: Revision,
    },
}

impl Saved {
    /// The revision that the store has now.
    #[must_use]
    pub fn revision(self) -> Revision {
        let (Self::Written { revision } | Self::Unchanged { revision }) = self;
        revision
    }
}

/// The result of a save, for everybody who asked for it; an error of the
/// channel's if the runtime is gone.
pub(crate) type SaveResult = ForMany<oneshot::Receiver<Result<Saved, Error>>>;

/// What is asked of one slot.
#[derive(Debug, Default)]
pub(crate) struct SaveRequests {
    /// The save that has not begun yet.
    pub(crate) next: Option<Batch>,
    /// Whether a task is there that makes it.
    pub(crate) driven: bool,
}

/// Those who wait for the same save.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) sender: oneshot::Sender<Result<Saved, Error>>,
    pub(crate) result: SaveResult,
}

impl Batch {
    pub(crate) fn new() -> Self {
        let (sender, result) = oneshot::channel();
        let result = future::FutureExt::shared(result);
        Self { sender, result }
    }
}
