//! All players, in pages.
//!
//! `SCAN` finds whatever is on a server from the first of its steps to the
//! last, as long as it is the same process. A Cluster is listed server by
//! server; what counts as listed is a hash slot that a primary had to itself at
//! each step of its scan. Whatever comes in between, a move, a failover, a
//! restart, leaves hash slots to be listed by a later scan, so that some
//! players come twice, and none is left out.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use playerdata_core::{
    PlayerId,
    backend::{BackendError, Effect, ErrorKind, PlayersCursor, PlayersPage, Result, deadline},
};
use redis::{RedisError, Value};
use tokio::time::{Instant, sleep};

use crate::{
    error::{self, Failure, Remedy, remedy},
    keys::hash_slot,
    link::Node,
    script::{ANYTHING, Invocation, SCAN},
    slot_set::SlotSet,
    store::Store,
};

/// The version of the cursor's layout.
const MARK: &str = "pp1";

/// How many keys a server looks at before it does something else: at least and
/// at most.
const KEYS_AT_A_TIME: (usize, usize) = (16, 1_000);

/// How often a server is asked for keys in one call, which may find nobody.
const MAX_STEPS: usize = 64;

/// How many players are looked at at the same time.
const LOOKS_AT_A_TIME: usize = 64;

/// The pause before a server is asked again that could not answer.
const PAUSE: Duration = Duration::from_millis(50);

pub(crate) async fn page(
    store: &Store,
    after: Option<&PlayersCursor>,
    limit: usize,
) -> Result<PlayersPage> {
    let limit = limit.max(1);
    let mut listing = match after {
        None => Listing::new(),
        Some(cursor) => Listing::read(cursor.as_str()).ok_or_else(foreign_cursor)?,
    };
    let by = Instant::now() + store.options.operation_timeout;
    let by = deadline().map_or(by, |given_up| by.min(given_up));
    let enough = Instant::now() + (by - Instant::now()) / 2;
    let (mut players, mut seen) = (Vec::new(), HashSet::new());
    for _ in 0..MAX_STEPS {
        let room = limit - players.len();
        listing.found.retain(|player| !seen.contains(player));
        let looked_at = listing.found.drain(..room.min(listing.found.len()));
        let looked_at: Vec<PlayerId> = looked_at.collect();
        seen.extend(looked_at.iter().cloned());
        players.extend(with_anything(store, looked_at).await?);
        if players.len() >= limit || Instant::now() >= enough {
            break;
        }
        if listing.found.is_empty() {
            if listing.todo.is_empty() {
                break;
            }
            let room = limit - players.len();
            // Those who were found need not wait for the others.
            if !listing.step(store, room, players.is_empty(), by).await? {
                break;
            }
        }
    }
    let is_done = listing.todo.is_empty() && listing.found.is_empty();
    let next = (!is_done).then(|| PlayersCursor::new(listing.write()));
    Ok(PlayersPage { players, next })
}

fn foreign_cursor() -> BackendError {
    let what = "a cursor that no listing of players in Redis gave";
    BackendError::new(ErrorKind::Rejected, Effect::None, what)
}

/// Those of whom something is stored.
async fn with_anything(store: &Store, players: Vec<PlayerId>) -> Result<Vec<PlayerId>> {
    let looks = stream::iter(players).map(|player| async move {
        let has_anything = has_anything(store, &player).await?;
        Ok::<_, BackendError>(has_anything.then_some(player))
    });
    let found: Vec<_> = looks.buffered(LOOKS_AT_A_TIME).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

async fn has_anything(store: &Store, player: &PlayerId) -> Result<bool> {
    let call = Invocation::default().key(store.keys.player(player));
    match store.call(&ANYTHING, &call, store.reading(player)).await {
        Ok(answer) => match answer.word.as_str() {
            "something" => Ok(true),
            "nothing" => Ok(false),
            _ => Err(answer.unknown()),
        },
        // Whoever looks at the player gets to know what is wrong.
        Err(error) if error.kind() == ErrorKind::Corrupt => Ok(true),
        Err(error) => Err(error),
    }
}

/// How far a listing is.
#[derive(Debug, PartialEq, Eq)]
struct Listing {
    /// The scan that is under way.
    scan: Option<Scan>,
    /// The hash slots that are still to be listed, those of the scan included.
    todo: SlotSet,
    /// Players that were found, and not looked at yet.
    found: Vec<PlayerId>,
}

/// A scan of one server.
#[derive(Debug, PartialEq, Eq)]
struct Scan {
    /// Where the server is; a single server has no need of that.
    address: String,
    /// Which process it is: a cursor means something to that one only.
    process: String,
    cursor: String,
    /// The hash slots that it has had to itself at each step.
    slots: SlotSet,
}

/// A step of a scan, as a server has answered.
struct Step {
    process: String,
    next: String,
    /// The hash slots that it has to itself; none if it is not a primary.
    slots: SlotSet,
    is_node: bool,
    keys: Vec<String>,
}

/// The outcome of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    /// It brought the listing on.
    Yes,
    /// Another process is there: its scan begins.
    Again,
    /// The server has nothing to list to itself.
    Nothing,
}

