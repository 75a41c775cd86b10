//! Verdicts on trades: the first one written stands.

use std::time::Duration;

use playerdata_core::{
    PlayerId, TradeId,
    backend::{Party, VERDICT_MEMORY, Verdict},
};
use uuid::Uuid;

use crate::{Fixture, Rule, driver::together};

const BOTH: [Verdict; 2] = [Verdict::Commit, Verdict::Abort];
const PARTIES: [Party; 2] = [Party::First, Party::Second];

/// Just not the whole of the time for which a verdict is kept.
const ALMOST: Duration = VERDICT_MEMORY.saturating_sub(Duration::from_secs(60));

/// For how long a verdict is kept for a party that has not acted on it, at the
/// least: an abort may be forgotten in time, since it would be written again.
fn kept_for_the_other(verdict: Verdict) -> Duration {
    match verdict {
        Verdict::Commit => VERDICT_MEMORY * 3,
        Verdict::Abort => ALMOST,
    }
}

fn trade(fixture: &Fixture) -> TradeId {
    TradeId::from_uuid(fixture.ids().next_id())
}

fn other(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Commit => Verdict::Abort,
        Verdict::Abort => Verdict::Commit,
    }
}

/// Requires that everybody is told this verdict, whichever they would write.
async fn expect_stands(fixture: &Fixture, when: &str, trade: TradeId, verdict: Verdict) {
    for client in fixture.clients() {
        for wanted in [other(verdict), verdict] {
            let stands = client.decide(trade, wanted).await;
            fixture.expect_eq(Rule::P3, when, stands, verdict);
        }
    }
}

/// The first verdict on a trade stands, whether to commit or to abort, and
/// everybody is told it, whichever they would have written.
///
/// Proves [P3](Rule::P3). A backend that fails it has one party of a trade
/// give, and the other keep: a sword is in two inventories, or in none.
pub async fn the_first_verdict_stands(fixture: Fixture) {
    let [a, b] = fixture.clients();
    for (client, verdict) in [(&a, Verdict::Commit), (&b, Verdict::Abort)] {
        let trade = trade(&fixture);
        let decided = client.decide(trade, verdict).await;
        fixture.expect_eq(Rule::P3, "the first one", decided, verdict);
        expect_stands(&fixture, "it stands", trade, verdict).await;
    }
}

/// Each trade has a verdict of its own, however alike their ids are.
///
/// Proves [P3](Rule::P3). A backend that fails it commits one trade because
/// another was.
pub async fn each_trade_has_a_verdict_of_its_own(fixture: Fixture) {
    let [a, b] = fixture.clients();
    let start = u128::from_be_bytes(*b"playerdata-trade");
    let ids = [
        0,
        1,
        u128::MAX,
        u128::MAX - 1,
        start,
        start + 1,
        start ^ (1 << 127),
        start ^ (1 << 64),
        start.swap_bytes(),
    ];
    let trades = ids.map(|id| TradeId::from_uuid(Uuid::from_u128(id)));
    for (number, trade) in trades.into_iter().enumerate() {
        let verdict = BOTH[number % 2];
        let decided = a.decide(trade, verdict).await;
        fixture.expect_eq(Rule::P3, "its first", decided, verdict);
    }
    for (number, trade) in trades.into_iter().enumerate() {
        let verdict = BOTH[number % 2];
        let decided = b.decide(trade, other(verdict)).await;
        fixture.expect_eq(Rule::P3, "its own", decided, verdict);
    }
}

/// Many decide a trade at once, each in their own way: all are told the same.
///
/// Proves [P3](Rule::P3). A backend that fails it looks for a verdict and then
/// writes one: each party finishes the trade its own way.
pub async fn all_who_decide_at_once_are_told_the_same(fixture: Fixture) {
    let clients = fixture.clients();
    for _ in 0..20 {
        let trade = trade(&fixture);
        let callers = (0..12_usize).map(|number| {
            let client = clients[number % 2].clone();
            async move { client.decide(trade, BOTH[number / 2 % 2]).await }
        });
        let told = together(callers).await;
        let stands = clients[0].decide(trade, Verdict::Abort).await;
        fixture.expect_eq(Rule::P3, "told to all", told, vec![stands; 12]);
    }
}

