//! The one call that concerns two items.

use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError,
    types::{ReturnValuesOnConditionCheckFailure as OnFailure, TransactWriteItem, Update},
};
use playerdata_core::backend::{BackendError, Effect, ErrorKind, Result};

use crate::{
    error::CONDITION_FAILED,
    item::Key,
    resend::{Answer, Call, Nature, send},
    table::{Change, Refusal, Table, names_in},
};

impl Table {
    /// Changes two items in one transaction. If a condition fails, nothing is
    /// changed, and there is a refusal for each item whose condition it was.
    pub(crate) async fn update_both(
        &self,
        what: &'static str,
        changes: [(&Key, Change); 2],
    ) -> Result<std::result::Result<(), [Option<Refusal>; 2]>> {
        let call = Call {
            what,
            key: Some(changes[1].0),
            nature: Nature::Repeatable,
        };
        let actions = changes
            .into_iter()
            .map(|(key, change)| self.action(key, change))
            .collect::<Result<Vec<_>>>()?;
        let request = self
            .client
            .transact_write_items()
            .set_transact_items(Some(actions));
        let answer = send(self.attempts, call, || request.clone().send()).await?;
        let (answer, after_doubt) = match answer {
            Answer::Done(_) => return Ok(Ok(())),
            Answer::Refused {
                answer,
                after_doubt,
            } => (answer, after_doubt),
        };
        let reasons = match answer {
            TransactWriteItemsError::TransactionCanceledException(cancelled) => {
                cancelled.cancellation_reasons.unwrap_or_default()
            }
            _ => Vec::new(),
        };
        let mut refusals = reasons.into_iter().map(|reason| {
            let failed = reason.code.as_deref() == Some(CONDITION_FAILED);
            failed.then_some(Refusal {
                item: reason.item,
                after_doubt,
            })
        });
        let mut next = || refusals.next().flatten();
        Ok(Err([next(), next()]))
    }

    /// A change as an action of a transaction.
    fn action(&self, key: &Key, change: Change) -> Result<TransactWriteItem> {
        let names = names_in([&change.update, &change.condition]);
        let update = Update::builder()
            .table_name(&self.name)
            .set_key(Some(self.key(key)))
            .update_expression(change.update)
            .condition_expression(change.condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(change.values))
            .return_values_on_condition_check_failure(OnFailure::AllOld)
            .build()
            .map_err(|source| {
                BackendError::new(
                    ErrorKind::Rejected,
                    Effect::None,
                    format!("{key}: bad request"),
                )
                .with_source(source)
            })?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}
