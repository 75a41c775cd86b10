//! Records: bodies and what is stored with them, kept as they are.

use bytes::Bytes;
use playerdata_core::{
    SlotName, UnixMillis, WriteId,
    backend::{Acquisition, Body, Effect, Encoding, ErrorKind, Opening, Record, Stamp},
};
use uuid::Uuid;

use crate::{
    Fixture, Rule,
    driver::{Client, GameServer, RawSlot, body, name},
};

/// The largest body that cases write when a store takes larger ones.
const LARGE: usize = 1024 * 1024;

/// Bytes that neither repeat nor compress, so that none can be lost unseen.
fn noise(length: usize) -> Bytes {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ length as u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes.into()
}

/// Requires that a record is seen as it was saved: by viewing it through the
/// other client, and by opening it.
async fn expect_kept(fixture: &Fixture, b: &Client, open: &RawSlot, saved: &Record) {
    let claim = open.claim();
    let seen = b.view(&claim.player, &claim.slot).await;
    fixture.expect(
        Rule::Bodies,
        &format!(
            "a body of {} bytes is viewed as saved",
            saved.body.bytes.len()
        ),
        seen.as_ref() == Some(saved),
    );
    let again = open.through(b).try_open().await;
    let found = match again {
        Opening::Opened(opened) => opened.record,
        _ => None,
    };
    fixture.expect(
        Rule::Bodies,
        &format!(
            "a body of {} bytes is opened as saved",
            saved.body.bytes.len()
        ),
        found.as_ref() == Some(saved),
    );
}

/// The limit, if it is one that can be tried.
fn limit(fixture: &Fixture) -> usize {
    let limit = fixture.clients()[0].backend().limits().max_body_bytes;
    fixture.expect(
        Rule::S8,
        &format!("a limit between 1 KiB and 1 GiB, not {limit}"),
        (1_024..=1 << 30).contains(&limit),
    );
    limit
}

async fn open_slot(fixture: &Fixture, server: &GameServer) -> RawSlot {
    let session = server.join(&fixture.player()).await;
    session.open(&fixture.slot()).await
}

/// A body of no bytes is a record like any other, not the lack of one.
///
/// Proves the contract on bodies. A backend that fails it takes a player for
/// new whose data is there.
pub async fn a_body_of_no_bytes_is_a_record(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let mut open = open_slot(&fixture, &a).await;
    let saved = open.save("").await;
    expect_kept(&fixture, &b.client, &open, &saved).await;
    let listed = b.client.list(&fixture.player()).await;
    let sizes: Vec<_> = listed.iter().map(|slot| slot.body_bytes).collect();
    fixture.expect_eq(Rule::Bodies, "it is listed", sizes, vec![0]);
    let saved = open.save("no longer empty").await;
    expect_kept(&fixture, &b.client, &open, &saved).await;
    let saved = open.save("").await;
    expect_kept(&fixture, &b.client, &open, &saved).await;
}

/// Every byte value is kept, at either end and in the middle, with bytes that
/// are not text, line ends and whatever else a protocol could trip over.
///
/// Proves the contract on bodies. A backend that fails it cuts bodies at a
/// zero, or mends what it takes for text.
pub async fn every_byte_is_kept(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let mut open = open_slot(&fixture, &a).await;
    let up: Vec<u8> = (0..=u8::MAX).collect();
    let down: Vec<u8> = (0..=u8::MAX).rev().collect();
    let odd: [&'static [u8]; 8] = [
        b"\0",
        b"\xff\xfe",
        b"\r\n",
        b" padded ",
        b"null",
        b"\xed\xa0\x80",
        b"'\"\\%_{}",
        b"0",
    ];
    let bodies = [Bytes::from(up), down.into()]
        .into_iter()
        .chain(odd.map(Bytes::from_static));
    for bytes in bodies {
        let saved = open.save(bytes).await;
        expect_kept(&fixture, &b.client, &open, &saved).await;
    }
}

/// Bodies of many sizes are kept, larger after smaller and the other way
/// round.
///
/// Proves the contract on bodies. A backend that fails it leaves the rest of a
/// longer body behind a shorter one, or breaks at the size of a page, a buffer
/// or a packet.
pub async fn bodies_of_many_sizes_are_kept(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let mut open = open_slot(&fixture, &a).await;
    let limit = limit(&fixture);
    for around in [2, 128, 512, 1_024, 4_096, 16_384, 65_536] {
        for length in [around - 1, around, around + 1, 1] {
            if length <= limit {
                let saved = open.save(noise(length)).await;
                expect_kept(&fixture, &b.client, &open, &saved).await;
            }
        }
    }
}

/// The largest body is kept: as large as the limit, or 1 MiB if the limit is
/// above that. Any slot may have one.
///
/// Proves [S8](Rule::S8) and the contract on bodies. A backend that fails it
/// promises a limit that it does not keep: a player's inventory grows until
/// nothing can be saved any more.
pub async fn the_largest_body_is_kept(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let limit = limit(&fixture);
    let session = a.join(&fixture.player()).await;
    let longest_name = name(&"s".repeat(SlotName::MAX_BYTES));
    for slot in [fixture.slot(), longest_name] {
        let mut open = session.open(&slot).await;
        for _ in 0..2 {
            let saved = open.save(noise(limit.min(LARGE))).await;
            expect_kept(&fixture, &b.client, &open, &saved).await;
        }
    }
}

