//! The player's lock: taking it, giving it back, and who has it.

use playerdata_core::{
    Fence, IdSource, PlayerId, RandomIds, ServerId, SessionId, SlotName, UnixMillis,
    backend::{
        Acquisition, BackendError, Claim, Claimant, Effect, ErrorKind, Lock, Release, Result,
    },
};
use uuid::Uuid;

use crate::{
    ending::{self, Ending},
    erase,
    error::half_way,
    item::{Item, Key, Reader, attr, number, text},
    resend::Nature,
    table::{Change, Conditional, Refusal, Returning, Table, Values, values},
};

/// How often a call looks again when others changed the lock under it. Each
/// time, somebody else got on; this many in a row mean that something is wrong.
pub(crate) const MAX_ROUNDS: usize = 32;

/// A player's lock item, as it is between sessions and in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredLock {
    /// The generation of the last lock.
    pub(crate) fence: Fence,
    /// The lock, if somebody has it.
    pub(crate) held: Option<Lock>,
    /// The slots that its session has claimed.
    pub(crate) claimed: Vec<SlotName>,
    /// Whether the session is at its end: it claims no more slots, and whoever
    /// wants the player withdraws its claims and goes on.
    pub(crate) ending: bool,
    /// The call that released it, if its session ends by a release. Others
    /// come upon it, and help.
    pub(crate) released_by: Option<Uuid>,
    /// Whether the player is being erased, and since which fence.
    pub(crate) erasing: Option<Fence>,
}

impl StoredLock {
    /// Reads the lock item of that key.
    pub(crate) fn read(key: &Key, item: &Item) -> Result<Self> {
        let item = Reader::new(key, item);
        let fence = Fence::new(item.required(attr::FENCE, item.number(attr::FENCE)?)?);
        let held = match item.parsed(attr::SESSION)? {
            None => None,
            Some(session) => Some(Lock {
                session,
                server: ServerId {
                    name: item.required(attr::SERVER, item.parsed(attr::SERVER)?)?,
                    incarnation: item
                        .required(attr::INCARNATION, item.parsed(attr::INCARNATION)?)?,
                },
                fence,
                since: UnixMillis::new(item.required(attr::SINCE, item.number(attr::SINCE)?)?),
            }),
        };
        Ok(Self {
            fence,
            held,
            claimed: item.parsed_set(attr::CLAIMED)?,
            ending: item.flag(attr::ENDING)?,
            released_by: item.parsed(attr::RELEASED_BY)?,
            erasing: item.number(attr::ERASING)?.map(Fence::new),
        })
    }

    /// Whether this session holds the player, and is not at its end.
    pub(crate) fn is_held_by(&self, session: SessionId) -> bool {
        !self.ending
            && self
                .held
                .as_ref()
                .is_some_and(|lock| lock.session == session)
    }

    /// Whether this is the lock that the claim was made under, and its session
    /// is not at its end.
    pub(crate) fn is_held_under(&self, claim: &Claim) -> bool {
        self.is_held_by(claim.session) && self.fence == claim.fence
    }

    /// Who holds the player, for one who found that the claim does not.
    pub(crate) fn holder_but_for(self, claim: &Claim) -> Option<Lock> {
        self.held
            .filter(|lock| (lock.session, lock.fence) != (claim.session, claim.fence))
    }
}

/// Reads the lock as it is now; `None` if nobody ever had the player.
pub(crate) async fn read(table: &Table, player: &PlayerId) -> Result<Option<StoredLock>> {
    let key = Key::lock(player);
    let item = table.get("read the lock", &key).await?;
    item.map(|item| StoredLock::read(&key, &item)).transpose()
}

/// See [`Backend::holder`](playerdata_core::backend::Backend::holder).
///
/// A session at its end still counts: until its claims are withdrawn, a save
/// of it may succeed.
pub(crate) async fn holder(table: &Table, player: &PlayerId) -> Result<Option<Lock>> {
    Ok(read(table, player).await?.and_then(|stored| stored.held))
}

