//! Deleting a slot, under the lock like any other write.

use std::sync::Arc;

use super::SessionState;
use crate::{Error, GameDocument, SlotName, backend::WriteOutcome, manager::Shared};

impl<D: GameDocument> Shared<D> {
    /// Deletes what a slot holds and closes its handles.
    ///
    /// Opening it first kills the claim that a save may just be using, so no
    /// save of the old content can land after the deletion.
    pub(crate) async fn delete_slot(
        self: Arc<Self>,
        session: Arc<SessionState<D>>,
        name: SlotName,
    ) -> Result<(), Error> {
        let _turn = session.turn.lock().await;
        session.core.check_open()?;
        let open = session.slot(&name);
        // Waits for a save under way, and keeps others from beginning.
        let mut saver = match &open {
            Some(slot) => Some(slot.saver.lock().await),
            None => None,
        };
        if let Some(saver) = &mut saver {
            saver.claim = None;
        }
        let (number, opened) = self.claim_slot(&session.core, &name).await?;
        let claim = session.core.claim(&name, number);
        match self
            .store
            .delete(&claim, &self.stamp(opened.revision))
            .await?
        {
            WriteOutcome::Written { .. } => {}
            WriteOutcome::Lost { holder } => {
                return Err(self.lose(&claim.player, claim.session, holder));
            }
            WriteOutcome::Overtaken => {
                return Err(self
                    .store
                    .claims_keep_dying(&claim.player, &claim.slot)
                    .into());
            }
        }
        if let Some(slot) = &open {
            slot.live().deleted = true;
            self.autosave.remove(slot);
            session.take_out(&name);
        }
        Ok(())
    }
}
