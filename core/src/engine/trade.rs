//! Trades: two documents give each other parcels, both or neither (P3).
//!
//! First each parcel moves into its document's escrow, with what the document
//! is to get, and both are saved. Then the store decides: the first verdict
//! written stands. Then each document does what the verdict says, whenever
//! that is: here, or when it is loaded next. Whoever loads a document with an
//! escrow can't know whether the trade goes on elsewhere, and so asks for the
//! verdict *abort*.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use super::{Engine, hooks::ParcelHooks, transfer::Take};
use crate::{
    Error, Event, GameDocument, IdempotencyKey, SaveReason, TradeId,
    backend::{VERDICT_MEMORY, Verdict},
    codec::{Envelope, Escrow, MAX_ESCROWS, Side},
    excerpt::Chain,
    state::{Moment, SlotState},
};

/// How long after its beginning a trade can still be committed. An abort is
/// remembered for longer, so that a server that slept in the middle of a trade
/// is told of it; and not for ever, since a document that was never in the trade
/// will not say that it has acted on it.
const COMMIT_WITHIN: Duration = Duration::from_secs(VERDICT_MEMORY.as_secs() / 2);

/// The outcome of a trade.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = std::sync::Arc::new(playerdata_memory::MemoryBackend::new());
/// # let manager = playerdata_core::SessionManager::builder(backend).start().await?;
/// use playerdata_core::{Parcel, TradeOutcome};
///
/// let ann = manager.start_session("ann").await?.load_slot("Slot1").await?;
/// let bob = manager.start_session("bob").await?.load_slot("Slot1").await?;
/// let sword = Parcel::new().item("Starter Sword", 1);
/// let gold = Parcel::new().amount("Currency", 250);
/// match manager.trade("trade-9", (&ann, sword), (&bob, gold)).await? {
///     TradeOutcome::Aborted => println!("the trade is off"),
///     _ => println!("done"),
/// }
/// assert_eq!(bob.count_item("Starter Sword"), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TradeOutcome {
    /// Each document has what the other gave. A session that was lost
    /// meanwhile leaves its part to whoever has that player next.
    Traded,
    /// There was no trade: each document has, or gets, back what it gave. One
    /// of them was loaded elsewhere before the trade was decided.
    Aborted,
    /// An earlier call with the key made the trade. Nothing changed.
    AlreadyTraded,
}

/// One of the two documents of a trade, and what it gives.
pub(crate) struct TradeSide<D> {
    pub(crate) slot: Arc<SlotState<D>>,
    pub(crate) take: Take<D>,
}

impl<D> Clone for TradeSide<D> {
    fn clone(&self) -> Self {
        Self {
            slot: Arc::clone(&self.slot),
            take: Arc::clone(&self.take),
        }
    }
}

impl<D: GameDocument> Engine<D> {
    /// Has two documents trade.
    pub(crate) async fn trade(
        self: Arc<Self>,
        key: IdempotencyKey,
        first: TradeSide<D>,
        second: TradeSide<D>,
    ) -> Result<TradeOutcome, Error> {
        let trade = TradeId::from_uuid(self.ids.next_id());
        let begun_at = Moment::now(&*self.clock);
        let (a, b) = (Arc::clone(&first.slot), Arc::clone(&second.slot));
        let engine = Arc::clone(&self);
        let begin = move || engine.begin_trade(trade, &key, &first, &second);
        let begun = self
            .on_blocking_thread(&a, "beginning a trade", begin)
            .await;
        if !begun.inspect_err(|_| self.resolve_if_begun(&a, trade))? {
            return Ok(TradeOutcome::AlreadyTraded);
        }
        let (saved_a, saved_b) = tokio::join!(
            self.save_with_retries(&a, SaveReason::Requested),
            self.save_with_retries(&b, SaveReason::Requested),
        );
        let failed = saved_a.err().or(saved_b.err());
        let in_time = Moment::now(&*self.clock).since(begun_at) < COMMIT_WITHIN;
        let wanted = if failed.is_none() && in_time {
            Verdict::Commit
        } else {
            Verdict::Abort
        };
        let verdict = match self.store.decide(trade, wanted).await {
            Ok(verdict) => verdict,
            Err(failure) => {
                // It may have been decided. Whatever it is comes of asking.
                self.resolve_later(&a, trade);
                self.resolve_later(&b, trade);
                return Err(failure.into());
            }
        };
        for slot in [&a, &b] {
            if let Err(error) = self.act(slot, trade, verdict).await
                && !error.closes_slot()
            {
                self.tell_stuck(slot, error);
                self.resolve_later(slot, trade);
            }
        }
        match (verdict, failed) {
            (Verdict::Commit, _) => Ok(TradeOutcome::Traded),
            (Verdict::Abort, None) => Ok(TradeOutcome::Aborted),
            (Verdict::Abort, Some(error)) => Err(error),
        }
    }

