//! The store that a run is made on.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use fastrand::Rng;
use parking_lot::Mutex;
use playerdata_core::backend::{Backend, Limits};
use playerdata_faults::FaultyBackend;
use playerdata_memory::{MemoryBackend, MemoryOptions};
use playerdata_stepping::{Flaw, Gate, SteppingStore};
use tokio::time::sleep;

use crate::{
    clock::DriftingClock,
    ledger::Ledger,
    referee::{Referee, Spectator},
};

/// Puts something between the store and all that use it.
pub(crate) type Wrap = Arc<dyn Fn(Arc<dyn Backend>) -> Arc<dyn Backend> + Send + Sync>;

/// The largest body that the store of several steps takes.
const LARGEST_BODY: usize = 1 << 20;
/// The longest that a process sleeps between two steps.
const LONGEST_SLEEP: Duration = Duration::from_secs(40);

/// Which kind of store a run is made on.
#[derive(Clone)]
pub(crate) enum Kind {
    /// In memory: each operation is one step.
    OneStep(Wrap),
    /// Operations take several steps, and can be left between them.
    SeveralSteps(Option<Flaw>),
}

/// The store of a run, with the referee on it.
pub(crate) enum Ground {
    OneStep(Arc<dyn Backend>),
    SeveralSteps {
        store: SteppingStore,
        ledger: Ledger,
        is_calm: Arc<AtomicBool>,
    },
}

impl Ground {
    /// An empty store, and it without anybody who looks, to put something in.
    pub(crate) fn new(
        kind: &Kind,
        clock: Arc<DriftingClock>,
        ledger: &Ledger,
    ) -> (Self, Arc<dyn Backend>) {
        match kind {
            Kind::OneStep(wrap) => {
                let options = MemoryOptions::default().clock(clock);
                let memory = Arc::new(MemoryBackend::with_options(options));
                let referee = Referee::new(wrap(memory.clone()), ledger.clone());
                (Self::OneStep(Arc::new(referee)), memory)
            }
            Kind::SeveralSteps(flaw) => {
                let store = SteppingStore::new(clock, Limits::new(LARGEST_BODY), *flaw);
                let ground = Self::SeveralSteps {
                    store: store
                        .clone()
                        .observed_by(Arc::new(Spectator(ledger.clone()))),
                    ledger: ledger.clone(),
                    is_calm: Arc::default(),
                };
                (ground, Arc::new(store))
            }
        }
    }

    /// The way of one process to the store, which draws from `seed`.
    pub(crate) fn connect(&self, seed: impl FnOnce() -> u64) -> FaultyBackend {
        match self {
            Self::OneStep(store) => FaultyBackend::new(Arc::clone(store)),
            Self::SeveralSteps {
                store,
                ledger,
                is_calm,
            } => {
                let gate = Arc::new(Drowsy {
                    rng: Mutex::new(Rng::with_seed(seed())),
                    is_calm: Arc::clone(is_calm),
                    ledger: ledger.clone(),
                });
                let referee = Referee::of_steps(store.another_process(gate), ledger.clone());
                FaultyBackend::new(Arc::new(referee)).detached()
            }
        }
    }

    /// Nobody falls asleep any more. Who sleeps wakes up within
    /// [`LONGEST_SLEEP`].
    pub(crate) fn calm(&self) {
        if let Self::SeveralSteps { is_calm, .. } = self {
            is_calm.store(true, Ordering::Relaxed);
        }
    }
}

/// A process that falls asleep between two steps now and then, and that
/// sometimes dies there.
struct Drowsy {
    rng: Mutex<Rng>,
    is_calm: Arc<AtomicBool>,
    ledger: Ledger,
}

impl fmt::Debug for Drowsy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drowsy").finish_non_exhaustive()
    }
}

#[async_trait]
impl Gate for Drowsy {
    async fn pass(&self) {
        if self.is_calm.load(Ordering::Relaxed) {
            return;
        }
        let (fate, longest) = {
            let mut rng = self.rng.lock();
            let longest = [Duration::from_millis(500), LONGEST_SLEEP][rng.usize(0..2)];
            (rng.u32(0..1_000), longest.mul_f64(rng.f64()))
        };
        match fate {
            0..4 => {
                self.ledger
                    .note(format_args!("  an operation is left for ever"));
                std::future::pending::<()>().await;
            }
            4..40 => {
                self.ledger
                    .note(format_args!("  an operation sleeps for {longest:?}"));
                sleep(longest).await;
            }
            _ => {}
        }
    }
}
