//! A player on one server: from the start of the session to the end.

mod dealing;

use std::{collections::BTreeMap, error::Error as _, sync::Arc, time::Duration};

use fastrand::Rng;
use playerdata_core::{
    Document, DocumentError, Error, LetterId, OnConflict, PlayerId, Session, SessionId, Slot,
    SlotName,
};
use tokio::time::{sleep, timeout};

use crate::{
    Rule, habits,
    holdings::{Holdings, change_of},
    keeper::{self, Keeper, Unmade},
    ledger::Author,
    process::Process,
    world::{World, slot_name},
};

pub(crate) use dealing::STALLS;

/// The slots that players use. Some have something unreadable in the last two.
pub(crate) const SLOTS: [&str; 4] = ["Slot1", "Slot2", "Newer", "Broken"];

/// Longer than everything that is waited for, taken together.
pub(crate) const FOREVER: Duration = Duration::from_secs(600);

/// What a player does on a server.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Role {
    /// Whatever can go wrong with documents.
    Wanderer,
    /// Has dealings with others.
    Trader,
    /// Is put back to earlier versions.
    PutBack,
}

pub(crate) struct Visit {
    role: Role,
    world: Arc<World>,
    process: Arc<Process>,
    session: Session<Document>,
    slots: BTreeMap<SlotName, Slot<Document>>,
    rng: Rng,
}

/// Starts a session, plays, and leaves, one way or another.
pub(crate) async fn visit(
    world: Arc<World>,
    process: Arc<Process>,
    (player, role): (PlayerId, Role),
    mut rng: Rng,
) {
    habits::give_up_a_start(&world, &process, &player, &mut rng).await;
    let on_conflict = match rng.u8(0..11) {
        0 => OnConflict::Fail,
        1 | 2 => OnConflict::Steal,
        3 => OnConflict::Wait,
        _ => OnConflict::HandOver {
            within: Duration::from_millis(rng.u64(100..=20_000)),
        },
    };
    let choice = rng.usize(0..6);
    let name = slot_name(SLOTS[choice / 3]);
    let together = choice.is_multiple_of(3).then_some(&name);
    let ledger = &world.ledger;
    let waited = ledger.step(|state| state.waiting_letters(&player, &name));
    let Some((session, slot)) = enter(&world, &process, &player, on_conflict, together).await
    else {
        return;
    };
    let mut visit = Visit {
        role,
        world,
        process,
        session,
        slots: BTreeMap::new(),
        rng,
    };
    match slot {
        Some(slot) => visit.loaded(slot, &waited),
        // What is wrong with it has been told.
        None => drop(visit.load(name.as_str()).await),
    }
    visit.play().await;
    visit.leave().await;
}

/// Starts a session and notes the outcome.
pub(crate) async fn start(
    world: &World,
    process: &Process,
    player: &PlayerId,
    on_conflict: OnConflict,
) -> Option<Session<Document>> {
    let entered = enter(world, process, player, on_conflict, None);
    Some(entered.await?.0)
}

/// The same, and a slot is loaded in the same call if there is one to load.
async fn enter(
    world: &World,
    process: &Process,
    player: &PlayerId,
    on_conflict: OnConflict,
    slot: Option<&SlotName>,
) -> Option<(Session<Document>, Option<Slot<Document>>)> {
    let manager = process.manager()?;
    let ledger = &world.ledger;
    ledger.note(format_args!(
        "{player} comes to {process}, {on_conflict:?}, for {slot:?}"
    ));
    let steals = on_conflict == OnConflict::Steal;
    if steals {
        ledger.step(|state| state.stealing(process.number, player, true));
    }
    let starting = async {
        let player = player.clone();
        let Some(slot) = slot else {
            let session = manager.start_session_with(player, on_conflict).await?;
            return Ok((session, None));
        };
        let start = manager.start_and_load_with(player, slot.clone(), on_conflict);
        let (session, slot) = start.await?;
        Ok((session, Some(slot)))
    };
    let started = timeout(FOREVER, starting).await;
    if steals {
        ledger.step(|state| state.stealing(process.number, player, false));
    }
    match started {
        Ok(Ok((session, slot))) => {
            ledger.step(|state| state.started(player, session.id(), session.fence()));
            Some((session, slot))
        }
        Ok(Err(error)) => {
            told(world, player, "no session", &error);
            None
        }
        Err(_) => {
            ledger.breaks(Rule::Recovered, format_args!("a start of {player} hangs"));
            None
        }
    }
}

/// Notes an error that a player's game code was told.
pub(crate) fn told(world: &World, player: &PlayerId, what: &str, error: &Error) {
    let mut reason = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        reason = format!("{reason}: {cause}");
        source = cause.source();
    }
    let ledger = &world.ledger;
    ledger.note(format_args!("TOLD {player}: {what}: {reason}"));
    if reason.contains("panicked") {
        ledger.breaks(Rule::NoPanic, format_args!("{reason}"));
    }
}