    /// Moves both parcels into their documents' escrow; returns false if the
    /// trade was made before.
    fn begin_trade(
        &self,
        trade: TradeId,
        key: &IdempotencyKey,
        a: &TradeSide<D>,
        b: &TradeSide<D>,
    ) -> Result<bool, Error> {
        let Some([gives_a, gives_b]) = self.rehearse(key, a, b)? else {
            return Ok(false);
        };
        let escrow = |first, put: &Value, get: &Value| Escrow {
            side: Side { trade, first },
            key: key.clone(),
            put: put.clone(),
            get: get.clone(),
        };
        self.move_to_escrow(a, &escrow(true, &gives_a, &gives_b))?;
        let put = self.move_to_escrow(b, &escrow(false, &gives_b, &gives_a));
        if put.is_err() {
            // Nobody has asked for a verdict, and nobody can get another.
            let back = self.act_here(&a.slot, trade, Verdict::Abort);
            if let Err(error) = back
                && !error.closes_slot()
            {
                self.tell_stuck(&a.slot, error);
            }
        }
        put.map(|()| true)
    }

    /// What each would give, if both can, and there is room for it in the other
    /// (P5); `None` if the trade was made before.
    fn rehearse(
        &self,
        key: &IdempotencyKey,
        a: &TradeSide<D>,
        b: &TradeSide<D>,
    ) -> Result<Option<[Value; 2]>, Error> {
        let mut copies = Vec::with_capacity(2);
        for side in [a, b] {
            let (document, beside) = side.slot.whole();
            if beside.keys.contains(key) {
                return Ok(None);
            }
            if beside.has_key(key) {
                let why = "the same trade is under way".into();
                return Err(self.refused_parcel(&side.slot, why));
            }
            copies.push(D::clone(&document));
        }
        let mut gives = [Value::Null, Value::Null];
        for ((copy, side), gives) in copies.iter_mut().zip([a, b]).zip(&mut gives) {
            *gives = (side.take)(copy).map_err(|why| self.refused_parcel(&side.slot, why))?;
        }
        let hooks = self.parcel_hooks(&a.slot)?;
        for ((copy, side), gets) in copies.iter_mut().zip([a, b]).zip(gives.iter().rev()) {
            let put = (hooks.put)(copy, "", gets);
            put.map_err(|why| self.refused_parcel(&side.slot, why))?;
        }
        Ok(Some(gives))
    }

    fn move_to_escrow(&self, side: &TradeSide<D>, escrow: &Escrow) -> Result<(), Error> {
        let slot = &side.slot;
        let put = self.change_beside(
            slot,
            "trade",
            |document, beside| {
                self.check_room_for_key(slot, beside)?;
                let busy = beside.escrow.len() >= MAX_ESCROWS || beside.has_key(&escrow.key);
                let gives = (side.take)(document).map_err(|why| self.refused_parcel(slot, why))?;
                if busy || gives != escrow.put {
                    let why = "it is changed by another trade or by the game".into();
                    return Err(self.refused_parcel(slot, why));
                }
                Ok(Some(()))
            },
            |envelope, ()| envelope.escrow.push(escrow.clone()),
        );
        put.map(|_| ())
    }

    /// Does what a verdict says to one of the documents.
    async fn act(
        self: &Arc<Self>,
        slot: &Arc<SlotState<D>>,
        trade: TradeId,
        verdict: Verdict,
    ) -> Result<(), Error> {
        let (engine, acting) = (Arc::clone(self), Arc::clone(slot));
        let act = move || engine.act_here(&acting, trade, verdict);
        self.on_blocking_thread(slot, "ending a trade", act).await
    }

