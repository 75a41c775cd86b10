//! Connections to one file, handed out in turn, as the usual pools do.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use parking_lot::Mutex;
use playerdata_core::backend::{BackendError, Effect, ErrorKind, Result};
use rusqlite::{Connection, OptionalExtension, Params, Row};
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::{
    flaws::Flaw,
    statements::{BEGIN, SCHEMA},
};

/// Connections of one client.
const CONNECTIONS: usize = 3;

/// A client's connections; clones are the same ones.
#[derive(Clone)]
pub(crate) struct Database {
    pool: Arc<Vec<Mutex<Connection>>>,
    next: Arc<AtomicUsize>,
    pub(crate) flaw: Option<Flaw>,
    folder: Arc<TempDir>,
}

impl Database {
    /// A new file.
    pub(crate) fn create(flaw: Option<Flaw>) -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("the disk has room"));
        let database = Self::connect(folder, flaw);
        let first = database.pool[0].lock();
        first.execute_batch(SCHEMA).expect("a new file is empty");
        drop(first);
        database
    }

    /// Another client of the same file.
    pub(crate) fn another(&self) -> Self {
        Self::connect(self.folder.clone(), self.flaw)
    }

    fn connect(folder: Arc<TempDir>, flaw: Option<Flaw>) -> Self {
        let connect = || {
            let connection = Connection::open(folder.path().join("players.db"))?;
            connection.busy_timeout(Duration::from_secs(20))?;
            // Nothing here is about a loss of power.
            connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;")?;
            rusqlite::Result::Ok(Mutex::new(connection))
        };
        let pool: rusqlite::Result<Vec<_>> = (0..CONNECTIONS).map(|_| connect()).collect();
        Self {
            pool: Arc::new(pool.expect("the folder is there")),
            next: Arc::default(),
            flaw,
            folder,
        }
    }

    /// Runs `work` on the next connection, unless nobody waits for it any more
    /// when it is its turn.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Session<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (caller, answer) = oneshot::channel();
        let database = self.clone();
        tokio::task::spawn_blocking(move || {
            let turn = database.next.fetch_add(1, Ordering::Relaxed) % CONNECTIONS;
            let connection = database.pool[turn].lock();
            if caller.is_closed() {
                return;
            }
            let session = Session {
                connection: &connection,
                flaw: database.flaw,
            };
            // Nobody to answer is not a failure.
            let _ = caller.send(work(&session));
        });
        let answer = answer.await.expect("the work does not panic");
        answer.map_err(|error| {
            let what = "the database failed";
            BackendError::new(ErrorKind::Unavailable, Effect::Possible, what).with_source(error)
        })
    }
}

/// One connection, while it is in use.
pub(crate) struct Session<'a> {
    connection: &'a Connection,
    pub(crate) flaw: Option<Flaw>,
}

impl Session<'_> {
    pub(crate) fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    /// The statement, with what the flaw leaves out.
    fn statement(&self, sql: &str) -> String {
        let changes = self.flaw.map(|flaw| [flaw.change(), flaw.second_change()]);
        let changes = changes.into_iter().flatten().flatten();
        changes.fold(sql.to_owned(), |sql, (from, to)| sql.replace(from, to))
    }

    /// Whether the statement, with what the flaw leaves out, has the parameter.
    pub(crate) fn binds(&self, sql: &str, parameter: &str) -> bool {
        self.statement(sql).contains(parameter)
    }

    pub(crate) fn row<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        let mut statement = self.connection.prepare_cached(&self.statement(sql))?;
        statement.query_row(params, read).optional()
    }

    pub(crate) fn rows<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        let mut statement = self.connection.prepare_cached(&self.statement(sql))?;
        statement.query_map(params, read)?.collect()
    }

    pub(crate) fn change(&self, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
        let mut statement = self.connection.prepare_cached(&self.statement(sql))?;
        statement.execute(params)
    }

    /// Everything in one transaction; or, with a flaw, each statement on its
    /// own, with others in between.
    pub(crate) fn together<T>(
        &self,
        apart: bool,
        work: impl FnOnce() -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        if apart {
            return work();
        }
        self.connection.execute_batch(&self.statement(BEGIN))?;
        let done = work();
        let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
        self.connection.execute_batch(end)?;
        done
    }

    /// The way to a store and back, between two statements of a flaw.
    #[allow(clippy::disallowed_methods)] // it waits for nothing, it only takes time
    pub(crate) fn pause(&self) {
        thread::sleep(Duration::from_millis(1));
    }
}
