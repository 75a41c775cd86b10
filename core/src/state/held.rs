//! What all handles of a session have in common: it ends with the last.

use std::sync::Arc;

use super::SessionState;

/// Held by every handle of a session, those of its slots included. When the
/// last of them is dropped, the session ends in the background (E5).
pub(crate) struct Held<D> {
    pub(crate) state: Arc<SessionState<D>>,
    /// What to do at the end, unless somebody holds the session again.
    end: EndDropped<D>,
}

/// What ends a session in the background.
pub(crate) type EndDropped<D> = Box<dyn Fn(&Arc<SessionState<D>>) + Send + Sync>;

impl<D> Held<D> {
    /// What the handles of a session hold: as ever, or, if there were none
    /// left, from now on.
    pub(crate) fn of(
        state: &Arc<SessionState<D>>,
        end: impl FnOnce() -> EndDropped<D>,
    ) -> Arc<Self> {
        let mut held = state.held.lock();
        if let Some(held) = held.upgrade() {
            return held;
        }
        let new = Arc::new(Self {
            state: Arc::clone(state),
            end: end(),
        });
        *held = Arc::downgrade(&new);
        new
    }
}

impl<D> Drop for Held<D> {
    fn drop(&mut self) {
        // Somebody may have looked the session up meanwhile.
        if !self.state.is_held() && !self.state.is_closed() {
            (self.end)(&self.state);
        }
    }
}
