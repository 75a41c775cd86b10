//! Two or three operations on one player with a dozen slots, at the same time:
//! whatever they were answered fits together, and is how things are.
//!
//! Nobody looks by opening the slots: an opening of the new session would kill
//! the claims that were left alive.

use futures::{FutureExt, future::BoxFuture};
use playerdata_core::{
    PlayerId, Revision, SessionId, SlotName,
    backend::{
        Acquisition, Body, Claim, Claimant, Erasure, Lock, Opened, Opening, Record, Release, Stamp,
        WriteOutcome,
    },
};

use crate::{
    Fixture, Rule,
    driver::{Client, GameServer, RawSession, RawSlot, body, name, together},
};

/// How often each is tried, on a player of its own.
const ROUNDS: usize = 12;

/// Enough for an operation that comes among others to meet some of them
/// before, some after, and some in the middle.
const SLOTS: usize = 12;

/// What is done at the same time. Those on slots are done on many of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    /// The session opens its slots again.
    Open,
    /// The session saves; half of its slots, if it deletes the others.
    Save,
    /// The session deletes; half of its slots, if it saves the others.
    Delete,
    /// The session is released.
    Release,
    /// Another session replaces it.
    TakeOver,
    /// Another session asks for the player.
    Acquire,
    /// The player is erased.
    Erase,
}

/// What was in the slots when an ending or a request had returned.
type Seen = Vec<Option<Record>>;

/// The outcome of a call.
enum Done {
    Opened(usize, Claim, Opening),
    Wrote(usize, Option<Record>, WriteOutcome),
    Released(Release, Seen),
    Acquired(GameServer, Claimant, Acquisition, Seen),
    Erased(Erasure),
}

/// A player whose session has all slots open, with a record in each.
struct Scene {
    player: PlayerId,
    old: RawSession,
    open: Vec<RawSlot>,
    records: Vec<Record>,
    held: bool,
}

fn slot(number: usize) -> SlotName {
    name(&format!("Slot{number}"))
}

async fn scene(fixture: &Fixture, player: PlayerId, held: bool) -> Scene {
    let [a, b] = fixture.servers();
    let old = a.join(&player).await;
    let opening = (0..SLOTS).map(|number| {
        let old = old.through(if number % 2 == 0 {
            &a.client
        } else {
            &b.client
        });
        async move {
            let mut open = old.open(&slot(number)).await;
            let record = open.save(format!("old {number}")).await;
            (open, record)
        }
    });
    let (open, records) = together(opening).await.into_iter().unzip();
    if !held {
        old.release().await;
    }
    Scene {
        player,
        old,
        open,
        records,
        held,
    }
}

impl Scene {
    /// The calls of an act.
    fn calls(&self, fixture: &Fixture, acts: &[Act], act: Act) -> Vec<BoxFuture<'static, Done>> {
        let [a, b] = fixture.servers();
        let slots = (0..SLOTS).filter(|number| match act {
            Act::Save if acts.contains(&Act::Delete) => number % 2 == 0,
            Act::Delete if acts.contains(&Act::Save) => number % 2 == 1,
            _ => true,
        });
        let client = |number: usize| [&a, &b][number % 2].client.clone();
        match act {
            Act::Open => slots
                .map(|number| self.opening(client(number), number))
                .collect(),
            Act::Save | Act::Delete => slots
                .map(|number| self.write(client(number + 1), number, act == Act::Save))
                .collect(),
            _ => vec![self.whole(b, act)],
        }
    }

    fn opening(&self, client: Client, number: usize) -> BoxFuture<'static, Done> {
        let claim = self.old.next_claim(&slot(number));
        async move {
            let opening = client.open(&claim).await;
            Done::Opened(number, claim, opening)
        }
        .boxed()
    }

    fn write(&self, client: Client, number: usize, saves: bool) -> BoxFuture<'static, Done> {
        let open = self.open[number].through(&client);
        let (stamp, body) = (open.stamp(), body(format!("new {number}")));
        async move {
            if saves {
                let outcome = client.save(open.claim(), &stamp, &body).await;
                Done::Wrote(number, Some(record(&stamp, body)), outcome)
            } else {
                let outcome = client.delete(open.claim(), &stamp).await;
                Done::Wrote(number, None, outcome)
            }
        }
        .boxed()
    }

    /// The call of an act on the player as a whole.
    fn whole(&self, server: GameServer, act: Act) -> BoxFuture<'static, Done> {
        let (player, old) = (self.player.clone(), self.old.id());
        let replacing = (act == Act::TakeOver).then_some(old);
        async move {
            let client = server.client.clone();
            match act {
                Act::Release => {
                    let released = client.release(&player, old).await;
                    Done::Released(released, look(&client, &player).await)
                }
                Act::Erase => Done::Erased(client.erase(&player).await),
                _ => {
                    let claimant = server.claimant();
                    let outcome = client.acquire(&player, &claimant, replacing).await;
                    let seen = look(&client, &player).await;
                    Done::Acquired(server, claimant, outcome, seen)
                }
            }
        }
        .boxed()
    }
}

