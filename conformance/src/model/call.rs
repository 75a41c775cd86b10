//! A call as it is made, and any answer of a store.

use std::{collections::BTreeSet, fmt, time::Duration};

use playerdata_core::{
    Fence, LetterId, PlayerId, Revision, ServerId, ServerName, SessionId, SlotName, TradeId,
    UnixMillis, WriteId,
    backend::{
        Acquisition, Backend, Body, Claim, Claimant, Erasure, KeepPolicy, Keeping, Letter, Lock,
        Notice, Notification, Opening, Party, Posting, Record, Release, Renewal, Result, Retention,
        SlotSummary, Stamp, Verdict, VersionSummary, WriteOutcome,
    },
};

use super::fences::Fences;
use crate::driver::brief;

/// What is called, with everything that goes into it.
#[derive(Clone, Debug)]
pub(super) enum Call {
    Acquire(PlayerId, Claimant, Option<SessionId>),
    Release(PlayerId, SessionId),
    Holder(PlayerId),
    Open(Claim),
    /// A deletion if there is no body.
    Write(Claim, Write),
    View(PlayerId, SlotName),
    List(PlayerId),
    Erase(PlayerId),
    RenewLease(ServerId, Duration),
    DropLease(ServerId),
    LeaseIsLive(ServerId),
    Notify(ServerName, Notice),
    Post(PlayerId, SlotName, Letter),
    Letters(PlayerId, SlotName, usize),
    Discard(PlayerId, SlotName, LetterId, WriteId),
    Settle(PlayerId, SlotName, LetterId, WriteId),
    Decide(TradeId, Verdict),
    ForgetDecision(TradeId, Party),
    KeepVersion(Claim, KeepPolicy),
    Versions(PlayerId, SlotName),
    Version(PlayerId, SlotName, Revision),
    /// All pages of a listing.
    Players,
}

/// A save, or a deletion if there is no body.
#[derive(Clone, Debug)]
pub(super) struct Write {
    pub(super) stamp: Stamp,
    pub(super) body: Option<Body>,
}

/// What a store said.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    Acquisition(Acquisition),
    Release(Release),
    Holder(Option<Lock>),
    Opening(Opening),
    Write(WriteOutcome),
    View(Option<Record>),
    List(Vec<SlotSummary>),
    Erasure(Erasure),
    Renewal(Renewal),
    Dropped,
    Live(bool),
    Notification(Notification),
    Posting(Posting),
    /// Positions are the store's own.
    Letters(Vec<Letter>),
    /// Of a call that says nothing.
    Done,
    Verdict(Verdict),
    Keeping(Keeping),
    /// When each was kept is by the store's own clock.
    Versions(Vec<VersionSummary>),
    Players(BTreeSet<PlayerId>),
    /// The store failed; no script gives it a reason to.
    Failed(String),
}

impl Call {
    /// Makes the call.
    pub(super) async fn on(&self, store: &dyn Backend) -> Answer {
        let answer = match self {
            Self::Acquire(player, claimant, replacing) => store
                .acquire(player, claimant, *replacing)
                .await
                .map(Answer::Acquisition),
            Self::Release(player, session) => {
                store.release(player, *session).await.map(Answer::Release)
            }
            Self::Holder(player) => store.holder(player).await.map(Answer::Holder),
            Self::Open(claim) => store.open(claim).await.map(|mut opening| {
                if let Opening::Opened(opened) = &mut opening {
                    opened.version_age = None; // a store need not say it
                }
                Answer::Opening(opening)
            }),
            Self::Write(claim, Write { stamp, body }) => match body {
                Some(body) => store.save(claim, stamp, body).await,
                None => store.delete(claim, stamp).await,
            }
            .map(Answer::Write),
            Self::View(player, slot) => store.view(player, slot).await.map(Answer::View),
            Self::List(player) => store.list(player).await.map(Answer::List),
            Self::Erase(player) => store.erase(player).await.map(Answer::Erasure),
            Self::RenewLease(server, ttl) => {
                store.renew_lease(server, *ttl).await.map(Answer::Renewal)
            }
            Self::DropLease(server) => store.drop_lease(server).await.map(|()| Answer::Dropped),
            Self::LeaseIsLive(server) => store.lease_is_live(server).await.map(Answer::Live),
            Self::Notify(server, notice) => {
                store.notify(server, notice).await.map(Answer::Notification)
            }
            other => other.beside_slots_on(store).await,
        };
        answer.unwrap_or_else(|error| Answer::Failed(error.to_string()))
    }

