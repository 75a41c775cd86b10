//! Code of the game's that runs when a document is loaded or saved.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use serde::Deserialize;
use serde_json::Value;

use super::Engine;
use crate::{
    EndReason, Event, GameDocument, Letter, ParcelDocument, PlayerId, SessionId, SlotName,
    excerpt::{Chain, message_excerpt},
    state::{SessionCore, SlotState, Snapshot},
};

/// Which document a hook is called for.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = std::sync::Arc::new(playerdata_memory::MemoryBackend::new());
/// use playerdata_core::SessionManager;
///
/// let manager = SessionManager::builder(backend)
///     .on_load(|context, document| {
///         println!("player {}, {}: {} items", context.player, context.slot, document.inventory().len());
///     })
///     .start()
///     .await?;
/// # Ok(())
/// # }
/// ```
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
    pub(super) fn of(core: &SessionCore, slot: &SlotName) -> Self {
        Self {
            player: core.player.clone(),
            session: core.id,
            slot: slot.clone(),
        }
    }
}

type Hook<D> = Arc<dyn Fn(&HookContext, &mut D) + Send + Sync>;
/// Applies a letter, or says why not.
pub(crate) type OnLetter<D> =
    Arc<dyn Fn(&HookContext, &mut D, &Letter) -> Result<(), Arc<str>> + Send + Sync>;
type LastHook<D> = Arc<dyn Fn(&HookContext, EndReason, &mut D) + Send + Sync>;
/// A hook with all that it is called with, but for the document.
type Run<D> = Arc<dyn Fn(&mut D) + Send + Sync>;

/// The hooks of a manager. They run synchronously, on a copy of the document
/// that takes its place when they return: one that panics changes nothing, and
/// no game code waits for one.
///
/// They run on threads that the runtime has for what blocks, of whatever
/// flavour it is: on a thread for tasks, one that takes long would hold up
/// everybody's saves and the lease (A9). A paused clock stands still while one
/// runs, so that a test sees it take no time.
pub(crate) struct Hooks<D> {
    pub(crate) on_load: Option<Hook<D>>,
    pub(crate) before_save: Option<Hook<D>>,
    pub(crate) before_last_save: Option<LastHook<D>>,
    /// What to do with a letter; without it, letters wait (M5).
    pub(crate) on_letter: Option<OnLetter<D>>,
    /// How parcels get into documents; without it, there are no trades.
    pub(crate) parcels: Option<ParcelHooks<D>>,
}

type GiveParcel<D> = Arc<dyn Fn(&mut D, &str, &Value) -> Result<(), Arc<str>> + Send + Sync>;

/// How a document is given a parcel that was stored.
pub(crate) struct ParcelHooks<D> {
    /// Puts it in, or else keeps it under an id for later.
    pub(crate) give: GiveParcel<D>,
    /// Puts it in, if there is room.
    pub(crate) put: GiveParcel<D>,
}

impl<D: ParcelDocument> ParcelHooks<D> {
    pub(crate) fn new() -> Self {
        let read = |json: &Value| D::Parcel::deserialize(json).map_err(|error| message_of(&error));
        let give = move |document: &mut D, id: &str, json: &Value| {
            let parcel = read(json)?;
            // On a copy, so that nothing is left of a call that fails half-way.
            let mut copy = document.clone();
            match guarded(|| copy.put_parcel(&parcel)) {
                Ok(Ok(())) => *document = copy,
                Ok(Err(_)) | Err(Panicked) => document.keep_parcel(id, parcel),
            }
            Ok(())
        };
        let put = move |document: &mut D, _: &str, json: &Value| {
            let put = document.put_parcel(&read(json)?);
            put.map_err(|error| message_of(&error))
        };
        Self {
            give: Arc::new(give),
            put: Arc::new(put),
        }
    }
}

impl<D> Hooks<D> {
    /// Hooks that do `on_letter` with a letter, and nothing else.
    pub(crate) fn with_letters<E: Into<BoxedError>>(
        on_letter: impl Fn(&HookContext, &mut D, &Letter) -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        let on_letter: OnLetter<D> = Arc::new(move |context, document, letter| {
            on_letter(context, document, letter).map_err(|error| message_of(&*error.into()))
        });
        Self {
            on_letter: Some(on_letter),
            ..Self::default()
        }
    }
}

/// What a game's own errors are made into.
pub(crate) type BoxedError = Box<dyn std::error::Error + Send + Sync>;

