//! The thread that owns the one connection that writes.

use std::{
    convert::Infallible,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use rusqlite::{Connection, config::DbConfig};
use tokio::sync::mpsc::Receiver;
use tracing::warn;

use crate::{
    checkpoint::{self, WriterSide},
    files::Files,
    group,
    job::{Job, Message},
};

/// How often the thread lets others run, in a row and in all, while it waits for
/// those whom it has just answered: some microseconds, and less than a sync takes.
const YIELDS_IN_A_ROW: u32 = 32;
const YIELDS: u32 = 256;

/// The writing thread's own things.
pub(crate) struct Writer {
    pub(crate) db: Connection,
    pub(crate) queue: Receiver<Message>,
    pub(crate) group_size: usize,
    pub(crate) busy_timeout: Duration,
    /// `None` in memory, where there is no write-ahead log.
    pub(crate) checkpoints: Option<WriterSide>,
    pub(crate) files: Arc<Files>,
    /// Ends when all other threads have closed their connections.
    pub(crate) others: mpsc::Receiver<Infallible>,
}

impl Writer {
    /// Commits whatever waits as a group, and again, until the queue has been
    /// closed or its last sender dropped, and everything in it is done.
    ///
    /// While one group is on its way to the disk, the next one gathers; so
    /// there is no need to wait for a group to fill, but for those who were in
    /// the last one and are just coming back.
    pub(crate) fn run(mut self) {
        let mut inbox = Vec::with_capacity(self.group_size);
        let mut last = 0;
        while self.queue.blocking_recv_many(&mut inbox, self.group_size) > 0 {
            self.gather(&mut inbox, last);
            let mut jobs = self.take_jobs(&mut inbox);
            last = jobs.len();
            self.commit(&mut jobs);
            for job in jobs {
                job.answer();
            }
            if self.files.check().is_ok()
                && let Some(checkpoints) = &mut self.checkpoints
            {
                checkpoints.after_commit(&self.db);
            }
        }
        self.close();
    }

    /// Waits for as many as there were in the last group, as long as they keep
    /// coming. Without that, whoever is answered first has a group to himself,
    /// and all others wait for two syncs.
    fn gather(&mut self, inbox: &mut Vec<Message>, last: usize) {
        let (mut in_a_row, mut yields) = (0, 0);
        while inbox.len() < last && in_a_row < YIELDS_IN_A_ROW && yields < YIELDS {
            if let Ok(message) = self.queue.try_recv() {
                inbox.push(message);
                in_a_row = 0;
            } else {
                thread::yield_now();
                in_a_row += 1;
                yields += 1;
            }
        }
    }

    /// Leaves each with an outcome. Files that were replaced meanwhile hold
    /// what nobody finds any more, so that it does not count.
    fn commit(&self, jobs: &mut Vec<Box<dyn Job>>) {
        if let Err(fault) = self.files.check() {
            return group::fail_all(jobs, &fault);
        }
        group::commit(&self.db, jobs, self.busy_timeout);
        if let Err(fault) = self.files.check() {
            return group::fail_all(jobs, &fault.maybe_applied());
        }
        if let Some(checkpoints) = &self.checkpoints {
            checkpoints.before_answers(&self.db);
        }
    }

    /// Closes the last of the connections. Of two that close at once, each
    /// would leave the log to the other.
    fn close(mut self) {
        let on_disk = self.checkpoints.take().is_some();
        while self.others.recv().is_ok() {}
        if !on_disk {
            return;
        }
        if self.files.check().is_ok() {
            return checkpoint::at_close(&self.db);
        }
        // The log may not belong to the file at the path any more.
        let keep = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
        if let Err(error) = self.db.set_db_config(keep, true) {
            warn!(%error, "could not keep SQLite from moving the log");
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
