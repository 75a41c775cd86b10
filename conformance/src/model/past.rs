//! What a script has done so far, and so what its next step means.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use playerdata_core::{
    ClaimNumber, Fence, Incarnation, PlayerId, Revision, ServerId, SessionId, TradeId, UnixMillis,
    WriteId,
    backend::{
        Acquisition, Backend, Body, Claim, Claimant, Erasure, KeepPolicy, Letter, Lock, Notice,
        Opening, Renewal, Retention, Stamp, WriteOutcome,
    },
};
use playerdata_memory::MemoryBackend;
use uuid::Uuid;

use super::{
    LEASE,
    call::{Answer, Call, Write},
    step::{
        Action, EarlierClaim, Mail, Player, Replacing, SERVERS, SESSIONS, Server, SlotIndex, Who,
    },
};
use crate::driver::name;

/// Names of which one begins like the other, or differs in its capitals.
const PLAYER_NAMES: [&str; 2] = ["player-1", "player-10"];
const SLOT_NAMES: [&str; 3] = ["Slot2", "slot2", "slot1"];
const SERVER_NAMES: [&str; 2] = ["server-a", "server-b"];

/// The claims and numbers that the script's sessions would remember.
#[derive(Debug, Default)]
pub(super) struct Past {
    claims: Vec<Opened>,
    last_number: HashMap<SessionId, u64>,
    /// Of each session that ever got the lock: the fence it was told last.
    last_fence: HashMap<SessionId, Fence>,
    writes: u128,
    /// Who dropped a lease of their name that nobody renewed since.
    dropped: HashSet<ServerId>,
    erased: HashSet<PlayerId>,
}

/// A claim that was opened, and what its session knows of its slot.
#[derive(Debug)]
struct Opened {
    claim: Claim,
    base: Revision,
    /// What was written under it since it was opened.
    writes: Vec<Write>,
}

impl Past {
    /// The call that an action means now, by what the model says of who holds
    /// whom; `None` if there is nothing yet that it could be about.
    pub(super) async fn call(&mut self, action: &Action, model: &MemoryBackend) -> Option<Call> {
        let holders = Holders::of(model).await;
        Some(match action {
            Action::Acquire(who, replacing) => {
                let player = who.player();
                let replacing = match replacing {
                    Replacing::Nobody => None,
                    Replacing::Holder => holders.of_player(player),
                    Replacing::Session(number) => Some(session(player, *number)),
                };
                Call::Acquire(
                    player_id(player),
                    claimant(holders.session(*who)),
                    replacing,
                )
            }
            Action::Release(who) => Call::Release(player_id(who.player()), holders.session(*who)),
            Action::Holder(player) => Call::Holder(player_id(*player)),
            Action::Open(who, slot) => {
                Call::Open(self.next_claim(who.player(), holders.session(*who), *slot))
            }
            Action::OpenAgain(claim) => Call::Open(self.opened(*claim)?.claim.clone()),
            Action::Save(claim, body, at) => self.write(*claim, Some(body), *at)?,
            Action::Delete(claim, at) => self.write(*claim, None, *at)?,
            Action::RepeatWrite(claim) => {
                let opened = self.opened(*claim)?;
                Call::Write(opened.claim.clone(), opened.writes.last()?.clone())
            }
            Action::LateWrite(claim) => {
                let opened = self.opened(*claim)?;
                let (_last, earlier) = opened.writes.split_last()?;
                Call::Write(opened.claim.clone(), earlier.last()?.clone())
            }
            Action::View(player, slot) => Call::View(player_id(*player), name(SLOT_NAMES[*slot])),
            Action::List(player) => Call::List(player_id(*player)),
            Action::Erase(player) => Call::Erase(player_id(*player)),
            Action::RenewLease(server) => Call::RenewLease(server_id(*server), LEASE),
            Action::DropLease(server) => {
                let server = server_id(*server);
                // Dropping again may forget what others noted meanwhile, or
                // not.
                if self.dropped.contains(&server) {
                    return None;
                }
                Call::DropLease(server)
            }
            Action::LeaseIsLive(server) => Call::LeaseIsLive(server_id(*server)),
            Action::Notify(server, who, kind) => {
                let notice = Notice {
                    player: player_id(who.player()),
                    session: holders.session(*who),
                    kind: *kind,
                    from: server_id(*server),
                };
                // From any incarnation of one server to the other.
                let addressee = SERVER_NAMES[(server.name + 1) % SERVERS];
                Call::Notify(name(addressee), notice)
            }
            Action::Wait => return None,
            other => self.beside_slots(other)?,
        })
    }

