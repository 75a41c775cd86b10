//! The verdicts on trades that records wait for.

use playerdata::{PlayerId, TradeId, backend::Verdict};
use serde_json::Value;

use super::SlotCopy;
use crate::{
    desk::Desk,
    failure::Failure,
    output,
    record::{ENVELOPE, text},
};

/// Asks for the verdict on each trade that a record is in, as whoever loads it
/// does: it is *abort*, unless there is another.
///
/// If a live session of somebody else's holds the player, the trade is under
/// way: it is left to that session.
pub(super) async fn verdicts(
    desk: &Desk,
    player: &PlayerId,
    slots: &[SlotCopy],
    is_held: bool,
) -> Result<Vec<(TradeId, Verdict)>, Failure> {
    let trades: Vec<TradeId> = slots.iter().flat_map(trades_of).collect();
    if trades.is_empty() || !is_held && is_held_by_others(desk, player).await? {
        if !trades.is_empty() {
            output::message(&format!(
                "note: player {player} is in a trade that is under way; its verdict is left out\n"
            ));
        }
        return Ok(Vec::new());
    }
    let mut verdicts = Vec::new();
    for trade in trades {
        let verdict = desk.backend.decide(trade, Verdict::Abort);
        verdicts.push((trade, desk.ask("ask for a verdict", verdict).await?));
    }
    Ok(verdicts)
}

async fn is_held_by_others(desk: &Desk, player: &PlayerId) -> Result<bool, Failure> {
    match desk.holder(player).await? {
        Some(lock) => desk.is_live(&lock).await,
        None => Ok(false),
    }
}

/// The trades that a record is in. One that can't be read is in none that
/// anybody could end.
fn trades_of(slot: &SlotCopy) -> Vec<TradeId> {
    const MEMBER: &[u8] = b"\"escrow\"";
    let text = slot.record.as_ref().and_then(|it| text(&it.body).ok());
    let text = text.filter(|text| text.windows(MEMBER.len()).any(|part| part == MEMBER));
    let whole = text.and_then(|text| serde_json::from_slice::<Value>(&text).ok());
    let escrows = whole.and_then(|whole| whole.pointer(&format!("/{ENVELOPE}/escrow")).cloned());
    let escrows = escrows.as_ref().and_then(Value::as_array).into_iter();
    let trades = escrows
        .flatten()
        .map(|escrow| escrow["side"]["trade"].clone());
    trades
        .filter_map(|trade| serde_json::from_value(trade).ok())
        .collect()
}

/// Writes verdicts; another one that stands already is an error, for what the
/// record gets by the one is not what the other party got by the other.
pub(super) async fn write(
    desk: &Desk,
    player: &PlayerId,
    verdicts: &[(TradeId, Verdict)],
) -> Result<(), Failure> {
    for (trade, verdict) in verdicts {
        let decided = desk.backend.decide(*trade, *verdict);
        if desk.ask("write a verdict", decided).await? != *verdict {
            return Err(Failure::OtherVerdict(player.clone(), *trade));
        }
    }
    Ok(())
}
