//! What all handles of a session have in common: it ends with the last.

use std::sync::Arc;

use super::SessionState;
use crate::{EndReason, GameDocument, manager::Shared};

/// Held by every handle of a session, those of its slots included. When the
/// last of them is dropped, the session ends in the background (E5).
pub(crate) struct Held<D> {
    pub(crate) state: Arc<SessionState<D>>,
    pub(crate) shared: Arc<Shared<D>>,
    /// What to do at the end. Noted here, so that a handle can be named
    /// without the bounds of a document.
    let_go: fn(&Self),
}

impl<D: GameDocument> Held<D> {
    /// What the handles of a session hold: as ever, or, if there were none
    /// left, from now on.
    pub(crate) fn of(state: &Arc<SessionState<D>>, shared: &Arc<Shared<D>>) -> Arc<Self> {
        let mut held = state.held.lock();
        if let Some(held) = held.upgrade() {
            return held;
        }
        let new = Arc::new(Self {
            state: Arc::clone(state),
            shared: Arc::clone(shared),
            let_go: Self::end,
        });
        *held = Arc::downgrade(&new);
        new
    }

    fn end(&self) {
        // Somebody may have looked the session up meanwhile.
        if self.state.is_held() || self.state.is_closed() {
            return;
        }
        self.shared
            .end_in_background(Arc::clone(&self.state), EndReason::Dropped);
    }
}

impl<D> Drop for Held<D> {
    fn drop(&mut self) {
        (self.let_go)(self);
    }
}
