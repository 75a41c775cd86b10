//! What game code pays for reading and changing a document in memory.
//!
//! `cargo bench -p playerdata-benches -- document/`
//!
//! `slot` is the call that game code makes: it takes the slot's lock, and a
//! change queues the slot for the next autosave. `document` is the same on a
//! `Document` by itself. Beside them the least that there is: a JSON value
//! changed in place, and a bare map of quantities. The inventory is also
//! beside the original's, which searches its list.

use std::{hint::black_box, sync::Arc};

use criterion::{BatchSize, Criterion};
use indexmap::IndexMap;
use playerdata_benches::{
    harness::{self, Group},
    original,
};
use playerdata_core::{Document, OnConflict, Session, SessionManager, Settings, Slot};
use playerdata_memory::MemoryBackend;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

/// How many items the inventories have.
const SIZES: [usize; 3] = [10, 300, 10_000];

/// What is measured, by how its names begin.
pub(crate) const GROUPS: &[Group] = &[
    ("document/attributes", attributes),
    ("document/inventory lookup", lookup),
    ("document/inventory add and remove", add),
    ("document/inventory new and last of its kind", add_new),
    ("document/copy", copy),
];

/// A document with this many items, as large as they make it.
fn with_items(items: usize) -> Document {
    let mut document = Document::standard();
    for number in document.inventory().len()..items {
        let added = document.inventory_mut().add(&name(number), 1);
        added.expect("the names differ");
    }
    document
}

fn name(number: usize) -> String {
    format!("Item number {number:05}")
}

/// A slot that is open in a session of its own, and never saved meanwhile.
struct OpenSlot {
    slot: Slot<Document>,
    _session: Session<Document>,
    _manager: SessionManager<Document>,
    _runtime: Runtime,
}

impl OpenSlot {
    fn with(items: usize) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("the system has room for a runtime");
        let mut settings = Settings::default();
        settings.max_document_bytes = 4 << 20; // 10 000 items are more than usual
        let (slot, session, manager) = runtime.block_on(async {
            let backend = Arc::new(MemoryBackend::new());
            let builder = SessionManager::typed(backend, move |_| with_items(items));
            let manager = builder.settings(settings).start().await;
            let manager = manager.expect("memory is there");
            let session = manager.start_session_with(1_u64, OnConflict::Fail).await;
            let session = session.expect("nobody else holds the player");
            let slot = session.load_slot("Slot1").await.expect("the slot is new");
            (slot, session, manager)
        });
        Self {
            slot,
            _session: session,
            _manager: manager,
            _runtime: runtime,
        }
    }
}

fn attributes(criterion: &mut Criterion) {
    for items in SIZES {
        let open = OpenSlot::with(items);
        let slot = &open.slot;
        let mut document = with_items(items);
        let mut json = document.to_json();

        let mut group = harness::group(
            criterion,
            &format!("document/attributes/get/{items:05} items"),
        );
        group.bench_function("slot", |b| {
            b.iter(|| slot.get::<u64>(black_box("Currency")));
        });
        group.bench_function("document", |b| {
            b.iter(|| document.get::<u64>(black_box("Currency")));
        });
        group.bench_function("limit: JSON value", |b| {
            b.iter(|| json[black_box("Currency")].as_u64());
        });
        group.finish();

        let mut group = harness::group(
            criterion,
            &format!("document/attributes/set/{items:05} items"),
        );
        let mut to = 0_u64;
        let mut next = || {
            to += 1;
            to
        };
        group.bench_function("slot", |b| {
            b.iter(|| slot.set(black_box("Currency"), next()));
        });
        group.bench_function("document", |b| {
            b.iter(|| document.set(black_box("Currency"), next()));
        });
        group.bench_function("limit: JSON value", |b| {
            b.iter(|| json[black_box("Currency")] = next().into());
        });
        group.finish();

        let mut group = harness::group(
            criterion,
            &format!("document/attributes/increment/{items:05} items"),
        );
        group.bench_function("slot", |b| {
            b.iter(|| slot.increment(black_box("Currency"), 1));
        });
        group.bench_function("document", |b| {
            b.iter(|| document.increment(black_box("Currency"), 1));
        });
        group.bench_function("limit: JSON value", |b| {
            b.iter(|| {
                let currency = &mut json[black_box("Currency")];
                *currency = (currency.as_u64().unwrap_or_default() + 1).into();
            });
        });
        group.finish();
    }
}

