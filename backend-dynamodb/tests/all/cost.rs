//! What operations cost: as DynamoDB charges them, and in calls.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::time::Duration;

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use playerdata_core::{
    PlayerId, Revision,
    backend::{
        Acquisition, Backend, Body, MAX_LETTER_BYTES, MAX_NOTICES, Notification, Party, Verdict,
    },
};
use playerdata_dynamodb::DynamoDbBackend;
use playerdata_dynamodb_emulator::{Charge, Meter};
use support::{wire::Wire, *};

const KIB: usize = 1024;

/// Bodies of these sizes, and the write units of an item with such a body:
/// one for each KiB begun, and a little more than the body is in the item.
const SIZES: [(usize, f64); 4] = [(346, 1.0), (KIB, 2.0), (4 * KIB, 5.0), (60 * KIB, 61.0)];

/// A backend whose calls are metered and counted.
fn metered(store: &Store) -> (DynamoDbBackend, Meter, Wire) {
    let (meter, wire) = (Meter::default(), Wire::new());
    let config = store.config(&wire).interceptor(meter.clone()).build();
    let backend = DynamoDbBackend::from_config(config, store.options()).unwrap();
    (backend, meter, wire)
}

/// A body that neither the emulator nor anybody else can make smaller.
fn body_of(bytes: usize) -> Body {
    body(
        (0..bytes)
            .map(|at| (at * 31 % 251) as u8)
            .collect::<Vec<_>>(),
    )
}

fn charge(operation: &'static str, units: f64) -> Charge {
    Charge { operation, units }
}

#[tokio::test]
async fn a_save_is_one_call_charged_exactly_like_an_unconditional_put_of_the_same_item() {
    let store = Store::open().await;
    let (backend, meter, wire) = metered(&store);
    let client = sdk_client(&store, &meter);
    let player = player("p");
    acquired(&backend, &player, &claimant(1), None).await;
    for (bytes, units) in SIZES {
        let claim = claim(&player, 1, &format!("s{bytes}"), 1);
        opened(&backend, &claim).await;
        // The first on nothing, the next ones on a record of the same size.
        for base in 0..3 {
            meter.take();
            wire.plan(|_, _| wire::Fault::None);
            let saved = backend
                .save(&claim, &stamp(base, base.into()), &body_of(bytes))
                .await;
            assert_eq!(saved.unwrap(), written(base));
            assert_eq!(wire.operations(), ["PutItem"], "one call");
            let guarded = meter.take();

            let calls = wire.calls();
            let item = client
                .get_item()
                .table_name(&store.table)
                .key("pk", key_of(&calls[0].body, "pk"))
                .key("sk", key_of(&calls[0].body, "sk"))
                .consistent_read(true)
                .send()
                .await
                .unwrap()
                .item;
            meter.take();
            let plain = client.put_item().table_name(&store.table).set_item(item);
            plain.send().await.unwrap();
            assert_eq!(guarded, meter.take(), "{bytes} bytes on base {base}");
            assert_eq!(guarded, [charge("PutItem", units)]);
        }
    }
}

/// The SDK by itself, on the same meter.
fn sdk_client(store: &Store, meter: &Meter) -> Client {
    let config = store.config(&Wire::new()).interceptor(meter.clone());
    Client::from_conf(config.build())
}

/// A key attribute of the item that a call put.
fn key_of(body: &serde_json::Value, name: &str) -> AttributeValue {
    let text = body["Item"][name]["S"].as_str().unwrap();
    AttributeValue::S(text.to_owned())
}

