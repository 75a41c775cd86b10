//! Sending a call, and sending it again.
//!
//! Only who sees every attempt can say whether a call that failed in the end
//! may have been applied: a time-out followed by a throttled attempt may have
//! been, though the last answer says no. So the SDK's own resending is off,
//! and all of it is here.

use std::{error::Error, fmt, future::Future, time::Duration};

use aws_sdk_dynamodb::error::SdkError;
use backon::{BackoffBuilder, ExponentialBuilder};
use playerdata_core::backend::{BackendError, Effect, ErrorKind, Result};

use crate::{
    error::{ServiceFailure, Verdict, in_words},
    item::Key,
};

/// The first pause before a call is sent again; each further one is twice as
/// long, and jitter adds up to as much again.
const FIRST_PAUSE: Duration = Duration::from_millis(25);
/// The longest pause, but for jitter.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// How often a call that meets another on its item is sent again. They are
/// out of each other's way in milliseconds, but several slots of a player that
/// are opened at once meet on its lock.
const CONFLICTS: usize = 12;
/// The longest pause after a conflict, but for jitter.
const LONGEST_PAUSE_OF_CONFLICTS: Duration = Duration::from_millis(100);

/// What sending a call twice does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// It changes nothing at all.
    Read,
    /// The second one changes nothing, or is refused by its condition.
    Repeatable,
    /// The second one would change what the first one's answer means: it is
    /// sent again only if the first was certainly not applied.
    Once,
}

/// A call on its way, for its errors.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    /// What is being done, such as `save`.
    pub(crate) what: &'static str,
    /// The item that it is about, or first about; none for the table itself.
    pub(crate) key: Option<&'a Key>,
    /// What sending it twice does.
    pub(crate) nature: Nature,
}

impl fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)?;
        self.key.map_or(Ok(()), |key| write!(f, " {key}"))
    }
}

/// What DynamoDB answered.
pub(crate) enum Answer<T, E> {
    /// It was done.
    Done(T),
    /// A condition failed; nothing was changed by this attempt.
    Refused {
        /// The answer, with what was found instead.
        answer: E,
        /// Whether an earlier attempt may have been applied.
        after_doubt: bool,
    },
}

/// The pauses before a call is sent again, at most so many times.
fn pauses(longest: Duration, times: usize) -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(FIRST_PAUSE)
        .with_max_delay(longest)
        .with_max_times(times)
        .with_jitter()
        .build()
}

/// Sends a call until there is an answer, at most `attempts` times; conflicts
/// with other calls are counted for themselves.
pub(crate) async fn send<T, E, F>(
    attempts: usize,
    call: Call<'_>,
    attempt: impl Fn() -> F,
) -> Result<Answer<T, E>>
where
    E: ServiceFailure,
    F: Future<Output = std::result::Result<T, SdkError<E>>>,
{
    let mut pauses_of_failures = pauses(LONGEST_PAUSE, attempts.saturating_sub(1));
    let mut pauses_of_conflicts = pauses(LONGEST_PAUSE_OF_CONFLICTS, CONFLICTS);
    let mut effect = Effect::None;
    loop {
        // The SDK's futures are large: boxed, they cost their callers nothing.
        let error = match Box::pin(attempt()).await {
            Ok(done) => return Ok(Answer::Done(done)),
            Err(SdkError::ServiceError(failure)) if failure.err().is_condition_failure() => {
                return Ok(Answer::Refused {
                    answer: failure.into_err(),
                    after_doubt: effect == Effect::Possible,
                });
            }
            Err(error) => error,
        };
        let verdict = Verdict::of(&error);
        if call.nature != Nature::Read && verdict.effect == Effect::Possible {
            effect = Effect::Possible;
        }
        let may_send_again = verdict.kind == ErrorKind::Unavailable
            && (call.nature != Nature::Once || verdict.effect == Effect::None);
        let pause = match verdict.conflict {
            true => pauses_of_conflicts.next(),
            false => pauses_of_failures.next(),
        };
        let Some(pause) = pause.filter(|_| may_send_again) else {
            let what = format!("{call}: {}", in_words(&error));
            let source: Box<dyn Error + Send + Sync> = Box::new(error);
            return Err(BackendError::new(verdict.kind, effect, what).with_source(source));
        };
        tracing::debug!(%call, error = in_words(&error), ?pause, "sending again");
        tokio::time::sleep(pause).await;
    }
}
