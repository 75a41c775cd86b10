//! A store against the simplest one: whatever two clients do to it, one call
//! after the other, it answers as the backend in memory does.
//!
//! The cases of the suite each tell a story that somebody thought of. Here
//! scripts are made up by chance: a few sessions of a few players take, steal
//! and release locks, open, save and delete slots, come late with claims that
//! are dead, look at each other and erase; servers renew, drop and restart;
//! letters are posted, taken out and settled, trades decided and forgotten,
//! versions kept, and players listed.
//! They keep the preconditions that [`Backend`] names, so every answer is laid
//! down by its contract. A script that is answered otherwise is shortened
//! until nothing can be left out, and printed call by call.
//!
//! ```
//! # mod tests {
//! # use std::sync::Arc;
//! # use playerdata_conformance::Fixture;
//! # use playerdata_memory::MemoryBackend;
//! async fn open() -> Fixture {
//!     // …
//! #   let backend = MemoryBackend::new();
//! #   Fixture::builder(Arc::new(backend.clone()), Arc::new(backend)).build()
//! }
//!
//! playerdata_conformance::model!(open, checked_base);
//! # }
//! ```
//!
//! Answers have to be equal, except for fences, whose order has to be: they may
//! grow by more than one, and for positions of letters and times at which
//! versions were kept, which are the store's own. Leases lapse in scripts only
//! on a fixture with a [manual clock](crate::FixtureBuilder::manual_clock).

mod call;
mod fences;
mod past;
mod step;

use std::{env, fmt, sync::Arc, time::Duration};

use parking_lot::Mutex;
use playerdata_core::ManualClock;
use playerdata_memory::MemoryBackend;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};

use self::{
    fences::Fences,
    past::Past,
    step::{Action, Step},
};
use crate::{Fixture, Rule, suite};

#[cfg(doc)]
use playerdata_core::backend::Backend;

/// How long a lease is given.
const LEASE: Duration = Duration::from_secs(100);

/// What a wait takes: a lease outlives one, and not two, even if a store
/// allows for clocks that differ by a minute.
const WAIT: Duration = Duration::from_secs(90);

/// The most runs of a script while it is shortened.
const SHORTENINGS: u32 = 2_000;

/// Makes a test that plays scripts on a store and on the model.
///
/// `model!(open)` takes a function as [`suite!`](crate::suite) does, and
/// attributes for the test before it. With `checked_base`, for a store that
/// compares a write's base itself, old writes are sent again, too.
///
/// The test plays [`Scripts::COUNT`] scripts, or as many as the environment
/// variable `PROPTEST_CASES` says.
#[macro_export]
macro_rules! model {
    ($(#[$attribute:meta])* $open:path $(, $group:ident)* $(,)?) => {
        #[test]
        $(#[$attribute])*
        fn the_store_answers_as_the_model_does() {
            $crate::model::run($open, $crate::model::Scripts::default() $(.$group())*);
        }
    };
}

/// How many scripts are played, and which.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Scripts {
    count: u32,
    late_writes: bool,
    seed: Option<u64>,
}

impl Default for Scripts {
    fn default() -> Self {
        // Only if it is given: the other library's default is for quicker
        // things.
        let given = env::var_os("PROPTEST_CASES").map(|_| Config::default().cases);
        Self {
            count: given.unwrap_or(Self::COUNT),
            late_writes: false,
            seed: None,
        }
    }
}

impl Scripts {
    /// How many scripts are played if nothing else is said.
    pub const COUNT: u32 = 48;

    /// The most steps in a script.
    pub const LONGEST: usize = 60;

    /// This many of them.
    pub fn count(mut self, count: u32) -> Self {
        self.count = count;
        self
    }

    /// The same scripts every time; otherwise they are others each time.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Scripts for a store that compares a write's base itself: a write that
    /// is not the last under its claim arrives again.
    pub fn checked_base(mut self) -> Self {
        self.late_writes = true;
        self
    }
}

/// A script that a store answers differently from the model does, as short as
/// it could be made. Shown call by call.
#[derive(Clone, Debug)]
pub struct Difference {
    calls: usize,
    message: String,
}

impl Difference {
    /// How many calls it takes to show it.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Plays scripts, each on a fixture of its own.
///
/// # Panics
///
/// With the shortest script found that the store answers differently from the
/// model does.
pub fn run<Opening>(open: impl Fn() -> Opening, scripts: Scripts)
where
    Opening: Future<Output = Fixture>,
{
    if let Some(difference) = difference(open, scripts) {
        panic!("{difference}");
    }
}

/// Looks for a script that the store answers differently from the model does.
pub fn difference<Opening>(open: impl Fn() -> Opening, scripts: Scripts) -> Option<Difference>
where
    Opening: Future<Output = Fixture>,
{
    let runtime = suite::runtime();
    let mut runner = TestRunner::new(Config {
        cases: scripts.count,
        failure_persistence: None,
        max_shrink_iters: SHORTENINGS,
        rng_seed: scripts.seed.map_or(RngSeed::Random, RngSeed::Fixed),
        ..Config::default()
    });
    let steps = step::scripts(Scripts::LONGEST, scripts.late_writes);
    let shortest = Mutex::new(None);
    let result = runner.run(&steps, |steps| {
        let played = runtime.block_on(Box::pin(async {
            let fixture = open().await;
            suite::in_time(&fixture, play(&fixture, &steps)).await
        }));
        played.map_err(|difference| {
            // While it is shortened, the last that fails is the shortest.
            *shortest.lock() = Some(difference);
            TestCaseError::fail("the answers differ")
        })
    });
    match result {
        Ok(()) => None,
        Err(TestError::Fail(why, _)) => match shortest.into_inner() {
            Some(difference) => Some(difference),
            None => panic!("a script ended in a panic: {why}"),
        },
        Err(TestError::Abort(why)) => panic!("no scripts could be made: {why}"),
    }
}

/// Plays a script on the store and on the model.
async fn play(fixture: &Fixture, steps: &[Step]) -> Result<(), Difference> {
    let clock = Arc::new(ManualClock::default());
    let model = MemoryBackend::with_clock(clock.clone());
    let clients = fixture.clients();
    let (mut past, mut fences) = (Past::default(), Fences::default());
    let mut calls = 0;
    for Step { client, action } in steps {
        if matches!(action, Action::Wait) && fixture.pass(WAIT) {
            clock.advance(WAIT);
        }
        let Some(call) = past.call(action, &model).await else {
            continue;
        };
        calls += 1;
        let mut expected = call.on(&model).await;
        let translated = call.translated(&fences);
        let mut found = translated.on(&**clients[*client].backend()).await;
        for answer in [&mut expected, &mut found] {
            past.leave_out_erased(answer);
        }
        let mut in_order = true;
        if let (Some(player), Some(expected), Some(found)) =
            (call.player(), expected.fence_mut(), found.fence_mut())
        {
            in_order = fences.agree(player, *expected, *found);
            if in_order {
                *found = *expected;
            }
        }
        if !in_order || found != expected {
            let what = format!(
                "the store answers the last of these calls differently from the model\n  \
                 found    {found}\n  expected {expected}"
            );
            let message = fixture.judgement(Rule::Model, &what);
            return Err(Difference { calls, message });
        }
        past.learn(call, &expected);
    }
    Ok(())
}
