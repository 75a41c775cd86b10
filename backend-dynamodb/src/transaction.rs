//! The calls that concern several items at once.

use aws_sdk_dynamodb::{
    error::BuildError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        Delete, Put, ReturnValuesOnConditionCheckFailure as OnFailure, TransactWriteItem, Update,
        builders::TransactWriteItemBuilder,
    },
};
use playerdata_core::backend::{BackendError, Effect, ErrorKind, Result};

use crate::{
    error::CONDITION_FAILED,
    item::{Item, Key},
    resend::{Answer, Nature, Request},
    table::{Change, Refusal, Table, names_in},
};

/// The most items that one transaction may change.
pub(crate) const MAX_ACTIONS: usize = 100;

/// The outcome of a transaction: done, or refused for these reasons.
pub(crate) type Transacted = std::result::Result<(), Vec<Option<Refusal>>>;

/// What is done to an item.
pub(crate) enum Action {
    /// It is changed, on a condition.
    Update(Change),
    /// The same, where one `#name` stands for the attribute of another name.
    UpdateNaming(Change, &'static str, String),
    /// It is written as a whole, on a condition without values.
    Put(Item, &'static str),
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
    ) -> Result<Transacted> {
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
            Action::Put(mut put, condition) => {
                put.extend(self.key(key));
                Put::builder()
                    .table_name(&self.name)
                    .set_item(Some(put))
                    .condition_expression(condition)
                    .set_expression_attribute_names(Some(names_in([condition])))
                    .return_values_on_condition_check_failure(OnFailure::AllOld)
                    .build()
                    .map(|put| item.put(put))
            }
            Action::Update(change) => self
                .update_of(key, change, None)
                .map(|update| item.update(update)),
            Action::UpdateNaming(change, name, of) => self
                .update_of(key, change, Some((name, of)))
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

    fn update_of(
        &self,
        key: &Key,
        change: Change,
        name: Option<(&str, String)>,
    ) -> std::result::Result<Update, BuildError> {
        let mut names = names_in([&change.update, &change.condition]);
        names.extend(name.map(|(name, of)| (name.to_owned(), of)));
        Update::builder()
            .table_name(&self.name)
            .set_key(Some(self.key(key)))
            .set_expression_attribute_names(Some(names))
            .update_expression(change.update)
            .condition_expression(change.condition)
            .set_expression_attribute_values(Some(change.values))
            .return_values_on_condition_check_failure(OnFailure::AllOld)
            .build()
    }
}
