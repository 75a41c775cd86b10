//! Waiting for another process that uses the file.

use std::{thread, time::Duration};

use tokio::time::Instant;

use crate::error::is_busy;

/// How long to wait between two tries. SQLite's own busy handler waits ever
/// longer, up to 100 ms, and so hardly ever meets the short moments in which
/// a busy writer of another process lets go.
const POLL: Duration = Duration::from_millis(1);

/// Tries `step` again while another connection is in its way, for as long as
/// `patience`, then gives its error.
///
/// Nothing informs one process of the other's commit, hence the polling.
pub(crate) fn retry_while_busy<T>(
    patience: Duration,
    mut step: impl FnMut() -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let start = Instant::now();
    loop {
        match step() {
            Err(error) if is_busy(&error) && start.elapsed() < patience => {
                thread::park_timeout(POLL);
            }
            outcome => return outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::{Error, ffi};

    use super::*;

    #[test]
    fn patience_is_time_and_not_a_number_of_tries() {
        let start = Instant::now();
        let mut tries = 0;
        let outcome = retry_while_busy::<()>(Duration::from_millis(100), || {
            tries += 1;
            thread::park_timeout(Duration::from_millis(20));
            Err(Error::SqliteFailure(
                ffi::Error::new(ffi::SQLITE_BUSY),
                None,
            ))
        });
        assert!(is_busy(&outcome.unwrap_err()));
        assert!(start.elapsed() >= Duration::from_millis(100));
        assert!(tries <= 6, "{tries} tries of 20 ms and more");
    }
}