/// Quantities by name and nothing else.
fn quantities(document: &Document) -> IndexMap<String, u64> {
    let items = document.inventory().iter();
    items
        .map(|item| (item.name().to_owned(), item.quantity()))
        .collect()
}

/// How many there are of the last item.
fn lookup(criterion: &mut Criterion) {
    for items in SIZES {
        let open = OpenSlot::with(items);
        let document = with_items(items);
        let (map, json) = (quantities(&document), document.to_json());
        let last = name(items - 1);
        let name = format!("document/inventory lookup/{items:05} items");
        let mut group = harness::group(criterion, &name);
        group.bench_function("slot", |b| {
            b.iter(|| open.slot.count_item(black_box(&last)));
        });
        group.bench_function("document", |b| {
            b.iter(|| document.inventory().count(black_box(&last)));
        });
        group.bench_function("limit: map", |b| b.iter(|| map.get(black_box(&last))));
        group.bench_function("original: search of the list", |b| {
            b.iter(|| original::find_item(&json, black_box(&last)).map(|item| &item["Quantity"]));
        });
        group.finish();
    }
}

/// More of an item that is there, and the same taken away again.
fn add(criterion: &mut Criterion) {
    for items in SIZES {
        let open = OpenSlot::with(items);
        let mut document = with_items(items);
        let mut map = quantities(&document);
        let last = name(items - 1);
        let name = format!("document/inventory add and remove/{items:05} items");
        let mut group = harness::group(criterion, &name);
        group.bench_function("slot", |b| {
            b.iter(|| {
                let added = open.slot.add_item(black_box(&last), 2);
                (added, open.slot.remove_item(black_box(&last), 2))
            });
        });
        group.bench_function("document", |b| {
            b.iter(|| {
                let inventory = document.inventory_mut();
                let added = inventory.add(black_box(&last), 2);
                (added, inventory.remove(black_box(&last), 2))
            });
        });
        group.bench_function("limit: map", |b| {
            b.iter(|| {
                if let Some(quantity) = map.get_mut(black_box(&last)) {
                    *quantity += 2;
                }
                if let Some(quantity) = map.get_mut(black_box(&last)) {
                    *quantity -= 2;
                }
            });
        });
        group.finish();
    }
}

/// A new item put at the end, and the first one taken from the front: order
/// is kept, so everything behind it moves up.
fn add_new(criterion: &mut Criterion) {
    for items in SIZES {
        let mut document = with_items(items);
        let mut map = quantities(&document);
        let name = format!("document/inventory new and last of its kind/{items:05} items");
        let mut group = harness::group(criterion, &name);
        let bread = "Bread";
        group.bench_function("document", |b| {
            b.iter(|| {
                let inventory = document.inventory_mut();
                let held = inventory.count(black_box(bread));
                (inventory.remove(bread, held), inventory.add(bread, held))
            });
        });
        group.bench_function("limit: map", |b| {
            b.iter(|| {
                let held = map.shift_remove(black_box(bread));
                map.insert(bread.to_owned(), held.unwrap_or_default())
            });
        });
        group.finish();
    }
}

/// The copy that the first change makes while a save has the document.
fn copy(criterion: &mut Criterion) {
    for items in SIZES {
        let document = with_items(items);
        let json = document.to_json();
        let mut group = harness::group(criterion, &format!("document/copy/{items:05} items"));
        group.bench_function("document", |b| {
            b.iter_batched(
                || (),
                |()| black_box(&document).clone(),
                BatchSize::LargeInput,
            );
        });
        group.bench_function("original: JSON value", |b| {
            b.iter_batched(
                || (),
                |()| Value::clone(black_box(&json)),
                BatchSize::LargeInput,
            );
        });
        group.finish();
    }
}