/// An error of the game's as text, cut to an excerpt.
pub(crate) fn message_of(error: &(dyn std::error::Error + 'static)) -> Arc<str> {
    message_excerpt(&Chain(error).to_string()).into()
}

impl<D> Default for Hooks<D> {
    fn default() -> Self {
        Self {
            on_load: None,
            before_save: None,
            before_last_save: None,
            on_letter: None,
            parcels: None,
        }
    }
}

impl<D> fmt::Debug for Hooks<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("on_load", &self.on_load.is_some())
            .field("before_save", &self.before_save.is_some())
            .field("before_last_save", &self.before_last_save.is_some())
            .field("on_letter", &self.on_letter.is_some())
            .field("parcels", &self.parcels.is_some())
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

impl<D: GameDocument> Engine<D> {
    /// Runs the hook on a document that is not yet in anybody's hands.
    pub(crate) async fn run_on_load(&self, core: &SessionCore, slot: &SlotName, document: D) -> D {
        let Some(hook) = self.hooks.on_load.clone() else {
            return document;
        };
        let context = HookContext::of(core, slot);
        let with = context.clone();
        let run: Run<D> = Arc::new(move |document| hook(&with, document));
        let document = Arc::new(document);
        let made = self.hooked("on_load", &context, &document, &run).await;
        made.unwrap_or_else(|| Arc::unwrap_or_clone(document))
    }

    /// Runs the hook on a snapshot; returns what is to be saved.
    pub(crate) async fn run_before_save(
        &self,
        slot: &SlotState<D>,
        snapshot: Snapshot<D>,
    ) -> Snapshot<D> {
        let Some(hook) = self.hooks.before_save.clone() else {
            return snapshot;
        };
        let context = HookContext::of(&slot.core, &slot.name);
        let with = context.clone();
        let run: Run<D> = Arc::new(move |document| hook(&with, document));
        self.run_hook(slot, snapshot, "before_save", &context, &run)
            .await
    }

    /// Runs the hook on the document of a session that is ending, when no
    /// save of it is under way and no change is taken any more.
    pub(crate) async fn run_before_last_save(&self, slot: &SlotState<D>, reason: EndReason) {
        let Some(hook) = self.hooks.before_last_save.clone() else {
            return;
        };
        let _no_save_under_way = slot.write_state.lock().await;
        let context = HookContext::of(&slot.core, &slot.name);
        let with = context.clone();
        let run: Run<D> = Arc::new(move |document| hook(&with, reason, document));
        let snapshot = slot.take_snapshot();
        self.run_hook(slot, snapshot, "before_last_save", &context, &run)
            .await;
    }

    /// Runs a hook on a copy, which takes the document's place unless game
    /// code changed that meanwhile: then the hook runs again on the change.
    /// If that goes on and on, or if game code is just changing the document,
    /// the copy is what is saved, and the document stays as game code left it.
    async fn run_hook(
        &self,
        slot: &SlotState<D>,
        mut snapshot: Snapshot<D>,
        hook: &'static str,
        context: &HookContext,
        run: &Run<D>,
    ) -> Snapshot<D> {
        for runs in 1.. {
            let made = self.hooked(hook, context, &snapshot.document, run).await;
            let Some(copy) = made.map(Arc::new) else {
                break;
            };
            if slot.replace(&mut snapshot, Arc::clone(&copy)) {
                break;
            }
            if runs == MAX_RUNS || !slot.has_changed_since(&snapshot) {
                // What changed since is not in it, and stays to be saved (A2).
                snapshot.document = copy;
                break;
            }
            snapshot = slot.take_snapshot();
        }
        snapshot
    }

    /// What a hook makes of a document; `None`, and an event, if it panics.
    async fn hooked(
        &self,
        hook: &'static str,
        context: &HookContext,
        document: &Arc<D>,
        run: &Run<D>,
    ) -> Option<D> {
        let noted = self.kept.note(&context.player, &context.slot, hook);
        let (document, run) = (Arc::clone(document), Arc::clone(run));
        let made = self.runtime.spawn_blocking(move || {
            guarded(|| {
                let mut copy = D::clone(&document);
                run(&mut copy);
                copy
            })
        });
        // Without a result if the runtime is being shut down, which ends this
        // task as well.
        let made = made.await.ok()?;
        drop(noted);
        let made = made.and_then(|mut copy| {
            guarded(|| {
                (self.origin.prepare)(&mut copy); // it may be another one by now
                copy
            })
        });
        if made.is_err() {
            self.report_hook_panicked(context, hook);
        }
        made.ok()
    }

    fn report_hook_panicked(&self, context: &HookContext, hook: &'static str) {
        tracing::error!(player = %context.player, slot = %context.slot, hook, "a hook panicked");
        self.events.send(|| Event::HookPanicked {
            player: context.player.clone(),
            slot: context.slot.clone(),
            hook,
        });
    }
}
