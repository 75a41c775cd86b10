//! The calls that concern several items at once.

use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        Delete, ReturnValuesOnConditionCheckFailure as OnFailure, TransactWriteItem, Update,
        builders::TransactWriteItemBuilder,
    },
};
use playerdata_core::backend::{BackendError, Effect, ErrorKind, Result};

use crate::{
    error::CONDITION_FAILED,
    item::Key,
    resend::{Answer, Nature, Request},
    table::{Change, Refusal, Table, names_in},
};

/// The most items that one transaction may change.
pub(crate) const MAX_ACTIONS: usize = 100;

/// What is done to an item.
pub(crate) enum Action {
    /// It is changed, on a condition.
    Update(Change),
    /// It is removed, if it is there.
    Delete,
}

impl Table {
    /// Changes several items in one transaction. If a condition fails, nothing
    /// is changed, and there is a refusal for each action whose condition it
    /// was.
    pub(crate) async fn transact(
        &self,
        what: &'static str,
        about: &Key,
        actions: Vec<(Key, Action)>,
    ) -> Result<std::result::Result<(), Vec<Option<Refusal>>>> {
        let call = Request {
            what,
            key: Some(about),
            nature: Nature::Repeatable,
        };
        let actions = actions
            .into_iter()
            .map(|(key, action)| self.action(&key, action))
            .collect::<Result<Vec<_>>>()?;
        let request = self
            .client
            .transact_write_items()
            .set_transact_items(Some(actions));
        let answer = self.send(call, || request.clone().send()).await?;
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
        let refusals = reasons.into_iter().map(|reason| {
            let failed = reason.code.as_deref() == Some(CONDITION_FAILED);
            failed.then_some(Refusal {
                item: reason.item,
                after_doubt,
            })
        });
        Ok(Err(refusals.collect()))
    }

    /// An action as the SDK has it.
    fn action(&self, key: &Key, action: Action) -> Result<TransactWriteItem> {
        let item = TransactWriteItem::builder();
        let built = match action {
            Action::Delete => Delete::builder()
                .table_name(&self.name)
                .set_key(Some(self.key(key)))
                .build()
                .map(|delete| item.delete(delete)),
            Action::Update(change) => Update::builder()
                .table_name(&self.name)
                .set_key(Some(self.key(key)))
                .set_expression_attribute_names(Some(names_in([&change.update, &change.condition])))
                .update_expression(change.update)
                .condition_expression(change.condition)
                .set_expression_attribute_values(Some(change.values))
                .return_values_on_condition_check_failure(OnFailure::AllOld)
                .build()
                .map(|update| item.update(update)),
        };
        built
            .map(TransactWriteItemBuilder::build)
            .map_err(|source| {
                BackendError::new(
                    ErrorKind::Rejected,
                    Effect::None,
                    format!("{key}: bad request"),
                )
                .with_source(source)
            })
    }
}
