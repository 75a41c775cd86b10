//! What DynamoDB's failures mean: the kind, whether the write may have been
//! applied, and whether sending it again may help.

use std::{error::Error, io};

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::{
        create_table::CreateTableError, delete_item::DeleteItemError,
        describe_continuous_backups::DescribeContinuousBackupsError,
        describe_table::DescribeTableError, describe_time_to_live::DescribeTimeToLiveError,
        get_item::GetItemError, put_item::PutItemError, query::QueryError, scan::ScanError,
        transact_write_items::TransactWriteItemsError,
        update_continuous_backups::UpdateContinuousBackupsError, update_item::UpdateItemError,
        update_table::UpdateTableError, update_time_to_live::UpdateTimeToLiveError,
    },
    types::error::TransactionCanceledException,
};
use playerdata_core::backend::{BackendError, Effect, ErrorKind};

use crate::item::Item;

/// The code that a transaction gives an action whose condition failed.
pub(crate) const CONDITION_FAILED: &str = "ConditionalCheckFailed";

/// The code that a transaction gives an action that had nothing against it.
const NOTHING_AGAINST_IT: &str = "None";

/// An error that DynamoDB itself can answer with.
pub(crate) trait ServiceFailure:
    ProvideErrorMetadata + Error + Send + Sync + 'static
{
    /// Whether it says that a condition failed: an answer, not a failure.
    fn is_condition_failure(&self) -> bool {
        false
    }

    /// The item that its condition failed on, if there is one.
    fn into_found(self) -> Option<Item>
    where
        Self: Sized,
    {
        None
    }

    /// The code that says best what went wrong.
    fn telling_code(&self) -> Option<&str> {
        self.code()
    }
}

impl ServiceFailure for GetItemError {}
impl ServiceFailure for QueryError {}
impl ServiceFailure for ScanError {}
impl ServiceFailure for CreateTableError {}
impl ServiceFailure for DescribeContinuousBackupsError {}
impl ServiceFailure for DescribeTableError {}
impl ServiceFailure for DescribeTimeToLiveError {}
impl ServiceFailure for UpdateContinuousBackupsError {}
impl ServiceFailure for UpdateTableError {}
impl ServiceFailure for UpdateTimeToLiveError {}

macro_rules! conditional_on_one_item {
    ($($error:ty)*) => { $(
        impl ServiceFailure for $error {
            fn is_condition_failure(&self) -> bool {
                self.is_conditional_check_failed_exception()
            }

            fn into_found(self) -> Option<Item> {
                match self {
                    Self::ConditionalCheckFailedException(failure) => failure.item,
                    _ => None,
                }
            }
        }
    )* };
}

conditional_on_one_item! { PutItemError UpdateItemError DeleteItemError }

/// The codes of a cancelled transaction's actions, in their order.
fn reasons(error: &TransactWriteItemsError) -> impl Iterator<Item = &str> {
    let cancelled = match error {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => Some(cancelled),
        _ => None,
    };
    cancelled
        .map(TransactionCanceledException::cancellation_reasons)
        .unwrap_or_default()
        .iter()
        .map(|reason| reason.code().unwrap_or(NOTHING_AGAINST_IT))
}

impl ServiceFailure for TransactWriteItemsError {
    /// Only if nothing but conditions failed: what else is in the way hides
    /// how the conditions would have come out.
    fn is_condition_failure(&self) -> bool {
        let mut any = false;
        reasons(self).all(|code| {
            any |= code == CONDITION_FAILED;
            code == CONDITION_FAILED || code == NOTHING_AGAINST_IT
        }) && any
    }

    fn telling_code(&self) -> Option<&str> {
        reasons(self)
            .find(|&code| code != CONDITION_FAILED && code != NOTHING_AGAINST_IT)
            .or_else(|| self.code())
    }
}

