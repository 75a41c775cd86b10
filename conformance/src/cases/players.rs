//! Listing all players.

use std::collections::BTreeSet;

use playerdata_core::{
    PlayerId,
    backend::{Effect, ErrorKind, KeepPolicy, Keeping, PlayersCursor},
};

use crate::{
    Fixture, Rule,
    driver::{Client, GameServer, name},
};

/// More pages than a listing of the few players of a case takes.
const MAX_PAGES: usize = 20_000;

/// A listing that goes on page by page, each through the other client.
struct Listing<'a> {
    fixture: &'a Fixture,
    limit: usize,
    pages: usize,
    next: Option<PlayersCursor>,
    seen: BTreeSet<PlayerId>,
}

impl<'a> Listing<'a> {
    fn new(fixture: &'a Fixture, limit: usize) -> Self {
        Self {
            fixture,
            limit,
            pages: 0,
            next: None,
            seen: BTreeSet::new(),
        }
    }

    /// Reads a page; false after the last one.
    async fn page(&mut self) -> bool {
        let clients = self.fixture.clients();
        let client = &clients[self.pages % 2];
        // Through its text, as by a program that is started again.
        let after = self.next.take();
        let after = after.map(|after| PlayersCursor::new(after.as_str().to_owned()));
        let page = client.players(after.as_ref(), self.limit).await;
        let bounded = page.players.len() <= self.limit;
        let what = format!("a page has at most {} players", self.limit);
        self.fixture.expect(Rule::Players, &what, bounded);
        self.seen.extend(page.players);
        self.next = page.next;
        self.pages += 1;
        let ends = self.pages < MAX_PAGES;
        self.fixture
            .expect(Rule::Players, "a listing comes to its end", ends);
        self.next.is_some()
    }

    async fn rest(mut self) -> BTreeSet<PlayerId> {
        while self.page().await {}
        self.seen
    }
}

/// Requires that just these are listed, in pages of any size.
async fn expect_listed(fixture: &Fixture, when: &str, players: &[PlayerId]) {
    let expected: BTreeSet<_> = players.iter().cloned().collect();
    for limit in [2, 1_000] {
        let found = Listing::new(fixture, limit).rest().await;
        fixture.expect_eq(Rule::Players, when, found, expected.clone());
    }
}

async fn save(server: &GameServer, player: &PlayerId) {
    let session = server.join(player).await;
    let slot = server.client.world().slot();
    session.open(&slot).await.save("data").await;
    session.release().await;
}

fn numbered(numbers: std::ops::Range<u64>) -> Vec<PlayerId> {
    numbers.map(PlayerId::from).collect()
}

/// A store of nobody lists nobody, however large a page may be.
///
/// Proves the contract on listings. A backend that fails it can't be moved
/// into, or lists things of its own.
pub async fn nobody_is_listed_in_an_empty_store(fixture: Fixture) {
    for limit in [1, 10, usize::MAX] {
        let found = Listing::new(&fixture, limit).rest().await;
        fixture.expect_eq(Rule::Players, "nobody", found, BTreeSet::new());
    }
}

/// Everybody who has a record is listed, in pages of any size, each read
/// through another client from where the last one ended.
///
/// Proves the contract on listings. A backend that fails it leaves players
/// behind when the game moves to another store: those on the edge of a page.
pub async fn everybody_with_a_record_is_listed(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let players = numbered(0..60);
    for (number, player) in players.iter().enumerate() {
        save(if number % 2 == 0 { &a } else { &b }, player).await;
    }
    let expected: BTreeSet<_> = players.iter().cloned().collect();
    for limit in [7, 20, 30, 59, 60, 61, 1_000, usize::MAX] {
        let found = Listing::new(&fixture, limit).rest().await;
        let what = format!("in pages of {limit}");
        fixture.expect_eq(Rule::Players, &what, found, expected.clone());
    }
}

/// One player at a time, everybody is listed, and the listing comes to an end.
///
/// Proves the contract on listings. A backend that fails it goes round in
/// circles, or takes an empty page for the last one.
pub async fn everybody_is_listed_one_by_one(fixture: Fixture) {
    let [a, _] = fixture.servers();
    let players = numbered(0..40);
    for player in &players {
        save(&a, player).await;
    }
    let found = Listing::new(&fixture, 1).rest().await;
    let expected = players.into_iter().collect();
    fixture.expect_eq(Rule::Players, "one by one", found, expected);
}