#[tokio::test]
async fn the_life_of_a_session_is_charged_as_documented() {
    for (bytes, units) in SIZES {
        let store = Store::open().await;
        let (backend, meter, _) = metered(&store);
        let player = player("p");
        let server_1 = server(1);
        let read_units = (units / 4.0).ceil();
        let lease = Duration::from_secs(60);
        backend.renew_lease(&server_1, lease).await.unwrap();
        backend.renew_lease(&server_1, lease).await.unwrap();
        assert_eq!(
            meter.take(),
            ["Query", "UpdateItem", "Query", "UpdateItem"].map(|name| charge(name, 1.0)),
            "heartbeats"
        );

        acquired(&backend, &player, &claimant(1), None).await;
        assert_eq!(meter.take(), [charge("UpdateItem", 1.0)], "a start");
        let claim_1 = claim(&player, 1, "s", 1);
        opened(&backend, &claim_1).await;
        // The slot, and at the same time whether mail waits.
        let load = [
            charge("TransactWriteItems", 4.0),
            charge("GetItem", 1.0),
            charge("GetItem", 1.0),
        ];
        assert_eq!(meter.take(), load, "a first load");
        backend
            .save(&claim_1, &stamp(0, 1), &body_of(bytes))
            .await
            .unwrap();
        assert_eq!(meter.take(), [charge("PutItem", units)], "a save");
        backend.release(&player, session(1)).await.unwrap();
        let end = [1.0, units, 1.0].map(|units| charge("UpdateItem", units));
        assert_eq!(meter.take(), end, "an end");

        acquired(&backend, &player, &claimant(2), None).await;
        meter.take();
        let claim_2 = claim_now(&backend, &player, 2, "s", 1).await;
        meter.take();
        opened(&backend, &claim_2).await;
        let load = [
            charge("TransactWriteItems", 2.0 + 2.0 * units),
            charge("GetItem", read_units),
            charge("GetItem", 1.0),
        ];
        let mut charged = meter.take();
        // Whichever of the two is answered first.
        charged[1..].sort_by(|one, next| next.units.total_cmp(&one.units));
        assert_eq!(charged, load, "a load");
        backend.holder(&player).await.unwrap();
        backend.lease_is_live(&server_1).await.unwrap();
        assert_eq!(
            meter.take(),
            [charge("GetItem", 1.0), charge("GetItem", 1.0)],
            "a look at a server"
        );

        acquired(&backend, &player, &claimant(3), Some(session(2))).await;
        // The attempt to take it at once fails, and is charged one unit too.
        let take_over = [1.0, units, 1.0].map(|units| charge("UpdateItem", units));
        assert_eq!(meter.take(), take_over, "a take-over");
    }
}

#[tokio::test]
async fn everything_besides_is_charged_as_documented() {
    const SLOTS: [&str; 3] = ["one", "two", "three"];
    for (bytes, units) in SIZES {
        let store = Store::open().await;
        let (backend, meter, _) = metered(&store);
        let player = player("p");
        let read_units = (units / 4.0).ceil();
        let put = [charge("PutItem", units)];
        acquired(&backend, &player, &claimant(1), None).await;
        for (number, name) in (1..).zip(SLOTS) {
            let claim = claim(&player, 1, name, 1);
            opened(&backend, &claim).await;
            let (stamp, body) = (stamp(0, number), body_of(bytes));
            backend.save(&claim, &stamp, &body).await.unwrap();
        }
        meter.take();

        backend.view(&player, &slot("one")).await.unwrap();
        assert_eq!(meter.take(), [charge("GetItem", read_units)], "a view");
        backend.list(&player).await.unwrap();
        let list = meter.take();
        // The bytes of all slots together, in 4 KiB, one begun more at most.
        let [
            Charge {
                operation: "Query",
                units: query_units,
            },
        ] = list[..]
        else {
            panic!("a list: {list:?}");
        };
        let query = (units * 3.0 / 4.0).ceil();
        assert!((query - 1.0..=query).contains(&query_units), "{list:?}");
        let claim = claim(&player, 1, "three", 1);
        backend.delete(&claim, &stamp(1, 9)).await.unwrap();
        assert_eq!(meter.take(), put, "a deletion, by what was there");

        backend.release(&player, session(1)).await.unwrap();
        meter.take();
        backend.erase(&player).await.unwrap();
        let mut erasing = meter.take();
        let removals = erasing.split_off(4);
        assert_eq!(erasing[0], charge("GetItem", 1.0), "the lock");
        assert_eq!(erasing[1], charge("UpdateItem", 1.0), "the mark");
        let mail = charge("TransactWriteItems", 4.0);
        assert_eq!(erasing[2], mail, "the mark again, and the mail's");
        assert_eq!(erasing[3].operation, "Query");
        // The mark, the mail, a slot that was deleted before, and two that
        // were not.
        let removed = 2.0 * (1.0 + 1.0 + 1.0 + 2.0 * units);
        assert_eq!(removals, [charge("TransactWriteItems", removed)]);
    }
}

#[tokio::test]
async fn a_start_that_is_refused_is_one_call() {
    let store = Store::open().await;
    let (backend, _, wire) = metered(&store);
    acquired(&backend, &player("p"), &claimant(1), None).await;
    wire.plan(|_, _| wire::Fault::None);
    let refused = backend.acquire(&player("p"), &claimant(2), None).await;
    assert!(matches!(refused.unwrap(), Acquisition::Held { .. }));
    assert_eq!(wire.operations(), ["UpdateItem"]);
}

