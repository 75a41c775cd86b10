//! Values of a player whose hash is gone, and with it the names of the slots.

use playerdata_core::{
    PlayerId,
    backend::{BackendError, Effect, Erasure, ErrorKind, Result},
};
use redis::Value;
use tokio::time::Instant;

use crate::{
    error,
    link::{Aim, ask},
    script::{Invocation, SWEEP},
    store::Store,
};

/// How many keys the server looks at before it does something else.
const KEYS_AT_A_TIME: u32 = 1_000;

/// Removes what the player's hash does not list, by looking at all keys of the
/// server: nothing else knows them.
pub(crate) async fn sweep(store: &Store, player: &PlayerId, aim: Aim<'_>) -> Result<Erasure> {
    let node = store.link.node_of(aim).await.map_err(BackendError::from)?;
    let pattern = pattern(&store.keys.player(player));
    let mut cursor = "0".to_owned();
    loop {
        let mut scan = redis::cmd("SCAN");
        scan.arg(&cursor).arg("MATCH").arg(&pattern);
        scan.arg("COUNT").arg(KEYS_AT_A_TIME);
        let page = ask(&node, &scan, aim.deadline).await.map_err(|failure| {
            let what = "what the player left behind could not be searched for";
            let error = BackendError::from(failure);
            in_between(error.kind(), what).with_source(error)
        })?;
        let (next, keys) = read(page)?;
        let is_last = next == "0";
        if is_last || !keys.is_empty() {
            let call = Invocation::default()
                .key(store.keys.player(player))
                .keys(keys);
            let call = call.argument(if is_last { "done" } else { "" });
            let mut answer = store.call(&SWEEP, &call, aim).await?;
            match answer.word.as_str() {
                "swept" => {}
                "locked" => {
                    let holder = answer.lock()?;
                    return Ok(Erasure::Locked { holder });
                }
                _ => return Err(answer.unknown()),
            }
        }
        if is_last {
            return Ok(Erasure::Erased);
        }
        if Instant::now() >= aim.deadline {
            let what = "time ran out before all keys were searched for what the player left behind";
            return Err(in_between(ErrorKind::Unavailable, what));
        }
        cursor = next;
    }
}

fn in_between(kind: ErrorKind, what: &'static str) -> BackendError {
    BackendError::new(kind, Effect::Possible, what)
}

fn read(page: Value) -> Result<(String, Vec<String>)> {
    redis::from_redis_value(page).map_err(|error| {
        let what = "the names of the keys that the player left behind";
        error::corrupt(Effect::Possible, what).with_source(error)
    })
}

/// The pattern that fits all keys of a player but its hash.
fn pattern(player: &str) -> String {
    let mut pattern = String::with_capacity(player.len() + 2);
    for character in player.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '^' | '-' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern + ":*"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_patterns() {
        assert_eq!(pattern("n:{4711}"), "n:{4711}:*");
        assert_eq!(pattern("n:{a*[b]?\\}"), "n:{a\\*\\[b\\]\\?\\\\}:*");
    }
}