/// Looks at the slots without opening them.
async fn look(client: &Client, player: &PlayerId) -> Seen {
    let mut seen = Vec::new();
    for number in 0..SLOTS {
        seen.push(client.view(player, &slot(number)).await);
    }
    seen
}

fn record(stamp: &Stamp, body: Body) -> Record {
    Record {
        revision: stamp.base.next(),
        write_id: stamp.write_id,
        saved_at: stamp.at,
        body,
    }
}

/// Does all of it at once, many times, and requires that it fits together.
async fn at_once(fixture: &Fixture, rule: Rule, held: bool, acts: &[Act]) {
    for round in 0..ROUNDS {
        let what = format!("{acts:?} {held}").to_lowercase();
        let what: String = what.chars().filter(char::is_ascii_alphanumeric).collect();
        let player = name(&format!("{what}-{round}"));
        let scene = scene(fixture, player, held).await;
        let (mut many, mut one) = (Vec::new(), Vec::new());
        for act in acts {
            let calls = scene.calls(fixture, acts, *act);
            if calls.len() > 1 {
                many.push(calls);
            } else {
                one.extend(calls);
            }
        }
        // Slot by slot, and what concerns all of them in another place among
        // them each time.
        let mut calls: Vec<_> = interleaved(many);
        for (number, call) in one.into_iter().enumerate() {
            let place = (round * 5 + number * 3) % (calls.len() + 1);
            calls.insert(place, call);
        }
        let done = together(calls).await;
        let ending = Ending::new(fixture, &scene, acts, &done).await;
        ending.expect_answers_fit(fixture, rule, &done);
        ending.expect_records_fit(fixture, rule, &done).await;
        ending.expect_claims_fit(fixture, rule, &done).await;
    }
}

fn interleaved<T>(lists: Vec<Vec<T>>) -> Vec<T> {
    let mut lists: Vec<_> = lists.into_iter().map(Vec::into_iter).collect();
    let mut all = Vec::new();
    loop {
        let before = all.len();
        all.extend(lists.iter_mut().filter_map(Iterator::next));
        if all.len() == before {
            return all;
        }
    }
}

/// How things are when all calls have returned.
struct Ending<'a> {
    scene: &'a Scene,
    acts: &'a [Act],
    holder: Option<Lock>,
    /// Those who were told that they got the player, in order of their fences.
    winners: Vec<(GameServer, RawSession)>,
    released: usize,
    erased: bool,
}

impl<'a> Ending<'a> {
    async fn new(fixture: &Fixture, scene: &'a Scene, acts: &'a [Act], done: &[Done]) -> Self {
        let mut winners = Vec::new();
        for done in done {
            if let Done::Acquired(server, claimant, Acquisition::Acquired { fence }, _) = done {
                let session = RawSession::new(
                    server.client.clone(),
                    scene.player.clone(),
                    claimant.clone(),
                    *fence,
                );
                winners.push((server.clone(), session));
            }
        }
        winners.sort_by_key(|(_, session)| session.fence());
        let is_released = |done: &&Done| matches!(done, Done::Released(Release::Released, _));
        let is_erased = |done: &Done| matches!(done, Done::Erased(Erasure::Erased));
        Self {
            scene,
            acts,
            holder: fixture.clients()[0].holder(&scene.player).await,
            winners,
            released: done.iter().filter(is_released).count(),
            erased: done.iter().any(is_erased),
        }
    }