/// One failed attempt, judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Diagnosis {
    /// What the caller does next.
    pub(crate) kind: ErrorKind,
    /// Whether this attempt may have been applied, or may still be.
    pub(crate) effect: Effect,
    /// Whether it only met another call on its item.
    pub(crate) conflict: bool,
    /// Whether it was refused for its signature, which holds the time.
    pub(crate) doubts_the_time: bool,
}

impl Diagnosis {
    const fn new(kind: ErrorKind, effect: Effect) -> Self {
        Self {
            kind,
            effect,
            conflict: false,
            doubts_the_time: false,
        }
    }

    /// There was no answer in time.
    pub(crate) const LATE: Self = Self::new(ErrorKind::Unavailable, Effect::Possible);

    /// Judges why an attempt did not succeed.
    pub(crate) fn of<E: ServiceFailure>(error: &SdkError<E>) -> Self {
        match error {
            SdkError::ConstructionFailure(_) => Self::new(ErrorKind::Rejected, Effect::None),
            SdkError::DispatchFailure(failure) if failure.is_user() => {
                Self::new(ErrorKind::Rejected, Effect::None)
            }
            SdkError::DispatchFailure(_) if was_refused(error) => {
                Self::new(ErrorKind::Unavailable, Effect::None)
            }
            SdkError::DispatchFailure(_) if let Some(kind) = without_credentials(error) => {
                Self::new(kind, Effect::None)
            }
            SdkError::ServiceError(failure) => {
                let status = failure.raw().status().as_u16();
                Self::of_code(failure.err().telling_code(), status)
            }
            // Time-outs, broken connections, answers that make no sense.
            _ => Self::new(ErrorKind::Unavailable, Effect::Possible),
        }
    }

    /// Judges what DynamoDB answered.
    fn of_code(code: Option<&str>, status: u16) -> Self {
        match code.unwrap_or_default() {
            // Refused before anything was done. Plain codes, and those inside
            // transactions.
            "ProvisionedThroughputExceededException"
            | "ProvisionedThroughputExceeded"
            | "RequestLimitExceeded"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "ThrottlingException"
            | "ThrottledException"
            | "TooManyRequestsException"
            | "ThrottlingError"
            | "Throttling"
            | "LimitExceededException"
            | "ContinuousBackupsUnavailableException" // of a table that is new
            | "ResourceInUseException" => Self::new(ErrorKind::Unavailable, Effect::None),
            "TransactionConflictException" | "TransactionConflict" => Self {
                conflict: true,
                ..Self::new(ErrorKind::Unavailable, Effect::None)
            },
            "TransactionInProgressException"
            | "ReplicatedWriteConflictException"
            | "RequestTimeout"
            | "RequestTimeoutException" => Self::new(ErrorKind::Unavailable, Effect::Possible),
            "InvalidSignatureException" | "SignatureDoesNotMatch" | "RequestTimeTooSkewed" => {
                Self {
                    doubts_the_time: true,
                    ..Self::new(ErrorKind::Rejected, Effect::None)
                }
            }
            _ if status == 429 => Self::new(ErrorKind::Unavailable, Effect::None),
            _ if status == 408 || status >= 500 => {
                Self::new(ErrorKind::Unavailable, Effect::Possible)
            }
            _ => Self::new(ErrorKind::Rejected, Effect::None),
        }
    }
}

/// Whether nobody took the connection, so that nothing was sent.
fn was_refused(error: &(dyn Error + 'static)) -> bool {
    chain(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::ConnectionRefused)
}

/// What to do about credentials that could not be obtained, if that is why
/// nothing was sent.
fn without_credentials(error: &(dyn Error + 'static)) -> Option<ErrorKind> {
    let mut causes = chain(error).filter_map(|cause| cause.downcast_ref());
    causes.next().map(|cause| match cause {
        CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_) => {
            ErrorKind::Rejected
        }
        // Whoever gives them out has trouble.
        _ => ErrorKind::Unavailable,
    })
}

/// An error and its causes.
fn chain<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> + 'a {
    std::iter::successors(Some(error), |&error| error.source())
}

