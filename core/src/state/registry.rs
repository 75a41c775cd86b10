//! Which players this manager holds, or is about to.

use std::{
    hash::BuildHasher,
    pin::pin,
    sync::{Arc, atomic::Ordering},
};

use hashbrown::{DefaultHashBuilder, HashTable, hash_table::Entry};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::SessionState;
use crate::{PlayerId, SessionId};

/// One place per player: at most one session, or one start under way.
#[derive(Debug)]
pub(crate) struct Registry<D> {
    entries: Mutex<Entries<D>>,
    /// Notified when the last place is freed.
    emptied: Notify,
}

#[derive(Debug)]
struct Entries<D> {
    /// By player: each place knows whose it is.
    places: HashTable<Place<D>>,
    /// With a key of its own: players may choose their ids.
    hasher: DefaultHashBuilder,
    /// Whether no more starts may begin.
    closed: bool,
}

#[derive(Debug)]
enum Place<D> {
    /// A start is under way. Boxed, so that it does not make room for itself
    /// in the place of every session.
    Starting(Box<Start>),
    Live(Arc<SessionState<D>>),
}

#[derive(Debug)]
struct Start {
    player: PlayerId,
    session: SessionId,
    /// Whether there was news of mail meanwhile.
    mail_came: bool,
    /// Cancelled when it is over.
    over: CancellationToken,
}

/// A player whose place is taken; by a start, the token of its end.
pub(crate) type Taken = (PlayerId, Option<CancellationToken>);

/// What stands in the way of a start.
pub(crate) enum Occupied<D> {
    /// Another start, to be waited for.
    Starting(CancellationToken),
    /// A session, to be ended.
    Live(Arc<SessionState<D>>),
    /// The end of the manager.
    Closed,
}

impl<D> Place<D> {
    fn player(&self) -> &PlayerId {
        match self {
            Self::Starting(start) => &start.player,
            Self::Live(state) => &state.core.player,
        }
    }
}

impl<D> Entries<D> {
    fn get(&self, player: &PlayerId) -> Option<&Place<D>> {
        let hash = self.hasher.hash_one(player);
        self.places.find(hash, |place| place.player() == player)
    }

    fn entry(&mut self, player: &PlayerId) -> Entry<'_, Place<D>> {
        let Self { places, hasher, .. } = self;
        places.entry(
            hasher.hash_one(player),
            |place| place.player() == player,
            |place| hasher.hash_one(place.player()),
        )
    }
}

impl<D> Default for Registry<D> {
    fn default() -> Self {
        Self {
            entries: Mutex::new(Entries {
                places: HashTable::new(),
                hasher: DefaultHashBuilder::default(),
                closed: false,
            }),
            emptied: Notify::new(),
        }
    }
}

