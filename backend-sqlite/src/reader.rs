//! The threads that read without waiting for the writer.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use playerdata_core::backend::ErrorKind;
use rusqlite::Connection;
use tokio::{sync::mpsc::Receiver, time::Instant};

use crate::{
    error::Fault,
    files::Files,
    job::{Job, Message},
};

/// A reading thread's own things. Each reader sees the last commit before its
/// statement began, and neither waits for the writer nor holds it up.
pub(crate) struct Reader {
    pub(crate) db: Connection,
    pub(crate) files: Arc<Files>,
    pub(crate) busy_timeout: Duration,
    /// Shared by all readers: the first that is free takes the next job.
    pub(crate) queue: Arc<Mutex<Receiver<Message>>>,
}

impl Reader {
    /// Runs what comes, until the queue has been closed or its last sender
    /// dropped, and everything in it is done.
    pub(crate) fn run(self) {
        while let Some(job) = self.next() {
            self.read(job);
        }
    }

    fn next(&self) -> Option<Box<dyn Job>> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match queue.blocking_recv()? {
                Message::Run(job) => return Some(job),
                // Closed before the queue is let go: the next reader would
                // wait in it for good, and keep it.
                Message::Close => queue.close(),
            }
        }
    }

    fn read(&self, mut job: Box<dyn Job>) {
        if let Err(fault) = self.files.check() {
            job.fail(fault);
            return job.answer();
        }
        let start = Instant::now();
        while job.begin() {
            if catch_unwind(AssertUnwindSafe(|| job.run(&self.db))).is_err() {
                job.fail(Fault::new(ErrorKind::Unavailable, "the operation panicked"));
            }
            // Readers meet nobody, except one that recovers the log.
            let is_busy = job.failure().is_some_and(Fault::is_busy);
            if !is_busy || start.elapsed() >= self.busy_timeout {
                return job.answer();
            }
            thread::park_timeout(Duration::from_millis(1));
        }
    }
}
