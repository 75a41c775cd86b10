//! The scripts, and how their answers are read.

use std::{str::FromStr, sync::LazyLock};

use playerdata_core::{
    Fence, UnixMillis,
    backend::{BackendError, Effect, Lock, Result},
};
use redis::{Cmd, Value};

use crate::error;

/// A script that the server knows by its digest, once it has seen it.
pub(crate) struct Script {
    code: &'static str,
    digest: String,
}

macro_rules! scripts {
    ($($name:ident: $($file:literal),+;)*) => {
        $(pub(crate) static $name: LazyLock<Script> = LazyLock::new(|| {
            Script::new(concat!($(include_str!(concat!("scripts/", $file))),+))
        });)*
    };
}

scripts! {
    ACQUIRE: "player.lua", "acquire.lua";
    RELEASE: "player.lua", "release.lua";
    OPEN: "player.lua", "open.lua";
    EXPLAIN: "player.lua", "explain.lua";
    LIST: "player.lua", "list.lua";
    ERASE: "player.lua", "erase.lua";
    SWEEP: "player.lua", "sweep.lua";
    LOOK: "player.lua", "look.lua";
    WATCH: "player.lua", "watch.lua";
    POST: "player.lua", "box.lua", "mail.lua", "post.lua";
    LETTERS: "player.lua", "box.lua", "mail.lua", "letters.lua";
    MAILBOXES: "player.lua", "mailboxes.lua";
    KNOWN: "player.lua", "box.lua", "mail.lua", "known.lua";
    DISCARD: "player.lua", "box.lua", "mail.lua", "discard.lua";
    SETTLE: "player.lua", "box.lua", "mail.lua", "settle.lua";
    KEEP_VERSION: "player.lua", "box.lua", "keep_version.lua";
    VERSIONS: "player.lua", "box.lua", "versions.lua";
    READ_VERSION: "player.lua", "box.lua", "read_version.lua";
    ANYTHING: "player.lua", "anything.lua";
    SCAN: "scan.lua";
    DECIDE: "decide.lua";
    FORGET_DECISION: "forget_decision.lua";
    RENEW_LEASE: "renew_lease.lua";
    LEASE_LEFT: "lease_left.lua";
    DROP_LEASE: "drop_lease.lua";
    NOTIFY: "notify.lua";
}

impl Script {
    fn new(code: &'static str) -> Self {
        let digest = redis::Script::new(code).get_hash().to_owned();
        Self { code, digest }
    }

    /// The call by digest.
    pub(crate) fn by_digest(&self, call: &Invocation) -> Cmd {
        call.command("EVALSHA", &self.digest)
    }

    /// The call that brings the script along; the server keeps it.
    pub(crate) fn by_code(&self, call: &Invocation) -> Cmd {
        call.command("EVAL", self.code)
    }
}

/// The keys and arguments of one call of a script. Every key that the script
/// touches is among them, except new ones while their hash slot moves.
#[derive(Debug, Default)]
pub(crate) struct Invocation {
    keys: Vec<String>,
    arguments: Vec<Vec<u8>>,
}

impl Invocation {
    pub(crate) fn key(mut self, key: String) -> Self {
        self.keys.push(key);
        self
    }

    pub(crate) fn keys(mut self, keys: impl IntoIterator<Item = String>) -> Self {
        self.keys.extend(keys);
        self
    }

    pub(crate) fn argument(self, argument: &(impl ToString + ?Sized)) -> Self {
        self.bytes(argument.to_string().into_bytes())
    }

    pub(crate) fn bytes(mut self, argument: Vec<u8>) -> Self {
        self.arguments.push(argument);
        self
    }

    fn command(&self, name: &str, script: &str) -> Cmd {
        let mut command = redis::cmd(name);
        command.arg(script).arg(self.keys.len());
        command.arg(&self.keys).arg(&self.arguments);
        command
    }
}

/// What a script answered: a word, and what goes with it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) word: String,
    rest: std::vec::IntoIter<Value>,
}

impl Answer {
    pub(crate) fn read(value: Value) -> Result<Self> {
        let Value::Array(parts) = value else {
            return Err(unexpected(&value));
        };
        let mut answer = Self {
            word: String::new(),
            rest: parts.into_iter(),
        };
        answer.word = answer.text()?;
        Ok(answer)
    }

    pub(crate) fn is_done(&self) -> bool {
        self.rest.as_slice().is_empty()
    }

    /// Whether the next part is an empty text.
    pub(crate) fn is_empty(&self) -> bool {
        let next = self.rest.as_slice().first();
        matches!(next, Some(Value::BulkString(bytes)) if bytes.is_empty())
    }

    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>> {
        match self.rest.next() {
            Some(Value::BulkString(bytes)) => Ok(bytes),
            other => Err(unexpected(&other.unwrap_or(Value::Nil))),
        }
    }

    /// The next part, as what its text stands for.
    pub(crate) fn part<T: FromStr>(&mut self) -> Result<T> {
        let text = self.text()?;
        text.parse().map_err(|_| {
            error::corrupt(
                Effect::Possible,
                format!("{text:?} in the answer of a script"),
            )
        })
    }

    fn text(&mut self) -> Result<String> {
        String::from_utf8(self.bytes()?).map_err(|error| {
            let what = "text that is not UTF-8 in the answer of a script";
            error::corrupt(Effect::Possible, what).with_source(error)
        })
    }

    /// The lock, if the rest of the answer has one.
    pub(crate) fn holder(&mut self) -> Result<Option<Lock>> {
        if self.is_done() {
            return Ok(None);
        }
        self.lock().map(Some)
    }

    pub(crate) fn lock(&mut self) -> Result<Lock> {
        Ok(Lock {
            session: self.part()?,
            server: playerdata_core::ServerId {
                name: self.part()?,
                incarnation: self.part()?,
            },
            since: UnixMillis::new(self.part()?),
            fence: Fence::new(self.part()?),
        })
    }

    /// The error for a word that the script never says.
    pub(crate) fn unknown(&self) -> BackendError {
        error::corrupt(
            Effect::Possible,
            format!("the answer {:?} of a script", self.word),
        )
    }
}

fn unexpected(value: &Value) -> BackendError {
    let kind = match value {
        Value::Nil => "nothing",
        Value::Int(_) => "a number",
        Value::Array(_) => "a list",
        _ => "something else",
    };
    error::corrupt(
        Effect::Possible,
        format!("{kind} where the answer of a script has text"),
    )
}
