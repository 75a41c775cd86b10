//! Loads of what is there and can't be had: an error, and nothing is touched.

use std::convert::Infallible;

use playerdata_core::{
    Error, MigrationError, Migrations, PlayerId,
    backend::{Body, Encoding, Record},
};
use playerdata_faults::{Fault, When};
use serde_json::{Value, json};

use super::{expect_free, expect_gold, expect_saves, save_gold};
use crate::{
    Fixture, Rule,
    driver::{Client, World},
};

/// Stores a body, as another version of the game might have, and gives its
/// record.
async fn put(fixture: &Fixture, player: &PlayerId, schema: u32, bytes: &'static [u8]) -> Record {
    let [_, other] = fixture.servers();
    let session = other.join(player).await;
    let mut open = session.open(&fixture.slot()).await;
    let body = Body {
        schema,
        encoding: Encoding::Json,
        bytes: bytes.into(),
    };
    let record = open.save_as(&open.stamp(), &body).await;
    session.release().await;
    record
}

/// Requires that a record is as it was.
async fn expect_untouched(client: &Client, rule: Rule, player: &PlayerId, record: Record) {
    let world = client.world();
    let found = client.view(player, &world.slot()).await;
    world.expect_eq(rule, "the record", found, Some(record));
}

fn migrations(world: &World, steps: u32) -> Migrations {
    let builder = (1..=steps).fold(Migrations::builder(steps + 1), |builder, step| {
        builder.step(step, |document| {
            let level = document["Level"].as_u64().unwrap_or_default();
            document["Level"] = json!(level + 1);
            Ok::<_, Infallible>(())
        })
    });
    world.works(Rule::Fixture, "the steps are complete", builder.build())
}

/// A load that fails gives an error and no defaults, and the data stays as it
/// is: the next load has it.
///
/// Proves [S4](Rule::S4). A backend that fails it takes a player whose data
/// could not be read for a new one, and saves the defaults over what they had.
pub async fn a_load_that_fails_gives_no_defaults(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let player = fixture.player();
    let (session, slot) = a.play(&player).await;
    save_gold(&fixture, &slot, 7).await;
    a.end(&session).await;
    let [_, client] = fixture.clients();
    let Some(before) = client.view(&player, &fixture.slot()).await else {
        fixture.fail(Rule::S1, "what was saved is there");
    };
    for fault in [Fault::ErrorBefore, Fault::ErrorInDoubt, Fault::ErrorAfter] {
        let session = b.join(&player).await;
        b.inject(When::open(), fault);
        let failed = session.load_slot("Slot1").await;
        fixture.unavailable("the slot could not be loaded", failed);
        b.calm();
        expect_untouched(&client, Rule::S4, &player, before.clone()).await;
    }
    let (session, slot) = b.play(&player).await;
    expect_gold(&fixture, Rule::S4, "what was saved", &slot, 7);
    expect_saves(&fixture, Rule::S3, &slot, 8, 2).await;
    b.inject(When::open(), Fault::ErrorBefore);
    let failed = session.load_slot("Slot2").await;
    fixture.unavailable("a second slot could not be loaded", failed);
    expect_saves(&fixture, Rule::S4, &slot, 9, 3).await;
}

/// A body that can't be decoded is an error that has its bytes, and stays in
/// the store as it is; no lock is left, and the next who tries finds the same.
///
/// Proves [S5](Rule::S5) and [L8](Rule::L8). A backend that fails it mends what
/// it takes for text, and an operator has nothing to restore a player from.
pub async fn a_body_that_cannot_be_decoded_stays(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let [client, _] = fixture.clients();
    let bodies: [&'static [u8]; 5] = [
        b"{\"Currency\":",
        b"",
        b"\xff\xfe\0\x01",
        b"null",
        b"{\"Currency\":7}\0{\"Currency\":8}",
    ];
    for (player, bytes) in (1_u64..).map(PlayerId::from).zip(bodies) {
        let record = put(&fixture, &player, 1, bytes).await;
        for game in [&a, &b] {
            let session = game.join(&player).await;
            let failed = session.load_slot("Slot1").await;
            let what = format!("{:?} is not a document", bytes.escape_ascii().to_string());
            let found = fixture.refused(Rule::S5, &what, failed, |error| match error {
                Error::Undecodable { body, revision, .. } => Some((body.clone(), *revision)),
                _ => None,
            });
            fixture.expect_eq(
                Rule::S5,
                "its bytes",
                &found.0,
                &Box::new(record.body.clone()),
            );
            fixture.expect_eq(Rule::S5, "its revision", found.1, record.revision);
            game.end(&session).await;
            expect_free(&client, Rule::L8, &player).await;
        }
        expect_untouched(&client, Rule::S5, &player, record).await;
    }
}

/// A document of a newer schema than the game knows is refused, and stays in
/// the store as it is.
///
/// Proves [S6](Rule::S6) and [L8](Rule::L8). A backend that fails it lets a
/// server of last week's version save over what this week's has written.
pub async fn a_newer_schema_is_refused_untouched(fixture: Fixture) {
    let [client, other] = fixture.clients();
    let setup = client.game("server-a");
    let a = setup.migrations(migrations(&fixture, 1)).start().await;
    let player = fixture.player();
    for newer in [3, u32::MAX] {
        let record = put(&fixture, &player, newer, br#"{"Currency":7}"#).await;
        let session = a.join(&player).await;
        let failed = session.load_slot("Slot1").await;
        let found = fixture.refused(Rule::S6, "a newer schema", failed, |error| match error {
            Error::Migration { source, .. } => match **source {
                MigrationError::SchemaTooNew { found, .. } => Some(found),
                _ => None,
            },
            _ => None,
        });
        fixture.expect_eq(Rule::S6, "which", found, newer);
        a.end(&session).await;
        expect_untouched(&other, Rule::S6, &player, record).await;
        expect_free(&other, Rule::L8, &player).await;
    }
}

/// A document of an older schema is migrated when it is loaded and written back
/// by the next save; who loads it then migrates nothing.
///
/// Proves [S6](Rule::S6). A backend that fails it migrates a document once for
/// every time that it is loaded.
pub async fn an_older_schema_is_migrated_once(fixture: Fixture) {
    let [client_a, client_b] = fixture.clients();
    let player = fixture.player();
    let old = br#"{"Currency":7,"Level":1}"#;
    let record = put(&fixture, &player, 1, old).await;
    for (number, client) in [&client_a, &client_b, &client_a].into_iter().enumerate() {
        let setup = client.game(&format!("server-{number}"));
        let game = setup.migrations(migrations(&fixture, 2)).start().await;
        let session = game.join(&player).await;
        let slot = game.load(&session, "Slot1").await;
        if number == 0 {
            expect_untouched(client, Rule::S6, &player, record.clone()).await;
        }
        let level = fixture.works(Rule::S6, "a level", slot.get::<u64>("Level"));
        fixture.expect_eq(Rule::S6, "each step was taken once", level, 3);
        game.end(&session).await;
        let Some(stored) = client_b.view(&player, &fixture.slot()).await else {
            fixture.fail(Rule::S1, "what was saved is there");
        };
        let json: Value = serde_json::from_slice(&stored.body.bytes).unwrap_or_default();
        let found = (stored.body.schema, json["Level"].as_u64());
        fixture.expect_eq(Rule::S6, "what is stored", found, (3, Some(3)));
        fixture.expect_eq(Rule::S3, "written once", stored.revision.get(), 2);
    }
}
