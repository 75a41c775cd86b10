//! Reads the meter: what DynamoDB says that it charged.

use std::sync::Arc;

use aws_sdk_dynamodb::{
    config::{ConfigBag, Intercept, RuntimeComponents},
    error::BoxError,
    operation::{
        delete_item::{DeleteItemInput, DeleteItemOutput},
        get_item::{GetItemInput, GetItemOutput},
        put_item::{PutItemInput, PutItemOutput},
        query::{QueryInput, QueryOutput},
        scan::{ScanInput, ScanOutput},
        transact_write_items::{TransactWriteItemsInput, TransactWriteItemsOutput},
        update_item::{UpdateItemInput, UpdateItemOutput},
    },
    types::{ConsumedCapacity, ReturnConsumedCapacity},
};
use aws_smithy_runtime_api::client::interceptors::{
    context::{BeforeSerializationInterceptorContextMut, FinalizerInterceptorContextRef},
    dyn_dispatch_hint,
};
use parking_lot::Mutex;

/// One call, and what it was charged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Charge {
    /// The operation's name, such as `PutItem`.
    pub operation: &'static str,
    /// In write units, or in read units for a read.
    pub units: f64,
}

/// Asks for the charge of every call of a client, and keeps it. Calls that
/// fail are not among them: DynamoDB does not say what it charged for those.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Mutex<Vec<Charge>>>);

impl Meter {
    /// The charges since the last time.
    pub fn take(&self) -> Vec<Charge> {
        std::mem::take(&mut *self.0.lock())
    }

    fn note<'a>(
        &self,
        operation: &'static str,
        charges: impl IntoIterator<Item = &'a ConsumedCapacity>,
    ) {
        let units = charges
            .into_iter()
            .filter_map(|charge| charge.capacity_units)
            .sum();
        self.0.lock().push(Charge { operation, units });
    }
}

macro_rules! metered {
    ($($name:literal $input:ty, $output:ty;)*) => {
        #[dyn_dispatch_hint]
        impl Intercept for Meter {
            fn name(&self) -> &'static str {
                "Meter"
            }

            fn modify_before_serialization(
                &self,
                context: &mut BeforeSerializationInterceptorContextMut<'_>,
                _: &RuntimeComponents,
                _: &mut ConfigBag,
            ) -> Result<(), BoxError> {
                let asked = Some(ReturnConsumedCapacity::Total);
                $(if let Some(input) = context.input_mut().downcast_mut::<$input>() {
                    input.return_consumed_capacity = asked;
                    return Ok(());
                })*
                if let Some(input) = context.input_mut().downcast_mut::<TransactWriteItemsInput>() {
                    input.return_consumed_capacity = asked;
                }
                Ok(())
            }

            fn read_after_execution(
                &self,
                context: &FinalizerInterceptorContextRef<'_>,
                _: &RuntimeComponents,
                _: &mut ConfigBag,
            ) -> Result<(), BoxError> {
                let Some(Ok(output)) = context.output_or_error() else {
                    return Ok(());
                };
                $(if let Some(output) = output.downcast_ref::<$output>() {
                    self.note($name, &output.consumed_capacity);
                })*
                if let Some(output) = output.downcast_ref::<TransactWriteItemsOutput>() {
                    self.note("TransactWriteItems", output.consumed_capacity());
                }
                Ok(())
            }
        }
    };
}

metered! {
    "DeleteItem" DeleteItemInput, DeleteItemOutput;
    "GetItem" GetItemInput, GetItemOutput;
    "PutItem" PutItemInput, PutItemOutput;
    "Query" QueryInput, QueryOutput;
    "Scan" ScanInput, ScanOutput;
    "UpdateItem" UpdateItemInput, UpdateItemOutput;
}
