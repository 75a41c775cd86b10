//! The thread that owns the one connection that writes.

use std::{
    convert::Infallible,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use rusqlite::{Connection, config::DbConfig};
use tokio::{sync::mpsc::Receiver, time::Instant};
use tracing::warn;

use crate::{
    checkpoint::{self, WriterSide},
    files::Files,
    group::{self, Arrivals},
    job::{Job, Message, Outlasts},
    sync::SyncLevel,
};

/// How often the thread lets others run, in a row and in all, while it waits for
/// those whom it has just answered: some microseconds, and less than a sync takes.
const YIELDS_IN_A_ROW: u32 = 32;
const YIELDS: u32 = 256;

/// For how long a group takes in those that arrive after it began.
const GROUP_TIME: Duration = Duration::from_millis(5);

/// The writing thread's own things.
pub(crate) struct Writer {
    pub(crate) db: Connection,
    pub(crate) queue: Receiver<Message>,
    pub(crate) group_size: usize,
    pub(crate) busy_timeout: Duration,
    /// `None` in memory, where there is no write-ahead log.
    pub(crate) checkpoints: Option<WriterSide>,
    pub(crate) level: SyncLevel,
    /// What has to be synced, and came while a group that is not was at work.
    pub(crate) held: Option<Box<dyn Job>>,
    pub(crate) files: Arc<Files>,
    /// Ends when all other threads have closed their connections.
    pub(crate) others: mpsc::Receiver<Infallible>,
}

impl Writer {
    /// Commits whatever waits as a group, and again, until the queue has been
    /// closed or its last sender dropped, and everything in it is done.
    pub(crate) fn run(mut self) {
        let mut last = 0;
        while let Some(first) = self.next() {
            let mut jobs = Vec::with_capacity(self.group_size);
            match first {
                Message::Run(job) => jobs.push(job),
                Message::Close => self.queue.close(),
            }
            let in_place = self.commit(&mut jobs, last);
            last = jobs.len();
            for job in jobs {
                job.answer();
            }
            if in_place && let Some(checkpoints) = &mut self.checkpoints {
                checkpoints.after_commit(&self.db);
            }
        }
        self.close();
    }

    fn next(&mut self) -> Option<Message> {
        let held = self.held.take().map(Message::Run);
        held.or_else(|| self.queue.blocking_recv())
    }

    /// Leaves each with an outcome, and whoever arrives meanwhile. Files that
    /// were replaced meanwhile hold what nobody finds any more, so that it does
    /// not count: `false` then.
    fn commit(&mut self, jobs: &mut Vec<Box<dyn Job>>, last: usize) -> bool {
        if let Err(fault) = self.files.check() {
            group::fail_all(jobs, &fault);
            return false;
        }
        let outlasts = match self.set_level(jobs) {
            Ok(outlasts) => outlasts,
            Err(error) => {
                group::fail_all(jobs, &error.into());
                return true;
            }
        };
        let mut gathering = Gathering {
            level: &self.level,
            outlasts,
            held: &mut self.held,
            room: self.group_size.saturating_sub(jobs.len()),
            awaited: last.saturating_sub(jobs.len()),
            waiting: self.queue.len(),
            yields: 0,
            since: Instant::now(),
            queue: &mut self.queue,
        };
        group::commit(&self.db, jobs, &mut gathering, self.busy_timeout);
        if let Err(fault) = self.files.check() {
            group::fail_all(jobs, &fault.maybe_applied());
            return false;
        }
        if let Some(checkpoints) = &self.checkpoints {
            checkpoints.before_answers(&self.db);
        }
        true
    }

    /// Prepares for a group that begins with `jobs`.
    fn set_level(&mut self, jobs: &[Box<dyn Job>]) -> rusqlite::Result<Outlasts> {
        let wished = jobs.iter().map(|job| job.outlasts()).max();
        let outlasts = self.level.for_operation(wished.unwrap_or(Outlasts::Power));
        // Of a group that could not be rolled back.
        group::roll_back(&self.db)?;
        self.level.set(&self.db, outlasts)?;
        Ok(outlasts)
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
}

/// The operations that join a group after its first.
///
/// They are run as they come, so that the callers of the last group, who were
/// just answered, come back while the writer is at work for those before them.
///
/// The disk is synced for all of a group or for none of it. So one that needs it
/// ends a group that does without, and begins the next, which takes in both
/// kinds: nobody waits for more than one such group.
struct Gathering<'writer> {
    queue: &'writer mut Receiver<Message>,
    level: &'writer SyncLevel,
    /// What the group outlasts.
    outlasts: Outlasts,
    /// The one that has ended it, because it is to outlast more.
    held: &'writer mut Option<Box<dyn Job>>,
    /// How many more the group has room for.
    room: usize,
    /// How many waited when it began. All of them join.
    waiting: usize,
    /// How many more there were in the last group. If these are still coming
    /// back, they are waited for. Without that, whoever is answered first has a
    /// group to himself, and all others wait for two syncs.
    awaited: usize,
    /// How often they were waited for.
    yields: u32,
    since: Instant,
}

impl Gathering<'_> {
    fn take(&mut self) -> Option<Box<dyn Job>> {
        loop {
            match self.queue.try_recv().ok()? {
                Message::Run(job) if self.level.for_operation(job.outlasts()) > self.outlasts => {
                    *self.held = Some(job);
                    self.room = 0;
                    return None;
                }
                Message::Run(job) => {
                    self.room -= 1;
                    self.waiting = self.waiting.saturating_sub(1);
                    self.awaited = self.awaited.saturating_sub(1);
                    return Some(job);
                }
                Message::Close => self.queue.close(),
            }
        }
    }
}

