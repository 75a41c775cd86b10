//! What all handles of a session have in common: it ends with the last.

use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
};

use super::SessionState;

/// Held by every handle of a session, those of its slots included, and counted
/// by it. When the last of them is dropped, the session ends in the background
/// (E5).
pub(crate) struct Held<D> {
    pub(crate) state: Arc<SessionState<D>>,
}

/// What ends a session in the background, unless somebody holds it again: one
/// for all sessions of a manager.
pub(crate) struct EndDropped<D>(Box<End<D>>);

type End<D> = dyn Fn(&Arc<SessionState<D>>) + Send + Sync;

impl<D> EndDropped<D> {
    pub(crate) fn new(end: impl Fn(&Arc<SessionState<D>>) + Send + Sync + 'static) -> Self {
        Self(Box::new(end))
    }
}

impl<D> fmt::Debug for EndDropped<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EndDropped")
    }
}

impl<D> Held<D> {
    /// One more that holds the session, be it the first since there were none.
    pub(crate) fn of(state: &Arc<SessionState<D>>) -> Self {
        state.handles.fetch_add(1, Ordering::Relaxed);
        Self {
            state: Arc::clone(state),
        }
    }
}

impl<D> Clone for Held<D> {
    fn clone(&self) -> Self {
        Self::of(&self.state)
    }
}

impl<D> Drop for Held<D> {
    fn drop(&mut self) {
        let was_last = self.state.handles.fetch_sub(1, Ordering::AcqRel) == 1;
        if was_last && !self.state.is_closed() {
            (self.state.end_dropped.0)(&self.state);
        }
    }
}