    fn keeps(&self) -> bool {
        self.holder.as_ref().map(|lock| lock.session) == Some(self.scene.old.id())
    }

    /// The answers on the player as a whole.
    fn expect_answers_fit(&self, fixture: &Fixture, rule: Rule, done: &[Done]) {
        let first = self.scene.held && self.released == 0 && self.winners.is_empty();
        let last = self.winners.last().map(|(_, session)| session.lock());
        let expected = last.or(first.then(|| self.scene.old.lock()));
        fixture.expect_eq(rule, "the holder", self.holder.clone(), expected);
        let asked = |act| self.acts.contains(&act);
        let taken_once = self.winners.len() <= 1;
        fixture.expect(Rule::L1, "one session gets the player", taken_once);
        fixture.expect(Rule::L6, "released at most once", self.released <= 1);
        let ends = self.scene.held && (asked(Act::Release) || asked(Act::TakeOver));
        let ended = self.released + self.winners.len() > 0;
        fixture.expect(rule, "whoever ends the session is told so", ended || !ends);
        let unheld = !self.scene.held || self.released == 1;
        let what = "a held player is not erased";
        fixture.expect(Rule::Erasure, what, unheld || !self.erased);
        let mut sessions: Vec<SessionId> = self
            .winners
            .iter()
            .map(|(_, session)| session.id())
            .collect();
        sessions.push(self.scene.old.id());
        for done in done {
            let told = match done {
                Done::Acquired(_, _, Acquisition::Held { holder }, _)
                | Done::Erased(Erasure::Locked { holder }) => Some(holder.session),
                _ => None,
            };
            let known = told.is_none_or(|session| sessions.contains(&session));
            fixture.expect(rule, "who is told holds the player, or did", known);
        }
    }

    /// What is in the slots, by what their writes were answered.
    async fn expect_records_fit(&self, fixture: &Fixture, rule: Rule, done: &[Done]) {
        let mut expected: Seen = self.scene.records.iter().cloned().map(Some).collect();
        let mut revisions = [Revision::new(1); SLOTS];
        for done in done {
            if let Done::Wrote(number, record, outcome) = done {
                if let WriteOutcome::Written { revision } = outcome {
                    revisions[*number] = *revision;
                    expected[*number].clone_from(record);
                } else {
                    self.expect_refusal_fits(fixture, rule, outcome);
                }
            }
        }
        for done in done {
            if let Done::Opened(number, _, Opening::Opened(Opened { revision, .. })) = done {
                let what = format!("what was found in slot {number} is final");
                fixture.expect_eq(Rule::S2, &what, *revision, revisions[*number]);
            }
        }
        if self.erased {
            expected.fill(None);
        }
        self.expect_seen(fixture, rule, &expected).await;
        self.expect_final(fixture, rule, done, &expected);
    }

    /// What was there when the session was ended, or another one had the
    /// player: nobody wrote after that but who was late.
    fn expect_final(&self, fixture: &Fixture, rule: Rule, done: &[Done], now: &Seen) {
        let erases = self.acts.contains(&Act::Erase);
        for done in done {
            let then = match done {
                Done::Released(Release::Released, seen) if !erases => seen,
                Done::Acquired(_, _, Acquisition::Acquired { .. }, seen) => seen,
                _ => continue,
            };
            let what = "nothing lands after the call that ended the session";
            fixture.expect(rule, what, then == now);
        }
    }

    fn expect_refusal_fits(&self, fixture: &Fixture, rule: Rule, outcome: &WriteOutcome) {
        let ends = [Act::Release, Act::TakeOver];
        let ended = ends.iter().any(|act| self.acts.contains(act)) || !self.scene.held;
        let reopened = self.acts.contains(&Act::Open);
        let allowed = match outcome {
            WriteOutcome::Written { .. } => true,
            WriteOutcome::Lost { .. } => ended,
            WriteOutcome::Overtaken => reopened,
        };
        let what = format!("no reason to refuse a write: {outcome:?}");
        fixture.expect(rule, &what, allowed);
    }