#[tokio::test]
async fn a_dead_server_that_had_loaded_nothing_is_taken_over_in_one_call() {
    let store = Store::open().await;
    let (backend, meter, wire) = metered(&store);
    acquired(&backend, &player("p"), &claimant(1), None).await;
    meter.take();
    wire.plan(|_, _| wire::Fault::None);
    acquired(&backend, &player("p"), &claimant(2), Some(session(1))).await;
    assert_eq!(wire.operations(), ["UpdateItem"]);
    assert_eq!(meter.take(), [charge("UpdateItem", 1.0)]);
}

#[tokio::test]
async fn the_thousandth_notice_costs_what_the_first_does_and_so_does_draining_it() {
    let store = Store::open().await;
    let (backend, meter, _) = metered(&store);
    let lease = Duration::from_secs(60);
    let (name, notice) = (server(1).name, support::scenes::notice());
    let (mut queued, mut drained) = (Vec::new(), Vec::new());
    for waiting in [1, 100, MAX_NOTICES] {
        for _ in 0..waiting {
            meter.take();
            let notification = backend.notify(&name, &notice).await.unwrap();
            assert_eq!(notification, Notification::Queued);
        }
        queued.push(meter.take());
        backend.renew_lease(&server(1), lease).await.unwrap();
        let renewal = meter.take();
        assert_eq!(renewal[1], charge("UpdateItem", 1.0), "the lease itself");
        let writes = renewal.iter().filter(|charge| charge.operation != "Query");
        drained.push(writes.map(|charge| charge.units).sum::<f64>() as usize);
    }
    let one = vec![charge("UpdateItem", 1.0); 2];
    assert_eq!(queued, [one.clone(), one.clone(), one]);
    // One for each, one to make room, one for the lease.
    assert_eq!(drained, [1, 100, MAX_NOTICES].map(|notices| notices + 2));
}

#[tokio::test]
async fn a_notice_leaves_the_partition_of_the_lease_alone() {
    let store = Store::open().await;
    let (backend, _, wire) = metered(&store);
    wire.plan(|_, _| wire::Fault::None);
    let notice = support::scenes::notice();
    backend.notify(&server(1).name, &notice).await.unwrap();
    for call in wire.calls() {
        assert_eq!(call.body["Key"]["pk"]["S"], "notices#server-1");
    }
}

#[tokio::test]
async fn a_load_is_two_round_trips_once_the_lock_is_held() {
    let store = Store::open().await;
    let (backend, _, wire) = metered(&store);
    let (player, claimant) = (player("p"), claimant(1));
    let fence = acquired(&backend, &player, &claimant, None).await;
    wire.plan(|_, _| wire::Fault::None);
    let claim = playerdata_core::backend::Claim {
        fence,
        ..claim(&player, 1, "s", 1)
    };
    opened(&backend, &claim).await;
    // The second trip asks at the same time whether mail waits.
    let sent = ["TransactWriteItems", "GetItem", "GetItem"];
    assert_eq!(wire.operations(), sent);
}

/// Contents of these sizes, and the write units of a letter with one.
const LETTERS: [(usize, f64); 3] = [(346, 1.0), (4 * KIB, 5.0), (MAX_LETTER_BYTES, 17.0)];

#[tokio::test]
async fn mail_is_charged_as_documented() {
    for (bytes, units) in LETTERS {
        let store = Store::open().await;
        let (backend, meter, _) = metered(&store);
        let (player, slot) = (player("p"), slot("s"));
        let mut letter = letter_until_settled("a", 1);
        letter.content = body_of(bytes).bytes;
        let moved = charge("TransactWriteItems", 4.0 + 2.0 * units);
        let read = charge("GetItem", 1.0);
        posted(&backend, &player, &slot, &letter).await;
        assert_eq!(meter.take(), [read, moved, read], "a post");
        letter.id = letter_id("b");
        posted(&backend, &player, &slot, &letter).await;
        assert_eq!(meter.take(), [read, moved, read], "a second one");
        let letters = waiting(&backend, &player, &slot).await;
        assert_eq!(letters.len(), 2);
        let [reading] = meter.take()[..] else {
            panic!("one call");
        };
        let query = (units * 2.0 / 4.0).ceil();
        assert_eq!(reading.operation, "Query");
        assert!(
            (query - 1.0..=query).contains(&reading.units),
            "{reading:?}"
        );

        backend
            .settle(&player, &slot, &letter.id, letter.posting)
            .await
            .unwrap();
        assert_eq!(meter.take(), [charge("UpdateItem", 1.0)], "a settlement");
        backend
            .discard(&player, &slot, &letter.id, letter.posting)
            .await
            .unwrap();
        assert_eq!(meter.take(), [read, moved], "a discard");
        // That an update of what waits fails first is charged one unit, too.
        backend
            .settle(&player, &slot, &letter.id, letter.posting)
            .await
            .unwrap();
        assert_eq!(
            meter.take(),
            [charge("UpdateItem", 1.0)],
            "a late settlement"
        );
    }
}

