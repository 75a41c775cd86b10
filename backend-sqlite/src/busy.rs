//! Waiting for another process that uses the file.

use std::{thread, time::Duration};

use crate::error::is_busy;

/// How long to wait between two tries. SQLite's own busy handler waits ever
/// longer, up to 100 ms, and so hardly ever meets the short moments in which
/// a busy writer of another process lets go.
const POLL: Duration = Duration::from_millis(1);

/// Tries `step` again while another connection is in its way, for about
/// `patience`, then gives its error.
///
/// Nothing tells one process of the other's commit, hence the polling.
pub(crate) fn retry_while_busy<T>(
    patience: Duration,
    mut step: impl FnMut() -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let mut tries_left = patience.as_millis() / POLL.as_millis();
    loop {
        match step() {
            Err(error) if is_busy(&error) && tries_left > 0 => {
                tries_left -= 1;
                thread::park_timeout(POLL);
            }
            outcome => return outcome,
        }
    }
}