    async fn expect_seen(&self, fixture: &Fixture, rule: Rule, expected: &[Option<Record>]) {
        let [a, _] = fixture.clients();
        for (number, expected) in expected.iter().enumerate() {
            let seen = a.view(&self.scene.player, &slot(number)).await;
            let what = format!("slot {number} is as the writes were answered");
            fixture.expect_eq(rule, &what, seen.as_ref(), expected.as_ref());
        }
    }

    /// Which claims are alive, shown by saving under them.
    async fn expect_claims_fit(&self, fixture: &Fixture, rule: Rule, done: &[Done]) {
        let [a, b] = fixture.clients();
        let mut newest: Vec<_> = self.scene.open.iter().map(RawSlot::claim).collect();
        let mut claims = newest.clone();
        for done in done {
            if let Done::Opened(number, claim, Opening::Opened(_)) = done {
                newest[*number] = claim;
                claims.push(claim);
            }
        }
        if self.keeps() {
            claims = newest;
        }
        for (number, claim) in claims.into_iter().enumerate() {
            let seen = a.view(&claim.player, &claim.slot).await;
            let base = match &seen {
                Some(record) => record.revision,
                None if self.erased => Revision::default(),
                None => Revision::new(2),
            };
            let client = [&a, &b][number % 2];
            let outcome = client
                .save(claim, &fixture.stamp(base), &body("afterwards"))
                .await;
            if self.keeps() {
                let revision = base.next();
                let written = WriteOutcome::Written { revision };
                fixture.expect_eq(rule, "the session goes on", outcome, written);
            } else {
                let holder = self.holder.clone();
                let lost = WriteOutcome::Lost { holder };
                fixture.expect_eq(rule, "no claim is left alive", outcome, lost);
                let after = a.view(&claim.player, &claim.slot).await;
                fixture.expect_eq(rule, "nothing was written", after, seen);
            }
        }
        self.expect_next_works(fixture).await;
    }

    /// Whoever has the player now can open and save.
    async fn expect_next_works(&self, fixture: &Fixture) {
        if self.keeps() {
            return;
        }
        let next = match self.winners.last() {
            Some((_, session)) => session.clone(),
            None => fixture.servers()[1].join(&self.scene.player).await,
        };
        for number in [0, SLOTS - 1] {
            next.open(&slot(number))
                .await
                .save("the next session")
                .await;
        }
    }
}

/// A session opens its slots while another one replaces it: no claim that it
/// makes outlives its lock.
///
/// Proves [L4](Rule::L4). A backend that fails it reads the lock without
/// keeping it: a claim of the session that has just lost the player lives
/// beside the new holder, and its saves land on theirs.
pub async fn openings_beside_a_take_over_leave_no_claim(fixture: Fixture) {
    at_once(&fixture, Rule::L4, true, &[Act::Open, Act::TakeOver]).await;
}

/// A session opens its slots while it is released: no claim that it makes
/// outlives its lock.
///
/// Proves [L5](Rule::L5). A backend that fails it lets the last autosave of a
/// player who left land on what their next server saves.
pub async fn openings_beside_a_release_leave_no_claim(fixture: Fixture) {
    at_once(&fixture, Rule::L5, true, &[Act::Open, Act::Release]).await;
}

/// A session saves many slots while another one replaces it: what was
/// acknowledged is there, what was refused is not, and no claim is left.
///
/// Proves [L4](Rule::L4) and [S1](Rule::S1). A backend that fails it refuses a
/// save that lands, or withdraws claims while it still lets saves through.
pub async fn saves_beside_a_take_over_count_or_are_refused(fixture: Fixture) {
    at_once(&fixture, Rule::L4, true, &[Act::Save, Act::TakeOver]).await;
}

/// The same with a release in the place of the take-over.
///
/// Proves [L5](Rule::L5) and [S1](Rule::S1). A backend that fails it lets a
/// save through after the player was free.
pub async fn saves_beside_a_release_count_or_are_refused(fixture: Fixture) {
    at_once(&fixture, Rule::L5, true, &[Act::Save, Act::Release]).await;
}