#[tokio::test]
async fn verdicts_are_charged_as_documented() {
    let store = Store::open().await;
    let (backend, meter, wire) = metered(&store);
    wire.plan(|_, _| wire::Fault::None);
    backend.decide(trade(1), Verdict::Commit).await.unwrap();
    assert_eq!(meter.take(), [charge("PutItem", 1.0)], "a decision");
    for party in [Party::First, Party::Second] {
        backend.forget_decision(trade(1), party).await.unwrap();
        assert_eq!(meter.take(), [charge("UpdateItem", 1.0)], "{party:?}");
    }
    let calls = ["PutItem", "UpdateItem", "UpdateItem", "UpdateItem"];
    assert_eq!(wire.operations(), calls, "one of them refused");
}

#[tokio::test]
async fn h1_h3_versions_are_charged_as_documented_and_a_load_that_keeps_none_writes_nothing() {
    for (bytes, units) in SIZES {
        let store = Store::open().await;
        let (backend, meter, _) = metered(&store);
        let claim = claim(&player("p"), 1, "s", 1);
        acquired(&backend, &claim.player, &claimant(1), None).await;
        opened(&backend, &claim).await;
        let read_units = (units / 4.0).ceil();
        let read = [charge("GetItem", 1.0), charge("GetItem", read_units)];
        meter.take();
        for base in 0..5 {
            let stamp = stamp(base, base.into());
            backend.save(&claim, &stamp, &body_of(bytes)).await.unwrap();
            let [saved] = meter.take()[..] else {
                panic!("one call");
            };
            if base > 0 {
                assert_eq!(saved, charge("PutItem", units), "a save beside versions");
            }
            backend.keep_version(&claim, KEEP_ALWAYS).await.unwrap();
            let mut keeping = meter.take();
            let oldest = if base < 3 { 0.0 } else { 2.0 * units };
            let written = charge("TransactWriteItems", 4.0 + 4.0 * units + oldest);
            assert_eq!(keeping.pop(), Some(written), "on {base}");
            keeping.sort_by(|one, other| one.units.total_cmp(&other.units));
            assert_eq!(keeping, read);

            backend.keep_version(&claim, KEEP_ALWAYS).await.unwrap();
            let nothing = meter.take();
            assert!(nothing.iter().all(|charge| charge.operation == "GetItem"));
            let sum: f64 = nothing.iter().map(|charge| charge.units).sum();
            assert_eq!((nothing.len(), sum), (3, 2.0 + read_units));
        }
        let (player, slot, revision) = (&claim.player, &claim.slot, Revision::new(5));
        backend.versions(player, slot).await.unwrap();
        backend
            .version(player, slot, revision)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(meter.take(), read, "looking at them");
    }
}

#[tokio::test]
async fn listing_the_players_is_charged_by_what_is_in_the_table() {
    let store = Store::open().await;
    let (backend, meter, _) = metered(&store);
    for number in 0..20 {
        let claim = claim(&PlayerId::from(number), 1, "s", 1);
        acquired(&backend, &claim.player, &claimant(1), None).await;
        opened(&backend, &claim).await;
        let saved = backend.save(&claim, &stamp(0, 1), &body_of(4 * KIB)).await;
        saved.unwrap();
    }
    meter.take();
    let mut after = None;
    loop {
        after = backend.players(after.as_ref(), 10).await.unwrap().next;
        if after.is_none() {
            break;
        }
    }
    let pages = meter.take();
    assert!(pages.iter().all(|page| page.operation == "Scan"));
    let sum: f64 = pages.iter().map(|page| page.units).sum();
    // 4.5 KiB each, and up to a unit that each page has begun.
    let at_least = 20.0 * 4.5 / 4.0;
    assert!(
        (at_least..at_least + pages.len() as f64 + 2.0).contains(&sum),
        "{sum}"
    );
}
