//! An operation on its way to a thread, and the queue it travels in.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use playerdata_core::backend::{self, ErrorKind};
use rusqlite::Connection;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};

use crate::error::Fault;

/// How long before the caller's deadline an operation that has not begun is
/// withdrawn, so that the caller learns that it has no effect.
const MARGIN: Duration = Duration::from_millis(50);

/// An operation that waits for a thread, with somebody who waits for it.
///
/// Running and answering are two steps, because an answer is given only after
/// the commit.
pub(crate) trait Job: Send {
    /// What its commit is to outlast before it is acknowledged.
    fn outlasts(&self) -> Outlasts;

    /// Whether the caller has gone, so that nobody learns of the outcome.
    fn is_abandoned(&self) -> bool;

    /// Whether it is to be run: its caller is there and has not withdrawn it.
    /// From then on it can't be withdrawn any more.
    fn begin(&mut self) -> bool;

    /// Runs the operation and keeps its outcome. It may be run again, if the
    /// transaction around it was rolled back.
    fn run(&mut self, db: &Connection);

    /// Keeps a failure as the outcome.
    fn fail(&mut self, fault: Fault);

    /// The outcome that is kept, if it is a failure.
    fn failure(&self) -> Option<&Fault>;

    /// Gives the outcome to the caller.
    fn answer(self: Box<Self>);
}

/// What a commit outlasts once it is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outlasts {
    /// This process.
    Process,
    /// A loss of power, too, if that is what the database is there for
    /// ([`Durability::Full`](crate::Durability::Full)).
    Power,
}

/// Of an operation that waits, set by whoever comes first: the thread that
/// begins it, or the caller who withdraws it.
#[derive(Clone, Debug, Default)]
struct Turn(Arc<AtomicBool>);

impl Turn {
    fn take(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }
}

struct Pending<T, F> {
    operation: F,
    outlasts: Outlasts,
    turn: Turn,
    begun: bool,
    outcome: Option<Result<T, Fault>>,
    reply: oneshot::Sender<Result<T, Fault>>,
}

impl<T, F> Job for Pending<T, F>
where
    T: Send,
    F: Fn(&Connection) -> Result<T, Fault> + Send,
{
    fn outlasts(&self) -> Outlasts {
        self.outlasts
    }

    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn begin(&mut self) -> bool {
        self.begun = !self.is_abandoned() && (self.begun || self.turn.take());
        self.begun
    }

    fn run(&mut self, db: &Connection) {
        self.outcome = Some((self.operation)(db));
    }

    fn fail(&mut self, fault: Fault) {
        self.outcome = Some(Err(fault));
    }

    fn failure(&self) -> Option<&Fault> {
        self.outcome.as_ref()?.as_ref().err()
    }

    fn answer(self: Box<Self>) {
        if let Some(outcome) = self.outcome {
            // Nobody to answer is not a failure: the caller has gone.
            let _ = self.reply.send(outcome);
        }
    }
}

/// An operation, and where its answer will come.
#[cfg(test)]
pub(crate) fn pending<T: Send + 'static>(
    operation: impl Fn(&Connection) -> Result<T, Fault> + Send + 'static,
) -> (Box<dyn Job>, oneshot::Receiver<Result<T, Fault>>) {
    pending_in(Outlasts::Power, Turn::default(), operation)
}

#[cfg(test)]
pub(crate) fn pending_unsynced<T: Send + 'static>(
    operation: impl Fn(&Connection) -> Result<T, Fault> + Send + 'static,
) -> (Box<dyn Job>, oneshot::Receiver<Result<T, Fault>>) {
    pending_in(Outlasts::Process, Turn::default(), operation)
}

fn pending_in<T: Send + 'static>(
    outlasts: Outlasts,
    turn: Turn,
    operation: impl Fn(&Connection) -> Result<T, Fault> + Send + 'static,
) -> (Box<dyn Job>, oneshot::Receiver<Result<T, Fault>>) {
    let (reply, answer) = oneshot::channel();
    let job = Pending {
        operation,
        outlasts,
        turn,
        begun: false,
        outcome: None,
        reply,
    };
    (Box::new(job), answer)
}

/// What a thread is sent.
pub(crate) enum Message {
    Run(Box<dyn Job>),
    /// Take nothing more, finish what was taken, and end.
    Close,
}

/// The way to a thread, or to several that share the work.
#[derive(Clone, Debug)]
pub(crate) struct Queue(mpsc::Sender<Message>);

impl Queue {
    pub(crate) fn new(capacity: usize) -> (Self, mpsc::Receiver<Message>) {
        let (sender, receiver) = mpsc::channel(capacity);
        (Self(sender), receiver)
    }

    /// Has `operation` run by the thread, and waits for the outcome.
    ///
    /// Dropping the future before the operation ran withdraws it, later only
    /// its outcome is lost. One that is still waiting shortly before the
    /// deadline of its caller is withdrawn as well, with an error that says so.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        operation: impl Fn(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        self.run_to_outlast(Outlasts::Power, operation).await
    }

    /// The same, for an operation of which nothing is needed after a loss of
    /// power: the disk is not synced for it.
    pub(crate) async fn run_unsynced<T: Send + 'static>(
        &self,
        operation: impl Fn(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        self.run_to_outlast(Outlasts::Process, operation).await
    }

    async fn run_to_outlast<T: Send + 'static>(
        &self,
        outlasts: Outlasts,
        operation: impl Fn(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let turn = Turn::default();
        let mut outcome = pin!(self.queue(outlasts, turn.clone(), operation));
        if let Some(deadline) = backend::deadline() {
            let margin = MARGIN.min(deadline.saturating_duration_since(Instant::now()) / 2);
            tokio::select! {
                biased;
                outcome = &mut outcome => return outcome,
                () = sleep_until(deadline - margin) => {}
            }
            if turn.take() {
                let what = "the database was busy until the operation's time was up";
                return Err(Fault::new(ErrorKind::Unavailable, what));
            }
        }
        outcome.await
    }

    async fn queue<T: Send + 'static>(
        &self,
        outlasts: Outlasts,
        turn: Turn,
        operation: impl Fn(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let (job, answer) = pending_in(outlasts, turn, operation);
        self.0.send(Message::Run(job)).await.map_err(|_| {
            Fault::new(
                ErrorKind::Rejected,
                "the database was closed by this process",
            )
        })?;
        answer.await.unwrap_or_else(|_| {
            let what = "the database's thread ended without an answer";
            Err(Fault::new(ErrorKind::Unavailable, what).maybe_applied())
        })
    }

    /// Closes the queue once everything before has been done.
    pub(crate) async fn close(&self) {
        // If it can't be sent, it is closed already.
        let _ = self.0.send(Message::Close).await;
    }
}
