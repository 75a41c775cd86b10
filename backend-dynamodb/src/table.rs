//! The calls that the backend makes, one method for each kind: what is asked
//! for is said by update and condition expressions, in which `#name` stands
//! for the attribute `name`.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    config::{retry::RetryConfig, timeout::TimeoutConfig},
    error::SdkError,
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure as OnFailure},
};
use playerdata_core::backend::{BackendError, Effect, ErrorKind, Result};

use crate::{
    error::ServiceFailure,
    item::{Item, Key, PLAYER_PREFIX, attr},
    options::DynamoDbOptions,
    players::ScanPosition,
    resend::{Answer, Nature, Request, Sending},
    service::Service,
};

/// Values for the `:name`s of expressions.
pub(crate) type Values = HashMap<String, AttributeValue>;

/// Gathers the values of expressions.
pub(crate) fn values<const N: usize>(values: [(&str, AttributeValue); N]) -> Values {
    let owned = |(name, value): (&str, AttributeValue)| (name.to_owned(), value);
    values.into_iter().map(owned).collect()
}

/// The outcome of a conditional call.
#[derive(Debug)]
pub(crate) enum Conditional<T, F = Refusal> {
    /// The condition held, and the call was applied.
    Met(T),
    /// It did not hold, and nothing was changed.
    Failed(F),
}

/// What was found when a condition failed.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The item as it is, if there is one.
    pub(crate) item: Option<Item>,
    /// Whether an earlier attempt at the same call may have been applied.
    pub(crate) after_doubt: bool,
}

/// A change of one item, on a condition.
pub(crate) struct Change {
    pub(crate) update: String,
    pub(crate) condition: String,
    pub(crate) values: Values,
}

/// What an update gives back.
#[derive(Clone, Copy)]
pub(crate) enum Returning {
    Nothing,
    After,
}

/// Which items of a partition, given the key that they begin with.
#[derive(Clone, Copy)]
pub(crate) enum Range<'a> {
    /// Those whose sort key begins with its sort key.
    BeginningWith,
    /// Those that come behind it.
    Behind,
    /// It and those that come behind it, up to another, and at most this many.
    UpTo(&'a Key, usize),
}

/// One page of a partition, or of the table.
pub(crate) struct Page {
    pub(crate) items: Vec<Item>,
    /// Where the next page begins; none if this was the last.
    pub(crate) next: Option<Item>,
}

/// The table, and how it is called.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
    pub(crate) partition_key: String,
    pub(crate) sort_key: String,
    sending: Sending,
}

