//! Verdicts on trades, each at a key of its own: a trade is between two players,
//! and these can be on two nodes.

use playerdata_core::{
    TradeId,
    backend::{Effect, Party, Result, VERDICT_MEMORY, Verdict},
};

use crate::{
    error,
    script::{DECIDE, FORGET_DECISION, Invocation},
    store::Store,
};

pub(crate) async fn decide(store: &Store, trade: TradeId, verdict: Verdict) -> Result<Verdict> {
    let call = Invocation::default()
        .key(store.keys.trade(trade))
        .argument(verdict.as_str())
        .argument(&VERDICT_MEMORY.as_millis());
    let tag = trade.to_string();
    let mut answer = store
        .call(&DECIDE, &call, store.changing_trade(&tag))
        .await?;
    if answer.word != "decided" {
        return Err(answer.unknown());
    }
    let stands = answer.part::<String>()?;
    Verdict::from_name(&stands).ok_or_else(|| {
        let what = format!("the verdict {stands:?} on the trade {trade}");
        error::corrupt(Effect::None, what)
    })
}

pub(crate) async fn forget(store: &Store, trade: TradeId, party: Party) -> Result<()> {
    let call = Invocation::default()
        .key(store.keys.trade(trade))
        .argument(party.as_str())
        .argument(&VERDICT_MEMORY.as_millis());
    let tag = trade.to_string();
    let aim = store.changing_trade(&tag);
    let answer = store.call(&FORGET_DECISION, &call, aim).await?;
    match answer.word.as_str() {
        "noted" => Ok(()),
        _ => Err(answer.unknown()),
    }
}