/// A session deletes many slots while another one replaces it: what was
/// acknowledged is gone, what was refused is there, and no claim is left.
///
/// Proves [L4](Rule::L4). A backend that fails it deletes a character after its
/// player has gone to another server.
pub async fn deletions_beside_a_take_over_count_or_are_refused(fixture: Fixture) {
    at_once(&fixture, Rule::L4, true, &[Act::Delete, Act::TakeOver]).await;
}

/// The same with a release in the place of the take-over.
///
/// Proves [L5](Rule::L5). A backend that fails it deletes a character after the
/// player was free.
pub async fn deletions_beside_a_release_count_or_are_refused(fixture: Fixture) {
    at_once(&fixture, Rule::L5, true, &[Act::Delete, Act::Release]).await;
}

/// Slots are opened again while saves and deletions under the earlier claims
/// are on their way: what each opening finds is final.
///
/// Proves [S2](Rule::S2). A backend that fails it reads the record before its
/// claim is set: a write in doubt lands after it was looked for, and is
/// overwritten by a session that never saw it.
pub async fn reopenings_beside_writes_find_what_is_final(fixture: Fixture) {
    at_once(&fixture, Rule::S2, true, &[Act::Open, Act::Save]).await;
    at_once(&fixture, Rule::S2, true, &[Act::Open, Act::Delete]).await;
}

/// A session is released and replaced at the same time, with its slots being
/// opened or saved: both calls work, and the other session has the player.
///
/// Proves [L1](Rule::L1), [L4](Rule::L4) and [L6](Rule::L6). A backend that
/// fails it takes its locks in different orders, and answers one of them with a
/// deadlock, or lets the release undo the take-over.
pub async fn a_release_beside_a_take_over_leaves_the_new_session(fixture: Fixture) {
    at_once(&fixture, Rule::L6, true, &[Act::Release, Act::TakeOver]).await;
    let acts = [Act::Open, Act::Release, Act::TakeOver];
    at_once(&fixture, Rule::L6, true, &acts).await;
    let acts = [Act::Save, Act::Release, Act::TakeOver];
    at_once(&fixture, Rule::L6, true, &acts).await;
}

/// Two servers replace one session at the same time, with its slots being
/// opened: one of them gets the player.
///
/// Proves [L1](Rule::L1) and [L4](Rule::L4). A backend that fails it lets both
/// who saw the dead session write their lock.
pub async fn take_overs_beside_each_other_leave_one_session(fixture: Fixture) {
    let acts = [Act::TakeOver, Act::TakeOver, Act::Open];
    at_once(&fixture, Rule::L1, true, &acts).await;
}

/// A player is asked for while their session is released, with its slots
/// being opened or saved: they are had by the next one, or by nobody.
///
/// Proves [L1](Rule::L1) and [L5](Rule::L5). A backend that fails it gives the
/// player on before the last claims are dead.
pub async fn a_request_beside_a_release_gets_no_live_claims(fixture: Fixture) {
    let acts = [Act::Open, Act::Release, Act::Acquire];
    at_once(&fixture, Rule::L5, true, &acts).await;
    let acts = [Act::Save, Act::Release, Act::Acquire];
    at_once(&fixture, Rule::L5, true, &acts).await;
}

/// A player is erased while their last session ends, with its slots being
/// opened, saved or deleted: the player has all of their slots, or none.
///
/// Proves the contract on erasure. A backend that fails it brings part of a
/// player's data back that they asked to be deleted.
pub async fn an_erasure_beside_an_ending_removes_all_or_nothing(fixture: Fixture) {
    for act in [Act::Save, Act::Open, Act::Delete] {
        let acts = [act, Act::Release, Act::Erase];
        at_once(&fixture, Rule::Erasure, true, &acts).await;
    }
}

/// A player is erased while somebody asks for them: the session begins with
/// all of their slots, or with none, and who erases is told which.
///
/// Proves the contract on erasure. A backend that fails it erases a player
/// under the session that has just begun.
pub async fn an_erasure_beside_a_request_removes_all_or_nothing(fixture: Fixture) {
    at_once(&fixture, Rule::Erasure, false, &[Act::Erase, Act::Acquire]).await;
    let acts = [Act::Erase, Act::Erase, Act::TakeOver];
    at_once(&fixture, Rule::Erasure, false, &acts).await;
}

