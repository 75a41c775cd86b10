//! Sending a call, and sending it again.
//!
//! Only who sees every attempt can say whether a call that failed in the end
//! may have been applied: a time-out followed by a throttled attempt may have
//! been, though the last answer says no. So the SDK's own resending is off,
//! and all of it is here.
//!
//! It is bounded three times: by the attempts of each call, by the time until
//! its caller gives it up, and by a budget that all calls share, so that a
//! service that fails everybody is not asked several times as often.

use std::{
    fmt,
    future::{self, Future},
    sync::Arc,
    time::Duration,
};

use aws_sdk_dynamodb::error::SdkError;
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use playerdata_core::backend::{BackendError, Effect, ErrorKind, Result, deadline};
use tokio::time::Instant;

use crate::{
    error::{Diagnosis, ServiceFailure, in_words},
    item::Key,
    service::{Sent, Service},
};

/// The first pause before a call is sent again; each further one is twice as
/// long, and jitter adds up to as much again.
const FIRST_PAUSE: Duration = Duration::from_millis(25);
/// The longest pause, not counting jitter.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// How often a call that meets another on its item is sent again. They are
/// out of each other's way in milliseconds, but several slots of a player that
/// are opened at once meet on its lock.
const CONFLICTS: usize = 12;
/// The longest pause after a conflict, not counting jitter.
const LONGEST_PAUSE_OF_CONFLICTS: Duration = Duration::from_millis(100);

/// How much of its caller's time a call leaves for its answer.
const LEFT_FOR_THE_ANSWER: Duration = Duration::from_millis(100);

/// A difference of time, in milliseconds, that signatures don't allow.
const WRONG_TIME: u64 = 60_000;

/// What sending a call twice does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// It changes nothing at all.
    Read,
    /// The second one changes nothing, or is refused by its condition.
    Repeatable,
}

/// A call on its way, for its errors.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    /// What is being done, such as `save`.
    pub(crate) what: &'static str,
    /// The item that it is about, or first about; none for the table itself.
    pub(crate) key: Option<&'a Key>,
    /// What sending it twice does.
    pub(crate) nature: Nature,
}

impl fmt::Display for Request<'_> {
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

/// The pauses before a call is sent again, at most this often.
fn pauses(longest: Duration, times: usize) -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(FIRST_PAUSE)
        .with_max_delay(longest)
        .with_max_times(times)
        .with_jitter()
        .build()
}

/// How calls are sent.
#[derive(Clone, Debug)]
pub(crate) struct Sending {
    /// How often at most.
    pub(crate) attempts: usize,
    /// How long each may take, from when it is sent.
    pub(crate) attempt_timeout: Duration,
    /// What is known of the service.
    pub(crate) service: Service,
}

/// When a call has to be over for its caller to hear of it.
fn latest() -> Option<Instant> {
    deadline().map(|deadline| {
        let left = deadline.saturating_duration_since(Instant::now());
        deadline - LEFT_FOR_THE_ANSWER.min(left / 8)
    })
}

/// The pauses of a method that others get ahead of, before it goes for another
/// round.
pub(crate) struct Rounds(ExponentialBackoff);

impl Rounds {
    /// How many rounds after the first.
    pub(crate) fn new(times: usize) -> Self {
        Self(pauses(LONGEST_PAUSE_OF_CONFLICTS, times))
    }

    /// Waits for the next round; says whether there is one, and time for it.
    pub(crate) async fn next(&mut self) -> bool {
        let latest = latest();
        let in_time = |&pause: &Duration| latest.is_none_or(|at| Instant::now() + pause < at);
        let Some(pause) = self.0.next().filter(in_time) else {
            return false;
        };
        tokio::time::sleep(pause).await;
        true
    }
}

/// An attempt that failed.
enum Failure<E> {
    /// With an answer, or without one.
    Told(Box<SdkError<E>>),
    /// It took too long.
    Late,
}