/// Whoever has only a letter, or only a version, is listed too.
///
/// Proves the contract on listings. A backend that fails it leaves gifts behind
/// when the game moves, or a character that was deleted by mistake.
pub async fn who_has_mail_or_a_version_only_is_listed(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let slot = fixture.slot();
    let [mail, unsettled, version, record] =
        ["mail", "unsettled", "version", "record"].map(name::<PlayerId>);
    a.client.send(&mail, &slot, &fixture.letter("1", "5")).await;
    let letter = fixture.unsettled_letter("1", "5");
    b.client.send(&unsettled, &slot, &letter).await;
    let session = a.join(&version).await;
    let mut open = session.open(&slot).await;
    open.save("data").await;
    let policy = KeepPolicy {
        most: 1,
        min_age: std::time::Duration::ZERO,
    };
    let kept = b.client.keep_version(open.claim(), policy).await;
    let revision = open.base();
    fixture.expect_eq(Rule::H1, "kept", kept, Keeping::Kept { revision });
    open.delete().await;
    session.release().await;
    save(&b, &record).await;
    let all = [mail, unsettled, version, record];
    expect_listed(&fixture, "all of them", &all).await;
}

/// Whoever never had anything is not listed: nobody knows them, or they were
/// only held, or opened a slot, or asked for what they don't have.
///
/// Proves the contract on listings. A backend that fails it moves a million
/// players who never played.
pub async fn who_never_had_anything_is_not_listed(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let slot = fixture.slot();
    let [held, opened, left, asked, record] =
        ["held", "opened", "left", "asked", "record"].map(name::<PlayerId>);
    a.join(&held).await;
    a.join(&opened).await.open(&slot).await;
    let session = b.join(&left).await;
    session.open(&slot).await;
    session.release().await;
    for client in fixture.clients() {
        client.view(&asked, &slot).await;
        client.holder(&asked).await;
        client.letters(&asked, &slot, None, 1).await;
        client.versions(&asked, &slot).await;
        client
            .take_out(&asked, &slot, &fixture.letter("1", "5"))
            .await;
        client.erase(&asked).await;
    }
    b.client
        .renew_lease(&b.id, std::time::Duration::from_secs(60))
        .await;
    expect_listed(&fixture, "nobody", &[]).await;
    save(&a, &record).await;
    expect_listed(&fixture, "the one who has", &[record]).await;
}

/// Whoever was erased is not listed, and is again when they have come back.
///
/// Proves the contract on listings. A backend that fails it shows that somebody
/// was here who has the right to be forgotten.
pub async fn who_was_erased_is_not_listed(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let slot = fixture.slot();
    let players = numbered(0..9);
    for player in &players {
        save(&a, player).await;
        let letters = [fixture.letter("1", "5"), fixture.letter("2", "5")];
        for letter in &letters {
            b.client.send(player, &slot, letter).await;
        }
        b.client.take_out(player, &slot, &letters[0]).await;
    }
    for gone in &players[3..] {
        a.client.erase(gone).await;
    }
    expect_listed(&fixture, "those who stay", &players[..3]).await;
    save(&b, &players[5]).await;
    let back = [&players[..3], &players[5..6]].concat();
    expect_listed(&fixture, "who has come back", &back).await;
}

/// Ids of every kind are listed as they are.
///
/// Proves the contract on names. A backend that fails it lists players whom
/// nobody can find.
pub async fn odd_players_are_listed_as_they_are(fixture: Fixture) {
    let [a, _] = fixture.servers();
    let longest = "p".repeat(PlayerId::MAX_BYTES);
    let odd = [
        "1",
        "01",
        "1.0",
        "alice",
        "ALICE",
        "a:b",
        "a::b",
        "a/b",
        "a\\b",
        "a\\\\b",
        "a%3Ab",
        "*",
        "[a-z]",
        "?",
        "%",
        "'",
        "\"",
        "player:1:Slot1",
        "mail",
        "lock",
        "~",
        "!",
        &longest,
    ];
    let players: Vec<PlayerId> = odd.into_iter().map(name).collect();
    for player in &players {
        save(&a, player).await;
        a.client
            .send(player, &fixture.slot(), &fixture.letter("1", "5"))
            .await;
    }
    expect_listed(&fixture, "as they are", &players).await;
    let found = Listing::new(&fixture, 1).rest().await;
    let expected = players.into_iter().collect();
    fixture.expect_eq(Rule::Players, "one by one", found, expected);
}