/// See [`Backend::acquire`](playerdata_core::backend::Backend::acquire).
pub(crate) async fn acquire(
    table: &Table,
    player: &PlayerId,
    claimant: &Claimant,
    replacing: Option<SessionId>,
) -> Result<Acquisition> {
    let replacing = replacing.filter(|&replaced| replaced != claimant.session);
    for _ in 0..MAX_ROUNDS {
        let stored = match take(table, player, claimant, replacing).await? {
            Conditional::Met(fence) => return Ok(Acquisition::Acquired { fence }),
            Conditional::Failed(stored) => stored,
        };
        let Some(stored) = stored else { continue };
        if let Some(since) = stored.erasing {
            erase::finish(table, player, since)
                .await
                .map_err(half_way)?;
            continue;
        }
        let Some(lock) = &stored.held else { continue };
        if lock.session == claimant.session && !stored.ending {
            return Ok(Acquisition::Acquired { fence: lock.fence });
        }
        if !stored.ending && replacing != Some(lock.session) {
            return Ok(Acquisition::Held {
                holder: lock.clone(),
            });
        }
        if let Some(fence) = ending::take_over(table, player, &stored, claimant).await? {
            return Ok(Acquisition::Acquired { fence });
        }
    }
    Err(contended("acquire", &Key::lock(player)))
}

/// The one call that most acquisitions are: takes a lock that is free, or
/// that of a replaced session that has claimed no slot. If it can't, gives
/// the lock as it is.
async fn take(
    table: &Table,
    player: &PlayerId,
    claimant: &Claimant,
    replacing: Option<SessionId>,
) -> Result<Conditional<Fence, Option<StoredLock>>> {
    let mut values = claimant_values(claimant);
    values.extend([
        (":none".to_owned(), number(0)),
        (":one".to_owned(), number(1)),
    ]);
    let mut condition = "attribute_not_exists(#session)".to_owned();
    if let Some(replaced) = replacing {
        condition.push_str(" OR (#session = :replaced AND attribute_not_exists(#claimed))");
        values.insert(":replaced".to_owned(), text(replaced));
    }
    let change = Change {
        update: format!(
            "{SET_CLAIMANT}, #fence = if_not_exists(#fence, :none) + :one \
             REMOVE #ending, #released_by"
        ),
        condition: format!("attribute_not_exists(#erasing) AND ({condition})"),
        values,
    };
    let key = Key::lock(player);
    let taken = table
        .update(
            "acquire",
            &key,
            change,
            Returning::After,
            Nature::Repeatable,
        )
        .await?;
    Ok(match taken {
        Conditional::Met(item) => Conditional::Met(StoredLock::read(&key, &item)?.fence),
        Conditional::Failed(Refusal { item, .. }) => {
            Conditional::Failed(item.map(|item| StoredLock::read(&key, &item)).transpose()?)
        }
    })
}

/// Names the claimant in the lock, given [`claimant_values`].
pub(crate) const SET_CLAIMANT: &str = "SET #session = :session, #server = :server, \
     #incarnation = :incarnation, #since = :since";

/// The values that [`SET_CLAIMANT`] speaks of.
pub(crate) fn claimant_values(claimant: &Claimant) -> Values {
    values([
        (":session", text(claimant.session)),
        (":server", text(&claimant.server.name)),
        (":incarnation", text(claimant.server.incarnation)),
        (":since", number(claimant.at.get())),
    ])
}

/// See [`Backend::release`](playerdata_core::backend::Backend::release).
pub(crate) async fn release(
    table: &Table,
    player: &PlayerId,
    session: SessionId,
) -> Result<Release> {
    // Sent again after its answer was lost, it still knows its own work.
    let call = RandomIds.next_id();
    match ending::begin(table, player, Ending::Release { session, call }).await? {
        Conditional::Met(lock) => {
            ending::free(table, player, &lock).await.map_err(half_way)?;
            Ok(match lock.released_by == Some(call) {
                true => Release::Released,
                false => Release::NotHeld,
            })
        }
        // Whether the lock was gone before, or an earlier attempt of ours
        // began the end and another server did the rest, is not known.
        Conditional::Failed(refusal) if refusal.after_doubt => Err(BackendError::new(
            ErrorKind::Unavailable,
            Effect::Possible,
            format!("release {}: the answer was lost", Key::lock(player)),
        )),
        Conditional::Failed(_) => Ok(Release::NotHeld),
    }
}

/// The error for a call that others got ahead of every time.
pub(crate) fn contended(what: &'static str, key: &Key) -> BackendError {
    BackendError::new(
        ErrorKind::Unavailable,
        Effect::Possible,
        format!("{what} {key}: it was changed {MAX_ROUNDS} times by others in the meantime"),
    )
}
