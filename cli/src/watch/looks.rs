//! Looking at a store, again and again, at a bounded rate.

use std::{cell::RefCell, time::Duration};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use playerdata::{PlayerId, ServerId, backend::ErrorKind};
use tokio::time::{Instant, sleep_until};

use super::picture::{Picture, Update};
use crate::{
    copy::{Pace, players},
    desk::Desk,
    failure::Failure,
    output::chain,
    pace::Turns,
};

/// How many things are looked at at the same time.
const AT_ONCE: usize = 32;

/// After this many players of a round, those who are held may be looked at.
const BATCH: usize = 256;

/// Looks, and what was seen.
pub(super) struct Looks<'a> {
    desk: &'a Desk,
    turns: Turns,
    interval: Duration,
    picture: RefCell<Picture>,
    rounds: RefCell<Rounds>,
}

/// The rounds through all players, and how far the present one is.
#[derive(Clone, Debug, Default)]
pub(super) struct Rounds {
    /// How many have ended.
    pub(super) ended: u64,
    /// How long the last one took, and how many players there were.
    pub(super) last: Option<(Duration, u64)>,
    /// How many players of the present round were looked at.
    pub(super) players: u64,
    /// Why looking failed, if it failed last.
    pub(super) failure: Option<String>,
}

impl<'a> Looks<'a> {
    pub(super) fn new(desk: &'a Desk, turns: Turns, interval: Duration) -> Self {
        Self {
            desk,
            turns,
            interval,
            picture: RefCell::new(Picture::new()),
            rounds: RefCell::default(),
        }
    }

    /// What was seen so far.
    pub(super) fn update(&self) -> (Update, Rounds) {
        let update = self.picture.borrow_mut().update();
        (update, self.rounds.borrow().clone())
    }

    /// Goes through all players again and again, and looks at those who are
    /// held also in between. It never ends.
    pub(super) async fn go_on(&self) {
        loop {
            let began = Instant::now();
            let round = self.round().await;
            self.note(&round, began);
            sleep_until(began + self.interval).await;
        }
    }

    fn note(&self, round: &Result<(), Failure>, began: Instant) {
        let mut rounds = self.rounds.borrow_mut();
        match round {
            Ok(()) => {
                rounds.ended += 1;
                rounds.last = Some((began.elapsed(), rounds.players));
                rounds.failure = None;
            }
            Err(failure) => rounds.failure = Some(chain(failure)),
        }
        rounds.players = 0;
    }

    async fn round(&self) -> Result<(), Failure> {
        let began = Instant::now();
        self.look_at_held(began).await?;
        let mut due = began + self.interval;
        let players = players(self.desk, &Pace::default())?;
        let mut batches = players.try_chunks(BATCH);
        while let Some(batch) = batches.next().await {
            let batch = batch.map_err(|cut_off| cut_off.1)?;
            let count = batch.len() as u64;
            self.look_at(batch).await?;
            self.rounds.borrow_mut().players += count;
            if Instant::now() >= due {
                self.look_at_held(due).await?;
                due = Instant::now() + self.interval;
            }
        }
        // Those who are gone from the store altogether are listed no more.
        let unseen = self.picture.borrow().not_seen_since(began);
        self.look_at(unseen).await
    }

    /// Looks at the leases of all servers, and at those players who are held
    /// and were not looked at since.
    async fn look_at_held(&self, since: Instant) -> Result<(), Failure> {
        let servers = self.picture.borrow().servers();
        for server in servers {
            let is_live = self.lease(&server).await?;
            self.picture.borrow_mut().lease(&server, is_live);
        }
        let unseen = self.picture.borrow().not_seen_since(since);
        self.look_at(unseen).await
    }

    async fn look_at(&self, players: Vec<PlayerId>) -> Result<(), Failure> {
        let looks = stream::iter(players).map(|player| self.look_at_one(player));
        looks.buffer_unordered(AT_ONCE).try_collect().await
    }

    async fn look_at_one(&self, player: PlayerId) -> Result<(), Failure> {
        self.turns.take(1).await;
        // What can't be read is for `check` to find.
        let lock = unless_corrupt(self.desk.holder(&player).await)?.flatten();
        let Some(lock) = lock else {
            self.picture.borrow_mut().free(&player);
            return Ok(());
        };
        self.turns.take(1).await;
        let listed = self.desk.backend.list(&player);
        let slots = unless_corrupt(self.desk.ask("list the slots", listed).await)?;
        let slots = slots.unwrap_or_default();
        let at = Instant::now();
        if !self.picture.borrow().knows(&lock.server) {
            let is_live = self.lease(&lock.server).await?;
            self.picture.borrow_mut().meet(lock.server.clone(), is_live);
        }
        self.picture.borrow_mut().held(player, &lock, &slots, at);
        Ok(())
    }

    async fn lease(&self, server: &ServerId) -> Result<bool, Failure> {
        self.turns.take(1).await;
        let looked = self.desk.backend.lease_is_live(server);
        self.desk.ask("look at the lease", looked).await
    }
}

/// Nothing, where what is stored can't be read.
fn unless_corrupt<T>(looked: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match looked {
        Err(Failure::Store { source, .. }) if source.kind() == ErrorKind::Corrupt => Ok(None),
        looked => looked.map(Some),
    }
}