    /// A call about mail, trades, versions or all players.
    async fn beside_slots_on(&self, store: &dyn Backend) -> Result<Answer> {
        Ok(match self {
            Self::Post(player, slot, letter) => {
                Answer::Posting(store.post(player, slot, letter).await?)
            }
            Self::Letters(player, slot, limit) => {
                let waiting = store.letters(player, slot, None, *limit).await?;
                let letters = waiting.into_iter().map(|one| Letter {
                    retention: Retention::Timed, // it may be shown as posted or as settled
                    ..one.letter
                });
                Answer::Letters(letters.collect())
            }
            Self::Discard(player, slot, id, posting) => {
                store.discard(player, slot, id, *posting).await?;
                Answer::Done
            }
            Self::Settle(player, slot, id, posting) => {
                store.settle(player, slot, id, *posting).await?;
                Answer::Done
            }
            Self::Decide(trade, verdict) => Answer::Verdict(store.decide(*trade, *verdict).await?),
            Self::ForgetDecision(trade, party) => {
                store.forget_decision(*trade, *party).await?;
                Answer::Done
            }
            Self::KeepVersion(claim, policy) => {
                Answer::Keeping(store.keep_version(claim, *policy).await?)
            }
            Self::Versions(player, slot) => {
                let mut versions = store.versions(player, slot).await?;
                for version in &mut versions {
                    version.kept_at = UnixMillis::default();
                }
                Answer::Versions(versions)
            }
            Self::Version(player, slot, revision) => {
                Answer::View(store.version(player, slot, *revision).await?)
            }
            _ => Answer::Players(listed(store).await?),
        })
    }

    /// The same call, as a session would make it that has seen the fences of
    /// the store.
    pub(super) fn translated(&self, fences: &Fences) -> Self {
        match self {
            Self::Open(claim) => Self::Open(fences.translate(claim)),
            Self::Write(claim, write) => Self::Write(fences.translate(claim), write.clone()),
            Self::KeepVersion(claim, policy) => Self::KeepVersion(fences.translate(claim), *policy),
            other => other.clone(),
        }
    }

    /// The player whose lock the answer may show.
    pub(super) fn player(&self) -> Option<&PlayerId> {
        match self {
            Self::Acquire(player, ..)
            | Self::Release(player, _)
            | Self::Holder(player)
            | Self::View(player, _)
            | Self::List(player)
            | Self::Erase(player)
            | Self::Post(player, ..) => Some(player),
            Self::Open(claim) | Self::Write(claim, _) | Self::KeepVersion(claim, _) => {
                Some(&claim.player)
            }
            _ => None,
        }
    }
}

/// Everybody, page by page. A listing that goes round in circles ends too.
async fn listed(store: &dyn Backend) -> Result<BTreeSet<PlayerId>> {
    const MAX_PAGES: usize = 1_000;
    // Most stores have all players of a script on one.
    const PAGE: usize = 3;
    let (mut players, mut after) = (BTreeSet::new(), None);
    for _ in 0..MAX_PAGES {
        let page = store.players(after.as_ref(), PAGE).await?;
        players.extend(page.players);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(players)
}

impl Answer {
    /// The fence in it.
    pub(super) fn fence_mut(&mut self) -> Option<&mut Fence> {
        match self {
            Self::Acquisition(Acquisition::Acquired { fence }) => Some(fence),
            Self::Acquisition(Acquisition::Held { holder })
            | Self::Erasure(Erasure::Locked { holder })
            | Self::Holder(Some(holder))
            | Self::Posting(
                Posting::Posted {
                    holder: Some(holder),
                }
                | Posting::AlreadyPosted {
                    holder: Some(holder),
                    ..
                },
            )
            | Self::Keeping(Keeping::Lost {
                holder: Some(holder),
            })
            | Self::Opening(Opening::Lost {
                holder: Some(holder),
            })
            | Self::Write(WriteOutcome::Lost {
                holder: Some(holder),
            }) => Some(&mut holder.fence),
            _ => None,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Acquisition(acquisition) => brief::acquisition(acquisition),
            Self::Holder(lock) => brief::holder(lock.as_ref()),
            Self::Opening(opening) => brief::opening(opening),
            Self::Write(outcome) => brief::write_outcome(outcome),
            Self::View(found) => brief::record(found.as_ref()),
            Self::Posting(outcome) => brief::posting(outcome),
            Self::Keeping(outcome) => brief::keeping(outcome),
            other => brief::value(other),
        };
        f.write_str(&text)
    }
}