impl Table {
    /// Takes a client over: resending is done here, and attempts are bounded
    /// in time.
    pub(crate) fn new(client: &Client, options: &DynamoDbOptions) -> Self {
        let config = client.config();
        let timeouts = config.timeout_config().map(TimeoutConfig::to_builder);
        let timeouts = timeouts.unwrap_or_default();
        let set = timeouts.clone().build().operation_attempt_timeout();
        let service = Service::new();
        let config = config
            .to_builder()
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts.disable_operation_attempt_timeout().build())
            .interceptor(service.clone());
        Self {
            client: Client::from_conf(config.build()),
            name: options.table.clone(),
            partition_key: options.partition_key.clone(),
            sort_key: options.sort_key.clone(),
            sending: Sending {
                attempts: options.attempts,
                attempt_timeout: set.unwrap_or(options.attempt_timeout),
                service,
            },
        }
    }

    /// What is known of the service.
    pub(crate) fn service(&self) -> &Service {
        &self.sending.service
    }

    /// Sends a call until there is an answer.
    pub(crate) async fn send<T, E, F>(
        &self,
        call: Request<'_>,
        attempt: impl Fn() -> F,
    ) -> Result<Answer<T, E>>
    where
        E: ServiceFailure,
        F: Future<Output = std::result::Result<T, SdkError<E>>>,
    {
        self.sending.send(call, attempt).await
    }

    /// The key attributes of an item.
    pub(crate) fn key(&self, key: &Key) -> Item {
        HashMap::from([
            (
                self.partition_key.clone(),
                AttributeValue::S(key.partition.clone()),
            ),
            (self.sort_key.clone(), AttributeValue::S(key.sort.clone())),
        ])
    }

    /// Reads an item as it is now.
    pub(crate) async fn get(&self, what: &'static str, key: &Key) -> Result<Option<Item>> {
        let request = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(self.key(key)))
            .consistent_read(true);
        let call = Request {
            what,
            key: Some(key),
            nature: Nature::Read,
        };
        let answer = self.send(call, || request.clone().send()).await?;
        Ok(unconditional(answer, call)?.item)
    }

    /// Writes a whole item, on a condition on the one that is there.
    pub(crate) async fn put(
        &self,
        what: &'static str,
        key: &Key,
        mut item: Item,
        condition: &str,
        values: Values,
    ) -> Result<Conditional<()>> {
        item.extend(self.key(key));
        let request = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names_in([condition])))
            .set_expression_attribute_values((!values.is_empty()).then_some(values))
            .return_values_on_condition_check_failure(OnFailure::AllOld);
        let call = Request {
            what,
            key: Some(key),
            nature: Nature::Repeatable,
        };
        let answer = self.send(call, || request.clone().send()).await?;
        Ok(conditional(answer, |_| ()))
    }

    /// Changes an item on a condition, and gives back what `returning` says;
    /// an empty item for [`Returning::Nothing`].
    pub(crate) async fn update(
        &self,
        what: &'static str,
        key: &Key,
        change: Change,
        returning: Returning,
        nature: Nature,
    ) -> Result<Conditional<Item>> {
        let names = names_in([&change.update, &change.condition]);
        let request = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(self.key(key)))
            .update_expression(change.update)
            .condition_expression(change.condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values((!change.values.is_empty()).then_some(change.values))
            .return_values(match returning {
                Returning::Nothing => ReturnValue::None,
                Returning::After => ReturnValue::AllNew,
            })
            .return_values_on_condition_check_failure(OnFailure::AllOld);
        let call = Request {
            what,
            key: Some(key),
            nature,
        };
        let answer = self.send(call, || request.clone().send()).await?;
        Ok(conditional(answer, |done| {
            done.attributes.unwrap_or_default()
        }))
    }

    /// Removes an item on a condition.
    pub(crate) async fn delete(
        &self,
        what: &'static str,
        key: &Key,
        condition: &str,
        values: Values,
    ) -> Result<Conditional<()>> {
        let request = self
            .client
            .delete_item()
            .table_name(&self.name)
            .set_key(Some(self.key(key)))
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names_in([condition])))
            .set_expression_attribute_values((!values.is_empty()).then_some(values))
            .return_values_on_condition_check_failure(OnFailure::AllOld);
        let call = Request {
            what,
            key: Some(key),
            nature: Nature::Repeatable,
        };
        let answer = self.send(call, || request.clone().send()).await?;
        Ok(conditional(answer, |_| ()))
    }

    /// Reads a page of those items of the first one's partition that the range
    /// has, in the order of the sort key, without the attributes that are not
    /// named.
    pub(crate) async fn page(
        &self,
        what: &'static str,
        first: &Key,
        range: Range<'_>,
        attributes: &[&str],
        from: Option<Item>,
    ) -> Result<Page> {
        let mut names = HashMap::from([
            ("#pk".to_owned(), self.partition_key.clone()),
            ("#sk".to_owned(), self.sort_key.clone()),
        ]);
        let mut projection = "#sk".to_owned();
        for attribute in attributes {
            projection.push_str(&format!(", #{attribute}"));
            names.insert(format!("#{attribute}"), (*attribute).to_owned());
        }
        let mut values = values([
            (":pk", AttributeValue::S(first.partition.clone())),
            (":sk", AttributeValue::S(first.sort.clone())),
        ]);
        let (condition, limit) = match range {
            Range::BeginningWith => ("begins_with(#sk, :sk)", None),
            Range::Behind => ("#sk > :sk", None),
            Range::UpTo(last, limit) => {
                values.insert(":last".to_owned(), AttributeValue::S(last.sort.clone()));
                ("#sk BETWEEN :sk AND :last", i32::try_from(limit).ok())
            }
        };
        let request = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression(format!("#pk = :pk AND {condition}"))
            .projection_expression(projection)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .set_exclusive_start_key(from)
            .set_limit(limit)
            .consistent_read(true);
        let call = Request {
            what,
            key: Some(first),
            nature: Nature::Read,
        };
        let answer = self.send(call, || request.clone().send()).await?;
        let page = unconditional(answer, call)?;
        Ok(Page {
            items: page.items.unwrap_or_default(),
            next: page.last_evaluated_key,
        })
    }
}

