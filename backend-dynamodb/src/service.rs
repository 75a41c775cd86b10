//! What all calls of a client learn of the service: what time it is there, and
//! whether sending again has helped lately.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{Duration, SystemTime},
};

use aws_sdk_dynamodb::{
    config::{ConfigBag, Intercept, RuntimeComponents},
    error::BoxError,
    primitives::{DateTime, DateTimeFormat},
    types::AttributeValue,
};
use aws_smithy_runtime_api::client::interceptors::{
    context::{BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef},
    dyn_dispatch_hint,
};
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use parking_lot::Mutex;
use playerdata_core::UnixMillis;
use tokio::sync::Notify;

use crate::item::number;

/// What sending a call again takes from the budget, and what an answer brings
/// back: in the long run there is one resend for this many answers.
const RESEND: u32 = 4;
const ANSWER: u32 = 1;

/// How much there can be in the budget: resends in a row, with no answer at
/// all in between, by all calls of a client together.
const BUDGET: u32 = 10 * RESEND;

/// How much longer than it has to an item stays before it is tidied away.
const TIDY_MARGIN: Duration = Duration::from_secs(24 * 60 * 60);

/// What is known of the service. Cheap to clone: clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Service(Arc<State>);

#[derive(Debug)]
struct State {
    /// By how many milliseconds the service's clock is ahead of ours.
    ahead: AtomicI64,
    budget: Mutex<u32>,
}

impl Service {
    pub(crate) fn new() -> Self {
        Self(Arc::new(State {
            ahead: AtomicI64::new(0),
            budget: Mutex::new(BUDGET),
        }))
    }

    /// By how many milliseconds the service's clock is ahead of ours, for
    /// certain, as its last answer had it. `Date` has whole seconds: what is
    /// less than that and the answer's time on its way counts as nothing.
    pub(crate) fn ahead(&self) -> i64 {
        self.0.ahead.load(Ordering::Relaxed)
    }

    /// A time of ours by the service's clock.
    pub(crate) fn at(&self, ours: UnixMillis) -> UnixMillis {
        UnixMillis::new(ours.get().saturating_add_signed(self.ahead()))
    }

    /// When an item may be tidied away that has to be there for `memory` from
    /// `now` on, by our clock: in seconds, as DynamoDB's TTL wants it, and with
    /// room for a clock that is wrong.
    pub(crate) fn tidy_after(&self, now: UnixMillis, memory: Duration) -> AttributeValue {
        let until = self.at(now).saturating_add(memory);
        number(until.saturating_add(TIDY_MARGIN).get().div_ceil(1_000))
    }

    /// Notes that the service answered.
    pub(crate) fn answered(&self) {
        let mut budget = self.0.budget.lock();
        *budget = (*budget + ANSWER).min(BUDGET);
    }

    /// Whether a call that failed may be sent again, which is paid for.
    pub(crate) fn pay_for_resend(&self) -> bool {
        let mut budget = self.0.budget.lock();
        match budget.checked_sub(RESEND) {
            Some(left) => {
                *budget = left;
                true
            }
            None => false,
        }
    }
}

tokio::task_local! {
    /// Informs whoever waits for an attempt that it has been sent.
    static SENT: Arc<Sent>;
}

/// Whether an attempt was sent: that it waits for credentials before does not
/// count towards its time, and it has no effect before.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    flag: AtomicBool,
    notify: Notify,
}

impl Sent {
    /// Runs an attempt that informs this when it is sent.
    pub(crate) fn watch<F: Future>(
        self: &Arc<Self>,
        attempt: F,
    ) -> impl Future<Output = F::Output> {
        SENT.scope(self.clone(), attempt)
    }

    /// Whether anything has been sent, or tried to.
    pub(crate) fn is(&self) -> bool {
        self.flag.load(Ordering::Relaxed)
    }

    /// Returns when it is sent.
    pub(crate) async fn done(&self) {
        self.notify.notified().await;
    }

    fn tell(&self) {
        self.flag.store(true, Ordering::Relaxed);
        self.notify.notify_one();
    }
}

/// When a request was sent, by our clock.
#[derive(Clone, Copy, Debug)]
struct SentAt(SystemTime);

impl Storable for SentAt {
    type Storer = StoreReplace<Self>;
}

#[dyn_dispatch_hint]
impl Intercept for Service {
    fn name(&self) -> &'static str {
        "playerdata"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let now = components.time_source().unwrap_or_default().now();
        bag.interceptor_state().store_put(SentAt(now));
        // Outside of `send` nobody waits for it.
        SENT.try_with(|sent| sent.tell()).ok();
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.response().headers();
        let date = headers
            .get("date")
            .filter(|_| headers.get("age").is_none()) // a proxy's copy
            .and_then(|date| DateTime::from_str(date, DateTimeFormat::HttpDate).ok());
        let (Some(date), Some(SentAt(sent))) = (date, bag.load::<SentAt>()) else {
            return Ok(());
        };
        let received = components.time_source().unwrap_or_default().now();
        let ahead = ahead(date.secs(), since_1970(*sent), since_1970(received));
        self.0.ahead.store(ahead, Ordering::Relaxed);
        Ok(())
    }
}

/// Milliseconds since 1970; a clock before that is as wrong as one there.
fn since_1970(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since
        .unwrap_or(Duration::ZERO)
        .as_millis()
        .try_into()
        .unwrap_or(i64::MAX)
}

/// The least that a clock must be ahead to have shown that second at some time
/// between `sent` and `received`, in milliseconds.
fn ahead(seconds: i64, sent: i64, received: i64) -> i64 {
    let begins = seconds.saturating_mul(1_000);
    let at_least = begins.saturating_sub(received);
    let at_most = begins.saturating_add(999).saturating_sub(sent);
    match (at_least, at_most) {
        (1.., _) => at_least,
        (_, ..0) => at_most,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_wrong_only_by_what_is_certain() {
        for (seconds, sent, received, expected) in [
            (10, 10_200, 10_250, 0),
            (10, 9_990, 10_020, 0),
            (10, 10_990, 11_020, 0),
            (10, 9_000, 9_100, 900),
            (10, 12_000, 12_100, -1_001),
            (3_610, 10_000, 10_100, 3_599_900),
            // Answered late, it says less.
            (10, 5_000, 9_000, 1_000),
        ] {
            let found = ahead(seconds, sent, received);
            assert_eq!(found, expected, "{seconds} {sent} {received}");
        }
    }

    #[test]
    fn answers_pay_for_resends() {
        let service = Service::new();
        let paid = (0..100).filter(|_| service.pay_for_resend()).count();
        assert_eq!(paid, 10);
        for _ in 0..4 {
            assert!(!service.pay_for_resend());
            service.answered();
        }
        assert!(service.pay_for_resend());
        for _ in 0..1_000 {
            service.answered();
        }
        let paid = (0..100).filter(|_| service.pay_for_resend()).count();
        assert_eq!(paid, 10, "no more than there can be");
    }
}