impl Listing {
    fn new() -> Self {
        Self {
            scan: None,
            todo: SlotSet::all(),
            found: Vec::new(),
        }
    }

    /// Goes on by one step of a server that has something to list to itself,
    /// and waits until there is one if that is wanted; whether it went on.
    async fn step(&mut self, store: &Store, room: usize, waits: bool, by: Instant) -> Result<bool> {
        let (mut aside, mut failure) = (SlotSet::none(), None);
        while Instant::now() < by {
            let Some((address, node)) = self.server(store, &aside, by).await? else {
                if !waits {
                    return Ok(false);
                }
                aside = SlotSet::none();
                sleep(PAUSE).await;
                store.link.look_again(by).await;
                continue;
            };
            let cursor = self.scan.as_ref().map_or("0", |scan| &scan.cursor);
            match ask(store, &node, cursor, room, by).await {
                Ok(step) if step.is_node && !store.link.is_cluster() => {
                    self.scan = None;
                    store.link.become_cluster(&node, by).await.map_err(told)?;
                }
                Ok(step) => match self.take(store, address, step) {
                    Taken::Yes => return Ok(true),
                    Taken::Again => {}
                    Taken::Nothing => {
                        aside.add(&store.link.slots_of(&node));
                        failure = None;
                        if !store.link.is_cluster() {
                            // No primary: its address may lead to another by
                            // now.
                            node.reconnect();
                        }
                    }
                },
                Err(Failure::Refused(refusal)) if remedy(&refusal) == Remedy::Report => {
                    return Err(told(Failure::Refused(refusal)));
                }
                Err(error) => {
                    self.scan = None;
                    aside.add(&store.link.slots_of(&node));
                    node.reconnect();
                    failure = Some(error);
                }
            }
        }
        Err(failure.map_or_else(|| self.on_the_move(), told))
    }

    /// The server that is asked next; none if no hash slot is left beside those
    /// put aside.
    async fn server(
        &mut self,
        store: &Store,
        aside: &SlotSet,
        by: Instant,
    ) -> Result<Option<(String, Arc<Node>)>> {
        if let Some(scan) = &self.scan {
            if let Some(node) = store.link.server_at(&scan.address) {
                return Ok(Some((scan.address.clone(), node)));
            }
            self.scan = None;
        }
        let mut left = self.todo.clone();
        left.subtract(aside);
        let Some(slot) = left.iter().next() else {
            return Ok(None);
        };
        store.link.server_of(slot, by).await.map(Some).map_err(told)
    }

    fn take(&mut self, store: &Store, address: String, step: Step) -> Taken {
        let mut scan = match self.scan.take() {
            Some(scan) if scan.process != step.process => return Taken::Again,
            Some(scan) => scan,
            None => Scan {
                address,
                process: step.process,
                cursor: String::new(),
                slots: self.todo.clone(),
            },
        };
        scan.slots.keep(&step.slots);
        if scan.slots.is_empty() {
            return Taken::Nothing;
        }
        let players = step.keys.iter().filter_map(|key| store.keys.player_of(key));
        let players = players.filter(|player| scan.slots.contains(hash_slot(player.as_str())));
        self.found.extend(players);
        if step.next == "0" {
            self.todo.subtract(&scan.slots);
        } else {
            scan.cursor = step.next;
            self.scan = Some(scan);
        }
        Taken::Yes
    }

    fn on_the_move(&self) -> BackendError {
        let todo = &self.todo;
        let what = format!("the hash slots {todo} are on their way to other servers");
        BackendError::new(ErrorKind::Unavailable, Effect::None, what)
    }

