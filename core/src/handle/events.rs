//! The handle to a manager's events.

use std::vec;

use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::{
    Event,
    backend::Hazard,
    engine::{Numbered, Subscription},
};

/// A listener's end of the channel; see
/// [`SessionManager::events`](crate::SessionManager::events).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = std::sync::Arc::new(playerdata_memory::MemoryBackend::new());
/// # let manager = playerdata_core::SessionManager::builder(backend).start().await?;
/// use playerdata_core::{EndReason, Event};
///
/// let mut events = manager.events();
/// # let session = manager.start_session(4711_u64).await?;
/// # session.end().await?;
/// while let Some(event) = events.next().await {
///     match event {
///         Event::SessionLost { player, .. } => println!("kick player {player}"),
///         Event::SessionEnded { player, reason, .. } => {
///             println!("player {player} is saved and free ({reason:?})");
///             # assert_eq!(reason, EndReason::Requested);
///             # break;
///         }
///         Event::SaveFailed { error, .. } => eprintln!("{error}"),
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Events {
    /// What was found before anybody could listen.
    found: vec::IntoIter<Hazard>,
    /// Those about sessions and the server, and those about saves.
    queues: [Queue; 2],
    ended: CancellationToken,
}

/// One of the buffers, and what was taken out of it to be compared.
#[derive(Debug)]
struct Queue {
    receiver: broadcast::Receiver<Numbered>,
    next: Option<Numbered>,
}

impl Queue {
    /// Looks for what comes next. Events that were missed come before it.
    fn look(&mut self) {
        if self.next.is_none() {
            let received = self.receiver.try_recv();
            self.next = match received {
                Ok(event) => Some(event),
                Err(broadcast::error::TryRecvError::Lagged(count)) => Some(missed(count)),
                Err(_) => None,
            };
        }
    }

    /// Returns once something is there; never after the end.
    ///
    /// Cancel safe: what it takes is in `next` at once.
    async fn arrival(&mut self) {
        match self.receiver.recv().await {
            Ok(event) => self.next = Some(event),
            Err(broadcast::error::RecvError::Lagged(count)) => self.next = Some(missed(count)),
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

fn missed(count: u64) -> Numbered {
    (0, Event::Lagged { count })
}

impl Events {
    pub(super) fn of(subscription: Subscription) -> Self {
        let queue = |receiver| Queue {
            receiver,
            next: None,
        };
        Self {
            found: subscription.found.into_iter(),
            queues: subscription.receivers.map(queue),
            ended: subscription.ended,
        }
    }

    /// The next event; [`Event::Lagged`] if some were dropped because this
    /// listener was slow; `None` after the last: when a
    /// [`shutdown`](crate::SessionManager::shutdown) has returned its report,
    /// or the manager's runtime or everything that the manager gave out is
    /// gone.
    ///
    /// Events about saves have a buffer of their own. They can't crowd out the
    /// others, however many they are.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no event is lost.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            let ended = self.ended.is_cancelled(); // before the last look
            if let Some(event) = self.try_next() {
                return Some(event);
            }
            if ended {
                return None;
            }
            let [sessions, saves] = &mut self.queues;
            tokio::select! {
                biased; // a simulation repeats itself
                () = sessions.arrival() => {}
                () = saves.arrival() => {}
                () = self.ended.cancelled() => {}
            }
        }
    }

    /// The next event if one is waiting.
    pub fn try_next(&mut self) -> Option<Event> {
        if let Some(hazard) = self.found.next() {
            return Some(Event::StoreAtRisk { hazard });
        }
        for queue in &mut self.queues {
            queue.look();
        }
        let first = |queue: &&mut Queue| queue.next.as_ref().map_or(u64::MAX, |(place, _)| *place);
        let queue = self.queues.iter_mut().min_by_key(first)?;
        queue.next.take().map(|(_, event)| event)
    }
}
