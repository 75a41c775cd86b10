//! Letters: sent to a mailbox, and out of it into the document, each exactly
//! once (M1 to M5).
//!
//! A letter is applied together with its id, in one change and one write. It
//! is discarded only once that write is acknowledged, and its id leaves the
//! document only once that is: see [`errands`](super::errands).

use std::sync::{Arc, atomic::Ordering};

use bytes::Bytes;
use futures::{StreamExt, stream};

use super::{
    Engine, HookContext,
    hooks::{OnLetter, guarded},
};
use crate::{
    Error, Event, GameDocument, Letter, LetterError, LetterId, PlayerId, SaveReason, Sent,
    ServerName, SlotName, WriteId,
    backend::{
        self, Lock, MAX_LETTER_BYTES, Notice, NoticeKind, Posting, Retention, StoreFailure,
        WaitingLetter, pauses,
    },
    codec,
    excerpt::Chain,
    state::{SessionState, SlotState},
    value::storable,
};

/// This many letters are applied before the slot is saved and they are
/// discarded: a flood of them makes neither the document nor a load much
/// larger than it was.
pub(super) const PORTION: usize = 32;

/// What was made of some letters.
#[derive(Default)]
struct Applied {
    applied: Vec<(LetterId, WriteId)>,
    /// Each with why it was not applied.
    refused: Vec<(LetterId, WriteId, Arc<str>)>,
    /// Whether the slot has to be queued for the autosave.
    must_queue: bool,
}

impl<D: GameDocument> Engine<D> {
    /// Puts a letter into a mailbox, and notifies the server that holds the
    /// player.
    pub(crate) async fn send_letter(
        self: Arc<Self>,
        player: PlayerId,
        slot: SlotName,
        letter: Letter,
    ) -> Result<Sent, Error> {
        let refused = |source| Error::Letter {
            player: player.clone(),
            slot: slot.clone(),
            letter: letter.id().clone(),
            source: Arc::new(source),
        };
        let letter = self.sealed(&letter).map_err(refused)?;
        let (sent, holder) = match self.store.post(&player, &slot, &letter).await? {
            Posting::Posted { holder } => (Sent::Posted, holder),
            Posting::AlreadyPosted { posting, holder } if posting == letter.posting => {
                (Sent::Posted, holder)
            }
            Posting::AlreadyPosted { holder, .. } => (Sent::AlreadySent, holder),
            Posting::Full => return Err(refused(LetterError::MailboxFull)),
        };
        if let Some(holder) = holder {
            self.tell_of_mail(&player, &holder).await;
        }
        Ok(sent)
    }

    /// The letter as it is posted.
    fn sealed(&self, letter: &Letter) -> Result<backend::Letter, LetterError> {
        storable(letter.content()).map_err(LetterError::NotStorable)?;
        let content = Bytes::from(letter.content().to_string());
        let (bytes, limit) = (content.len(), MAX_LETTER_BYTES);
        if bytes > limit {
            return Err(LetterError::TooLong { bytes, limit });
        }
        Ok(backend::Letter {
            id: letter.id().clone(),
            posting: WriteId::from_uuid(self.ids.next_id()),
            sender: letter.sender().to_owned(),
            sent_at: self.clock.now(),
            retention: Retention::Timed,
            content,
        })
    }

