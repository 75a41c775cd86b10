//! What a case runs on.

use std::{any::Any, fmt, ops::Deref, sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use parking_lot::Mutex;
use playerdata_core::{Clock, ManualClock, ServerId, UnixMillis, backend::Backend};

use crate::{
    Process, Rule,
    driver::{Client, Game, GameServer, Recorded, SlowClient, World},
};

/// Two clients of one store.
type Clients = [Arc<dyn Backend>; 2];

/// A namespace of a store for one case, with two clients on it.
///
/// The namespace is empty at first and nobody else's. The clients are as
/// independent of each other as two servers are: they share no connection, no
/// cache and no lock that two processes would not share. For a store that
/// lives in one process they are two handles on it.
///
/// ```
/// use std::sync::Arc;
///
/// use playerdata_conformance::Fixture;
/// use playerdata_core::ManualClock;
/// use playerdata_memory::MemoryBackend;
///
/// async fn open() -> Fixture {
///     let clock = Arc::new(ManualClock::default());
///     let backend = MemoryBackend::with_clock(clock.clone());
///     Fixture::builder(Arc::new(backend.clone()), Arc::new(backend))
///         .manual_clock(clock)
///         .build()
/// }
/// # let _ = open;
/// ```
#[must_use]
pub struct Fixture {
    // The order of the fields is that of dropping them: clients go before
    // what they work on.
    clients: [Client; 2],
    parts: Parts,
}

/// All but the clients.
struct Parts {
    world: World,
    clock: Option<Arc<ManualClock>>,
    lease_ttl: Duration,
    // Mutexes, so that cases can be sent between threads.
    reopen: Mutex<Option<Reopen>>,
    process: Option<Arc<dyn Process>>,
    outage: Option<Outage>,
    kill: Mutex<Option<Reopen>>,
    guards: Mutex<Vec<Box<dyn Any + Send>>>,
}

/// How the store is stopped and started, in this order.
type Outage = [Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>; 2];

type Reopen = Box<dyn FnOnce() -> BoxFuture<'static, Clients> + Send>;

/// Puts a [`Fixture`] together.
#[must_use]
pub struct FixtureBuilder {
    backends: Clients,
    parts: Parts,
}

/// How late a lease may lapse, by whichever clock counts.
const LAPSE_PATIENCE: Duration = Duration::from_secs(30);

impl FixtureBuilder {
    /// The clock by which the store, through both clients, tells whether a
    /// lease has lapsed. Without it, cases wait until one really has.
    pub fn manual_clock(mut self, clock: Arc<ManualClock>) -> Self {
        self.parts.clock = Some(clock);
        self
    }

    /// The time that a lease is given which is about to lapse: as short as
    /// the store can tell. The default is 300 ms.
    pub fn lease_ttl(mut self, ttl: Duration) -> Self {
        self.parts.lease_ttl = ttl;
        self
    }

    /// How long a case waits for what has to come, and comes at once unless
    /// the machine is busy with other things. The default is 30 s.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.parts.world.set_patience(patience);
        self
    }

    /// Keeps something for as long as the fixture lives, and drops it after
    /// the clients: a folder, a server process.
    pub fn keep(mut self, guard: impl Send + 'static) -> Self {
        self.parts.guards.get_mut().push(Box::new(guard));
        self
    }

    /// How the store is closed and opened again, for the group `durable`.
    /// When it is called, the clients given before are dropped already.
    pub fn reopen<F>(mut self, reopen: impl FnOnce() -> F + Send + 'static) -> Self
    where
        F: Future<Output = Clients> + Send + 'static,
    {
        *self.parts.reopen.get_mut() = Some(Box::new(|| reopen().boxed()));
        self
    }

    /// How the store is made unreachable for the clients, and then reachable
    /// again with all that it held, for the group `outage`. The clients live
    /// through it: that they come back by themselves is part of what is tried.
    pub fn outage<Stopping, Starting>(
        mut self,
        stop: impl Fn() -> Stopping + Send + Sync + 'static,
        start: impl Fn() -> Starting + Send + Sync + 'static,
    ) -> Self
    where
        Stopping: Future<Output = ()> + Send + 'static,
        Starting: Future<Output = ()> + Send + 'static,
    {
        self.parts.outage = Some([
            Arc::new(move || stop().boxed()),
            Arc::new(move || start().boxed()),
        ]);
        self
    }

    /// How the store is killed, with no time to write anything, and opened
    /// again, for the group `killed`. The clients given before are still there
    /// when it is called, and are dropped when it returns.
    pub fn kill<F>(mut self, kill: impl FnOnce() -> F + Send + 'static) -> Self
    where
        F: Future<Output = Clients> + Send + 'static,
    {
        *self.parts.kill.get_mut() = Some(Box::new(|| kill().boxed()));
        self
    }

    /// A client in a process that can be frozen, for the group `stepwise`.
    pub fn process(mut self, process: impl Process) -> Self {
        self.parts.process = Some(Arc::new(process));
        self
    }

    /// The fixture.
    pub fn build(self) -> Fixture {
        Fixture::assemble(self.backends, self.parts)
    }
}

impl Fixture {
    /// Starts with two clients of one empty namespace.
    pub fn builder(one: Arc<dyn Backend>, other: Arc<dyn Backend>) -> FixtureBuilder {
        FixtureBuilder {
            backends: [one, other],
            parts: Parts {
                world: World::default(),
                clock: None,
                lease_ttl: Duration::from_millis(300),
                reopen: Mutex::default(),
                process: None,
                outage: None,
                kill: Mutex::default(),
                guards: Mutex::default(),
            },
        }
    }

    fn assemble(backends: Clients, parts: Parts) -> Self {
        let world = &parts.world;
        let [one, other] = backends;
        let clients =
            [(one, "a"), (other, "b")].map(|(backend, label)| recorded(backend, label, world));
        Self { clients, parts }
    }

    /// The two clients.
    #[must_use]
    pub fn clients(&self) -> [Client; 2] {
        self.clients.clone()
    }

    /// Makes the store unreachable.
    pub(crate) async fn stop(&self) {
        self.history().note("(the store is down)".to_owned());
        self.outage()[0]().await;
    }

    /// Makes the store reachable again.
    pub(crate) async fn start(&self) {
        self.outage()[1]().await;
        self.history().note("(the store is back)".to_owned());
    }

    fn outage(&self) -> &Outage {
        self.parts.outage.as_ref().unwrap_or_else(|| {
            self.fail(
                Rule::Fixture,
                "the group `outage` needs a fixture that can stop and start the store",
            )
        })
    }

    /// Kills the store and opens it again.
    ///
    /// # Panics
    ///
    /// If the fixture was built without [`FixtureBuilder::kill`], which a
    /// suite with the group `killed` needs.
    pub(crate) async fn kill(self) -> Self {
        let Self { clients, parts } = self;
        let kill = parts.kill.lock().take();
        let Some(kill) = kill else {
            parts.world.fail(
                Rule::Fixture,
                "the group `killed` needs a fixture that can kill the store",
            );
        };
        parts
            .world
            .history()
            .note("(the store is killed)".to_owned());
        let backends = kill().await;
        drop(clients);
        Self::assemble(backends, parts)
    }

    /// The process that can be frozen.
    ///
    /// # Panics
    ///
    /// If the fixture was built without [`FixtureBuilder::process`], which a
    /// suite with the group `stepwise` needs.
    pub(crate) fn process(&self) -> SlowClient {
        let Some(process) = self.parts.process.clone() else {
            self.fail(
                Rule::Fixture,
                "the group `stepwise` needs a fixture with a process",
            );
        };
        let client = recorded(process.backend(), "c", &self.parts.world);
        SlowClient::new(client, process)
    }

    /// A server on each client, named `server-a` and `server-b`.
    #[must_use]
    pub fn servers(&self) -> [GameServer; 2] {
        let [a, b] = self.clients();
        [(a, "server-a"), (b, "server-b")].map(|(client, name)| GameServer {
            id: self.started(name),
            client,
        })
    }

    /// A game on each client, on servers named `server-a` and `server-b`.
    pub async fn games(&self) -> [Game; 2] {
        let [a, b] = self.clients();
        let (a, b) = (a.game("server-a").start(), b.game("server-b").start());
        let (a, b) = futures::future::join(a, b).await;
        [a, b]
    }

    /// The `lock_expiry` of a server with a session manager whose lease is
    /// about to lapse. It leaves its calls some time, also on a machine that
    /// is busy with other things: the more, the less it costs.
    #[must_use]
    pub fn lock_expiry(&self) -> Duration {
        match self.parts.clock {
            Some(_) => Duration::from_secs(60),
            None => self.parts.lease_ttl + Duration::from_secs(2),
        }
    }

    /// The time to give a lease that is about to lapse.
    #[must_use]
    pub fn lease_ttl(&self) -> Duration {
        self.parts.lease_ttl
    }

    /// Returns when the lease of `server`, last renewed for `ttl`, has
    /// lapsed: by moving the clock, or by waiting, with a bound.
    pub async fn let_lapse(&self, server: &ServerId, ttl: Duration) {
        // One that is on its way to the store could bring the lease back.
        let heartbeat = format!(".renew_lease({} ", server.name);
        self.until(Rule::Fixture, "no heartbeat is on its way", || async {
            !self.history().is_waiting(&heartbeat)
        })
        .await;
        let client = &self.clients[0];
        let too_late = format!("a lease of {ttl:?} lapses when it is over");
        let Some(clock) = &self.parts.clock else {
            let wait = async {
                while client.lease_is_live(server).await {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            if tokio::time::timeout(ttl + LAPSE_PATIENCE, wait)
                .await
                .is_err()
            {
                self.fail(Rule::L2, &too_late);
            }
            return;
        };
        clock.advance(ttl);
        // A store may allow for clocks that differ, and be late by that.
        for _ in 0..LAPSE_PATIENCE.as_secs() {
            if !client.lease_is_live(server).await {
                return;
            }
            clock.advance(Duration::from_secs(1));
        }
        self.fail(Rule::L2, &too_late);
    }

    /// Lets so much time pass by the manual clock; false if there is none.
    pub(crate) fn pass(&self, time: Duration) -> bool {
        let Some(clock) = &self.parts.clock else {
            return false;
        };
        let noted = self
            .history()
            .call(format!("(the clock goes on by {time:?})"));
        clock.advance(time);
        noted.answer("done".to_owned());
        true
    }

    /// Sets the store's clock back, if the fixture has one that can be set.
    pub(crate) fn set_back(&self, time: Duration) -> bool {
        let Some(clock) = &self.parts.clock else {
            return false;
        };
        let noted = self
            .history()
            .call(format!("(the clock is set back by {time:?})"));
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        clock.set(UnixMillis::new(clock.now().get().saturating_sub(millis)));
        noted.answer("done".to_owned());
        true
    }

    /// Closes both clients and the store, and opens them again.
    ///
    /// # Panics
    ///
    /// If the fixture was built without [`FixtureBuilder::reopen`], which a
    /// suite with the group `durable` needs.
    pub async fn reopen(self) -> Self {
        let Self { clients, mut parts } = self;
        drop(clients);
        let Some(reopen) = parts.reopen.get_mut().take() else {
            parts.world.fail(
                Rule::Fixture,
                "the group `durable` needs a fixture that knows how to reopen",
            );
        };
        Self::assemble(reopen().await, parts)
    }
}

/// A client whose calls go into the history.
fn recorded(backend: Arc<dyn Backend>, label: &'static str, world: &World) -> Client {
    let recorded = Recorded::new(backend, label, world.history().clone());
    Client::new(Arc::new(recorded), world.clone())
}

impl Deref for Fixture {
    type Target = World;

    fn deref(&self) -> &World {
        &self.parts.world
    }
}

impl fmt::Debug for Fixture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fixture")
            .field("clients", &self.clients)
            .finish_non_exhaustive()
    }
}
