//! One run, from its seed to its end.

use std::{fmt, sync::Arc, time::Duration};

use playerdata_core::backend::Backend;
use playerdata_stepping::Flaw;
use thiserror::Error;
use tokio::time::timeout;

use crate::{
    RULES, Rule, Violation, baton, chaos, ending,
    ground::{Kind, Wrap},
    operator,
    visit::Role,
    visitor,
    world::World,
};

/// No run takes this long, in virtual time.
const AT_MOST: Duration = Duration::from_hours(2);

/// A run to be made: from a seed, under all rules, on a store in memory.
///
/// ```
/// use playerdata_simulation::Simulation;
///
/// let first = Simulation::new(3).run()?;
/// let second = Simulation::new(3).run()?;
/// assert_eq!(first.history, second.history);
/// # Ok::<(), playerdata_simulation::Failure>(())
/// ```
#[derive(Clone)]
#[must_use = "it does nothing until it is run"]
pub struct Simulation {
    seed: u64,
    rules: Vec<Rule>,
    kind: Kind,
    seam: Wrap,
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation")
            .field("seed", &self.seed)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

/// What a run did in which no rule was broken.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Every operation that was applied, and everything that was told.
    pub history: Vec<String>,
}

/// A run in which a rule was broken.
#[derive(Clone, Debug, Error)]
#[error("seed {seed}, {violation}")]
#[non_exhaustive]
pub struct Failure {
    /// The seed: running it again fails at the same step.
    pub seed: u64,
    /// What was broken, and when.
    pub violation: Violation,
    /// Everything up to there.
    pub history: Vec<String>,
}

impl Simulation {
    /// A run from `seed`.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            rules: RULES.to_vec(),
            kind: Kind::OneStep(Arc::new(|store| store)),
            seam: Arc::new(|way| way),
        }
    }

    /// Checks these rules only.
    pub fn checking(mut self, rules: &[Rule]) -> Self {
        self.rules = rules.to_vec();
        self
    }

    /// Runs on what `wrap` makes of the store, to see what a broken one does.
    pub fn on(
        mut self,
        wrap: impl Fn(Arc<dyn Backend>) -> Arc<dyn Backend> + Send + Sync + 'static,
    ) -> Self {
        self.kind = Kind::OneStep(Arc::new(wrap));
        self
    }

    /// Puts what `wrap` makes between each manager and its way to the store, to
    /// see what a manager does that leaves out a step, or does it too early.
    pub fn with_managers_on(
        mut self,
        wrap: impl Fn(Arc<dyn Backend>) -> Arc<dyn Backend> + Send + Sync + 'static,
    ) -> Self {
        self.seam = Arc::new(wrap);
        self
    }

    /// Runs on a store whose operations take several steps, between which
    /// their process can fall asleep or die; with a flaw, to see what a broken
    /// one does.
    pub fn in_steps(mut self, flaw: Option<Flaw>) -> Self {
        self.kind = Kind::SeveralSteps(flaw);
        self
    }

    /// Makes the run, in this thread.
    ///
    /// # Errors
    ///
    /// [`Failure`] at the first step that breaks a rule.
    ///
    /// # Panics
    ///
    /// If called from within a tokio runtime.
    pub fn run(&self) -> Result<Report, Failure> {
        baton::run(self.play())
    }

    async fn play(&self) -> Result<Report, Failure> {
        let world = World::new(
            self.seed,
            self.rules.clone(),
            &self.kind,
            Arc::clone(&self.seam),
        )
        .await;
        let world = Arc::new(world.expect("a store in memory takes what is put into it"));
        let ledger = world.ledger.clone();
        tokio::select! {
            biased; // the order is always the same
            () = ledger.broken() => {}
            ended = timeout(AT_MOST, story(&world)) => {
                if ended.is_err() {
                    ledger.breaks(Rule::Recovered, format_args!("the run does not end"));
                }
            }
        }
        let (seed, mut state) = (self.seed, ledger.state());
        let violation = state.violation().cloned();
        let history = state.history.take();
        match violation {
            None => Ok(Report { seed, history }),
            Some(violation) => Err(Failure {
                seed,
                violation,
                history,
            }),
        }
    }
}

/// Trouble, and then peace.
async fn story(world: &Arc<World>) {
    let mut everybody = tokio::task::JoinSet::new();
    let chaos = fastrand::Rng::with_seed(world.fork());
    everybody.spawn(chaos::reign(Arc::clone(world), chaos));
    let roles = [
        (&world.players, Role::Wanderer),
        (&world.traders, Role::Trader),
        (&world.put_back, Role::PutBack),
    ];
    for (players, role) in roles {
        for player in players {
            let rng = fastrand::Rng::with_seed(world.fork());
            let wandering = visitor::wander(Arc::clone(world), player.clone(), role, rng);
            everybody.spawn(wandering);
        }
    }
    for player in &world.put_back {
        let rng = fastrand::Rng::with_seed(world.fork());
        everybody.spawn(operator::go_back(Arc::clone(world), player.clone(), rng));
    }
    while let Some(ended) = everybody.join_next().await {
        if let Err(error) = ended {
            world.ledger.breaks(Rule::NoPanic, format_args!("{error}"));
        }
    }
    ending::calm_down(world).await;
    ending::recover(world).await;
}
