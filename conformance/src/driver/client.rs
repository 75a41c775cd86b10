//! A client of the store whose failures fail the case.

use std::{sync::Arc, time::Duration};

use playerdata_core::{
    ClaimNumber, LetterId, PlayerId, Revision, ServerId, ServerName, SessionId, SlotName, TradeId,
    WriteId,
    backend::{
        Acquisition, Admission, Backend, Body, Claim, Claimant, Erasure, KeepPolicy, Keeping,
        KnownLetter, Letter, LetterPosition, Lock, Notice, Notification, Opening, Party,
        PlayersCursor, PlayersPage, Posting, Record, Release, Renewal, Result, SlotSummary, Stamp,
        Verdict, VersionSummary, WaitingLetter, WriteOutcome,
    },
};

use super::{GameSetup, World};
use crate::Rule;

/// One of the two clients of a fixture.
///
/// Its methods are those of [`Backend`]. Nothing goes wrong with the store in
/// a case, so an error ends the case; one that is expected is got from
/// [`backend`](Self::backend). What goes wrong between a game and the store is
/// the [`Game`](super::Game)'s own.
#[derive(Clone, Debug)]
pub struct Client {
    backend: Arc<dyn Backend>,
    world: World,
}

macro_rules! forward {
    ($($method:ident($($argument:ident: $type:ty),*) -> $outcome:ty;)*) => {
        $(
            /// As [`Backend`] says.
            ///
            /// # Panics
            ///
            /// If the store fails.
            pub async fn $method(&self, $($argument: $type),*) -> $outcome {
                self.answered(self.backend.$method($($argument),*).await)
            }
        )*
    };
}

impl Client {
    pub(crate) fn new(backend: Arc<dyn Backend>, world: World) -> Self {
        Self { backend, world }
    }

    /// The client itself, to build upon or to see errors of. Its calls go
    /// into the history too.
    #[must_use]
    pub fn backend(&self) -> &Arc<dyn Backend> {
        &self.backend
    }

    /// What this client shares with the others of its case.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Sets up a server with a session manager on this client.
    pub fn game(&self, server: &str) -> GameSetup {
        GameSetup::new(self, server)
    }

    forward! {
        renew_lease(server: &ServerId, ttl: Duration) -> Renewal;
        drop_lease(server: &ServerId) -> ();
        lease_is_live(server: &ServerId) -> bool;
        acquire(player: &PlayerId, claimant: &Claimant, replacing: Option<SessionId>) -> Acquisition;
        acquire_and_open(player: &PlayerId, claimant: &Claimant, replacing: Option<SessionId>, slot: &SlotName) -> Admission;
        release(player: &PlayerId, session: SessionId) -> Release;
        release_knowing(player: &PlayerId, session: SessionId, claims: &[(SlotName, ClaimNumber)]) -> Release;
        holder(player: &PlayerId) -> Option<Lock>;
        notify(server: &ServerName, notice: &Notice) -> Notification;
        open(claim: &Claim) -> Opening;
        save(claim: &Claim, stamp: &Stamp, body: &Body) -> WriteOutcome;
        delete(claim: &Claim, stamp: &Stamp) -> WriteOutcome;
        view(player: &PlayerId, slot: &SlotName) -> Option<Record>;
        list(player: &PlayerId) -> Vec<SlotSummary>;
        erase(player: &PlayerId) -> Erasure;
        post(player: &PlayerId, slot: &SlotName, letter: &Letter) -> Posting;
        letters(player: &PlayerId, slot: &SlotName, after: Option<LetterPosition>, limit: usize) -> Vec<WaitingLetter>;
        discard(player: &PlayerId, slot: &SlotName, id: &LetterId, posting: WriteId) -> ();
        settle(player: &PlayerId, slot: &SlotName, id: &LetterId, posting: WriteId) -> ();
        known_letters(player: &PlayerId, after: Option<(&SlotName, &LetterId)>, limit: usize) -> Vec<KnownLetter>;
        decide(trade: TradeId, verdict: Verdict) -> Verdict;
        forget_decision(trade: TradeId, party: Party) -> ();
        keep_version(claim: &Claim, policy: KeepPolicy) -> Keeping;
        versions(player: &PlayerId, slot: &SlotName) -> Vec<VersionSummary>;
        version(player: &PlayerId, slot: &SlotName, revision: Revision) -> Option<Record>;
        players(after: Option<&PlayersCursor>, limit: usize) -> PlayersPage;
    }

    fn answered<T>(&self, answer: Result<T>) -> T {
        answer.unwrap_or_else(|error| {
            let what = format!("the store failed, and a lost race is not an error: {error:?}");
            self.world.fail(Rule::S4, &what)
        })
    }
}