/// A player is erased while their session goes on: it is refused, and the
/// session keeps its slots and its claims.
///
/// Proves the contract on erasure. A backend that fails it looks at the lock
/// after it has begun to erase.
pub async fn an_erasure_beside_a_session_is_refused(fixture: Fixture) {
    for act in [Act::Open, Act::Save, Act::Delete, Act::TakeOver] {
        at_once(&fixture, Rule::Erasure, true, &[act, Act::Erase]).await;
    }
}

/// A session is released by two at once, with its slots being opened: one of
/// them is told so, and no claim is left.
///
/// Proves [L5](Rule::L5) and [L6](Rule::L6). A backend that fails it tells
/// both, or answers the one before the other is done.
pub async fn releases_beside_each_other_end_it_once(fixture: Fixture) {
    let acts = [Act::Release, Act::Release, Act::Open];
    at_once(&fixture, Rule::L6, true, &acts).await;
}

/// A session saves some of its slots and deletes others while somebody asks
/// for the player without success: nothing of it is refused.
///
/// Proves [L1](Rule::L1) and [S3](Rule::S3). A backend that fails it lets a
/// request that is refused, or a neighbouring slot, disturb a session.
pub async fn a_refused_request_disturbs_no_write(fixture: Fixture) {
    let acts = [Act::Save, Act::Delete, Act::Acquire];
    at_once(&fixture, Rule::S3, true, &acts).await;
    at_once(&fixture, Rule::S3, true, &[Act::Open, Act::Acquire]).await;
}

/// A take-over is sent a second time while the first one is under way, as
/// client libraries do. Whichever returns first, no claim of the session that
/// was replaced is alive from then on.
///
/// Proves [L4](Rule::L4). A backend that fails it finds the lock in place, and
/// says so, before the claims of the former session are dead.
pub async fn a_repeated_take_over_returns_when_the_claims_are_dead(fixture: Fixture) {
    let [a, b] = fixture.servers();
    for round in 0..ROUNDS {
        let scene = scene(&fixture, name(&format!("taken-{round}")), true).await;
        let claimant = b.claimant();
        let calls = (0..4).map(|copy| {
            let client = [&a, &b][copy % 2].client.clone();
            let (player, old) = (scene.player.clone(), scene.old.id());
            let (claimant, dead) = (claimant.clone(), scene.open[(round + copy) % SLOTS].clone());
            async move {
                let acquired = client.acquire(&player, &claimant, Some(old)).await;
                (acquired, dead.through(&client).try_save("too late").await)
            }
        });
        for (acquired, late) in together(calls).await {
            let acquired = matches!(acquired, Acquisition::Acquired { .. });
            fixture.expect(Rule::Repeats, "the same for all", acquired);
            let lost = matches!(late, WriteOutcome::Lost { .. });
            fixture.expect(Rule::L4, "no claim is alive", lost);
        }
    }
}

/// A release is sent a second time while the first one is under way. Whichever
/// returns first, no claim of the session is alive from then on.
///
/// Proves [L5](Rule::L5) and [L6](Rule::L6). A backend that fails it says that
/// there is nothing to release, before the claims of the session are dead.
pub async fn a_repeated_release_returns_when_the_claims_are_dead(fixture: Fixture) {
    let [a, b] = fixture.servers();
    for round in 0..ROUNDS {
        let scene = scene(&fixture, name(&format!("released-{round}")), true).await;
        let calls = (0..4).map(|copy| {
            let client = [&a, &b][copy % 2].client.clone();
            let (player, old) = (scene.player.clone(), scene.old.id());
            let dead = scene.open[(round + copy) % SLOTS].clone();
            async move {
                let released = client.release(&player, old).await;
                (released, dead.through(&client).try_save("too late").await)
            }
        });
        let mut released = 0;
        for (outcome, late) in together(calls).await {
            released += usize::from(outcome == Release::Released);
            let lost = WriteOutcome::Lost { holder: None };
            fixture.expect_eq(Rule::L5, "no claim is alive", late, lost);
        }
        fixture.expect_eq(Rule::L6, "how many released it", released, 1);
    }
}
