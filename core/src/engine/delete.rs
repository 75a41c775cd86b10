//! Deleting a slot, under the lock like any other write.

use std::sync::Arc;

use super::Engine;
use crate::{
    Error, GameDocument, SlotName,
    backend::{Operation, WriteOutcome},
    state::SessionState,
};

impl<D: GameDocument> Engine<D> {
    /// Deletes what a slot holds and closes its handles.
    pub(crate) async fn delete_slot(
        self: Arc<Self>,
        session: Arc<SessionState<D>>,
        name: SlotName,
    ) -> Result<(), Error> {
        let _exclusive = session.exclusive.lock().await;
        session.core.check_active()?;
        let open = session.slot(&name);
        // Waits for a save under way, and keeps others from beginning.
        let mut write_state = match &open {
            Some(slot) => Some(slot.write_state.lock().await),
            None => None,
        };
        if let Some(write_state) = &mut write_state {
            write_state.claim.kill(); // by opening the slot
        }
        let deleted = self.open_and_delete(&session, &name).await;
        if let Some(slot) = &open {
            if deleted.is_ok() {
                slot.note_over();
                self.autosave.remove(slot);
                session.take_out(&name);
            } else {
                // It may have been deleted: the next save writes it again.
                slot.forget_stored();
                self.autosave.enqueue(slot);
            }
        }
        deleted
    }

    /// Opening it first kills the claim of a save whose answer was lost, so
    /// that no save of the old content lands after the deletion.
    async fn open_and_delete(
        self: &Arc<Self>,
        session: &SessionState<D>,
        name: &SlotName,
    ) -> Result<(), Error> {
        let core = &session.core;
        let claimed = self.claim_slot(core, name).await;
        let (number, opened) = claimed.map_err(|error| error.during(Operation::Delete))?;
        let beside = self.beside(&core.player, name, opened.record.as_ref());
        self.wind_up(&core.player, name, &beside).await?;
        let claim = core.claim(name, number);
        let stamp = self.stamp(opened.revision);
        match self.store.delete(&claim, &stamp).await? {
            WriteOutcome::Written { .. } => {
                self.forget_for(beside);
                Ok(())
            }
            WriteOutcome::Lost { holder } => Err(self.mark_lost_to(&core.player, core.id, holder)),
            WriteOutcome::Overtaken => Err(self.store.claims_keep_dying(&core.player, name).into()),
        }
    }
}
