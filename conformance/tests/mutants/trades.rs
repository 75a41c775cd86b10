//! Verdicts of the plain store.

use std::time::Duration;

use playerdata_core::{
    TradeId, UnixMillis,
    backend::{Party, VERDICT_MEMORY, Verdict},
};

use crate::{
    flaws::Flaw,
    store::{PlainStore, State},
};

#[derive(Clone, Default)]
pub(crate) struct Decision {
    verdict: Option<Verdict>,
    forgotten: Vec<Party>,
    until: Option<UnixMillis>,
}

impl PlainStore {
    fn trade_key(&self, trade: TradeId) -> u128 {
        let number = trade.as_uuid().as_u128();
        if self.has(Flaw::TradesComparedShort) {
            return number & u128::from(u64::MAX);
        }
        number
    }

    pub(crate) async fn judge(&self, trade: TradeId, wanted: Verdict) -> Verdict {
        let key = self.trade_key(trade);
        let now = UnixMillis::new(self.now());
        let read = |state: &State| {
            let decision = state.trades.get(&key)?;
            let counts = decision.until.is_none_or(|until| now < until);
            decision.verdict.filter(|_| counts)
        };
        let stands = read(&self.state());
        if self.has(Flaw::VerdictReadThenWritten) {
            self.pause().await;
        }
        let mut state = self.state();
        let stands = match self.flaw {
            Some(Flaw::VerdictReadThenWritten) => stands,
            Some(Flaw::VerdictOverwritten) => None,
            Some(Flaw::AbortOverwritten) => {
                read(&state).filter(|verdict| *verdict == Verdict::Commit)
            }
            _ => read(&state),
        };
        if let Some(stands) = stands {
            return stands;
        }
        let forgotten = state.trades.remove(&key).map(|decision| decision.forgotten);
        let forgotten = forgotten.filter(|_| self.has(Flaw::ForgettingComesFirst));
        let mut decision = Decision {
            verdict: Some(wanted),
            forgotten: forgotten.unwrap_or_default(),
            until: None,
        };
        decision.forget(now);
        if wanted == Verdict::Abort && self.has(Flaw::AbortForgottenEarly) {
            decision.until = Some(now.saturating_add(Duration::from_hours(24)));
        }
        state.trades.insert(key, decision);
        wanted
    }

    pub(crate) fn forget(&self, trade: TradeId, party: Party) {
        let key = self.trade_key(trade);
        let now = UnixMillis::new(self.now());
        let mut state = self.state();
        if self.has(Flaw::ForgettingComesFirst) {
            state.trades.entry(key).or_default();
        }
        let Some(decision) = state.trades.get_mut(&key) else {
            return;
        };
        match self.flaw {
            Some(Flaw::OnePartyForgets) => decision.forgotten = vec![Party::First, Party::Second],
            Some(Flaw::PartiesCounted) => decision.forgotten.push(party),
            _ if !decision.forgotten.contains(&party) => decision.forgotten.push(party),
            _ => {}
        }
        decision.forget(now);
        let both = decision.until.is_some();
        if both && self.has(Flaw::ForgottenByBothAtOnce) {
            state.trades.remove(&key);
        }
    }

    /// A flaw: a trade that has the name of a player goes with them.
    pub(crate) fn erase_trades(&self, state: &mut State, player: &str) {
        if self.has(Flaw::ErasureTakesVerdicts)
            && let Ok(trade) = player.parse::<uuid::Uuid>()
        {
            state.trades.remove(&trade.as_u128());
        }
    }
}

impl Decision {
    /// Once both parties have gone, it is remembered for a time.
    fn forget(&mut self, now: UnixMillis) {
        if self.forgotten.len() >= 2 {
            self.until = Some(now.saturating_add(VERDICT_MEMORY));
        }
    }
}
