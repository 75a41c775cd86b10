//! The calls that were made, if somebody wants to know.

use parking_lot::Mutex;

use crate::{Call, Operation};

#[derive(Debug, Default)]
pub(crate) struct Calls(Mutex<Option<Vec<Call>>>);

impl Calls {
    pub(crate) fn record(&self) {
        *self.0.lock() = Some(Vec::new());
    }

    pub(crate) fn note(&self, call: &Call) {
        if let Some(calls) = &mut *self.0.lock() {
            calls.push(call.clone());
        }
    }

    pub(crate) fn all(&self) -> Vec<Call> {
        self.0.lock().clone().unwrap_or_default()
    }

    pub(crate) fn count(&self, operation: Operation) -> usize {
        let calls = self.0.lock();
        let of_it = calls.iter().flatten();
        of_it.filter(|call| call.operation == operation).count()
    }
}
