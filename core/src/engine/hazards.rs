//! What the store could lose, looked for at the start and at every heartbeat
//! (S13).

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::time::MissedTickBehavior;

use super::Engine;
use crate::{
    Error, Event, GameDocument,
    backend::{Client, Hazard, HazardKind},
    excerpt::Chain,
};

/// What was found last, and what the program accepts.
#[derive(Debug, Default)]
pub(crate) struct HazardWatch {
    accepted: Vec<HazardKind>,
    fatal: Mutex<Option<Hazard>>,
}

impl HazardWatch {
    pub(crate) fn new(accepted: Vec<HazardKind>) -> Self {
        let fatal = Mutex::default();
        Self { accepted, fatal }
    }

    pub(crate) fn accepted(&self) -> &[HazardKind] {
        &self.accepted
    }

    /// Those that the program does not accept.
    pub(crate) fn refused<'a>(
        &'a self,
        hazards: &'a [Hazard],
    ) -> impl Iterator<Item = &'a Hazard> + 'a {
        let fatal = hazards.iter().filter(|hazard| hazard.kind.is_fatal());
        fatal.filter(|hazard| !self.accepted.contains(&hazard.kind))
    }

    fn note(&self, hazards: &[Hazard]) {
        *self.fatal.lock() = self.refused(hazards).next().cloned();
    }

    /// Whether sessions may start on the store; otherwise why not.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match &*self.fatal.lock() {
            None => Ok(()),
            Some(hazard) => Err(Error::StoreAtRisk {
                hazard: hazard.clone(),
            }),
        }
    }
}

/// Asks the store. A server whose store does not say can start all the same.
pub(crate) async fn find(store: &Client) -> Vec<Hazard> {
    let hazards = store.hazards().await.unwrap_or_else(|failure| {
        let error = Error::from(failure);
        let what = format!(
            "whether the store keeps what it acknowledges is not known: {}",
            Chain(&error)
        );
        vec![Hazard::new(HazardKind::Unknown, what)]
    });
    for hazard in &hazards {
        warn(hazard);
    }
    hazards
}

fn warn(hazard: &Hazard) {
    let kind = hazard.kind;
    tracing::warn!(%hazard, %kind, "the store may lose player data");
}

/// Asks every heartbeat, until the manager stops: a task of its own, so that
/// nothing slow delays the sign of life.
pub(crate) async fn run<D: GameDocument>(engine: Arc<Engine<D>>) {
    let mut clock = tokio::time::interval(engine.settings.heartbeat_interval);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    clock.tick().await; // the first is at once, and the start has just asked
    loop {
        tokio::select! {
            biased; // a simulation repeats itself
            () = engine.stop.cancelled() => return,
            _ = clock.tick() => {}
        }
        engine.look_for_hazards().await;
    }
}

impl<D: GameDocument> Engine<D> {
    async fn look_for_hazards(&self) {
        let hazards = match self.store.hazards().await {
            Ok(hazards) => hazards,
            Err(failure) => {
                // What was found before stands. That the store does not
                // answer is the heartbeat's to report.
                let why = Error::from(failure);
                tracing::debug!(error = %Chain(&why), "the store does not say what it could lose");
                return;
            }
        };
        self.hazards.note(&hazards);
        for hazard in self.events.note_hazards(hazards) {
            warn(&hazard);
            self.events.send(|| Event::StoreAtRisk {
                hazard: hazard.clone(),
            });
        }
    }
}
