//! What every operation works with: the servers, the names of the keys, and
//! how to have a command or a script carried out.

use std::sync::Arc;

use playerdata_core::{
    PlayerId, ServerName,
    backend::{BackendError, Effect, ErrorKind, Result, deadline},
};
use redis::{Cmd, ServerErrorKind, Value};
use tokio::time::Instant;

use crate::{
    RedisOptions,
    error::{self, Failure, Remedy, remedy},
    hazards::Eviction,
    keys::Keys,
    link::{Aim, Link, Node, Purpose, Way, ask},
    looks::Looks,
    script::{Answer, Invocation, Script},
};

/// How often a script is called with the keys that its last call named, until
/// the caller gets an error that they change too fast.
pub(crate) const MAX_DECLARATIONS: usize = 16;

#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) link: Link,
    pub(crate) keys: Keys,
    pub(crate) options: Arc<RedisOptions>,
    /// Whether the servers may evict what nobody has used for a while.
    pub(crate) eviction: Eviction,
    /// Which saves look at the lock all the same.
    pub(crate) looks: Looks,
}

impl Store {
    /// For commands that change what a player has.
    pub(crate) fn changing<'a>(&self, player: &'a PlayerId) -> Aim<'a> {
        self.aim(player.as_str(), Purpose::Change, Way::Confirmed)
    }

    /// For commands that read what a player has.
    pub(crate) fn reading<'a>(&self, player: &'a PlayerId) -> Aim<'a> {
        self.aim(player.as_str(), Purpose::Read, Way::Shared)
    }

    /// For commands that change what is known of a trade, by its id as text.
    pub(crate) fn changing_trade<'a>(&self, trade: &'a str) -> Aim<'a> {
        self.aim(trade, Purpose::Change, Way::Confirmed)
    }

    /// For commands that change a server's lease or notices, which are renewed
    /// and repeated anyway.
    pub(crate) fn changing_server<'a>(&self, server: &'a ServerName) -> Aim<'a> {
        self.aim(server.as_str(), Purpose::Change, Way::Leases)
    }

    /// For commands that read a server's lease.
    pub(crate) fn reading_server<'a>(&self, server: &'a ServerName) -> Aim<'a> {
        self.aim(server.as_str(), Purpose::Read, Way::Leases)
    }

    fn aim<'a>(&self, hash_tag: &'a str, purpose: Purpose, way: Way) -> Aim<'a> {
        Aim {
            hash_tag,
            purpose,
            way,
            bytes: 0,
            tells_moving: false,
            deadline: Instant::now() + self.options.operation_timeout,
            given_up: deadline(),
        }
    }

    /// Has a command carried out.
    pub(crate) async fn run(&self, command: &Cmd, aim: Aim<'_>) -> Result<Value> {
        let answer = self.link.run(command, aim).await;
        answer.map_err(|failure| error_of(failure, aim))
    }

    /// Calls a script by its digest, and with its code if the server does not
    /// know it: not yet, or not any more.
    pub(crate) async fn call(
        &self,
        script: &Script,
        call: &Invocation,
        aim: Aim<'_>,
    ) -> Result<Answer> {
        let answer = self.send(script, call, aim).await;
        Answer::read(answer.map_err(|failure| error_of(failure, aim))?)
    }

    /// The same; `None` if the keys are not together, for their hash slot is on
    /// its way to another node.
    pub(crate) async fn call_unless_moving(
        &self,
        script: &Script,
        call: &Invocation,
        mut aim: Aim<'_>,
    ) -> Result<Option<Answer>> {
        aim.tells_moving = true;
        match self.send(script, call, aim).await {
            Err(Failure::Refused(refusal)) if remedy(&refusal) == Remedy::Moving => Ok(None),
            Err(failure) => Err(error_of(failure, aim)),
            Ok(answer) => Answer::read(answer).map(Some),
        }
    }

    /// Calls a script without keys on one server, for questions about that.
    pub(crate) async fn call_on(
        &self,
        node: &Node,
        script: &Script,
        call: &Invocation,
        by: Instant,
    ) -> std::result::Result<Value, Failure> {
        match ask(node, &script.by_digest(call), by).await {
            Err(Failure::Refused(refusal)) if refusal.kind() == Some(ServerErrorKind::NoScript) => {
                ask(node, &script.by_code(call), by).await
            }
            answer => answer,
        }
    }

    async fn send(
        &self,
        script: &Script,
        call: &Invocation,
        aim: Aim<'_>,
    ) -> std::result::Result<Value, Failure> {
        match self.link.run(&script.by_digest(call), aim).await {
            Err(Failure::Refused(refusal)) if refusal.kind() == Some(ServerErrorKind::NoScript) => {
                self.link.run(&script.by_code(call), aim).await
            }
            answer => answer,
        }
    }
}

/// What was only read has no effect, however it ended.
fn error_of(failure: Failure, aim: Aim<'_>) -> BackendError {
    let error = BackendError::from(failure);
    if aim.purpose == Purpose::Read && error.effect() != Effect::None {
        return error::of_question(error, "a question to Redis that has no answer");
    }
    error
}

/// The error for a player whose slots are opened and closed so fast that no
/// script ever finds the keys it was called with.
pub(crate) fn restless() -> BackendError {
    let what = "the player's claims kept changing in the meantime";
    BackendError::new(ErrorKind::Unavailable, Effect::None, what)
}