    /// As the text of a cursor. No part of it can have a blank.
    fn write(&self) -> String {
        let scan = self.scan.as_ref();
        let parts = scan.map(|scan| (&*scan.address, &*scan.process, &*scan.cursor));
        let (address, process, cursor) = parts.unwrap_or(("-", "-", "0"));
        let slots = scan.map_or_else(SlotSet::none, |scan| scan.slots.clone());
        let todo = &self.todo;
        let mut text = format!("{MARK} {address} {process} {cursor} {slots} {todo}");
        for player in &self.found {
            text.push(' ');
            text.push_str(player.as_str());
        }
        text
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let mut part = || parts.next();
        let (MARK, address, process, cursor) = (part()?, part()?, part()?, part()?) else {
            return None;
        };
        let (slots, todo): (SlotSet, SlotSet) = (part()?.parse().ok()?, part()?.parse().ok()?);
        cursor.parse::<u64>().ok()?;
        let scan = (process != "-").then(|| Scan {
            address: address.to_owned(),
            process: process.to_owned(),
            cursor: cursor.to_owned(),
            slots,
        });
        let found = parts.map(|player| PlayerId::new(player).ok());
        let found = found.collect::<Option<_>>()?;
        Some(Self { scan, todo, found })
    }
}

/// The error for what was only a question.
fn told(failure: Failure) -> BackendError {
    error::of_question(failure.into(), "the players could not be listed")
}

/// Asks a server for some of its keys.
async fn ask(
    store: &Store,
    node: &Node,
    cursor: &str,
    room: usize,
    by: Instant,
) -> std::result::Result<Step, Failure> {
    let (least, most) = KEYS_AT_A_TIME;
    let call = Invocation::default()
        .argument(cursor)
        .argument(&store.keys.players())
        .argument(&room.clamp(least, most));
    let answer = store.call_on(node, &SCAN, &call, by).await?;
    read_step(answer).ok_or_else(|| {
        let what = "what a server says of itself can't be understood";
        Failure::NotSent(RedisError::from((redis::ErrorKind::Parse, what)))
    })
}

fn read_step(answer: Value) -> Option<Step> {
    let mut parts: std::vec::IntoIter<String> = redis::from_redis_value::<Vec<String>>(answer)
        .ok()?
        .into_iter();
    let mut part = || parts.next();
    let (_, process, role, myself, next) = (part()?, part()?, part()?, part()?, part()?);
    let is_node = !myself.is_empty();
    let slots = match (&*role, is_node) {
        ("master", false) => SlotSet::all(),
        ("master", true) => own_slots(&myself)?,
        _ => SlotSet::none(),
    };
    Some(Step {
        process,
        next,
        slots,
        is_node,
        keys: parts.collect(),
    })
}

/// The hash slots that a node has to itself, by its own line in what it says to
/// `CLUSTER NODES`: those that it has, except those that are about to leave.
///
/// ```text
/// <id> <address> myself,master - 0 1732388000000 3 connected 0-5460 5462 [77->-<id>] [93-<-<id>]
/// ```
fn own_slots(line: &str) -> Option<SlotSet> {
    let mut slots = SlotSet::none();
    for word in line.split_ascii_whitespace().skip(8) {
        match word.strip_prefix('[') {
            None => slots.add(&word.parse().ok()?),
            Some(moving) => {
                let (slot, _) = moving.split_once('-')?;
                slots.remove(slot.parse().ok()?);
            }
        }
    }
    Some(slots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_reads_as_it_was_written() {
        let scan = Scan {
            address: "127.0.0.1:7000".to_owned(),
            process: "0a1b".to_owned(),
            cursor: u64::MAX.to_string(),
            slots: "0-5460".parse().unwrap(),
        };
        let found = vec![PlayerId::from(4711), PlayerId::new("a,b;c|-").unwrap()];
        let listing = Listing {
            scan: Some(scan),
            todo: "0-9000".parse().unwrap(),
            found,
        };
        assert_eq!(Listing::read(&listing.write()), Some(listing));
        let new = Listing::new();
        assert_eq!(new.write(), "pp1 - - 0 - 0-16383");
        assert_eq!(Listing::read(&new.write()), Some(new));
        for foreign in [
            "",
            "0",
            "pp2 - - 0 - 0-16383",
            "pp1 - - 0 -",
            "pp1 - - x - 0-16383",
            "pp1 - - 0 - 0-16384",
            "pp1 - - 0 - 0-16383 ",
            "pp1 - - 0 - 0-16383 {}",
        ] {
            assert_eq!(Listing::read(foreign), None, "{foreign:?}");
        }
    }

    #[test]
    fn a_node_has_to_itself_what_is_not_on_the_move() {
        let line = "07c3 127.0.0.1:30004@31004,host myself,master - 0 1426238317239 4 \
                    connected 0-76 78-100 77 200 [77->-e7d1] [300-<-e7d1]";
        assert_eq!(own_slots(line).unwrap().to_string(), "0-76,78-100,200");
        let none = "07c3 127.0.0.1:30004@31004 myself,slave e7d1 0 1426238317239 4 connected";
        assert!(own_slots(none).unwrap().is_empty());
    }
}
