//! Mailboxes as they are in Redis.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use playerdata_core::{
    PlayerId, SlotName,
    backend::{
        Backend, Effect, Erasure, ErrorKind, Letter, LetterPosition, MAX_LETTER_BYTES, MAX_LETTERS,
        Posting,
    },
};
use playerdata_redis::{RedisBackend, RedisOptions};
use support::{
    Plan, Proxy, RawSession, TestServer, connect, ids, letter, options, shared_cluster, unsettled,
};

/// A server for this test alone, and one player's mailbox on it.
struct Post {
    server: TestServer,
    options: RedisOptions,
    backend: RedisBackend,
    player: PlayerId,
    slot: SlotName,
}

impl Post {
    async fn start() -> Self {
        let server = TestServer::start(&[]).await;
        let options = options();
        let backend = connect(&[server.url()], &options).await;
        Self {
            server,
            options,
            backend,
            player: PlayerId::from(4711),
            slot: SlotName::new("Slot1").unwrap(),
        }
    }

    async fn post(&self, letter: &Letter) -> Posting {
        let posted = self.backend.post(&self.player, &self.slot, letter).await;
        posted.unwrap()
    }

    async fn discard(&self, letter: &Letter) {
        let (id, posting) = (&letter.id, letter.posting);
        let discarded = self.backend.discard(&self.player, &self.slot, id, posting);
        discarded.await.unwrap();
    }

    async fn settle(&self, letter: &Letter) {
        let (id, posting) = (&letter.id, letter.posting);
        let settled = self.backend.settle(&self.player, &self.slot, id, posting);
        settled.await.unwrap();
    }

    async fn waiting(&self) -> Vec<String> {
        let letters = self.backend.letters(&self.player, &self.slot, None, 1_000);
        let letters = letters.await.unwrap();
        ids(&letters).into_iter().map(str::to_owned).collect()
    }

    fn hash(&self) -> String {
        format!("{}:{{4711}}", self.options.namespace)
    }

    fn mailbox(&self) -> String {
        self.hash() + ":Slot1:mail"
    }

    async fn field(&self, field: &str) -> Option<String> {
        self.server.ask(&["HGET", &self.mailbox(), field]).await
    }

    async fn set(&self, field: &str, value: &str) {
        let command = ["HSET", &self.mailbox(), field, value];
        self.server.ask::<()>(&command).await;
    }

    /// Has the memory of an id end in the past.
    async fn age(&self, id: &str) {
        let field = format!("id:{id}");
        let state = self.field(&field).await.unwrap();
        let (state, until) = state.rsplit_once(' ').unwrap();
        assert!(until.parse::<u64>().is_ok(), "{until}");
        self.set(&field, &format!("{state} 1")).await;
    }
}

fn is_posted(posting: &Posting) -> bool {
    matches!(posting, Posting::Posted { .. })
}

/// Whether the letter counts that was posted first.
fn is_known_as(posting: &Posting, first: &Letter) -> bool {
    matches!(posting, Posting::AlreadyPosted { posting, .. } if *posting == first.posting)
}

#[tokio::test]
async fn m1_m4_a_full_mailbox_of_the_longest_letters_is_read_in_pages() {
    let post = Post::start().await;
    let content = vec![b'"'; MAX_LETTER_BYTES];
    for number in 0..MAX_LETTERS {
        let letter = letter(&format!("n{number}"), content.clone());
        assert!(is_posted(&post.post(&letter).await), "{number}");
    }
    assert_eq!(post.post(&letter("more", "{}")).await, Posting::Full);
    let again = post.post(&letter("n17", "{}")).await;
    assert!(
        matches!(again, Posting::AlreadyPosted { .. }),
        "also in a full mailbox: {again:?}"
    );

    let (mut after, mut read) = (None, 0);
    loop {
        let page = post.backend.letters(&post.player, &post.slot, after, 64);
        let page = page.await.unwrap();
        for waiting in &page {
            assert_eq!(waiting.letter.id.as_str(), format!("n{read}"));
            assert_eq!(waiting.letter.content, content);
            read += 1;
        }
        let Some(last) = page.last() else { break };
        after = Some(last.position);
    }
    assert_eq!(read, MAX_LETTERS);
    assert_eq!(post.waiting().await.len(), MAX_LETTERS);
    let none = post.backend.letters(
        &post.player,
        &post.slot,
        Some(LetterPosition::new(u64::MAX)),
        usize::MAX,
    );
    assert_eq!(none.await.unwrap(), []);
}