impl Table {
    /// Reads this many items of the whole table from a place on, and gives the
    /// keys of those of a player's that are there to be found.
    pub(crate) async fn scan(
        &self,
        what: &'static str,
        place: &ScanPosition,
        limit: usize,
    ) -> Result<Page> {
        let request = self
            .client
            .scan()
            .table_name(&self.name)
            .projection_expression("#pk, #sk")
            .filter_expression(
                "begins_with(#pk, :player) \
                 AND (attribute_exists(#body_bytes) OR attribute_exists(#content))",
            )
            .expression_attribute_names("#pk", &self.partition_key)
            .expression_attribute_names("#sk", &self.sort_key)
            .expression_attribute_names("#body_bytes", attr::BODY_BYTES)
            .expression_attribute_names("#content", attr::CONTENT)
            .expression_attribute_values(":player", AttributeValue::S(PLAYER_PREFIX.to_owned()))
            .set_segment(place.segment.map(|segment| segment.number))
            .set_total_segments(place.segment.map(|segment| segment.of))
            .set_exclusive_start_key(place.after.as_ref().map(|after| self.key(after)))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .consistent_read(true);
        let call = Request {
            what,
            key: place.after.as_ref(),
            nature: Nature::Read,
        };
        let answer = self.send(call, || request.clone().send()).await?;
        let page = unconditional(answer, call)?;
        Ok(Page {
            items: page.items.unwrap_or_default(),
            next: page.last_evaluated_key,
        })
    }
}

/// The outcome of a conditional call.
fn conditional<T, U, E: ServiceFailure>(
    answer: Answer<T, E>,
    outcome: impl FnOnce(T) -> U,
) -> Conditional<U> {
    match answer {
        Answer::Done(done) => Conditional::Met(outcome(done)),
        Answer::Refused {
            answer,
            after_doubt,
        } => Conditional::Failed(Refusal {
            item: answer.into_found(),
            after_doubt,
        }),
    }
}

/// The answer to a call without a condition.
pub(crate) fn unconditional<T, E>(answer: Answer<T, E>, call: Request<'_>) -> Result<T> {
    match answer {
        Answer::Done(done) => Ok(done),
        Answer::Refused { .. } => Err(BackendError::new(
            ErrorKind::Rejected,
            Effect::None,
            format!("{call}: a condition failed where none was set"),
        )),
    }
}

/// The `#name`s in expressions, each standing for the attribute of that name.
/// Always written so, no attribute can clash with a reserved word.
pub(crate) fn names_in<const N: usize>(expressions: [&str; N]) -> HashMap<String, String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut names = HashMap::new();
    for expression in expressions {
        for part in expression.split('#').skip(1) {
            let end = part.find(|c| !is_name(c)).unwrap_or(part.len());
            names.insert(format!("#{}", &part[..end]), part[..end].to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_for_the_attributes_in_the_expressions() {
        let names = names_in(["SET #a_b = :x REMOVE #c", "attribute_not_exists(#d)"]);
        let mut names: Vec<_> = names.into_iter().collect();
        names.sort();
        let pair = |name: &str| (format!("#{name}"), name.to_owned());
        assert_eq!(names, [pair("a_b"), pair("c"), pair("d")]);
    }
}
