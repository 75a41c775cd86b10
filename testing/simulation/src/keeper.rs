//! Game code that keeps a document for some time.

use std::{
    sync::mpsc,
    thread::{self, JoinHandle},
};

use fastrand::Rng;
use playerdata_core::{Document, DocumentError, Error, Slot};
use tokio::runtime::Handle;

use crate::{
    holdings::{Holdings, change_of, shuffle},
    ledger::{Author, Ledger},
};

/// Why a change was not made.
#[derive(Debug)]
pub(crate) enum Unmade {
    /// The document is not what the simulation put there.
    Misread(DocumentError),
    /// The slot takes no changes.
    Refused(Error),
    /// The server crashed meanwhile.
    GivenUp,
}

impl From<Error> for Unmade {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<DocumentError> for Unmade {
    fn from(error: DocumentError) -> Self {
        Self::Misread(error)
    }
}

/// One change of a document, and its part in the ledger.
pub(crate) fn change(
    document: &mut Document,
    author: &Author,
    ledger: &Ledger,
    rng: &mut Rng,
) -> Result<(), DocumentError> {
    let parent = change_of(document)?;
    let change = ledger.step(|state| state.changes(author, parent));
    shuffle(document, change, rng)?;
    let holdings = Holdings::of(document)?;
    ledger.step(|state| state.changed(change, holdings));
    Ok(())
}

/// A closure in a thread of its own that has made its change and does not
/// return.
///
/// The thread runs only while the run's own thread waits for it, so that each
/// run of a seed is the same.
pub(crate) struct Keeper {
    release: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<Result<(), Unmade>>>,
}

impl Keeper {
    /// Returns once the change is made on the closure's copy, or was refused.
    pub(crate) fn begin(
        slot: Slot<Document>,
        author: Author,
        ledger: Ledger,
        mut rng: Rng,
    ) -> Self {
        let (begin, began) = mpsc::channel::<()>();
        let (release, released) = mpsc::channel();
        let runtime = Handle::current();
        let thread = thread::spawn(move || {
            let _virtual_time = runtime.enter();
            slot.try_modify(|document| {
                change(document, &author, &ledger, &mut rng)?;
                drop(begin);
                released.recv().map_err(|_| Unmade::GivenUp)
            })
        });
        // It ends when the closure, or the thread, lets go of its end.
        let _ = began.recv();
        Self {
            release: Some(release),
            thread: Some(thread),
        }
    }

    /// Lets the closure return, and reports the outcome of its change.
    pub(crate) fn release(mut self) -> Result<(), Unmade> {
        if let Some(release) = self.release.take() {
            // It fails if the change was refused: nobody listens.
            let _ = release.send(());
        }
        self.join()
    }

    fn join(&mut self) -> Result<(), Unmade> {
        drop(self.release.take());
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => Ok(()),
        }
    }
}

impl Drop for Keeper {
    /// The server crashed: its change is not made, and the thread is over
    /// before anything else happens.
    fn drop(&mut self) {
        if self.thread.is_some() {
            let _ = self.join();
        }
    }
}
