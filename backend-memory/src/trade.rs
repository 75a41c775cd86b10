//! Verdicts on trades.

use std::collections::HashMap;

use parking_lot::Mutex;
use playerdata_core::{
    TradeId, UnixMillis,
    backend::{Party, VERDICT_MEMORY, Verdict},
};

/// All verdicts, behind one lock: a trade comes by a few times in its life.
#[derive(Default)]
pub(crate) struct Trades {
    decided: Mutex<Decided>,
}

#[derive(Default)]
struct Decided {
    by_trade: HashMap<TradeId, Decision>,
    /// The number of verdicts from which on it is worth looking for ones that
    /// can be forgotten.
    tidy_from: usize,
}

struct Decision {
    verdict: Verdict,
    /// Which parties have acted on it.
    first: bool,
    second: bool,
    /// When it may be forgotten: once both have, and if it is an abort.
    until: Option<UnixMillis>,
}

/// With fewer verdicts than this, tidying is not worth the while.
const TIDY_FROM: usize = 1_024;

impl Trades {
    pub(crate) fn decide(&self, trade: TradeId, verdict: Verdict, now: UnixMillis) -> Verdict {
        let mut decided = self.decided.lock();
        decided.tidy(now);
        let decision = decided.by_trade.entry(trade).or_insert(Decision {
            verdict,
            first: false,
            second: false,
            until: (verdict == Verdict::Abort).then(|| now.saturating_add(VERDICT_MEMORY)),
        });
        decision.verdict
    }

    pub(crate) fn forget(&self, trade: TradeId, party: Party, now: UnixMillis) {
        let mut decided = self.decided.lock();
        let Some(decision) = decided.by_trade.get_mut(&trade) else {
            return;
        };
        match party {
            Party::First => decision.first = true,
            Party::Second => decision.second = true,
        }
        if decision.first && decision.second {
            decision.until = Some(now.saturating_add(VERDICT_MEMORY));
        }
    }
}

impl Decided {
    /// Forgets what nobody needs any more. Running whenever the
    /// verdicts have doubled, it costs each trade little.
    fn tidy(&mut self, now: UnixMillis) {
        if self.by_trade.len() >= self.tidy_from.max(TIDY_FROM) {
            self.by_trade
                .retain(|_, decision| decision.until.is_none_or(|until| now < until));
            self.tidy_from = self.by_trade.len() * 2;
        }
    }
}
