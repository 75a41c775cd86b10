//! Doing things at the same time.

use std::{panic, sync::Arc};

use tokio::{
    sync::Barrier,
    task::{JoinError, JoinSet},
};

/// Runs all at once, each in a task of its own that starts when all are
/// ready, and gives what they return, in their order.
///
/// # Panics
///
/// With the first one's panic as soon as one panics; the others are stopped
/// then, who may wait for that one for ever.
pub(crate) async fn together<T, F>(actions: impl IntoIterator<Item = F>) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let actions: Vec<F> = actions.into_iter().collect();
    let ready = Arc::new(Barrier::new(actions.len()));
    let mut tasks = JoinSet::new();
    for (number, action) in actions.into_iter().enumerate() {
        let ready = ready.clone();
        tasks.spawn(async move {
            ready.wait().await;
            (number, action.await)
        });
    }
    let mut results = Vec::with_capacity(tasks.len());
    while let Some(result) = tasks.join_next().await {
        results.push(joined(result));
    }
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}

/// What a task returned.
///
/// # Panics
///
/// With the task's panic, if it panicked.
pub(crate) fn joined<T>(result: Result<T, JoinError>) -> T {
    result.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panic) => panic::resume_unwind(panic),
        Err(error) => panic!("nobody cancels the tasks of a case: {error}"),
    })
}