impl<D> Registry<D> {
    /// Takes the player's place for a start, if it is free.
    pub(crate) fn reserve<'a>(
        &'a self,
        player: &'a PlayerId,
        session: SessionId,
    ) -> Result<Reservation<'a, D>, Occupied<D>> {
        let mut entries = self.entries.lock();
        if entries.closed {
            return Err(Occupied::Closed);
        }
        match entries.entry(player) {
            Entry::Occupied(place) => Err(match place.get() {
                Place::Starting(start) => Occupied::Starting(start.over.clone()),
                Place::Live(session) => Occupied::Live(Arc::clone(session)),
            }),
            Entry::Vacant(place) => {
                let over = CancellationToken::new();
                place.insert(Place::Starting(Box::new(Start {
                    player: player.clone(),
                    session,
                    mail_came: false,
                    over: over.clone(),
                })));
                Ok(Reservation {
                    registry: self,
                    player,
                    session,
                    over,
                })
            }
        }
    }

    /// The session, if it is the one that has the player's place.
    pub(crate) fn session(
        &self,
        player: &PlayerId,
        session: SessionId,
    ) -> Option<Arc<SessionState<D>>> {
        match self.entries.lock().get(player) {
            Some(Place::Live(state)) if state.core.id == session => Some(Arc::clone(state)),
            _ => None,
        }
    }

    /// The session, to have a look at its mail. One that is being started looks
    /// itself.
    pub(crate) fn mail_came(
        &self,
        player: &PlayerId,
        session: SessionId,
    ) -> Option<Arc<SessionState<D>>> {
        let mut entries = self.entries.lock();
        let Entry::Occupied(mut place) = entries.entry(player) else {
            return None;
        };
        match place.get_mut() {
            Place::Live(state) if state.core.id == session => Some(Arc::clone(state)),
            Place::Starting(start) if start.session == session => {
                start.mail_came = true;
                None
            }
            _ => None,
        }
    }

    /// The sessions, all of which may have mail; those that are being started
    /// look themselves.
    pub(crate) fn mail_may_have_come(&self) -> Vec<Arc<SessionState<D>>> {
        for place in &mut self.entries.lock().places {
            if let Place::Starting(start) = place {
                start.mail_came = true;
            }
        }
        self.sessions()
    }

    /// The session that has the player's place.
    pub(crate) fn live(&self, player: &PlayerId) -> Option<Arc<SessionState<D>>> {
        match self.entries.lock().get(player) {
            Some(Place::Live(state)) => Some(Arc::clone(state)),
            _ => None,
        }
    }

    /// Whether the session is live here or being started.
    pub(crate) fn knows(&self, player: &PlayerId, session: SessionId) -> bool {
        match self.entries.lock().get(player) {
            Some(Place::Live(state)) => state.core.id == session,
            Some(Place::Starting(start)) => start.session == session,
            None => false,
        }
    }

    /// Frees the player's place if it is this session's.
    pub(crate) fn remove(&self, player: &PlayerId, session: SessionId) {
        self.remove_if(
            player,
            |place| matches!(place, Place::Live(state) if state.core.id == session),
        );
    }

    fn remove_if(&self, player: &PlayerId, is_it: impl FnOnce(&Place<D>) -> bool) {
        let mut entries = self.entries.lock();
        if let Entry::Occupied(place) = entries.entry(player)
            && is_it(place.get())
        {
            place.remove();
        }
        let is_empty = entries.places.is_empty();
        drop(entries);
        if is_empty {
            self.emptied.notify_waiters();
        }
    }

    /// Returns once no place is taken.
    pub(crate) async fn emptied(&self) {
        loop {
            let mut emptied = pin!(self.emptied.notified());
            emptied.as_mut().enable(); // before the look, so that nothing is missed
            if self.len() == 0 {
                return;
            }
            emptied.await;
        }
    }

    /// All live sessions, sorted by player.
    pub(crate) fn sessions(&self) -> Vec<Arc<SessionState<D>>> {
        let entries = self.entries.lock();
        let live = entries.places.iter().filter_map(|place| match place {
            Place::Live(state) => Some(Arc::clone(state)),
            Place::Starting(_) => None,
        });
        let mut sessions: Vec<_> = live.collect();
        drop(entries);
        sessions.sort_by(|a, b| a.core.player.cmp(&b.core.player));
        sessions
    }

    /// Lets no more starts begin. Returns the entries that are taken, those of
    /// starts under way last.
    pub(crate) fn close(&self) -> Vec<Taken> {
        let mut entries = self.entries.lock();
        entries.closed = true;
        let all = entries.places.iter();
        let mut taken: Vec<Taken> = all
            .map(|place| match place {
                Place::Starting(start) => (start.player.clone(), Some(start.over.clone())),
                Place::Live(state) => (state.core.player.clone(), None),
            })
            .collect();
        drop(entries);
        taken.sort_by(|(a, starts), (b, starts_too)| {
            let order = starts.is_some().cmp(&starts_too.is_some());
            order.then_with(|| a.cmp(b))
        });
        taken
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.lock().places.len()
    }
}

/// A player's place, held through a start. Dropping it frees the place.
pub(crate) struct Reservation<'a, D> {
    registry: &'a Registry<D>,
    player: &'a PlayerId,
    session: SessionId,
    over: CancellationToken,
}

impl<D> Reservation<'_, D> {
    /// Gives the place to the session that was started.
    pub(crate) fn fill(self, state: Arc<SessionState<D>>) {
        debug_assert_eq!(state.core.id, self.session);
        let mut entries = self.registry.entries.lock();
        match entries.entry(self.player) {
            Entry::Occupied(mut place) => {
                if let Place::Starting(start) = place.get() {
                    state.mail_came.store(start.mail_came, Ordering::Relaxed);
                }
                *place.get_mut() = Place::Live(state);
            }
            Entry::Vacant(place) => {
                place.insert(Place::Live(state));
            }
        }
    }
}

impl<D> Drop for Reservation<'_, D> {
    fn drop(&mut self) {
        self.registry.remove_if(
            self.player,
            |place| matches!(place, Place::Starting(start) if start.session == self.session),
        );
        self.over.cancel();
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn e4_once_closed_the_registry_gives_no_place_to_a_start() {
        let registry = Registry::<()>::default();
        let (one, two) = (PlayerId::from(1), PlayerId::from(2));
        let session = SessionId::from_uuid(Uuid::nil());
        let Ok(place) = registry.reserve(&one, session) else {
            panic!("the place is free");
        };
        let starting = registry.close();
        assert!(matches!(&starting[..], [(player, Some(_))] if *player == one));
        assert!(matches!(
            registry.reserve(&two, session),
            Err(Occupied::Closed)
        ));
        drop(place);
        assert!(
            starting[0]
                .1
                .as_ref()
                .is_some_and(CancellationToken::is_cancelled)
        );
        assert_eq!(registry.len(), 0);
    }
}
