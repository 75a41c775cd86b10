//! One run of a server: from its start to its crash or shutdown.

use std::{fmt, sync::Arc, time::Duration};

use parking_lot::Mutex;
use playerdata_core::{
    Event, Events, PlayerId, ServerName, SessionId, SessionManager, Slot, SlotName, StartError,
};
use playerdata_faults::{Fault, FaultyBackend, Odds, When};
use tokio::{
    task::AbortHandle,
    time::{Instant, sleep_until},
};

use crate::{
    Rule,
    clock::{DriftingClock, ProcessIds},
    holdings,
    ledger::Ledger,
    witness::Witness,
    world::World,
};

/// How long a shutdown may take.
const SHUTDOWN: Duration = Duration::from_secs(20);

pub(crate) struct Process {
    pub(crate) number: u32,
    pub(crate) name: ServerName,
    pub(crate) clock: Arc<DriftingClock>,
    traders: Vec<PlayerId>,
    network: FaultyBackend,
    manager: Mutex<Option<Arc<SessionManager>>>,
    visits: Mutex<Vec<AbortHandle>>,
    frozen_until: Mutex<Instant>,
    /// The slots that were opened here, and by which session.
    stalls: Mutex<Vec<(PlayerId, SlotName, SessionId)>>,
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.name, self.number)
    }
}

impl Process {
    /// Starts a server. With these odds it may well fail.
    pub(crate) async fn start(
        world: &World,
        name: ServerName,
        odds: Odds,
    ) -> Result<Arc<Self>, StartError> {
        let number = world.next_process();
        let clock = Arc::new(DriftingClock::new());
        let network = world.connect().with_odds(odds, world.fork());
        let witness = Witness::new(Arc::new(network.clone()), world.ledger.clone());
        let seam = (world.seam)(Arc::new(witness));
        let manager = SessionManager::builder(seam)
            .settings(world.settings.clone())
            .server_name(name.clone())
            .migrations(holdings::migrations())
            .clock(clock.clone())
            .ids(Arc::new(ProcessIds::new(number, world.fork() as u32)))
            .start()
            .await?;
        tokio::spawn(listen(manager.events(), world.ledger.clone(), number));
        let process = Arc::new(Self {
            number,
            name,
            clock,
            traders: world.traders.clone(),
            network,
            manager: Mutex::new(Some(Arc::new(manager))),
            visits: Mutex::default(),
            frozen_until: Mutex::new(Instant::now()),
            stalls: Mutex::default(),
        });
        world.ledger.note(format_args!("SERVER {process} started"));
        Ok(process)
    }

    /// The manager, unless the server is gone.
    pub(crate) fn manager(&self) -> Option<Arc<SessionManager>> {
        self.manager.lock().clone()
    }

    pub(crate) fn is_up(&self) -> bool {
        self.manager.lock().is_some()
    }

    pub(crate) fn is_frozen(&self) -> bool {
        *self.frozen_until.lock() > Instant::now()
    }

    /// Notes that a slot is open here.
    pub(crate) fn sets_up(&self, slot: &Slot) {
        let stall = (slot.player().clone(), slot.name().clone(), slot.session());
        self.stalls.lock().push(stall);
    }

    /// The traders' slots that are open here, but this one.
    pub(crate) fn stalls(&self, own: &Slot) -> Vec<(PlayerId, SlotName)> {
        let Some(manager) = self.manager() else {
            return Vec::new();
        };
        let mut stalls = self.stalls.lock();
        stalls.retain(|(player, _, session)| {
            let live = manager.session(player);
            live.is_some_and(|live| live.id() == *session)
        });
        let others = stalls.iter().filter(|(player, slot, _)| {
            self.traders.contains(player) && (player, slot) != (own.player(), own.name())
        });
        let others = others.map(|(player, slot, _)| (player.clone(), slot.clone()));
        others.collect()
    }

    /// Notes a task that runs on this server and dies with it.
    pub(crate) fn runs(&self, visit: AbortHandle) {
        let mut visits = self.visits.lock();
        visits.retain(|visit| !visit.is_finished());
        visits.push(visit);
    }

    /// Nothing of the server gets out any more, except for what is in the
    /// network already.
    pub(crate) fn crash(&self) {
        self.network.cut();
        self.send_everybody_away();
        self.manager.lock().take();
    }

    pub(crate) fn send_everybody_away(&self) {
        for visit in self.visits.lock().drain(..) {
            visit.abort();
        }
    }

    /// Stops game code and holds all that the server sends and gets.
    pub(crate) fn freeze(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut frozen_until = self.frozen_until.lock();
        *frozen_until = until.max(*frozen_until);
        self.network.pause_for(time);
    }

    pub(crate) fn partition(&self, time: Duration) {
        self.network.partition_for(time);
    }

    /// Lets something go wrong between this server and the store, until it is
    /// calm again.
    pub(crate) fn inject(&self, when: When, fault: Fault) {
        self.network.inject(when, fault);
    }

    /// Waits until game code may go on.
    pub(crate) async fn thaw(&self) {
        loop {
            let until = *self.frozen_until.lock();
            if until <= Instant::now() {
                return;
            }
            sleep_until(until).await;
        }
    }

    /// No faults from here on.
    pub(crate) fn calm(&self) {
        *self.frozen_until.lock() = Instant::now();
        self.network.calm();
    }

    /// Ends all sessions and stops.
    pub(crate) async fn shut_down(&self, ledger: &Ledger) {
        // Game code goes on calling it meanwhile.
        let Some(manager) = self.manager() else {
            return;
        };
        let report = manager.shutdown(SHUTDOWN).await;
        let complete = report.is_complete();
        ledger.note(format_args!(
            "SERVER {self} shut down, complete: {complete}"
        ));
        if !complete {
            let unsaved = report.unfinished.iter().map(|left| left.unsaved.len());
            ledger.note(format_args!(
                "SERVER {self} left {} failed, {} unfinished with {} documents",
                report.failed.len(),
                report.unfinished.len(),
                unsaved.sum::<usize>()
            ));
        }
        // Whatever is left of it ends with the process.
        self.crash();
    }
}

/// Hears every event of a manager.
async fn listen(mut events: Events, ledger: Ledger, process: u32) {
    while let Some(event) = events.next().await {
        ledger.step(|state| match event {
            Event::SlotSaved {
                player,
                slot,
                revision,
                ..
            } => state.save_announced(process, &player, &slot, revision),
            Event::SessionLost {
                player, session, ..
            } => state.loss_announced(&player, session),
            Event::DocumentKept { player, slot, .. } => state
                .history
                .add(format_args!("TOLD {player}/{slot}: the document is kept")),
            Event::VersionNotKept { player, slot, .. } => state
                .history
                .add(format_args!("TOLD {player}/{slot}: no version is kept")),
            Event::LetterDelivered {
                player,
                slot,
                letter,
            } => state
                .history
                .add(format_args!("TOLD {player}/{slot}: {letter} is delivered")),
            Event::ErrandFailed { player, slot, .. } => state
                .history
                .add(format_args!("TOLD {player}/{slot}: an errand failed")),
            // The gift bank takes everything that is sent here.
            Event::LetterRefused { letter, why, .. } => {
                state.breaks(Rule::M2, format_args!("{letter} is refused: {why}"));
            }
            _ => {}
        });
    }
}
