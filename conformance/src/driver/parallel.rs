//! Doing things at the same time.

use std::{panic, sync::Arc};

use tokio::sync::Barrier;

/// Runs all at once, each in a task of its own that starts when all are
/// ready, and gives what they return, in their order.
///
/// # Panics
///
/// With the first one's panic, if one panics.
pub(crate) async fn together<T, F>(actions: impl IntoIterator<Item = F>) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let actions: Vec<F> = actions.into_iter().collect();
    let ready = Arc::new(Barrier::new(actions.len()));
    let tasks: Vec<_> = actions
        .into_iter()
        .map(|action| {
            let ready = ready.clone();
            tokio::spawn(async move {
                ready.wait().await;
                action.await
            })
        })
        .collect();
    let mut results = Vec::with_capacity(tasks.len());
    for task in tasks {
        results.push(joined(task.await));
    }
    results
}

/// What a task returned.
///
/// # Panics
///
/// With the task's panic, if it panicked.
pub(crate) fn joined<T>(result: Result<T, tokio::task::JoinError>) -> T {
    result.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panic) => panic::resume_unwind(panic),
        Err(error) => panic!("nobody cancels the tasks of a case: {error}"),
    })
}
