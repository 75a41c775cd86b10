//! Judging what a session manager says.

use std::{error::Error as StdError, fmt::Debug};

use playerdata_core::{Error, backend::Lock};

use super::{World, brief};
use crate::Rule;

impl World {
    /// Requires that something worked, and gives its outcome.
    ///
    /// # Panics
    ///
    /// With the rule, the error and the history, if it failed.
    #[track_caller]
    pub fn works<T, E: StdError>(&self, rule: Rule, what: &str, result: Result<T, E>) -> T {
        result.unwrap_or_else(|error| {
            let chain = brief::chain(&error);
            self.fail(rule, &format!("{what}, but: {chain}"))
        })
    }

    /// Requires that something is refused, for the reason that `pick` picks,
    /// and gives what it picked.
    ///
    /// # Panics
    ///
    /// With the rule, the outcome and the history, if not.
    #[track_caller]
    #[allow(clippy::needless_pass_by_value)] // reads better in a case
    pub fn refused<T: Debug, E: Debug, R>(
        &self,
        rule: Rule,
        what: &str,
        result: Result<T, E>,
        pick: impl FnOnce(&E) -> Option<R>,
    ) -> R {
        let picked = result.as_ref().err().and_then(pick);
        picked.unwrap_or_else(|| {
            let found = brief::value(&result);
            self.fail(rule, &format!("{what}\n  found    {found}"))
        })
    }

    /// Requires that a session was found lost, and gives who has the player.
    #[track_caller]
    pub fn lost<T: Debug>(&self, what: &str, result: Result<T, Error>) -> Option<Lock> {
        self.refused(Rule::E2, what, result, |error| match error {
            Error::SessionLost { holder, .. } => Some(holder.clone()),
            _ => None,
        })
    }

    /// Requires that a player can't be had, and gives who has the player.
    #[track_caller]
    pub fn held<T: Debug>(&self, what: &str, result: Result<T, Error>) -> Lock {
        self.refused(Rule::L2, what, result, |error| match error {
            Error::PlayerHeld { holder, .. } => Some(holder.clone()),
            _ => None,
        })
    }

    /// Requires that the store could not be reached, which is not the loss of the
    /// session.
    #[track_caller]
    pub fn unavailable<T: Debug>(&self, what: &str, result: Result<T, Error>) {
        self.refused(Rule::E3, what, result, |error| {
            matches!(error, Error::StoreUnavailable(_)).then_some(())
        });
    }
}
