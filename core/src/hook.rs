//! Code of the game's that runs when a document is loaded or saved.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use crate::{EndReason, PlayerId, SessionId, SlotName};

/// Which document a hook is called for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HookContext {
    /// The player.
    pub player: PlayerId,
    /// The session.
    pub session: SessionId,
    /// The slot.
    pub slot: SlotName,
}

type Hook<D> = Box<dyn Fn(&HookContext, &mut D) + Send + Sync>;
type LastHook<D> = Box<dyn Fn(&HookContext, EndReason, &mut D) + Send + Sync>;

/// The hooks of a manager. They run synchronously, on a copy of the document
/// that replaces it when they return: one that panics changes nothing.
pub(crate) struct Hooks<D> {
    pub(crate) on_load: Option<Hook<D>>,
    pub(crate) before_save: Option<Hook<D>>,
    pub(crate) before_last_save: Option<LastHook<D>>,
}

impl<D> Default for Hooks<D> {
    fn default() -> Self {
        Self {
            on_load: None,
            before_save: None,
            before_last_save: None,
        }
    }
}

impl<D> fmt::Debug for Hooks<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("on_load", &self.on_load.is_some())
            .field("before_save", &self.before_save.is_some())
            .field("before_last_save", &self.before_last_save.is_some())
            .finish()
    }
}

/// That code of the game's panicked. The panic itself went to the panic hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Panicked;

/// Runs code of the game's; a panic in it stops nothing else (A7).
pub(crate) fn guarded<R>(code: impl FnOnce() -> R) -> Result<R, Panicked> {
    // What the code borrows is a copy of ours that is dropped after a panic,
    // or nothing at all.
    catch_unwind(AssertUnwindSafe(code)).map_err(|_| Panicked)
}
