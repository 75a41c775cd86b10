//! Verdicts on trades: the first one written stands.

use playerdata_core::{
    TradeId, UnixMillis,
    backend::{Party, VERDICT_MEMORY, Verdict},
};
use rusqlite::{Connection, named_params};

use crate::{column, error::Fault, savepoint::all_or_nothing};

const DECIDE: &str = "
    INSERT INTO verdict (trade, verdict, forget_at_ms) VALUES (:trade, :verdict, :forget_at)
    ON CONFLICT (trade) DO NOTHING";

const VERDICT: &str = "SELECT verdict FROM verdict WHERE trade = :trade";

/// A few rows at a time, so that nobody is held up by it.
const TIDY: &str = "
    DELETE FROM verdict WHERE trade IN
        (SELECT trade FROM verdict WHERE forget_at_ms <= :now LIMIT 32)";

const ACT: &str = "
    UPDATE verdict
    SET first_acted = max(first_acted, :first), second_acted = max(second_acted, :second)
    WHERE trade = :trade";

const FORGET: &str = "
    UPDATE verdict SET forget_at_ms = :forget_at
    WHERE trade = :trade AND first_acted AND second_acted";

pub(crate) fn decide(
    db: &Connection,
    trade: TradeId,
    verdict: Verdict,
    now: UnixMillis,
) -> Result<Verdict, Fault> {
    let trade = trade.as_uuid().as_bytes();
    let aborts = verdict == Verdict::Abort;
    let forget_at = aborts.then(|| column::instant(now.saturating_add(VERDICT_MEMORY)));
    all_or_nothing(db, || {
        db.prepare_cached(TIDY)?
            .execute(named_params! { ":now": column::instant(now) })?;
        db.prepare_cached(DECIDE)?.execute(named_params! {
            ":trade": trade,
            ":verdict": verdict.as_str(),
            ":forget_at": forget_at,
        })?;
        db.prepare_cached(VERDICT)?
            .query_row(named_params! { ":trade": trade }, |row| {
                Ok(column::read_word(row, "verdict", Verdict::from_name))
            })?
    })
}

pub(crate) fn forget(
    db: &Connection,
    trade: TradeId,
    party: Party,
    now: UnixMillis,
) -> Result<(), Fault> {
    let trade = trade.as_uuid().as_bytes();
    all_or_nothing(db, || {
        db.prepare_cached(ACT)?.execute(named_params! {
            ":trade": trade,
            ":first": party == Party::First,
            ":second": party == Party::Second,
        })?;
        db.prepare_cached(FORGET)?.execute(named_params! {
            ":trade": trade,
            ":forget_at": column::instant(now.saturating_add(VERDICT_MEMORY)),
        })?;
        Ok(())
    })
}
