//! Which call gets which fault.

use std::collections::VecDeque;

use fastrand::Rng;

use crate::{Call, Fault, Injected, Odds, When, odds::Draw, when::Counter};

/// How many injected faults are remembered.
const REMEMBERED: usize = 10_000;

/// The script first, then the odds.
#[derive(Debug)]
pub(crate) struct Plan {
    script: Vec<(Counter, Fault)>,
    odds: Odds,
    rng: Rng,
    injected: VecDeque<Injected>,
}

impl Plan {
    pub(crate) fn new() -> Self {
        Self {
            script: Vec::new(),
            odds: Odds::none(),
            rng: Rng::with_seed(0),
            injected: VecDeque::new(),
        }
    }

    pub(crate) fn set_odds(&mut self, odds: Odds, seed: u64) {
        self.odds = odds;
        self.rng = Rng::with_seed(seed);
    }

    pub(crate) fn inject(&mut self, when: When, fault: Fault) {
        self.script.push((Counter::new(when), fault));
    }

    pub(crate) fn calm(&mut self) {
        self.script.clear();
        self.odds = Odds::none();
    }

    pub(crate) fn injected(&self) -> Vec<Injected> {
        self.injected.iter().cloned().collect()
    }

    /// Every entry of the script counts the call; the first that picks it is
    /// carried out.
    pub(crate) fn decide(&mut self, call: &Call) -> Draw {
        let mut picked = None;
        for (counter, fault) in &mut self.script {
            if counter.picks(call) && picked.is_none() {
                picked = Some(*fault);
            }
        }
        let draw = picked.map_or_else(|| self.odds.draw(&mut self.rng), Draw::Fault);
        if let Draw::Fault(fault) = draw {
            self.remember(call, fault);
        }
        draw
    }

    fn remember(&mut self, call: &Call, fault: Fault) {
        if self.injected.len() == REMEMBERED {
            self.injected.pop_front();
        }
        let call = call.clone();
        self.injected.push_back(Injected { call, fault });
    }
}