impl Sending {
    /// Sends a call until there is an answer, as often and as long as it may
    /// be; conflicts with other calls are counted for themselves.
    pub(crate) async fn send<T, E, F>(
        &self,
        call: Request<'_>,
        attempt: impl Fn() -> F,
    ) -> Result<Answer<T, E>>
    where
        E: ServiceFailure,
        F: Future<Output = std::result::Result<T, SdkError<E>>>,
    {
        let latest = latest();
        let mut pauses = Pauses::new(self.attempts);
        let mut effect = Effect::None;
        let mut may_correct_the_time = true;
        loop {
            let ahead = self.service.ahead();
            let sent = Arc::new(Sent::default());
            let failure = match self.attempt(attempt(), &sent, latest).await {
                Ok(done) => {
                    self.service.answered();
                    return Ok(Answer::Done(done));
                }
                Err(Failure::Told(error)) => match *error {
                    SdkError::ServiceError(failure) if failure.err().is_condition_failure() => {
                        self.service.answered();
                        return Ok(Answer::Refused {
                            answer: failure.into_err(),
                            after_doubt: effect == Effect::Possible,
                        });
                    }
                    error => Failure::Told(Box::new(error)),
                },
                Err(late) => late,
            };
            let diagnosis = failure.diagnosis(&sent);
            if call.nature != Nature::Read && diagnosis.effect == Effect::Possible {
                effect = Effect::Possible;
            }
            // The next attempt is signed with the time that this one learned.
            if diagnosis.doubts_the_time
                && may_correct_the_time
                && self.service.ahead().abs_diff(ahead) > WRONG_TIME
            {
                may_correct_the_time = false;
                continue;
            }
            let pause = pauses.after(diagnosis, &self.service);
            let in_time = |&pause: &Duration| latest.is_none_or(|at| Instant::now() + pause < at);
            let Some(pause) = pause.filter(in_time) else {
                return Err(failure.into_error(call, diagnosis.kind, effect));
            };
            tracing::debug!(%call, error = failure.in_words(), ?pause, "sending again");
            tokio::time::sleep(pause).await;
        }
    }

    /// One attempt: as long as it may take once it was sent, and never longer
    /// than its caller waits.
    async fn attempt<T, E>(
        &self,
        attempt: impl Future<Output = std::result::Result<T, SdkError<E>>>,
        sent: &Arc<Sent>,
        latest: Option<Instant>,
    ) -> std::result::Result<T, Failure<E>> {
        let too_long = async {
            sent.done().await;
            tokio::time::sleep(self.attempt_timeout).await;
        };
        let too_late = async {
            match latest {
                Some(at) => tokio::time::sleep_until(at).await,
                None => future::pending().await,
            }
        };
        tokio::select! {
            biased;
            // The SDK's futures are large: boxed, they cost their callers
            // nothing.
            done = sent.watch(Box::pin(attempt)) => {
                done.map_err(|error| Failure::Told(Box::new(error)))
            }
            () = too_long => Err(Failure::Late),
            () = too_late => Err(Failure::Late),
        }
    }
}

/// The pauses that a call still has before it is sent again.
struct Pauses {
    of_failures: ExponentialBackoff,
    of_conflicts: ExponentialBackoff,
}

impl Pauses {
    fn new(attempts: usize) -> Self {
        Self {
            of_failures: pauses(LONGEST_PAUSE, attempts.saturating_sub(1)),
            of_conflicts: pauses(LONGEST_PAUSE_OF_CONFLICTS, CONFLICTS),
        }
    }

    /// The pause after an attempt that came to this; `None` if it was the
    /// last.
    fn after(&mut self, diagnosis: Diagnosis, service: &Service) -> Option<Duration> {
        if diagnosis.kind != ErrorKind::Unavailable {
            return None;
        }
        if diagnosis.conflict {
            return self.of_conflicts.next();
        }
        let pause = self.of_failures.next()?;
        service.pay_for_resend().then_some(pause)
    }
}

impl<E: ServiceFailure> Failure<E> {
    /// What it means. What was never sent has no effect.
    fn diagnosis(&self, sent: &Sent) -> Diagnosis {
        let mut diagnosis = match self {
            Self::Told(error) => Diagnosis::of(error),
            Self::Late => Diagnosis::LATE,
        };
        if !sent.is() {
            diagnosis.effect = Effect::None;
        }
        diagnosis
    }

    fn in_words(&self) -> String {
        match self {
            Self::Told(error) => in_words(error),
            Self::Late => "there was no answer in time".to_owned(),
        }
    }

    fn into_error(self, call: Request<'_>, kind: ErrorKind, effect: Effect) -> BackendError {
        let error = BackendError::new(kind, effect, format!("{call}: {}", self.in_words()));
        match self {
            Self::Told(source) => error.with_source(*source),
            Self::Late => error,
        }
    }
}
