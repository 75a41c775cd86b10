//! Code of the game's that runs when a document is loaded or saved.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use crate::{
    EndReason, Event, GameDocument, PlayerId, SessionId, SlotName,
    manager::Shared,
    session::SessionCore,
    slot::{SlotState, Snapshot},
};

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

impl HookContext {
    fn of(core: &SessionCore, slot: &SlotName) -> Self {
        Self {
            player: core.player.clone(),
            session: core.id,
            slot: slot.clone(),
        }
    }
}

type Hook<D> = Box<dyn Fn(&HookContext, &mut D) + Send + Sync>;
type LastHook<D> = Box<dyn Fn(&HookContext, EndReason, &mut D) + Send + Sync>;

/// The hooks of a manager. They run synchronously, on a copy of the document
/// that takes its place when they return: one that panics changes nothing, and
/// no game code waits for one.
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

/// How often a hook runs for one save, if game code changes the document each
/// time while it does.
const MAX_RUNS: usize = 4;

impl<D: GameDocument> Shared<D> {
    /// Runs the hook on a document that is not yet in anybody's hands.
    pub(crate) fn run_on_load(&self, core: &SessionCore, slot: &SlotName, document: D) -> D {
        let Some(hook) = &self.hooks.on_load else {
            return document;
        };
        let context = HookContext::of(core, slot);
        self.hooked("on_load", &context, &document, |document| {
            hook(&context, document);
        })
        .unwrap_or(document)
    }

    /// Runs the hook on a snapshot; returns what is to be saved.
    pub(crate) fn run_before_save(
        &self,
        slot: &SlotState<D>,
        snapshot: Snapshot<D>,
    ) -> Snapshot<D> {
        match &self.hooks.before_save {
            None => snapshot,
            Some(hook) => {
                let context = HookContext::of(&slot.core, &slot.name);
                self.run_hook(slot, snapshot, "before_save", &context, |document| {
                    hook(&context, document);
                })
            }
        }
    }

    /// Runs the hook on the document of a session that is ending, when no
    /// save of it is under way and no change is taken any more.
    pub(crate) async fn run_before_last_save(&self, slot: &SlotState<D>, reason: EndReason) {
        let Some(hook) = &self.hooks.before_last_save else {
            return;
        };
        let _no_save_under_way = slot.saver.lock().await;
        let context = HookContext::of(&slot.core, &slot.name);
        let snapshot = slot.take_snapshot();
        self.run_hook(slot, snapshot, "before_last_save", &context, |document| {
            hook(&context, reason, document);
        });
    }

    /// Runs a hook on a copy, which takes the document's place unless game
    /// code changed that meanwhile: then the hook runs again on the change.
    /// If that goes on and on, the last copy is what is saved, and the
    /// document stays as game code left it.
    fn run_hook(
        &self,
        slot: &SlotState<D>,
        mut snapshot: Snapshot<D>,
        hook: &'static str,
        context: &HookContext,
        run: impl Fn(&mut D),
    ) -> Snapshot<D> {
        for runs in 1.. {
            let Some(copy) = self.hooked(hook, context, &snapshot.document, &run) else {
                return snapshot;
            };
            let copy = Arc::new(copy);
            let (now, replaced) = slot.replace(snapshot.version, Arc::clone(&copy));
            if replaced {
                return now;
            }
            if runs == MAX_RUNS {
                snapshot.document = copy;
                return snapshot;
            }
            snapshot = now;
        }
        unreachable!("the runs are bounded")
    }

    /// What a hook makes of a document; `None`, and told, if it panics.
    fn hooked(
        &self,
        hook: &'static str,
        context: &HookContext,
        document: &D,
        run: impl FnOnce(&mut D),
    ) -> Option<D> {
        let made = guarded(|| {
            let mut copy = document.clone();
            run(&mut copy);
            (self.origin.prepare)(&mut copy); // it may be another one by now
            copy
        });
        if made.is_err() {
            self.tell_hook_panicked(context, hook);
        }
        made.ok()
    }

    fn tell_hook_panicked(&self, context: &HookContext, hook: &'static str) {
        tracing::error!(player = %context.player, slot = %context.slot, hook, "a hook panicked");
        self.events.send(|| Event::HookPanicked {
            player: context.player.clone(),
            slot: context.slot.clone(),
            hook,
        });
    }
}
