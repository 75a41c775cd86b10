//! What guarded saves on DynamoDB are charged, beside unconditional puts.

use std::sync::Arc;

use tokio::runtime::Runtime;

use crate::{
    documents::Standard,
    guarded,
    limit::dynamodb::Items,
    report::{Aim, Row, Unit},
    store::dynamodb::DynamoDb,
};

/// The write units of a save of a document by this many players, and of putting
/// the very same items unconditionally.
///
/// # Panics
///
/// If the table can't be used.
#[must_use]
pub fn row(runtime: &Runtime, (standard, compressed): (Standard, bool), players: u64) -> Row {
    let bodies = Arc::new(standard.bodies(64, compressed));
    let (place, ours, limit) = runtime.block_on(async {
        let store = DynamoDb::create().await;
        let backend = store.backend();
        let open = guarded::open_slots(&backend, players).await;
        // The first writes on nothing, the second on a record.
        let (_, open) = guarded::save_all(&backend, open, &bodies, 1, 16).await;
        store.meter().take();
        guarded::save_all(&backend, open, &bodies, 1, 16).await;
        let charges = store.meter().take();
        let ours: f64 = charges.iter().map(|charge| charge.units).sum();
        let items = Items::of(&store).await;
        assert_eq!(items.len() as u64, players, "each has an item");
        let limit = items.charge_for_all().await;
        let place = store.place().to_owned();
        store.remove().await;
        (place, ours, limit)
    });
    let form = if compressed { " compressed" } else { "" };
    let each = |units: f64| units / players as f64;
    Row::measured(
        format!("DynamoDB: charge for a save of {}{form}", standard.name()),
        &format!("an unconditional `PutItem` of the same item, on {place}"),
        Unit::WriteUnits,
        [&[each(ours)], &[each(limit)]],
        Some(Aim::Exactly(1.0)),
    )
}