#[tokio::test]
async fn m1_whoever_posts_is_told_who_holds_the_player() {
    let post = Post::start().await;
    let first = letter("1", "{}");
    assert_eq!(post.post(&first).await, Posting::Posted { holder: None });
    // The mail came before the player did.
    let game = RawSession::start(&post.backend, "4711").await;
    let holder = post.backend.holder(&game.claim.player).await.unwrap();
    assert_eq!(holder.as_ref().unwrap().session, game.id());
    let posting = first.posting;
    let again = post.post(&first).await;
    let holder = || holder.clone();
    assert_eq!(
        again,
        Posting::AlreadyPosted {
            posting,
            holder: holder()
        }
    );
    let second = post.post(&letter("2", "{}")).await;
    assert_eq!(second, Posting::Posted { holder: holder() });
    // Mail is not a slot, nor a claim on one.
    assert_eq!(post.backend.list(&game.claim.player).await.unwrap(), []);
    game.release(&post.backend).await;
    assert_eq!(post.waiting().await, ["1", "2"]);
}

#[tokio::test]
async fn m1_names_are_exact() {
    let post = Post::start().await;
    let odd = "mail:slot:*?[x]\\\"'%s";
    post.post(&letter(odd, "\"odd\"")).await;
    for alike in [
        "MAIL:slot:*?[x]\\\"'%s",
        "mail:slot:*?[x]\\\"'%ss",
        "order",
        "last",
    ] {
        assert!(is_posted(&post.post(&letter(alike, "{}")).await), "{alike}");
    }
    assert_eq!(post.waiting().await[0], odd);
    // A slot that is named as what slots have beside their value.
    let slot = SlotName::new("mail").unwrap();
    let mut game = RawSession::of("4711").in_slot(slot.as_str());
    game.take(&post.backend, None).await;
    game.open(&post.backend).await;
    game.save(&post.backend, "a value").await;
    let letters = post.backend.letters(&post.player, &slot, None, 10).await;
    assert_eq!(letters.unwrap(), []);
    assert_eq!(game.stored(&post.backend).await.as_deref(), Some("a value"));
}

#[tokio::test]
async fn m2_an_id_is_remembered_by_the_servers_clock_and_then_taken_again() {
    let post = Post::start().await;
    let first = letter("1", "\"first\"");
    post.post(&first).await;
    post.discard(&first).await;
    let state = post.field("id:1").await.unwrap();
    let until: u64 = state.rsplit_once(' ').unwrap().1.parse().unwrap();
    let (seconds, _): (u64, u64) = post.server.ask(&["TIME"]).await;
    let days = (until / 1_000 - seconds + 60) / (24 * 60 * 60);
    assert_eq!(days, 30, "{state}");
    let late = post.post(&first).await;
    assert!(is_known_as(&late, &first), "{late:?}");
    let other = post.post(&letter("1", "\"other\"")).await;
    assert!(is_known_as(&other, &first), "{other:?}");
    assert_eq!(post.waiting().await, Vec::<String>::new());

    post.age("1").await;
    let again = letter("1", "\"again\"");
    assert!(is_posted(&post.post(&again).await));
    // What is late of the first one leaves it.
    post.discard(&first).await;
    post.settle(&first).await;
    assert_eq!(post.waiting().await, ["1"]);
    // And its place in the queue of ids to forget is its no more.
    post.discard(&again).await;
    post.discard(&again).await;
    let late = post.post(&first).await;
    assert!(is_known_as(&late, &again), "{late:?}");
}

#[tokio::test]
async fn m2_p2_an_unsettled_id_is_remembered_for_ever_and_a_settled_one_for_a_time() {
    let post = Post::start().await;
    let [early, late] = [unsettled("early"), unsettled("late")];
    for letter in [&early, &late] {
        post.post(letter).await;
    }
    post.settle(&early).await;
    assert_eq!(post.waiting().await, ["early", "late"]);
    for letter in [&early, &late] {
        post.discard(letter).await;
        assert!(is_known_as(&post.post(letter).await, letter));
    }
    let state = post.field("id:late").await.unwrap();
    assert!(state.ends_with(" unsettled"), "{state}");
    post.settle(&late).await;
    for letter in [early, late] {
        assert!(is_known_as(&post.post(&letter).await, &letter));
        post.age(letter.id.as_str()).await;
        assert!(is_posted(&post.post(&letter).await));
    }
}

