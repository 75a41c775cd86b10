//! Getting a request to the store and its answer back, or not.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use playerdata_core::backend::{Backend, BackendError, Effect, ErrorKind, Result};
use tokio::time::sleep;

use crate::{
    Fault,
    connection::{Connection, Passage},
};

pub(crate) const CUT_OFF: &str = "this server was cut off";

/// Makes the call on the store; it can be made more than once.
type Sender<T> = dyn Fn(Arc<dyn Backend>) -> BoxFuture<'static, Result<T>> + Send + Sync;

/// A request that can be sent more than once. It owns what it needs, since
/// its caller may be gone when it arrives.
pub(crate) struct Request<T> {
    pub(crate) store: Arc<dyn Backend>,
    pub(crate) connection: Arc<Connection>,
    pub(crate) send: Arc<Sender<T>>,
    /// What a store would say that did nothing and claims to have done it.
    pub(crate) lie: Option<T>,
    /// Whether it is carried out without its caller, also without a fault.
    pub(crate) detached: bool,
}

impl<T: Send + 'static> Request<T> {
    /// Carries out the fault. Whatever leaves the server goes on its way even
    /// if the caller drops this.
    pub(crate) async fn deliver(mut self, fault: Option<Fault>) -> Result<T> {
        match fault {
            None if self.connection.is_clear() && !self.detached => {
                let answer = (self.send)(Arc::clone(&self.store)).await;
                self.bring_back(answer).await
            }
            None => self.travel(Duration::ZERO, Duration::ZERO).await,
            Some(Fault::Delay { request, answer }) => self.travel(request, answer).await,
            Some(Fault::ErrorBefore) => Err(failed(Effect::None, "injected, before")),
            Some(Fault::Rejected) => Err(BackendError::new(
                ErrorKind::Rejected,
                Effect::None,
                "injected, rejected",
            )),
            Some(Fault::ErrorInDoubt) => Err(failed(Effect::Possible, "injected, in doubt")),
            Some(Fault::ErrorAfter) => {
                self.travel(Duration::ZERO, Duration::ZERO).await?;
                Err(failed(Effect::Possible, "injected, after"))
            }
            Some(Fault::HangBefore) => hang().await,
            Some(Fault::HangAfter) => {
                // Its own errors are lost like any other answer.
                let _ = self.travel(Duration::ZERO, Duration::ZERO).await;
                hang().await
            }
            Some(Fault::HangThenApply { after }) => {
                self.send_later(after);
                hang().await
            }
            Some(Fault::Duplicate { after }) => {
                let answer = self.travel(Duration::ZERO, Duration::ZERO).await;
                self.send_later(after);
                answer
            }
            Some(Fault::Lie) => match self.lie.take() {
                Some(lie) => Ok(lie),
                None => self.travel(Duration::ZERO, Duration::ZERO).await,
            },
            Some(Fault::Crash { applied }) => {
                if applied {
                    // Its own errors are lost like any other answer.
                    let _ = self.travel(Duration::ZERO, Duration::ZERO).await;
                }
                self.connection.cut();
                Err(failed(Effect::Possible, CUT_OFF))
            }
            Some(Fault::Panic) => panic!("injected"),
        }
    }

    /// There and back, each taking its time. The way there is a task of its
    /// own: what has left the server arrives, whatever becomes of it.
    async fn travel(&self, there: Duration, back: Duration) -> Result<T> {
        let (send, store) = (Arc::clone(&self.send), Arc::clone(&self.store));
        let connection = Arc::clone(&self.connection);
        let arrival = tokio::spawn(async move {
            match connection.pass().await {
                Passage::Passed => {}
                stopped => return Err(stopped),
            }
            sleep(there).await;
            Ok(send(store).await)
        });
        match arrival.await {
            Ok(Ok(answer)) => {
                sleep(back).await;
                self.bring_back(answer).await
            }
            Ok(Err(Passage::Cut)) => Err(failed(Effect::None, CUT_OFF)),
            Ok(Err(_)) => hang().await,
            Err(error) => {
                Err(failed(Effect::Possible, "the delivery broke off").with_source(error))
            }
        }
    }

    async fn bring_back(&self, answer: Result<T>) -> Result<T> {
        if self.connection.is_clear() {
            return answer;
        }
        match self.connection.pass().await {
            Passage::Passed => answer,
            Passage::Lost => hang().await,
            Passage::Cut => Err(failed(Effect::Possible, CUT_OFF)),
        }
    }

    /// Arrives this much later, whatever happened to the server: it is in the
    /// network already.
    fn send_later(&self, after: Duration) {
        let (send, store) = (Arc::clone(&self.send), Arc::clone(&self.store));
        tokio::spawn(async move {
            sleep(after).await;
            // Nobody waits for what comes of it.
            let _ = send(store).await;
        });
    }
}

async fn hang<T>() -> Result<T> {
    std::future::pending().await
}

pub(crate) fn failed(effect: Effect, what: &'static str) -> BackendError {
    BackendError::new(ErrorKind::Unavailable, effect, what)
}
