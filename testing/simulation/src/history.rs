//! Everything that happened, in order.

use std::fmt::{self, Write as _};

use playerdata_core::{ServerId, SessionId, WriteId, backend::Lock};
use tokio::time::Instant;

/// The entries of one run. Two runs of one seed have the same.
#[derive(Debug)]
pub(crate) struct History {
    began_at: Instant,
    entries: Vec<String>,
}

impl History {
    pub(crate) fn new() -> Self {
        Self {
            began_at: Instant::now(),
            entries: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, what: fmt::Arguments<'_>) {
        let mut entry = String::with_capacity(96);
        let at = self.began_at.elapsed().as_millis();
        // Writing to a string does not fail.
        let _ = write!(entry, "{:>6} {:>9} ms  {what}", self.entries.len(), at);
        self.entries.push(entry);
    }

    /// The number of the latest entry.
    pub(crate) fn step(&self) -> usize {
        self.entries.len().saturating_sub(1)
    }

    pub(crate) fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.entries)
    }
}

/// A session in few characters: the process that made it, and its number there.
pub(crate) struct Short<T>(pub(crate) T);

impl fmt::Display for Short<SessionId> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.0.as_uuid().as_u128();
        write!(f, "s{}.{}", bits >> 96, bits & 0xffff_ffff)
    }
}

impl fmt::Display for Short<WriteId> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.0.as_uuid().as_u128();
        write!(f, "w{}.{}", bits >> 96, bits & 0xffff_ffff)
    }
}

impl fmt::Display for Short<&ServerId> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The last byte of the process number within a version 7 GUID.
        let process = self.0.incarnation.as_uuid().as_bytes()[9];
        write!(f, "{}#{process}", self.0.name)
    }
}

impl fmt::Display for Short<&Lock> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Lock {
            session,
            server,
            fence,
            ..
        } = self.0;
        write!(f, "{} of {} fence {fence}", Short(*session), Short(server))
    }
}

impl<T> fmt::Display for Short<Option<T>>
where
    T: Copy,
    Short<T>: fmt::Display,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(value) => Short(value).fmt(f),
            None => f.write_str("nobody"),
        }
    }
}