impl Visit {
    pub(crate) fn new(
        world: Arc<World>,
        process: Arc<Process>,
        session: Session<Document>,
    ) -> Self {
        Self {
            role: Role::Wanderer,
            world,
            process,
            session,
            slots: BTreeMap::new(),
            rng: Rng::with_seed(0),
        }
    }

    fn author(&self, slot: &SlotName) -> Author {
        Author {
            session: self.session.id(),
            player: self.session.player().clone(),
            slot: slot.clone(),
        }
    }

    pub(crate) fn id(&self) -> SessionId {
        self.session.id()
    }

    fn told(&self, what: &str, error: &Error) {
        told(&self.world, self.session.player(), what, error);
    }

    /// A while in which the player does nothing.
    async fn pause(&mut self, longest_ms: u64) {
        sleep(Duration::from_millis(self.rng.u64(0..=longest_ms))).await;
        self.process.thaw().await;
    }

    fn may_go_on(&self) -> bool {
        !self.world.is_over() && self.session.is_active()
    }

    async fn play(&mut self) {
        for _ in 0..self.rng.u8(1..20) {
            let longest = [50, 1_000, 6_000][self.rng.usize(0..3)];
            self.pause(longest).await;
            if !self.may_go_on() {
                return;
            }
            match self.role {
                Role::Wanderer => self.do_something().await,
                Role::Trader => self.deal().await,
                Role::PutBack => self.live_again().await,
            }
        }
    }

    async fn do_something(&mut self) {
        match self.rng.u8(0..100) {
            0..50 => self.change(),
            50..55 => self.keep_for_a_while().await,
            55..80 => self.save().await,
            80..92 => {
                let slot = SLOTS[self.rng.usize(0..SLOTS.len())];
                let _ = self.load(slot).await;
            }
            92..95 => self.delete().await,
            95..98 => self.save_all().await,
            _ => self.list().await,
        }
    }

    /// Opens a slot, and checks what is in it if it was not open.
    pub(crate) async fn load(&mut self, slot: &str) -> Result<(), Error> {
        let name = slot_name(slot);
        let player = self.session.player().clone();
        let ledger = &self.world.ledger;
        let waited = ledger.step(|state| state.waiting_letters(&player, &name));
        let loading = self.session.load_slot(name);
        match loading.await {
            Ok(slot) => {
                self.loaded(slot, &waited);
                Ok(())
            }
            Err(error) => {
                self.told("not loaded", &error);
                if !self.session.is_active() {
                    self.over();
                }
                Err(error)
            }
        }
    }

    /// Checks what is in a slot if it was not open; `waited` are the letters that
    /// did before it was loaded.
    fn loaded(&mut self, slot: Slot<Document>, waited: &[LetterId]) {
        let name = slot.name().clone();
        let author = self.author(&name);
        let document = slot.snapshot();
        let facts = change_of(&document).and_then(|change| Ok((change, Holdings::of(&document)?)));
        match facts {
            Ok((change, holdings)) if !self.slots.contains_key(&name) => {
                let bank = document.gift_bank();
                let has = |id: &LetterId| bank.contains(id.as_str());
                let place = (&author.player, &name);
                self.world.ledger.step(|state| {
                    state.loaded(&author, change, holdings);
                    state.loaded_with_mail(author.session, place, waited, has);
                });
                self.process.sets_up(&slot);
            }
            Ok(_) => {}
            Err(error) => self.misread(&error),
        }
        self.slots.insert(name, slot);
    }

    fn misread(&self, error: &DocumentError) {
        let ledger = &self.world.ledger;
        ledger.breaks(Rule::S5, format_args!("loaded something else: {error}"));
    }

    fn over(&self) {
        let id = self.session.id();
        self.world.ledger.step(|state| state.left(id));
    }

    /// Whether everything is known to be in the store.
    pub(crate) fn is_saved(&self) -> bool {
        self.slots.values().all(|slot| !slot.is_unsaved())
    }

    /// Whether a gift waits in an open slot.
    pub(crate) fn has_gift(&self, slot: &SlotName, id: &str) -> bool {
        let slot = self.slots.get(slot);
        slot.is_some_and(|slot| slot.read(|document| document.gift_bank().contains(id)))
    }

    /// An open slot, if there is one.
    fn any_slot(&mut self) -> Option<Slot<Document>> {
        let count = self.slots.len();
        let nth = (count > 0).then(|| self.rng.usize(0..count))?;
        self.slots.values().nth(nth).cloned()
    }