/// One party needs the verdict no more, and says so as often as it likes: the
/// other one is told it still, however late it comes; an abort for thirty days
/// at least.
///
/// Proves [P3](Rule::P3). A backend that fails it forgets a trade when half of
/// it is done: the other half is taken back.
pub async fn forgetting_by_one_party_keeps_the_verdict(fixture: Fixture) {
    let [a, b] = fixture.clients();
    for verdict in BOTH {
        for party in PARTIES {
            let trade = trade(&fixture);
            a.decide(trade, verdict).await;
            for client in [&a, &b, &a] {
                client.forget_decision(trade, party).await;
            }
            expect_stands(&fixture, "for the other party", trade, verdict).await;
            fixture.pass(kept_for_the_other(verdict));
            expect_stands(&fixture, "however late", trade, verdict).await;
        }
    }
}

/// A trade is aborted, and nobody says that they have acted on it: it stays
/// aborted for thirty days at least, for callers that are late.
///
/// Proves P3. A backend that fails it has a server that was frozen in a trade
/// wake up and commit what others have taken back.
pub async fn an_abort_is_kept_for_late_callers(fixture: Fixture) {
    let [a, b] = fixture.clients();
    let trade = trade(&fixture);
    a.decide(trade, Verdict::Abort).await;
    fixture.pass(ALMOST);
    let late = b.decide(trade, Verdict::Commit).await;
    fixture.expect_eq(Rule::P3, "just not thirty days later", late, Verdict::Abort);
}

/// Both parties need the verdict no more: it is kept for thirty days, for
/// callers that are late.
///
/// Proves [P3](Rule::P3). A backend that fails it has a server that was frozen
/// in a trade wake up and decide it again, the other way.
pub async fn a_verdict_that_both_forgot_is_kept_for_late_callers(fixture: Fixture) {
    let [a, b] = fixture.clients();
    for verdict in BOTH {
        let trade = trade(&fixture);
        b.decide(trade, verdict).await;
        a.forget_decision(trade, Party::Second).await;
        fixture.pass(kept_for_the_other(verdict));
        b.forget_decision(trade, Party::First).await;
        expect_stands(&fixture, "at once", trade, verdict).await;
        fixture.pass(ALMOST);
        expect_stands(&fixture, "just not thirty days later", trade, verdict).await;
        // It may be forgotten later on, and then it is decided as if it were
        // new.
        fixture.pass(VERDICT_MEMORY);
        let decided = a.decide(trade, other(verdict)).await;
        expect_stands(&fixture, "for everybody", trade, decided).await;
    }
}

/// To forget a verdict that nobody wrote changes nothing: the one that is
/// written later stands, and is not forgotten.
///
/// Proves [P3](Rule::P3) and the contract on repeats. A backend that fails it
/// remembers that both have gone, and forgets the verdict when they have just
/// come.
pub async fn forgetting_what_was_not_decided_changes_nothing(fixture: Fixture) {
    let [a, b] = fixture.clients();
    for verdict in BOTH {
        let trade = trade(&fixture);
        a.forget_decision(trade, Party::First).await;
        b.forget_decision(trade, Party::Second).await;
        let decided = a.decide(trade, verdict).await;
        fixture.expect_eq(Rule::P3, "the first one", decided, verdict);
        fixture.pass(kept_for_the_other(verdict));
        expect_stands(&fixture, "not forgotten", trade, verdict).await;
    }
}

/// A verdict outlives the erasure of players, whatever they are called.
///
/// Proves [P3](Rule::P3). A backend that fails it takes back what a player has
/// been given because the one who gave it was erased.
pub async fn a_verdict_outlives_its_players(fixture: Fixture) {
    let [a, b] = fixture.servers();
    for verdict in BOTH {
        let trade = trade(&fixture);
        let players = [
            fixture.player(),
            PlayerId::from(*trade.as_uuid()),
            PlayerId::from(7),
        ];
        for player in &players {
            let session = a.join(player).await;
            session.open(&fixture.slot()).await.save("data").await;
            session.release().await;
        }
        b.client.decide(trade, verdict).await;
        b.client.forget_decision(trade, Party::First).await;
        for player in &players {
            a.client.erase(player).await;
        }
        expect_stands(&fixture, "all the same", trade, verdict).await;
    }
}