    /// A call about mail, trades, versions or all players.
    fn beside_slots(&self, action: &Action) -> Option<Call> {
        let at = |player: usize, slot: usize| (player_id(player), name(SLOT_NAMES[slot]));
        Some(match action {
            Action::Post(player, slot, mail) => {
                let (player, slot) = at(*player, *slot);
                Call::Post(player, slot, letter(*mail))
            }
            Action::Letters(player, slot, limit) => {
                let (player, slot) = at(*player, *slot);
                Call::Letters(player, slot, *limit)
            }
            Action::Discard(player, slot, mail) => {
                let ((player, slot), letter) = (at(*player, *slot), letter(*mail));
                Call::Discard(player, slot, letter.id, letter.posting)
            }
            Action::Settle(player, slot, mail) => {
                let ((player, slot), letter) = (at(*player, *slot), letter(*mail));
                Call::Settle(player, slot, letter.id, letter.posting)
            }
            Action::Decide(trade, verdict) => Call::Decide(trade_id(*trade), *verdict),
            Action::ForgetDecision(trade, party) => Call::ForgetDecision(trade_id(*trade), *party),
            Action::KeepVersion {
                claim,
                most,
                always,
            } => {
                let min_age = if *always {
                    Duration::ZERO
                } else {
                    Duration::MAX
                };
                let most = *most;
                let policy = KeepPolicy { most, min_age };
                Call::KeepVersion(self.opened(*claim)?.claim.clone(), policy)
            }
            Action::Versions(player, slot) => {
                let (player, slot) = at(*player, *slot);
                Call::Versions(player, slot)
            }
            Action::Version(player, slot, revision) => {
                let (player, slot) = at(*player, *slot);
                Call::Version(player, slot, Revision::new(*revision))
            }
            _ => Call::Players,
        })
    }

    /// Remembers the outcome of a call, as its session would.
    pub(super) fn learn(&mut self, call: Call, answer: &Answer) {
        match (call, answer) {
            (
                Call::Acquire(_, claimant, _),
                Answer::Acquisition(Acquisition::Acquired { fence }),
            ) => {
                self.last_fence.insert(claimant.session, *fence);
            }
            (Call::Open(claim), Answer::Opening(Opening::Opened(slot))) => {
                let known = self.claims.iter_mut().find(|known| known.claim == claim);
                match known {
                    // What was written since the claim was last good is not
                    // business of this session any more.
                    Some(known) if known.base != slot.revision => {
                        known.base = slot.revision;
                        known.writes.clear();
                    }
                    Some(_) => {}
                    None => self.claims.push(Opened {
                        claim,
                        base: slot.revision,
                        writes: Vec::new(),
                    }),
                }
            }
            (Call::Write(claim, write), Answer::Write(WriteOutcome::Written { revision })) => {
                let known = self.claims.iter_mut().find(|known| known.claim == claim);
                let Some(known) = known else { return };
                if *revision > known.base {
                    known.base = *revision;
                    known.writes.push(write);
                }
            }
            (Call::RenewLease(server, _), Answer::Renewal(Renewal::Renewed { .. })) => {
                self.dropped.retain(|dropped| dropped.name != server.name);
            }
            (Call::DropLease(server), _) => {
                self.dropped.insert(server);
            }
            (Call::Erase(player), Answer::Erasure(Erasure::Erased)) => {
                self.erased.insert(player);
            }
            _ => {}
        }
    }

