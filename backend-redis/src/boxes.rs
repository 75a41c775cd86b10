//! What a slot has beside its value, its mailbox and its versions: each one hash
//! beside the player's, which lists it.

use playerdata_core::{
    PlayerId, SlotName,
    backend::{BackendError, Effect, Result},
};

use crate::{
    error,
    keys::BoxKind,
    link::Aim,
    script::{Answer, Invocation, Script},
    slot::{FIRST_PAUSE, wait_for_move},
    store::{MAX_DECLARATIONS, Store, restless},
};

/// One of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlotBox<'a> {
    pub(crate) player: &'a PlayerId,
    pub(crate) slot: &'a SlotName,
    pub(crate) kind: BoxKind,
}

impl SlotBox<'_> {
    /// Calls a script on it, with what `more` adds to the call.
    ///
    /// Its key is declared, also if there is none: that is refused only while the
    /// hash slot moves to another node. Then the script is called without it, and
    /// says whether there is one to declare.
    pub(crate) async fn call(
        self,
        store: &Store,
        script: &Script,
        aim: Aim<'_>,
        more: impl Fn(Invocation) -> Invocation,
    ) -> Result<Answer> {
        let (mut declared, mut pause) = (true, FIRST_PAUSE);
        let mut declarations = 0;
        while declarations < MAX_DECLARATIONS {
            let mut call = Invocation::default();
            call = call.named(|to| store.keys.push_player(self.player, to));
            if declared {
                call = call.named(|to| store.keys.push_box(self.player, self.slot, self.kind, to));
            }
            let call = call
                .argument(self.slot)
                .argument(self.kind.as_str())
                .argument(if declared { "declared" } else { "new" });
            let Some(mut answer) = store.call_unless_moving(script, &more(call), aim).await? else {
                declared = !declared;
                if declared {
                    wait_for_move(pause, aim).await?;
                    pause *= 2;
                }
                continue;
            };
            match answer.word.as_str() {
                "declare" => (declared, declarations) = (true, declarations + 1),
                "vanished" => {
                    return Err(self.corrupt("they are gone: evicted, or deleted by hand"));
                }
                "unreadable" => return Err(self.corrupt(&answer.part::<String>()?)),
                _ => return Ok(answer),
            }
        }
        Err(restless())
    }

    /// The error for what can't be read. It stays as it is.
    pub(crate) fn corrupt(self, what: &str) -> BackendError {
        let (player, slot) = (self.player, self.slot);
        let things = match self.kind {
            BoxKind::Mail => "letters",
            BoxKind::Versions => "versions",
        };
        let what = format!("the {things} of {player}/{slot} can't be read: {what}");
        error::corrupt(Effect::None, what)
    }
}
