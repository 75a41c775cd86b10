//! What has to outlive a restart of the store, beside records and locks.

use std::time::Duration;

use playerdata_core::{
    TradeId,
    backend::{KeepPolicy, Keeping, Letter, Record, Verdict},
};

use super::name;
use crate::{Fixture, Rule};

/// A letter that waits, one that is remembered, a verdict and a version.
pub(crate) struct Lasting {
    waits: Letter,
    gone: Letter,
    trade: TradeId,
    version: Record,
}

impl Lasting {
    /// Leaves one of each in the store.
    pub(crate) async fn leave(fixture: &Fixture) -> Self {
        let [a, b] = fixture.servers();
        let (player, slot) = (fixture.player(), fixture.slot());
        let session = a.join(&player).await;
        let mut open = session.open(&slot).await;
        let version = open.save("kept").await;
        let policy = KeepPolicy {
            most: 8,
            min_age: Duration::ZERO,
        };
        let kept = a.client.keep_version(open.claim(), policy).await;
        let revision = version.revision;
        fixture.expect_eq(Rule::H1, "kept", kept, Keeping::Kept { revision });
        session.release().await;
        let waits = fixture.letter("waits", vec![b'5'; 10_000]);
        let gone = fixture.unsettled_letter("gone", "5");
        for letter in [&gone, &waits] {
            b.client.send(&player, &slot, letter).await;
        }
        a.client.take_out(&player, &slot, &gone).await;
        let trade = TradeId::from_uuid(fixture.ids().next_id());
        b.client.decide(trade, Verdict::Commit).await;
        Self {
            waits,
            gone,
            trade,
            version,
        }
    }

    /// Requires that all of it is there.
    pub(crate) async fn expect_there(self, fixture: &Fixture) {
        let [a, b] = fixture.clients();
        let (player, slot) = (fixture.player(), fixture.slot());
        let waiting = b.waiting(&player, &slot).await;
        fixture.expect_eq(Rule::M1, "it waits", waiting, vec![self.waits.clone()]);
        for letter in [&self.waits, &self.gone] {
            let known = a.known_as(&player, &slot, letter).await;
            fixture.expect_eq(Rule::M2, "known", known, Some(letter.posting));
        }
        let told = a.decide(self.trade, Verdict::Abort).await;
        fixture.expect_eq(Rule::P3, "the first one", told, Verdict::Commit);
        let revision = self.version.revision;
        let found = b.version(&player, &slot, revision).await;
        fixture.expect_eq(Rule::H1, "as it was stored", found, Some(self.version));
        let listed = a.versions(&player, &slot).await.len();
        fixture.expect_eq(Rule::H1, "and listed", listed, 1);
        // A letter that comes now comes behind those from before.
        let next = fixture.letter("next", "5");
        a.send(&player, &slot, &next).await;
        let ids = b.waiting_ids(&player, &slot).await;
        let expected = ["waits", "next"].map(str::to_owned).to_vec();
        fixture.expect_eq(Rule::M4, "in order", ids, expected);
        let other = fixture.letter("gone", "5");
        a.send(&player, &name("other"), &other).await;
    }
}
