//! One run of a server: from its start to its crash or shutdown.

use std::{fmt, sync::Arc, time::Duration};

use parking_lot::Mutex;
use playerdata_core::{Event, Events, ServerName, SessionManager, StartError};
use playerdata_faults::{Fault, FaultyBackend, Odds, When};
use tokio::{
    task::AbortHandle,
    time::{Instant, sleep_until},
};

use crate::{
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
    network: FaultyBackend,
    manager: Mutex<Option<Arc<SessionManager>>>,
    visits: Mutex<Vec<AbortHandle>>,
    frozen_until: Mutex<Instant>,
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
        let manager = SessionManager::builder(Arc::new(witness))
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
            network,
            manager: Mutex::new(Some(Arc::new(manager))),
            visits: Mutex::default(),
            frozen_until: Mutex::new(Instant::now()),
        });
        world.ledger.note(format_args!("SERVER {process} started"));
        Ok(process)
    }

    /// The manager, unless the server is no more.
    pub(crate) fn manager(&self) -> Option<Arc<SessionManager>> {
        self.manager.lock().clone()
    }

    pub(crate) fn is_up(&self) -> bool {
        self.manager.lock().is_some()
    }

    pub(crate) fn is_frozen(&self) -> bool {
        *self.frozen_until.lock() > Instant::now()
    }

    /// Notes a task that runs on this server and dies with it.
    pub(crate) fn runs(&self, visit: AbortHandle) {
        let mut visits = self.visits.lock();
        visits.retain(|visit| !visit.is_finished());
        visits.push(visit);
    }

    /// Nothing of the server gets out any more, but for what is in the
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

/// Hears everything that a manager tells.
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
            _ => {}
        });
    }
}