#[tokio::test]
async fn m2_ids_whose_time_is_over_are_forgotten_in_steps() {
    let post = Post::start().await;
    for number in 0..100 {
        let letter = letter(&format!("n{number}"), "{}");
        post.post(&letter).await;
        post.discard(&letter).await;
    }
    let mailbox = post.mailbox();
    let fields = async || post.server.ask::<usize>(&["HLEN", &mailbox]).await;
    assert_eq!(fields().await, 203, "two for each, and three counters");
    for number in 0..99 {
        post.age(&format!("n{number}")).await;
    }
    let mut last = fields().await;
    for number in 0..10 {
        let letter = letter(&format!("m{number}"), "{}");
        post.post(&letter).await;
        let now = fields().await;
        assert!(
            last - now.min(last) <= 32,
            "{last} to {now}: a step is small"
        );
        post.discard(&letter).await;
        last = fields().await;
    }
    // Of the first hundred one is left, and the ten that came after it.
    assert_eq!(fields().await, 2 * 11 + 4);
    assert!(post.field("id:n98").await.is_none());
    assert!(post.field("id:n99").await.is_some());
}

#[tokio::test]
async fn m6_erasing_a_player_takes_mail_and_its_memory_along() {
    let post = Post::start().await;
    let [waiting, discarded, other] = ["waiting", "discarded", "other"].map(|id| letter(id, "{}"));
    for letter in [&waiting, &discarded] {
        post.post(letter).await;
    }
    post.discard(&discarded).await;
    let slot = SlotName::new("Slot2").unwrap();
    post.backend
        .post(&post.player, &slot, &other)
        .await
        .unwrap();
    let mut game = RawSession::start(&post.backend, "4711").await;
    game.save(&post.backend, "saved").await;
    let held = post.backend.erase(&post.player).await.unwrap();
    assert!(matches!(held, Erasure::Locked { .. }));
    assert_eq!(post.waiting().await, ["waiting"]);
    game.release(&post.backend).await;

    assert_eq!(
        post.backend.erase(&post.player).await.unwrap(),
        Erasure::Erased
    );
    let keys: Vec<String> = post.server.ask(&["KEYS", "*"]).await;
    assert_eq!(keys, [post.hash()]);
    let fields: Vec<String> = post.server.ask(&["HKEYS", &post.hash()]).await;
    assert_eq!(fields, ["fence"]);

    // The same id, posted after the erasure, is another letter.
    let again = letter("waiting", "{}");
    assert!(is_posted(&post.post(&again).await));
    assert!(is_posted(&post.post(&discarded).await));
    post.discard(&waiting).await;
    post.settle(&waiting).await;
    assert_eq!(post.waiting().await, ["waiting", "discarded"]);
}

/// Nothing but mail is known of the player: neither a lock nor a fence was.
#[tokio::test]
async fn m6_l3_who_only_ever_got_mail_is_erased_and_has_a_fence_that_grows() {
    let post = Post::start().await;
    post.post(&letter("1", "{}")).await;
    assert_eq!(
        post.backend.erase(&post.player).await.unwrap(),
        Erasure::Erased
    );
    let scans: String = post.server.ask(&["INFO", "commandstats"]).await;
    assert!(!scans.contains("cmdstat_scan:"), "the player is known");
    assert_eq!(post.waiting().await, Vec::<String>::new());
    let mut game = RawSession::of("4711");
    let first = game.take(&post.backend, None).await;
    game.release(&post.backend).await;
    assert!(RawSession::of("4711").take(&post.backend, None).await > first);
}

#[tokio::test]
async fn m6_what_a_lost_hash_does_not_list_is_found_and_erased() {
    let post = Post::start().await;
    post.post(&letter("1", "{}")).await;
    let slot = SlotName::new("Slot2").unwrap();
    post.backend
        .post(&post.player, &slot, &letter("2", "{}"))
        .await
        .unwrap();
    post.server.ask::<()>(&["DEL", &post.hash()]).await;
    // Nothing of the mail is lost with it.
    assert_eq!(post.waiting().await, ["1"]);
    let listed: String = post.server.ask(&["HGET", &post.hash(), "mail:Slot1"]).await;
    assert_eq!(listed, "1");
    assert_eq!(
        post.backend.erase(&post.player).await.unwrap(),
        Erasure::Erased
    );
    let keys: Vec<String> = post.server.ask(&["KEYS", "*:mail"]).await;
    assert_eq!(keys, Vec::<String>::new());
}

