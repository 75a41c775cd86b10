//! The thread that owns the one connection that writes.

use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::mpsc::Receiver;

use crate::{
    checkpoint::WriterSide,
    group,
    job::{Job, Message},
};

/// The writing thread's own things.
pub(crate) struct Writer {
    pub(crate) db: Connection,
    pub(crate) queue: Receiver<Message>,
    pub(crate) group_size: usize,
    pub(crate) busy_timeout: Duration,
    /// `None` in memory, where there is no write-ahead log.
    pub(crate) checkpoints: Option<WriterSide>,
}

impl Writer {
    /// Commits whatever waits as a group, and again, until the queue has been
    /// closed or its last sender dropped, and everything in it is done.
    ///
    /// While one group is on its way to the disk, the next one gathers; so
    /// there is no need to wait for a group to fill.
    pub(crate) fn run(mut self) {
        let mut inbox = Vec::with_capacity(self.group_size);
        while self.queue.blocking_recv_many(&mut inbox, self.group_size) > 0 {
            let jobs = self.take_jobs(&mut inbox);
            group::commit(&self.db, jobs, self.busy_timeout);
            if let Some(checkpoints) = &mut self.checkpoints {
                checkpoints.after_commit(&self.db);
            }
        }
        if let Some(checkpoints) = &self.checkpoints {
            checkpoints.at_close(&self.db);
        }
    }

    fn take_jobs(&mut self, inbox: &mut Vec<Message>) -> Vec<Box<dyn Job>> {
        let mut jobs = Vec::with_capacity(inbox.len());
        for message in inbox.drain(..) {
            match message {
                Message::Run(job) => jobs.push(job),
                Message::Close => self.queue.close(),
            }
        }
        jobs
    }
}