    pub(crate) fn change(&mut self) {
        let Some(slot) = self.any_slot() else { return };
        let author = self.author(slot.name());
        let (ledger, rng) = (&self.world.ledger, &mut self.rng);
        let changed = slot.try_modify(|document| {
            keeper::change(document, &author, ledger, rng)?;
            Ok::<_, Unmade>(())
        });
        self.note_unmade(changed);
    }

    fn note_unmade(&self, changed: Result<(), Unmade>) {
        match changed {
            Ok(()) => {}
            Err(Unmade::Misread(error)) => self.misread(&error),
            Err(Unmade::Refused(error)) => self.told("not changed", &error),
            Err(Unmade::GivenUp) => self.world.ledger.breaks(
                Rule::A9,
                format_args!("a closure was given up by a server that runs"),
            ),
        }
    }

    /// Begins a change of an open slot that does not come to its end.
    pub(crate) fn keep(&mut self) -> Option<Keeper> {
        let slot = self.any_slot()?;
        let author = self.author(slot.name());
        let ledger = self.world.ledger.clone();
        ledger.note(format_args!("{author} keeps the document"));
        Some(Keeper::begin(slot, author, ledger, self.rng.fork()))
    }

    pub(crate) fn release(&self, keeper: Keeper) {
        let changed = keeper.release();
        self.note_unmade(changed);
    }

    /// Keeps a document for a while, in which the session goes on.
    async fn keep_for_a_while(&mut self) {
        let Some(keeper) = self.keep() else { return };
        // A change that is younger would be waited for, in real time.
        sleep(Duration::from_millis(501)).await;
        for _ in 0..self.rng.u8(1..=4) {
            self.pause(4_000).await;
            match self.rng.u8(0..4) {
                0 => self.save().await,
                1 => self.save_all().await,
                2 => self.change(),
                _ => {}
            }
        }
        if self.rng.u8(0..4) == 0 {
            self.end().await;
        }
        self.release(keeper);
    }

    async fn save(&mut self) {
        if let Some(slot) = self.any_slot() {
            self.save_slot(&slot).await;
        }
    }

    /// Returns whether it was told saved.
    async fn save_slot(&self, slot: &Slot<Document>) -> bool {
        let author = self.author(slot.name());
        let at_least = change_of(&slot.snapshot()).unwrap_or_default();
        match slot.save().await {
            Ok(saved) => {
                let revision = saved.revision();
                let ledger = &self.world.ledger;
                ledger.step(|state| state.saved(&author, revision, at_least));
                true
            }
            Err(error) => {
                self.told("not saved", &error);
                false
            }
        }
    }

    async fn save_all(&mut self) {
        if let Err(error) = self.session.save_all().await {
            self.told("not all saved", &error);
        }
    }

    async fn list(&mut self) {
        if let Err(error) = self.session.slots().await {
            self.told("not listed", &error);
        }
    }

    async fn delete(&mut self) {
        let slot = slot_name(SLOTS[self.rng.usize(0..SLOTS.len())]);
        let author = self.author(&slot);
        let ledger = self.world.ledger.clone();
        let before = ledger.step(|state| state.count_writes(&author.player, &slot));
        match self.session.delete_slot(slot.clone()).await {
            Ok(()) => {
                ledger.step(|state| state.deleted(&author, before));
                self.slots.remove(&slot);
            }
            Err(error) => self.told("not deleted", &error),
        }
    }

    async fn leave(mut self) {
        match self.rng.u8(0..10) {
            0..6 => self.end().await,
            6 => {
                self.over();
                if let Err(error) = self.session.abandon().await {
                    self.told("not abandoned", &error);
                }
            }
            7 | 8 => self.linger().await,
            _ => {
                // The handles are dropped, that to the session first.
                if let Some(slot) = self.any_slot() {
                    let Self {
                        world,
                        mut rng,
                        session,
                        slots,
                        ..
                    } = self;
                    drop(slots);
                    let id = session.id();
                    habits::keep_a_slot_only(Arc::clone(&world), session, slot, &mut rng).await;
                    world.ledger.step(|state| state.left(id));
                    return;
                }
            }
        }
        self.over();
    }

    /// Ends the session, if need be in several attempts.
    pub(crate) async fn end(&mut self) {
        for _ in 0..4 {
            match self.session.end().await {
                Ok(()) => {
                    for (name, slot) in &self.slots {
                        let change = change_of(&slot.snapshot()).unwrap_or_default();
                        let author = self.author(name);
                        self.world
                            .ledger
                            .step(|state| state.ended_with(&author, change));
                    }
                    return;
                }
                Err(error) => self.told("not ended", &error.cause),
            }
            if self.session.is_lost() {
                return;
            }
            self.pause(5_000).await;
        }
    }

    /// Stays and does little, until something happens.
    async fn linger(&mut self) {
        while self.may_go_on() {
            self.pause(30_000).await;
            if self.may_go_on() {
                self.change();
            }
        }
    }
}