    fn act_here(
        &self,
        slot: &Arc<SlotState<D>>,
        trade: TradeId,
        verdict: Verdict,
    ) -> Result<(), Error> {
        let hooks = self.parcel_hooks(slot)?;
        let (now, memory) = (self.clock.now(), self.settings.idempotency_memory);
        let acted = self.change_beside(
            slot,
            "trade",
            |document, beside| {
                let escrow = beside.escrow.iter().find(|one| one.side.trade == trade);
                let Some(escrow) = escrow else {
                    return Ok(None); // it has acted before
                };
                let parcel = match verdict {
                    Verdict::Commit => &escrow.get,
                    Verdict::Abort => &escrow.put,
                };
                let given = (hooks.give)(document, &format!("trade-{trade}"), parcel);
                given.map_err(|why| self.refused_parcel(slot, why))?;
                Ok(Some(escrow.clone()))
            },
            |envelope: &mut Envelope, escrow| {
                envelope.escrow.retain(|one| one.side != escrow.side);
                envelope.acted.push(escrow.side);
                if verdict == Verdict::Commit {
                    envelope.keys.add(escrow.key, now, memory);
                }
            },
        );
        acted.map(|_| ())
    }

    fn parcel_hooks(&self, slot: &SlotState<D>) -> Result<&ParcelHooks<D>, Error> {
        let missing = || self.refused_parcel(slot, "Builder::parcels was not called".into());
        self.hooks.parcels.as_ref().ok_or_else(missing)
    }

    /// Ends the trades of a slot that is being loaded: not from here, and so not
    /// at all, unless they were decided before. What is wrong with a document, or
    /// with the game's code, keeps nobody from having it, and holds up no other.
    pub(super) async fn resolve_at_load(
        self: &Arc<Self>,
        slot: &Arc<SlotState<D>>,
    ) -> Result<(), Error> {
        for escrow in &slot.envelope().escrow {
            let trade = escrow.side.trade;
            match self.resolve(slot, trade).await {
                Err(
                    error @ (Error::Parcel { .. }
                    | Error::NoEnvelope { .. }
                    | Error::Panicked { .. }),
                ) => {
                    self.tell_stuck(slot, error);
                    self.resolve_later(slot, trade);
                }
                resolved => resolved?,
            }
        }
        Ok(())
    }

    /// Ends a trade, if the document is still in it.
    async fn resolve(
        self: &Arc<Self>,
        slot: &Arc<SlotState<D>>,
        trade: TradeId,
    ) -> Result<(), Error> {
        if !is_in(slot, trade) {
            return Ok(());
        }
        let verdict = self.store.decide(trade, Verdict::Abort).await?;
        self.act(slot, trade, verdict).await
    }

    /// Goes on with a trade that failed when only one document was in it, if
    /// that could not be undone at once: game code may just keep the document.
    fn resolve_if_begun(self: &Arc<Self>, slot: &Arc<SlotState<D>>, trade: TradeId) {
        if is_in(slot, trade) {
            self.resolve_later(slot, trade);
        }
    }

    /// Goes on with it at the next heartbeats, then more rarely, until it is
    /// done or the slot closed. Other trades of the slot may be under way, and
    /// are left alone.
    fn resolve_later(self: &Arc<Self>, slot: &Arc<SlotState<D>>, trade: TradeId) {
        let (engine, slot) = (Arc::clone(self), Arc::clone(slot));
        self.runtime.spawn(async move {
            for failed in 0.. {
                tokio::time::sleep(engine.errand_pause(failed)).await;
                if slot.check_writable().is_err() {
                    return;
                }
                match engine.resolve(&slot, trade).await {
                    Ok(()) => return,
                    Err(error) if error.closes_slot() => return,
                    Err(error) => engine.tell_stuck(&slot, error),
                }
            }
        });
    }

    fn tell_stuck(&self, slot: &SlotState<D>, error: Error) {
        let (player, name) = (&slot.core.player, &slot.name);
        tracing::warn!(%player, slot = %name, error = %Chain(&error), "a trade is stuck");
        self.events.send(|| Event::ErrandFailed {
            player: player.clone(),
            slot: name.clone(),
            error: Arc::new(error),
        });
    }
}

fn is_in<D: GameDocument>(slot: &SlotState<D>, trade: TradeId) -> bool {
    let beside = slot.envelope();
    beside.escrow.iter().any(|one| one.side.trade == trade)
}