impl Arrivals for Gathering<'_> {
    fn next(&mut self) -> Option<Box<dyn Job>> {
        let is_late = self.waiting == 0 && self.since.elapsed() >= GROUP_TIME;
        if self.room == 0 || is_late {
            return None;
        }
        let mut in_a_row = 0;
        loop {
            let job = self.take();
            let is_patient = self.room > 0
                && self.awaited > 0
                && in_a_row < YIELDS_IN_A_ROW
                && self.yields < YIELDS;
            if job.is_some() || !is_patient {
                return job;
            }
            thread::yield_now();
            in_a_row += 1;
            self.yields += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::{self, Sender};

    use super::*;
    use crate::{
        Durability,
        job::{pending, pending_unsynced},
    };

    /// A queue in which this many wait.
    fn queue(waiting: usize) -> (Sender<Message>, Receiver<Message>) {
        let (sender, queue) = mpsc::channel(waiting.max(1));
        for _ in 0..waiting {
            let (job, _) = pending(|_: &_| Ok(()));
            sender.try_send(Message::Run(job)).unwrap();
        }
        (sender, queue)
    }

    /// What a group needs beside its queue.
    struct Group {
        level: SyncLevel,
        held: Option<Box<dyn Job>>,
    }

    impl Group {
        fn new(durability: Durability) -> Self {
            Self {
                level: SyncLevel::configured(durability),
                held: None,
            }
        }

        /// With room for all who come.
        fn gathering<'group>(
            &'group mut self,
            queue: &'group mut Receiver<Message>,
            outlasts: Outlasts,
        ) -> Gathering<'group> {
            Gathering {
                level: &self.level,
                outlasts: self.level.for_operation(outlasts),
                held: &mut self.held,
                room: usize::MAX,
                waiting: queue.len(),
                awaited: 0,
                yields: 0,
                since: Instant::now(),
                queue,
            }
        }
    }

    fn synced() -> Group {
        Group::new(Durability::Full)
    }

    fn joined(mut gathering: Gathering<'_>) -> usize {
        std::iter::from_fn(|| gathering.next()).count()
    }

    #[test]
    fn all_who_wait_join_a_group_that_has_room_for_them() {
        let (_sender, mut queue) = queue(5);
        assert_eq!(joined(synced().gathering(&mut queue, Outlasts::Power)), 5);
    }

    #[test]
    fn a_group_takes_no_more_than_it_has_room_for() {
        let (_sender, mut queue) = queue(5);
        let mut group = synced();
        let mut full = group.gathering(&mut queue, Outlasts::Power);
        full.room = 3;
        assert_eq!(joined(full), 3);
        assert_eq!(queue.len(), 2);
    }

    #[test]
    fn a_group_that_has_been_open_for_long_takes_those_who_waited_and_nobody_else() {
        let (_sender, mut queue) = queue(5);
        let mut group = synced();
        let mut old = group.gathering(&mut queue, Outlasts::Power);
        old.waiting = 3;
        old.since = Instant::now() - GROUP_TIME;
        assert_eq!(joined(old), 3);
        assert_eq!(queue.len(), 2);
    }

    #[test]
    fn those_of_the_last_group_are_waited_for_a_bounded_number_of_times() {
        let (_sender, mut queue) = queue(1);
        let mut group = synced();
        let mut patient = group.gathering(&mut queue, Outlasts::Power);
        patient.awaited = 9;
        assert!(patient.next().is_some());
        assert!(patient.next().is_none());
        assert_eq!(patient.yields, YIELDS_IN_A_ROW);
        patient.yields = YIELDS;
        assert!(patient.next().is_none());
        assert_eq!(patient.yields, YIELDS);
    }

    #[test]
    fn a_group_that_meets_the_end_closes_the_queue_and_takes_what_was_before() {
        let (sender, mut queue) = queue(1);
        drop(queue.try_recv());
        sender.try_send(Message::Close).unwrap();
        assert_eq!(joined(synced().gathering(&mut queue, Outlasts::Power)), 0);
        assert!(queue.is_closed());
        assert!(sender.is_closed());
    }

    /// A queue in which an opening waits, a save, and another opening.
    fn opening_save_opening() -> (Sender<Message>, Receiver<Message>) {
        let (sender, queue) = mpsc::channel(3);
        let jobs = [
            pending_unsynced(|_: &_| Ok(())),
            pending(|_: &_| Ok(())),
            pending_unsynced(|_: &_| Ok(())),
        ];
        for (job, _) in jobs {
            sender.try_send(Message::Run(job)).unwrap();
        }
        (sender, queue)
    }

    #[test]
    fn s1_what_has_to_be_synced_joins_no_group_that_is_not_and_begins_the_next() {
        let (_sender, mut queue) = opening_save_opening();
        let mut group = synced();
        let mut unsynced = group.gathering(&mut queue, Outlasts::Process);
        unsynced.awaited = 9;
        assert_eq!(joined(unsynced), 1);
        let held = group
            .held
            .take()
            .expect("the save is first in the next group");
        assert_eq!(held.outlasts(), Outlasts::Power);
        assert_eq!(joined(group.gathering(&mut queue, held.outlasts())), 1);
    }

    #[test]
    fn a_group_that_is_synced_takes_in_all() {
        let (_sender, mut queue) = opening_save_opening();
        let mut group = synced();
        assert_eq!(joined(group.gathering(&mut queue, Outlasts::Power)), 3);
        assert!(group.held.is_none());
    }

    #[test]
    fn where_nothing_is_synced_all_join_one_group() {
        let (_sender, mut queue) = opening_save_opening();
        let mut group = Group::new(Durability::Normal);
        assert_eq!(joined(group.gathering(&mut queue, Outlasts::Process)), 3);
        assert!(group.held.is_none());
    }
}
