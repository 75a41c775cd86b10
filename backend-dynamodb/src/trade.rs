//! Verdicts on trades: an item for each, in a partition of its own.
//!
//! A verdict is written on the condition that there is none, and never changed.
//! An abort has a `ttl`, and any gets one when both parties have said that they
//! need it no more. By that DynamoDB tidies it away long after; until it does, the
//! verdict stands.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use playerdata_core::{
    Clock, TradeId,
    backend::{Party, Result, VERDICT_MEMORY, Verdict},
};

use crate::{
    item::{Key, Reader, attr, text},
    resend::Nature,
    table::{Change, Conditional, Refusal, Returning, Table, Values, values},
};

/// See [`Backend::decide`](playerdata_core::backend::Backend::decide).
pub(crate) async fn decide(
    table: &Table,
    clock: &dyn Clock,
    trade: TradeId,
    verdict: Verdict,
) -> Result<Verdict> {
    let key = Key::trade(trade);
    let mut item = HashMap::from([(attr::VERDICT.to_owned(), text(verdict.as_str()))]);
    if verdict == Verdict::Abort {
        let tidy = table.service().tidy_after(clock.now(), VERDICT_MEMORY);
        item.insert(attr::TTL.to_owned(), tidy);
    }
    let condition = "attribute_not_exists(#verdict)";
    let decided = table
        .put("decide", &key, item, condition, Values::new())
        .await?;
    match decided {
        Conditional::Met(()) => Ok(verdict),
        // It may be this call's own, by an earlier attempt.
        Conditional::Failed(Refusal { item, .. }) => {
            let item = item.unwrap_or_default();
            let item = Reader::new(&key, &item);
            let name: String = item.required(attr::VERDICT, item.parsed(attr::VERDICT)?)?;
            Verdict::from_name(&name).ok_or_else(|| item.corrupt(attr::VERDICT))
        }
    }
}

/// The attribute that says that a party has acted on the verdict.
fn acted(party: Party) -> &'static str {
    match party {
        Party::First => attr::FIRST,
        Party::Second => attr::SECOND,
    }
}

/// See [`Backend::forget_decision`](playerdata_core::backend::Backend::forget_decision).
pub(crate) async fn forget(
    table: &Table,
    clock: &dyn Clock,
    trade: TradeId,
    party: Party,
) -> Result<()> {
    let key = Key::trade(trade);
    let (ours, theirs) = (acted(party), acted(party.other()));
    let alone = Change {
        update: format!("SET #{ours} = :true"),
        condition: format!("attribute_exists(#verdict) AND attribute_not_exists(#{theirs})"),
        values: values([(":true", AttributeValue::Bool(true))]),
    };
    let (what, nothing, nature) = (
        "forget the verdict on",
        Returning::Nothing,
        Nature::Repeatable,
    );
    let Conditional::Failed(Refusal { item, .. }) =
        table.update(what, &key, alone, nothing, nature).await?
    else {
        return Ok(());
    };
    if item.is_none() {
        return Ok(());
    }
    let tidy = table.service().tidy_after(clock.now(), VERDICT_MEMORY);
    let both = Change {
        update: format!("SET #{ours} = :true, #ttl = :tidy"),
        condition: format!("attribute_exists(#verdict) AND attribute_exists(#{theirs})"),
        values: values([(":true", AttributeValue::Bool(true)), (":tidy", tidy)]),
    };
    match table.update(what, &key, both, nothing, nature).await? {
        // Failed: it was tidied away.
        Conditional::Met(_) | Conditional::Failed(_) => Ok(()),
    }
}
