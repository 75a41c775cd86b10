//! A call as it is made, and any answer of a store.

use std::{fmt, time::Duration};

use playerdata_core::{
    Fence, PlayerId, ServerId, ServerName, SessionId, SlotName,
    backend::{
        Acquisition, Backend, Body, Claim, Claimant, Erasure, Lock, Notice, Notification, Opening,
        Record, Release, Renewal, SlotSummary, Stamp, WriteOutcome,
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
            Self::Open(claim) => store.open(claim).await.map(Answer::Opening),
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
        };
        answer.unwrap_or_else(|error| Answer::Failed(error.to_string()))
    }

    /// The same call, as a session would make it that has seen the fences of
    /// the store.
    pub(super) fn translated(&self, fences: &Fences) -> Self {
        match self {
            Self::Open(claim) => Self::Open(fences.translate(claim)),
            Self::Write(claim, write) => Self::Write(fences.translate(claim), write.clone()),
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
            | Self::Erase(player) => Some(player),
            Self::Open(claim) | Self::Write(claim, _) => Some(&claim.player),
            Self::RenewLease(..) | Self::DropLease(_) | Self::LeaseIsLive(_) | Self::Notify(..) => {
                None
            }
        }
    }
}

impl Answer {
    /// The fence in it.
    pub(super) fn fence_mut(&mut self) -> Option<&mut Fence> {
        match self {
            Self::Acquisition(Acquisition::Acquired { fence }) => Some(fence),
            Self::Acquisition(Acquisition::Held { holder })
            | Self::Erasure(Erasure::Locked { holder })
            | Self::Holder(Some(holder))
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
            other => brief::value(other),
        };
        f.write_str(&text)
    }
}