#[tokio::test]
async fn m1_s13_a_mailbox_that_is_damaged_is_an_error_and_stays() {
    let post = Post::start().await;
    let letters = [letter("1", "{}"), letter("2", "{}")];
    for letter in &letters {
        post.post(letter).await;
    }
    let read = async || {
        post.backend
            .letters(&post.player, &post.slot, None, 10)
            .await
    };
    let good = post.field("letter:1").await.unwrap();
    let state = post.field("id:1").await.unwrap();
    for (field, bad) in [
        ("order", "1 b "),
        ("letter:1", "pl2 what a later version writes\n"),
        ("letter:1", good.trim_end_matches('}')),
        ("id:1", "junk"),
        ("id:1", &state.replace("timed", "for a while")),
    ] {
        let before = post.field(field).await.unwrap();
        post.set(field, bad).await;
        let error = read().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{field} {bad}: {error}");
        assert_eq!(error.effect(), Effect::None);
        assert!(error.to_string().contains("4711/Slot1"), "{error}");
        assert_eq!(post.field(field).await.as_deref(), Some(bad));
        post.set(field, &before).await;
    }
}

#[tokio::test]
async fn m1_s13_a_mailbox_that_is_gone_or_replaced_is_no_empty_one() {
    let post = Post::start().await;
    let letters = [letter("1", "{}"), letter("2", "{}")];
    for letter in &letters {
        post.post(letter).await;
    }
    let read = async || {
        let letters = post.backend.letters(&post.player, &post.slot, None, 10);
        letters.await
    };
    post.set("id:2", "junk").await;
    let (id, posting) = (&letters[1].id, letters[1].posting);
    for outcome in [
        post.backend
            .post(&post.player, &post.slot, &letters[1])
            .await
            .map(|_| ()),
        post.backend
            .discard(&post.player, &post.slot, id, posting)
            .await,
        post.backend
            .settle(&post.player, &post.slot, id, posting)
            .await,
    ] {
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Corrupt);
    }
    post.server
        .ask::<()>(&["SET", &post.mailbox(), "another program's"])
        .await;
    assert_eq!(read().await.unwrap_err().kind(), ErrorKind::Corrupt);
    let value: String = post.server.ask(&["GET", &post.mailbox()]).await;
    assert_eq!(value, "another program's");
    // A mailbox where letters waited is not empty.
    post.server.ask::<()>(&["DEL", &post.mailbox()]).await;
    assert_eq!(read().await.unwrap_err().kind(), ErrorKind::Corrupt);
    let posted = post
        .backend
        .post(&post.player, &post.slot, &letters[0])
        .await;
    assert_eq!(posted.unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(
        post.backend.erase(&post.player).await.unwrap(),
        Erasure::Erased
    );
    assert_eq!(read().await.unwrap(), []);
}

/// What is stored today, byte for byte.
#[tokio::test]
async fn m1_a_mailbox_of_before_is_read() {
    const POSTING: &str = "0197f7a2-5c1e-4c6a-9d0e-0b6f0a1b2c3d";
    let post = Post::start().await;
    post.server
        .ask::<()>(&["HSET", &post.hash(), "fence", "7", "mail:Slot1", "1"])
        .await;
    for (field, value) in [
        ("order", "12 "),
        ("last", "12"),
        (
            "letter:12",
            &format!("pl1 gift:9 {POSTING} 1732388000000 8 12\nthe shop{{\"gold\": 50}}"),
        ),
        ("id:gift:9", &format!("waiting 12 {POSTING} until-settled")),
        ("queued", "1"),
        ("queue:1", "gift:8"),
        ("id:gift:8", &format!("past 1 {POSTING} 9732388000000")),
        ("id:gift:7", &format!("past - {POSTING} unsettled")),
    ] {
        post.set(field, value).await;
    }
    let letters = post
        .backend
        .letters(&post.player, &post.slot, None, 10)
        .await
        .unwrap();
    let [waiting] = letters.as_slice() else {
        panic!("{letters:?}")
    };
    assert_eq!(waiting.position.get(), 12);
    let expected = Letter {
        posting: POSTING.parse().unwrap(),
        sent_at: playerdata_core::UnixMillis::new(1_732_388_000_000),
        content: "{\"gold\": 50}".into(),
        ..unsettled("gift:9")
    };
    assert_eq!(waiting.letter, expected);
    for id in ["gift:7", "gift:8", "gift:9"] {
        let known = post.post(&letter(id, "{}")).await;
        assert!(is_known_as(&known, &expected), "{id}: {known:?}");
    }
    assert!(is_posted(&post.post(&letter("gift:10", "{}")).await));
    assert_eq!(post.waiting().await, ["gift:9", "gift:10"]);
}

