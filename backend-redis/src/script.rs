//! The scripts, and how their answers are read.

use std::{fmt::Display, io::Write as _, iter, str::FromStr, sync::LazyLock};

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
    ACQUIRE: "player.lua", "time.lua", "declare.lua", "claims.lua", "mark.lua",
        "acquire.lua";
    RELEASE: "player.lua", "declare.lua", "claims.lua", "release.lua";
    OPEN: "player.lua", "mark.lua", "open.lua";
    EXPLAIN: "player.lua", "explain.lua";
    LIST: "player.lua", "declare.lua", "list.lua";
    ERASE: "player.lua", "declare.lua", "listing.lua", "erase.lua";
    SWEEP: "player.lua", "names.lua", "listing.lua", "sweep.lua";
    LOOK: "player.lua", "look.lua";
    WATCH: "player.lua", "watch.lua";
    POST: "player.lua", "names.lua", "time.lua", "box.lua", "mail.lua", "post.lua";
    LETTERS: "player.lua", "names.lua", "time.lua", "box.lua", "mail.lua", "letters.lua";
    MAILBOXES: "player.lua", "listing.lua", "mailboxes.lua";
    KNOWN: "player.lua", "names.lua", "time.lua", "box.lua", "mail.lua", "known.lua";
    DISCARD: "player.lua", "names.lua", "time.lua", "box.lua", "mail.lua", "discard.lua";
    SETTLE: "player.lua", "names.lua", "time.lua", "box.lua", "mail.lua", "settle.lua";
    KEEP_VERSION: "player.lua", "names.lua", "mark.lua", "time.lua", "box.lua",
        "keep_version.lua";
    VERSIONS: "player.lua", "names.lua", "time.lua", "box.lua", "versions.lua";
    READ_VERSION: "player.lua", "names.lua", "time.lua", "box.lua", "read_version.lua";
    ANYTHING: "player.lua", "names.lua", "listing.lua", "anything.lua";
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
    keys: Parts<String>,
    arguments: Parts<Vec<u8>>,
}

/// Pieces of text or bytes, one behind the other.
#[derive(Debug, Default)]
struct Parts<B> {
    all: B,
    /// Where each ends.
    ends: Vec<usize>,
}

impl<B: AsRef<[u8]>> Parts<B> {
    /// What was appended since the last one is one of them.
    fn end(&mut self) {
        self.ends.push(self.all.as_ref().len());
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = iter::once(0).chain(self.ends.iter().copied());
        let ranges = starts.zip(&self.ends);
        ranges.map(|(start, &end)| &self.all.as_ref()[start..end])
    }
}

impl Invocation {
    pub(crate) fn key(self, key: impl AsRef<str>) -> Self {
        self.named(|to| to.push_str(key.as_ref()))
    }

    pub(crate) fn keys(self, keys: impl IntoIterator<Item = String>) -> Self {
        keys.into_iter().fold(self, Self::key)
    }

    /// A key whose name is appended to a text.
    pub(crate) fn named(mut self, push: impl FnOnce(&mut String)) -> Self {
        push(&mut self.keys.all);
        self.keys.end();
        self
    }

    pub(crate) fn argument(mut self, argument: &(impl Display + ?Sized)) -> Self {
        // Writing to memory can't fail.
        let _ = write!(self.arguments.all, "{argument}");
        self.arguments.end();
        self
    }

    pub(crate) fn bytes(mut self, argument: &[u8]) -> Self {
        self.arguments.all.extend_from_slice(argument);
        self.arguments.end();
        self
    }

    fn command(&self, name: &str, script: &str) -> Cmd {
        let (keys, arguments) = (&self.keys, &self.arguments);
        let count = keys.ends.len() + arguments.ends.len() + 3;
        let bytes = keys.all.len() + arguments.all.len() + name.len() + script.len() + 8;
        let mut command = Cmd::with_capacity(count, bytes);
        command.arg(name).arg(script).arg(keys.ends.len());
        for part in keys.iter().chain(arguments.iter()) {
            command.arg(part);
        }
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