    /// Takes notices about erased players out of an answer: some stores erase
    /// them too.
    pub(super) fn leave_out_erased(&self, answer: &mut Answer) {
        if let Answer::Renewal(Renewal::Renewed { notices }) = answer {
            notices.retain(|notice| !self.erased.contains(&notice.player));
        }
    }

    fn opened(&self, back: EarlierClaim) -> Option<&Opened> {
        let last = self.claims.len().checked_sub(1)?;
        self.claims.get(last - back % self.claims.len())
    }

    fn next_claim(&mut self, player: Player, session: SessionId, slot: SlotIndex) -> Claim {
        let number = self.last_number.entry(session).or_default();
        *number += 1;
        let fence = self.last_fence.get(&session).copied().unwrap_or_default();
        Claim {
            player: player_id(player),
            session,
            fence,
            slot: name(SLOT_NAMES[slot]),
            number: ClaimNumber::new(*number),
        }
    }

    fn write(&mut self, back: EarlierClaim, body: Option<&Body>, at: UnixMillis) -> Option<Call> {
        self.writes += 1;
        let write_id = WriteId::from_uuid(Uuid::from_u128(0xf_0000 + self.writes));
        let opened = self.opened(back)?;
        let stamp = Stamp {
            base: opened.base,
            write_id,
            at,
        };
        let body = body.cloned();
        Some(Call::Write(opened.claim.clone(), Write { stamp, body }))
    }
}

/// Who holds the players, by the model.
struct Holders(Vec<Option<Lock>>);

impl Holders {
    async fn of(model: &MemoryBackend) -> Self {
        let mut locks = Vec::new();
        for player in 0..PLAYER_NAMES.len() {
            let lock = model.holder(&player_id(player)).await;
            locks.push(lock.expect("memory does not fail"));
        }
        Self(locks)
    }

    fn of_player(&self, player: Player) -> Option<SessionId> {
        self.0[player].as_ref().map(|lock| lock.session)
    }

    fn session(&self, who: Who) -> SessionId {
        match who {
            Who::Holder(player) => self.of_player(player).unwrap_or(session(player, 0)),
            Who::Session(player, number) => session(player, number),
        }
    }
}

/// A letter of each retention, and several of one id.
fn letter(mail: Mail) -> Letter {
    let number = 0x10 * mail.id + mail.posting;
    Letter {
        id: name(["gift", "Gift", "gift-1"][mail.id]),
        posting: WriteId::from_uuid(Uuid::from_u128(0xe_0000 + number as u128)),
        sender: format!("sender {}", mail.posting),
        sent_at: UnixMillis::new(1_700_000_000_000 - number as u64),
        retention: if mail.id == 0 {
            Retention::Timed
        } else {
            Retention::UntilSettled
        },
        content: format!("content {number}").into(),
    }
}

fn trade_id(trade: u128) -> TradeId {
    TradeId::from_uuid(Uuid::from_u128(0xd_0000 + trade))
}

fn player_id(player: Player) -> PlayerId {
    name(PLAYER_NAMES[player])
}

/// The id tells the player and the number.
fn session(player: Player, number: usize) -> SessionId {
    SessionId::from_uuid(Uuid::from_u128((0x10 * (player + 1) + number) as u128))
}

fn claimant(session: SessionId) -> Claimant {
    let number = (session.as_uuid().as_u128() % 0x10) as usize;
    Claimant {
        session,
        server: server_id(Server {
            name: number % SERVERS,
            incarnation: 0,
        }),
        // The later a session is in the list, the earlier its clock.
        at: UnixMillis::new(1_700_000_000_000 + (SESSIONS - number) as u64),
    }
}

fn server_id(server: Server) -> ServerId {
    let number = server.incarnation + 1;
    ServerId {
        name: name(SERVER_NAMES[server.name]),
        incarnation: Incarnation::starting_at(
            UnixMillis::new(1_700_000_000_000 + number),
            // Its last digits are what a history shows.
            Uuid::from_u128(u128::from(number) << 48),
        ),
    }
}
