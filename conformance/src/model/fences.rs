//! Fences of two stores that need not count alike.

use std::collections::{BTreeMap, HashMap};

use playerdata_core::{Fence, PlayerId, backend::Claim};

/// Which fence of the store stands for which of the model's: a fence grows by
/// at least one, so all that has to agree is their order.
#[derive(Debug, Default)]
pub(super) struct Fences {
    seen: HashMap<PlayerId, BTreeMap<Fence, Fence>>,
}

impl Fences {
    /// Whether the store's fence `found` can stand for the model's `expected`:
    /// it is the one that stood for it before, or it is new and lies between
    /// its neighbours.
    pub(super) fn agree(&mut self, player: &PlayerId, expected: Fence, found: Fence) -> bool {
        let seen = self.seen.entry(player.clone()).or_default();
        if let Some(known) = seen.get(&expected) {
            return *known == found;
        }
        let before = seen.range(..expected).next_back();
        let after = seen.range(expected..).next();
        let fits = before.is_none_or(|(_, before)| *before < found)
            && after.is_none_or(|(_, after)| found < *after);
        seen.insert(expected, found);
        fits
    }

    /// The claim with the store's own fence in it.
    pub(super) fn translate(&self, claim: &Claim) -> Claim {
        let seen = self.seen.get(&claim.player);
        let fence = seen.and_then(|seen| seen.get(&claim.fence));
        Claim {
            fence: fence.copied().unwrap_or(claim.fence),
            ..claim.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_agree_if_they_come_in_the_same_order() {
        let [player, other] = [1, 2].map(PlayerId::from);
        let mut fences = Fences::default();
        let mut agree = |player: &PlayerId, expected: u64, found: u64| {
            fences.agree(player, Fence::new(expected), Fence::new(found))
        };
        assert!(agree(&player, 1, 7));
        assert!(agree(&player, 2, 9));
        assert!(agree(&player, 1, 7), "the same one again");
        assert!(agree(&other, 1, 1), "players count by themselves");
        assert!(!agree(&player, 2, 10), "another one for the same lock");
        assert!(!agree(&player, 3, 9), "the same one for another lock");
        assert!(!agree(&player, 4, 8), "a smaller one");
    }
}
