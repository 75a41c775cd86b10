//! One run: the sessions start, the game is played, the sessions end.

use std::{sync::Arc, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};
use parking_lot::Mutex;
use playerdata_core::{Document, Error, OnConflict, SessionManager, Settings, Slot, StartError};
use procfs::ProcError;
use thiserror::Error;
use tokio::time::{MissedTickBehavior, interval};

use super::{
    game::Game,
    report::{Latencies, Report},
    store::{Store, StoreAddress, Unopened},
    timed::Timed,
    usage::Usage,
};
use crate::{documents::Standard, timing::Stopwatch};

/// Sessions that start at the same time.
const STARTING: u64 = 256;

/// How long all sessions together may take to end.
const ENDING_TAKES_AT_MOST: Duration = Duration::from_secs(300);

/// What to do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// On which store.
    pub place: StoreAddress,
    /// How many sessions.
    pub sessions: u64,
    /// Of which document.
    pub document: Standard,
    /// For how long.
    pub duration: Duration,
    /// How often each document is changed, on average.
    pub change_every: Duration,
    /// How everything else is set.
    pub settings: Settings,
}

/// A run that did not come to its end.
#[derive(Debug, Error)]
pub enum Failure {
    /// The store could not be opened.
    #[error("the store could not be opened")]
    Store(#[from] Unopened),
    /// The manager did not start.
    #[error("the manager did not start")]
    Start(#[from] StartError),
    /// A session did not start.
    #[error("a session did not start")]
    Session(#[from] Error),
    /// The system does not report what the process uses.
    #[error("the system does not report what the process uses")]
    Usage(#[from] ProcError),
}

/// Does it, with progress bars on standard error.
///
/// # Errors
///
/// [`Failure`] if the run can't be carried through. Saves that fail are not
/// failure of the run: the report counts them.
///
/// # Panics
///
/// If the game's thread does.
pub async fn run(plan: &Plan) -> Result<Report, Failure> {
    let store = Store::open(&plan.place).await?;
    let timed = Arc::new(Timed::new(Arc::clone(&store.backend)));
    let document = plan.document;
    let builder = SessionManager::typed(timed.clone(), move |_| document.document());
    let settings = plan.settings.clone();
    let manager = Arc::new(builder.settings(settings).start().await?);

    let watch = Stopwatch::start();
    let slots = start_all(&manager, plan.sessions).await?;
    let starting = watch.elapsed();

    let game = Game::start(slots, plan.change_every);
    // The first cycle stores new documents, and is not what a game is like.
    wait("first cycle", plan.settings.autosave_interval).await;
    timed.take();
    game.count();
    let (before, server_before) = (Usage::now()?, store.usage().await);
    let watch = Stopwatch::start();
    wait("playing", plan.duration).await;
    let playing = watch.elapsed();
    let saves = timed.take();
    let (after, server_after) = (Usage::now()?, store.usage().await);
    let played = game.end();

    let manager = Arc::into_inner(manager).expect("all who started sessions are done");
    let watch = Stopwatch::start();
    let ended = manager.shutdown(ENDING_TAKES_AT_MOST).await;
    let ending = watch.elapsed();
    let each_second = |count: f64, time: Duration| count / time.as_secs_f64();
    let processors = |before: f64, after: f64| (after - before) / playing.as_secs_f64();
    Ok(Report {
        store: store.backend.name().to_owned(),
        sessions: plan.sessions,
        document: plan.document.name().to_owned(),
        seconds: playing.as_secs_f64(),
        starts_per_second: each_second(plan.sessions as f64, starting),
        ends_per_second: each_second(ended.ended as f64, ending),
        not_ended: (ended.failed.len() + ended.unfinished.len()) as u64,
        saves_per_second: each_second(saves.nanos.len() as f64, playing),
        bytes_per_save: saves.bytes as f64 / saves.nanos.len().max(1) as f64,
        failed_saves: saves.failures,
        save: Latencies::of(&saves.nanos),
        sets: played.nanos.len(),
        refused_sets: played.refused,
        set: Latencies::of(&played.nanos),
        empty: Latencies::of(&played.empty),
        processors: processors(
            before.processor.as_secs_f64(),
            after.processor.as_secs_f64(),
        ),
        resident_bytes: after.resident_bytes,
        peak_bytes: after.peak_bytes,
        server_processors: server_before
            .zip(server_after)
            .map(|((before, _), (after, _))| processors(before, after)),
        server_bytes: server_after.map(|(_, bytes)| bytes),
    })
}

/// Starts the sessions, many at a time, and loads a slot of each, which is all
/// that a game needs to have of a player.
async fn start_all(
    manager: &Arc<SessionManager<Document>>,
    sessions: u64,
) -> Result<Vec<Slot<Document>>, Error> {
    let bar = bar("starting sessions", sessions);
    let slots = Arc::new(Mutex::new(Vec::with_capacity(sessions as usize)));
    let starters: Vec<_> = (0..STARTING)
        .map(|first| {
            let (manager, bar) = (Arc::clone(manager), bar.clone());
            let slots = Arc::clone(&slots);
            tokio::spawn(async move {
                for player in (first..sessions).step_by(STARTING as usize) {
                    let session = manager.start_session_with(player, OnConflict::Fail).await?;
                    let slot = session.load_slot("Slot1").await?;
                    slots.lock().push(slot);
                    bar.inc(1);
                }
                Ok::<_, Error>(())
            })
        })
        .collect();
    for starter in starters {
        starter.await.expect("starting does not panic")?;
    }
    bar.finish();
    Ok(std::mem::take(&mut *slots.lock()))
}

/// Lets time pass, and shows how much.
async fn wait(what: &'static str, time: Duration) {
    let tenths = time.as_millis() as u64 / 100;
    let bar = bar(what, tenths);
    let mut ticks = interval(Duration::from_millis(100));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    ticks.tick().await; // the first is at once
    for _ in 0..tenths {
        ticks.tick().await;
        bar.inc(1);
    }
    bar.finish();
}

fn bar(what: &'static str, length: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:18} {wide_bar} {percent:>3} %, {eta} left");
    let style = style.expect("the template is a constant that was tried");
    ProgressBar::new(length)
        .with_style(style)
        .with_message(what)
}