    /// Notifies whoever holds the player that there is mail. Without that it
    /// would wait for the next load.
    pub(super) async fn tell_of_mail(self: &Arc<Self>, player: &PlayerId, holder: &Lock) {
        if holder.server == self.server {
            // One that is just starting finds it when it loads.
            if let Some(session) = self.registry.mail_came(player, holder.session) {
                self.look_for_mail(session);
            }
            return;
        }
        let notice = Notice {
            player: player.clone(),
            session: holder.session,
            kind: NoticeKind::Mail,
            from: self.server.clone(),
        };
        let name = &holder.server.name;
        let mut pauses = pauses(&self.settings, &self.jitter);
        // One that there was no room for does no harm: see `note_renewed`.
        while let Err(failure) = self.store.notify(name, &notice).await {
            let Some(pause) = pauses.next() else {
                tracing::warn!(%player, error = %Chain(&failure), "a notice of mail could not be sent yet");
                let go_on = Arc::clone(self).notify_until_done(name.clone(), notice);
                self.runtime.spawn(go_on);
                return;
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Sends a notice that nobody else would send, as soon as the store takes it.
    async fn notify_until_done(self: Arc<Self>, server: ServerName, notice: Notice) {
        for failed in 0.. {
            tokio::select! {
                biased;
                () = self.quiet.cancelled() => return,
                () = tokio::time::sleep(self.errand_pause(failed)) => {}
            }
            if self.store.notify(&server, &notice).await.is_ok() {
                return;
            }
        }
    }

    /// Has the letters for a session's open slots delivered, in the background.
    pub(super) fn look_for_mail(self: &Arc<Self>, session: Arc<SessionState<D>>) {
        let engine = Arc::clone(self);
        self.runtime.spawn(async move {
            engine.deliver_until_done(&session).await;
        });
    }

    /// Has the letters for all open slots delivered, in the background.
    pub(super) fn look_for_all_mail(self: &Arc<Self>) {
        if self.hooks.on_letter.is_none() {
            return;
        }
        let engine = Arc::clone(self);
        self.runtime.spawn(async move {
            let at_once = engine.settings.max_concurrent_saves;
            let engine = &engine;
            stream::iter(engine.registry.mail_may_have_come())
                .for_each_concurrent(at_once, async |session| {
                    engine.deliver_until_done(&session).await;
                })
                .await;
        });
    }

    /// Delivers what waits for a session's open slots, unless that is under way.
    async fn deliver_until_done(self: &Arc<Self>, session: &SessionState<D>) {
        if session.mail_notices.fetch_add(1, Ordering::AcqRel) > 0 {
            return; // whoever is at it looks again
        }
        loop {
            let seen = session.mail_notices.load(Ordering::Acquire);
            let done = self.deliver_to_all(session).await;
            if session.core.check_active().is_err() {
                return;
            }
            if !done {
                tokio::time::sleep(self.settings.heartbeat_interval).await;
            } else if session
                .mail_notices
                .compare_exchange(seen, 0, Ordering::AcqRel, Ordering::Acquire)
                .is_ok()
            {
                return;
            }
        }
    }

    /// Returns whether there is nothing to be tried again.
    async fn deliver_to_all(self: &Arc<Self>, session: &SessionState<D>) -> bool {
        // A slot that is just being loaded may have read its mail before.
        let exclusive = session.exclusive.lock().await;
        session.mail_came.store(true, Ordering::Relaxed);
        drop(exclusive);
        let mut done = true;
        for slot in session.slots() {
            let room = self.background.room().await;
            let seen = slot.dealings().discards.load(Ordering::Acquire);
            let first = self.first_letters(&slot.core.player, &slot.name).await;
            drop(room);
            let delivered = match first {
                Ok(letters) => self.deliver(&slot, letters, seen).await,
                Err(failure) => Err(failure.into()),
            };
            match delivered {
                Err(error) if error.closes_slot() => {}
                Err(error) => {
                    done &= !error.is_transient();
                    self.tell_mail_delayed(&slot, error);
                }
                Ok(()) => {}
            }
        }
        done
    }

    /// The first letters that wait for a slot; none if nobody could apply any.
    pub(super) async fn first_letters(
        &self,
        player: &PlayerId,
        slot: &SlotName,
    ) -> Result<Vec<WaitingLetter>, StoreFailure> {
        if self.hooks.on_letter.is_none() {
            return Ok(Vec::new());
        }
        self.store.letters(player, slot, None, PORTION).await
    }

    /// Gets the letters that wait into the document, the `letters` that are
    /// first and those that come after them, in portions. `seen` is what
    /// `discards` was before the first were read.
    pub(super) async fn deliver(
        self: &Arc<Self>,
        slot: &Arc<SlotState<D>>,
        mut letters: Vec<WaitingLetter>,
        mut seen: u64,
    ) -> Result<(), Error> {
        let Some(on_letter) = &self.hooks.on_letter else {
            return Ok(());
        };
        let (player, name) = (&slot.core.player, &slot.name);
        let mut refused = slot.dealings().mail.lock().await;
        let mut from = None;
        loop {
            let beside = slot.envelope();
            let discards = slot.dealings().discards.load(Ordering::Acquire);
            if discards != seen {
                // One of them may have been applied, discarded and taken off
                // the document since they were read.
                seen = discards;
                letters = self.store.letters(player, name, from, PORTION).await?;
                continue;
            }
            let is_last = letters.len() < PORTION;
            let after = letters.last().map(|waiting| waiting.position);
            letters.retain(|WaitingLetter { letter, .. }| {
                let is_it = |(id, posting): &(LetterId, WriteId)| {
                    *id == letter.id && *posting == letter.posting
                };
                !beside.letters.contains(&letter.id, letter.posting) && !refused.iter().any(is_it)
            });
            if !letters.is_empty() {
                let applied = self.apply(slot, on_letter, letters).await?;
                self.tell_applied(slot, &applied);
                let again = applied.refused.into_iter();
                refused.extend(again.map(|(id, posting, _)| (id, posting)));
            }
            if is_last {
                return Ok(()); // the autosave stores the rest
            }
            self.save_with_retries(slot, SaveReason::Mail).await?;
            self.run_errands(slot).await;
            from = after;
            seen = slot.dealings().discards.load(Ordering::Acquire);
            letters = self.store.letters(player, name, from, PORTION).await?;
        }
    }

    /// Applies letters on a copy of the document, on a thread for what blocks.
    async fn apply(
        self: &Arc<Self>,
        slot: &Arc<SlotState<D>>,
        on_letter: &OnLetter<D>,
        letters: Vec<WaitingLetter>,
    ) -> Result<Applied, Error> {
        let (engine, slot, on_letter) = (Arc::clone(self), Arc::clone(slot), on_letter.clone());
        let player = slot.core.player.clone();
        let apply = move || engine.apply_here(&slot, &on_letter, &letters);
        // A panic is that of the game's `Clone`, outside of its handler.
        let applied = self.runtime.spawn_blocking(apply).await;
        applied.map_err(|error| {
            if error.is_panic() {
                let during = "delivering letters";
                return Error::Panicked { player, during };
            }
            Error::RuntimeGone
        })?
    }

    fn apply_here(
        &self,
        slot: &Arc<SlotState<D>>,
        on_letter: &OnLetter<D>,
        letters: &[WaitingLetter],
    ) -> Result<Applied, Error> {
        let (player, name) = (&slot.core.player, &slot.name);
        let context = HookContext::of(&slot.core, name);
        let (keeping, document) = slot.keep()?;
        let noted = self.kept.note(player, name, "on_letter");
        let mut made = Applied::default();
        let mut document = Arc::unwrap_or_clone(document);
        for WaitingLetter { letter, .. } in letters {
            let applied = Letter::of(letter).map_err(|error| error.to_string().into());
            let applied = applied.and_then(|letter| {
                let copy = document.clone();
                self.applied_to(copy, &context, on_letter, &letter)
            });
            let (id, posting) = (letter.id.clone(), letter.posting);
            match applied {
                Ok(changed) => {
                    document = changed;
                    made.applied.push((id, posting));
                }
                Err(why) => made.refused.push((id, posting, why)),
            }
        }
        if !made.applied.is_empty() && !codec::is_object(&document) {
            let (player, slot) = (player.clone(), name.clone());
            return Err(Error::NoEnvelope { player, slot });
        }
        drop(noted);
        if !made.applied.is_empty() {
            made.must_queue = keeping.commit_with(document, |envelope| {
                let envelope = Arc::make_mut(envelope);
                for (id, posting) in &made.applied {
                    envelope.letters.add(id.clone(), *posting);
                }
            })?;
        }
        Ok(made)
    }

    /// A document with one letter applied, or why it is not.
    fn applied_to(
        &self,
        mut document: D,
        context: &HookContext,
        on_letter: &OnLetter<D>,
        letter: &Letter,
    ) -> Result<D, Arc<str>> {
        let applied = guarded(|| {
            on_letter(context, &mut document, letter)?;
            (self.origin.prepare)(&mut document); // it may be another one by now
            Ok(document)
        });
        applied.unwrap_or_else(|_| Err("its handler panicked".into()))
    }

    fn tell_applied(&self, slot: &Arc<SlotState<D>>, applied: &Applied) {
        let (player, name) = (&slot.core.player, &slot.name);
        if applied.must_queue {
            self.autosave.push(slot);
        }
        for (letter, _) in &applied.applied {
            self.debug(|| tracing::debug!(%player, slot = %name, %letter, "letter applied"));
            self.events.send(|| Event::LetterDelivered {
                player: player.clone(),
                slot: name.clone(),
                letter: letter.clone(),
            });
        }
        for (letter, _, why) in &applied.refused {
            tracing::warn!(%player, slot = %name, %letter, why = &**why, "letter refused");
            self.events.send(|| Event::LetterRefused {
                player: player.clone(),
                slot: name.clone(),
                letter: letter.clone(),
                why: Arc::clone(why),
            });
        }
    }

    /// Gets the letters of a slot that is being loaded into it. What is wrong
    /// with a document keeps nobody from having it, to mend it.
    pub(super) async fn deliver_at_load(
        self: &Arc<Self>,
        slot: &Arc<SlotState<D>>,
    ) -> Result<(), Error> {
        let seen = slot.dealings().discards.load(Ordering::Acquire);
        let letters = self.first_letters(&slot.core.player, &slot.name).await?;
        match self.deliver(slot, letters, seen).await {
            Err(
                error @ (Error::Unencodable { .. }
                | Error::NoEnvelope { .. }
                | Error::Panicked { .. }),
            ) => {
                self.tell_mail_delayed(slot, error);
                Ok(())
            }
            delivered => delivered,
        }
    }

    fn tell_mail_delayed(&self, slot: &SlotState<D>, error: Error) {
        let (player, name) = (&slot.core.player, &slot.name);
        tracing::warn!(%player, slot = %name, error = %Chain(&error), "mail delayed");
        self.events.send(|| Event::MailDelayed {
            player: player.clone(),
            slot: name.clone(),
            error: Arc::new(error),
        });
    }
}