/// Players come and go between two pages of a listing: whoever is there from
/// the first page to the last is in it.
///
/// Proves the contract on listings. A backend that fails it counts from the
/// beginning: whoever goes takes another one out of the listing.
pub async fn who_is_there_throughout_a_listing_is_listed(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let stay = numbered(0..30);
    let mut go = numbered(100..120);
    for (stays, goes) in stay.iter().zip(go.iter().chain(&stay)) {
        save(&a, goes).await;
        if !stay.contains(goes) {
            save(&b, stays).await;
        }
    }
    for player in &stay {
        let session = a.join(player).await;
        session.open(&fixture.slot()).await.save("stays").await;
        session.release().await;
    }
    let mut listing = Listing::new(&fixture, 3);
    let mut come = 200;
    while listing.page().await {
        if let Some(gone) = go.pop() {
            b.client.erase(&gone).await;
        }
        // A hundred are enough: a listing need not end while more come for
        // ever.
        if come < 300 {
            save(&a, &PlayerId::from(come)).await;
            come += 1;
        }
    }
    let missing: Vec<_> = stay
        .iter()
        .filter(|player| !listing.seen.contains(*player))
        .collect();
    fixture.expect_eq(Rule::Players, "missing", missing, Vec::new());
}

/// Sessions begin, save, take over and end between two pages: everybody is
/// listed, and nobody is disturbed.
///
/// Proves the contract on listings. A backend that fails it misses those who
/// play, or throws them out.
pub async fn who_plays_during_a_listing_is_listed(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let slot = fixture.slot();
    let players = numbered(0..24);
    let mut open = Vec::new();
    for player in &players {
        let session = a.join(player).await;
        let mut slot = session.open(&slot).await;
        slot.save("data").await;
        open.push((session, slot));
    }
    let mut listing = Listing::new(&fixture, 2);
    let mut turn = 0;
    while listing.page().await {
        let turns = open.len();
        let (session, playing) = &mut open[turn % turns];
        playing.save("it goes on").await;
        if turn < turns * 3 {
            // Now taken over, now released and taken.
            let player = playing.claim().player.clone();
            let next = if turn % 2 == 0 {
                b.take_over(&player, session.id()).await
            } else {
                session.release().await;
                a.join(&player).await
            };
            let mut slot = next.open(&slot).await;
            slot.save("another session").await;
            open[turn % turns] = (next, slot);
        }
        turn += 1;
    }
    let expected: BTreeSet<_> = players.into_iter().collect();
    fixture.expect_eq(Rule::Players, "everybody", listing.seen, expected);
    for (_, playing) in &mut open {
        playing.save("undisturbed").await;
    }
}

/// A player of many slots, letters and versions is one player, and a listing
/// that comes to an end.
///
/// Proves the contract on listings. A backend that fails it gives a page of one
/// player for each of their letters.
pub async fn a_player_of_many_things_is_one_player(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let player = fixture.player();
    let session = a.join(&player).await;
    for number in 0..12 {
        let slot = name(&format!("Slot{number}"));
        let mut open = session.open(&slot).await;
        let policy = KeepPolicy {
            most: 4,
            min_age: std::time::Duration::ZERO,
        };
        for round in 0..4 {
            open.save(format!("round {round}")).await;
            a.client.keep_version(open.claim(), policy).await;
            let letter = fixture.letter(&round.to_string(), "5");
            b.client.send(&player, &slot, &letter).await;
        }
    }
    save(&b, &name("another")).await;
    expect_listed(&fixture, "two of them", &[player, name("another")]).await;
}

async fn expect_refused(fixture: &Fixture, client: &Client, text: &str) {
    let cursor = PlayersCursor::new(text);
    let answer = client.backend().players(Some(&cursor), 10).await;
    match answer {
        Err(error) => {
            let found = (error.kind(), error.effect());
            let expected = (ErrorKind::Rejected, Effect::None);
            fixture.expect_eq(Rule::Players, "refused", found, expected);
        }
        Ok(page) => {
            let what = format!("{text:?} is not a cursor of this store, but: {page:?}");
            fixture.fail(Rule::Players, &what);
        }
    }
}

/// A cursor that the store did not make is refused.
///
/// Proves the contract on listings. A backend that fails it begins somewhere,
/// or ends at once: a move that is taken up again leaves players behind.
pub async fn a_foreign_cursor_is_refused(fixture: Fixture) {
    let [a, b] = fixture.servers();
    for player in numbered(0..5) {
        save(&a, &player).await;
    }
    for text in ["", "no cursor of this store", "🐢", "\0", "-", ":::", "{}"] {
        expect_refused(&fixture, &a.client, text).await;
        expect_refused(&fixture, &b.client, text).await;
    }
    expect_listed(&fixture, "all of them", &numbered(0..5)).await;
}