/// What an error says, in a few words: DynamoDB's code and message, or the
/// last cause.
pub(crate) fn in_words<E: ServiceFailure>(error: &SdkError<E>) -> String {
    let told = error.as_service_error().and_then(|failure| {
        let code = failure.telling_code()?;
        Some(match failure.message() {
            Some(message) => format!("{code}: {message}"),
            None => code.to_owned(),
        })
    });
    told.unwrap_or_else(|| {
        let root = chain(error).last().map(ToString::to_string);
        format!("{error}: {}", root.unwrap_or_default())
    })
}

/// The error for a call of several steps that failed after its first: the
/// next call goes on from there.
pub(crate) fn half_way(error: BackendError) -> BackendError {
    match error.effect() {
        Effect::Possible => error,
        Effect::None => BackendError::new(
            error.kind(),
            Effect::Possible,
            "stopped after the first of several steps; the next call goes on from there",
        )
        .with_source(error),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::CancellationReason;

    use super::*;

    fn cancelled(codes: &[&str]) -> TransactWriteItemsError {
        let reasons = codes
            .iter()
            .map(|&code| CancellationReason::builder().code(code).build());
        TransactWriteItemsError::TransactionCanceledException(
            TransactionCanceledException::builder()
                .set_cancellation_reasons(Some(reasons.collect()))
                .build(),
        )
    }

    #[test]
    fn a_transaction_answers_only_if_nothing_but_conditions_stopped_it() {
        assert!(cancelled(&["ConditionalCheckFailed", "None"]).is_condition_failure());
        assert!(cancelled(&["None", "ConditionalCheckFailed"]).is_condition_failure());
        assert!(!cancelled(&["None", "TransactionConflict"]).is_condition_failure());
        let both = cancelled(&["ConditionalCheckFailed", "TransactionConflict"]);
        assert!(!both.is_condition_failure());
        assert_eq!(both.telling_code(), Some("TransactionConflict"));
        assert!(!cancelled(&[]).is_condition_failure());
    }

    #[test]
    fn codes_say_what_to_do_next_and_whether_the_write_may_have_been_applied() {
        const CONFLICT: Diagnosis = Diagnosis {
            kind: ErrorKind::Unavailable,
            effect: Effect::None,
            conflict: true,
            doubts_the_time: false,
        };
        let unavailable = |effect| Diagnosis::new(ErrorKind::Unavailable, effect);
        for (code, status, diagnosis) in [
            ("ThrottlingException", 400, unavailable(Effect::None)),
            (
                "ProvisionedThroughputExceededException",
                400,
                unavailable(Effect::None),
            ),
            ("TransactionConflict", 400, CONFLICT),
            ("TransactionConflictException", 400, CONFLICT),
            ("RequestThrottledException", 400, unavailable(Effect::None)),
            (
                "RequestTimeoutException",
                400,
                unavailable(Effect::Possible),
            ),
            ("InternalServerError", 500, unavailable(Effect::Possible)),
            ("ServiceUnavailable", 503, unavailable(Effect::Possible)),
            (
                "ResourceNotFoundException",
                400,
                Diagnosis::new(ErrorKind::Rejected, Effect::None),
            ),
            (
                "AccessDeniedException",
                400,
                Diagnosis::new(ErrorKind::Rejected, Effect::None),
            ),
            (
                "ValidationException",
                400,
                Diagnosis::new(ErrorKind::Rejected, Effect::None),
            ),
        ] {
            assert_eq!(Diagnosis::of_code(Some(code), status), diagnosis, "{code}");
        }
        for (status, effect) in [
            (502, Effect::Possible),
            (408, Effect::Possible),
            (429, Effect::None),
        ] {
            let diagnosis = Diagnosis::of_code(None, status);
            assert_eq!(diagnosis, unavailable(effect), "{status}");
        }
    }
}