#[tokio::test]
async fn m1_m2_a_lost_answer_is_an_error_and_asking_again_changes_nothing() {
    let post = Post::start().await;
    let proxy = Proxy::to(post.server.port()).await;
    let far = connect(&[proxy.url()], &post.options).await;
    let sent = letter("lost-answer", "{}");
    // The server knows the scripts, and the proxy sees the id in what is sent.
    post.post(&letter("other", "{}")).await;
    post.discard(&letter("other", "{}")).await;
    proxy.plan_for("lost-answer", Plan::CutAfter);
    let error = far.post(&post.player, &post.slot, &sent).await.unwrap_err();
    assert_eq!(error.effect(), Effect::Possible, "{error}");
    assert!(proxy.is_done());
    let again = far.post(&post.player, &post.slot, &sent).await.unwrap();
    assert!(is_known_as(&again, &sent), "{again:?}");
    assert_eq!(post.waiting().await, ["other", "lost-answer"]);

    proxy.plan_for("lost-answer", Plan::CutAfter);
    let discarded = far
        .discard(&post.player, &post.slot, &sent.id, sent.posting)
        .await;
    assert_eq!(discarded.unwrap_err().effect(), Effect::Possible);
    let discarded = far
        .discard(&post.player, &post.slot, &sent.id, sent.posting)
        .await;
    discarded.unwrap();
    // One that is on its way for long lands on nothing.
    proxy.plan_for("lost-answer", Plan::Delay);
    far.post(&post.player, &post.slot, &sent).await.unwrap_err();
    proxy.deliver().await;
    assert_eq!(post.waiting().await, ["other"]);
}

#[tokio::test]
async fn m1_m6_mail_works_on_every_node_of_a_cluster() {
    let backend = connect(&shared_cluster().await, &options()).await;
    let slot = SlotName::new("Slot1").unwrap();
    for player in 0..20 {
        let player = PlayerId::from(player);
        let letters = [letter("1", "{}"), unsettled("2")];
        for letter in &letters {
            let posted = backend.post(&player, &slot, letter).await.unwrap();
            assert!(is_posted(&posted));
        }
        let [first, second] = &letters;
        backend
            .discard(&player, &slot, &first.id, first.posting)
            .await
            .unwrap();
        backend
            .settle(&player, &slot, &second.id, second.posting)
            .await
            .unwrap();
        let waiting = backend.letters(&player, &slot, None, 10).await.unwrap();
        assert_eq!(ids(&waiting), ["2"]);
        assert_eq!(backend.erase(&player).await.unwrap(), Erasure::Erased);
        let waiting = backend.letters(&player, &slot, None, 10).await.unwrap();
        assert_eq!(ids(&waiting), Vec::<&str>::new());
    }
}

/// A server without room refuses new mail, and takes what makes room.
#[tokio::test]
async fn m1_m2_without_room_mail_is_refused_and_what_waits_can_be_discarded() {
    let post = Post::start().await;
    let first = letter("1", "{}");
    post.post(&first).await;
    post.server
        .ask::<()>(&["CONFIG", "SET", "maxmemory", "1"])
        .await;
    let posted = post
        .backend
        .post(&post.player, &post.slot, &letter("2", "{}"))
        .await;
    let error = posted.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert_eq!(error.effect(), Effect::None, "{error}");
    assert_eq!(post.waiting().await, ["1"]);
    post.discard(&first).await;
    assert_eq!(post.waiting().await, Vec::<String>::new());
}