/// A body over the limit is refused as too large, certainly without an
/// effect: the record stays, and so does the claim.
///
/// Proves [S8](Rule::S8). A backend that fails it cuts data off, loses the
/// slot, or leaves its server in doubt about what is stored.
pub async fn a_body_over_the_limit_changes_nothing(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let limit = limit(&fixture);
    let mut open = open_slot(&fixture, &a).await;
    let small = open.save("small").await;
    let length = limit + 1;
    // Zeroes cost no memory until somebody reads them.
    let large = body(vec![0; length]);
    let backend = a.client.backend();
    match backend.save(open.claim(), &open.stamp(), &large).await {
        Err(error) => {
            fixture.expect_eq(Rule::S8, "the kind", error.kind(), ErrorKind::TooLarge);
            fixture.expect_eq(Rule::S8, "the effect", error.effect(), Effect::None);
        }
        Ok(outcome) => fixture.fail(
            Rule::S8,
            &format!("{length} bytes are over the limit of {limit}: {outcome:?}"),
        ),
    }
    expect_kept(&fixture, &b.client, &open, &small).await;
    open.save("the claim is alive").await;
}

/// The limit is one that a process can try, the same through both clients,
/// and does not change.
///
/// Proves [S8](Rule::S8). A backend that fails it names a limit that its store
/// does not have, and documents are refused by surprise.
pub async fn the_limit_is_one_that_can_be_tried(fixture: Fixture) {
    let clients = fixture.clients();
    let limits = clients.each_ref().map(|client| client.backend().limits());
    fixture.expect_eq(Rule::S8, "one limit for all", limits[0], limits[1]);
    limit(&fixture);
    let mut open = open_slot(&fixture, &fixture.servers()[0]).await;
    open.save("data").await;
    let later = clients[0].backend().limits();
    fixture.expect_eq(Rule::S8, "constant", later, limits[0]);
}

/// What is stored with a body is kept: encoding, schema, write id and time,
/// at the ends of what they can be.
///
/// Proves the contract on bodies. A backend that fails it makes a record
/// unreadable, which is then an error at every load.
pub async fn what_comes_with_a_body_is_kept(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let mut open = open_slot(&fixture, &a).await;
    let end_of_year_9999 = 253_402_300_799_999;
    for (write_id, at, schema, encoding) in [
        (Uuid::nil(), 0, 0, Encoding::Json),
        (Uuid::from_u128(1), 1, 1, Encoding::JsonZstd),
        (Uuid::max(), end_of_year_9999, u32::MAX, Encoding::JsonZstd),
    ] {
        let stamp = Stamp {
            base: open.base(),
            write_id: WriteId::from_uuid(write_id),
            at: UnixMillis::new(at),
        };
        let body = Body {
            schema,
            encoding,
            bytes: Bytes::from_static(b"{}"),
        };
        let saved = open.save_as(&stamp, &body).await;
        expect_kept(&fixture, &b.client, &open, &saved).await;
        let listed = b.client.list(&fixture.player()).await;
        let listed: Vec<_> = listed
            .iter()
            .map(|slot| (slot.schema, slot.saved_at))
            .collect();
        fixture.expect_eq(Rule::Bodies, "as listed", listed, vec![(schema, stamp.at)]);
    }
}

/// A save whose clock is behind that of the last one is written like any
/// other.
///
/// Proves [L10](Rule::L10). A backend that fails it decides by clocks which
/// write wins, and a server whose clock was set back loses what it saves.
pub async fn a_save_with_an_earlier_time_is_written(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let mut open = open_slot(&fixture, &a).await;
    for at in [9_000_000_000_000, 5, 0] {
        let stamp = Stamp {
            at: UnixMillis::new(at),
            ..open.stamp()
        };
        let saved = open.save_as(&stamp, &body(format!("at {at}"))).await;
        expect_kept(&fixture, &b.client, &open, &saved).await;
    }
}

/// A session whose server's clock is behind takes over like any other.
///
/// Proves [L10](Rule::L10). A backend that fails it decides by clocks who holds
/// a player.
pub async fn a_claimant_with_an_earlier_time_takes_over(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let old = a.join(&player).await;
    let mut claimant = b.claimant();
    claimant.at = UnixMillis::new(1);
    let taken = b.client.acquire(&player, &claimant, Some(old.id())).await;
    let is_later = matches!(
        taken,
        Acquisition::Acquired { fence } if fence > old.fence()
    );
    fixture.expect(Rule::L10, "the lock is taken over", is_later);
    let lock = a.client.holder(&player).await;
    let since = lock.map(|lock| lock.since);
    fixture.expect_eq(Rule::L10, "as it was told", since, Some(claimant.at));
    let late = a.client.open(&old.next_claim(&slot)).await;
    let lost = matches!(late, Opening::Lost { .. });
    fixture.expect(Rule::L10, "the old session is lost", lost);
}
