//! Incrementing and decrementing (rule V4).

use serde_json::Number;

use super::{Amount, Document, DocumentError, Key, amount::SumFault, error::path};

impl Document {
    /// Adds to a number; returns what it is then.
    ///
    /// - The value keeps its type. Integers are exact, from −2⁶³ to 2⁶⁴ − 1;
    ///   floats add as floats do.
    /// - An integer takes a float that is whole, and a float an integer that
    ///   some float equals; anything else would lose something, and is
    ///   refused.
    /// - Adding a negative amount decrements. What counts is the result: below
    ///   zero it is refused, unless the rules allow it.
    /// - A value that is not there is never made.
    ///
    /// ```
    /// # use playerdata_core::Document;
    /// let mut document = Document::standard();
    /// assert_eq!(document.increment("Currency", 200)?.as_u64(), Some(700));
    /// assert!(document.increment("Currency", -701).is_err());
    /// # Ok::<(), playerdata_core::DocumentError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`DocumentError::CoreValue`], [`DocumentError::Missing`],
    /// [`DocumentError::NotATable`] or [`DocumentError::NotANumber`] for what
    /// can't be incremented; [`DocumentError::NotFinite`],
    /// [`DocumentError::NotWhole`] or [`DocumentError::Inexact`] for an amount
    /// that does not fit; [`DocumentError::Overflow`] or
    /// [`DocumentError::Negative`] for a result that does not.
    pub fn increment<'k>(
        &mut self,
        key: impl Into<Key<'k>>,
        amount: impl Into<Amount>,
    ) -> Result<Number, DocumentError> {
        self.change(key.into(), amount.into())
    }

    /// Takes from a number; returns what it is then. The same as
    /// [`increment`](Self::increment) by the opposite amount.
    ///
    /// # Errors
    ///
    /// Those of [`increment`](Self::increment).
    pub fn decrement<'k>(
        &mut self,
        key: impl Into<Key<'k>>,
        amount: impl Into<Amount>,
    ) -> Result<Number, DocumentError> {
        self.change(key.into(), -amount.into())
    }

    fn change(&mut self, key: Key<'_>, amount: Amount) -> Result<Number, DocumentError> {
        let rules = self.rules();
        let present = self.value_mut(key)?;
        let number = present.view().as_number();
        let number = number.ok_or_else(|| DocumentError::NotANumber {
            path: path(key),
            found: present.view().kind(),
        })?;
        let value = Amount::from(&number);
        let changed = value.changed_by(amount).map_err(|fault| {
            let path = path(key);
            match fault {
                SumFault::NotFinite => DocumentError::NotFinite { path, amount },
                SumFault::NotWhole => DocumentError::NotWhole {
                    path,
                    value,
                    amount,
                },
                SumFault::Inexact => DocumentError::Inexact { path, amount },
                SumFault::Overflow => DocumentError::Overflow {
                    path,
                    value,
                    amount,
                },
            }
        })?;
        rules.check_sign(key, Amount::from(&changed))?;
        *present = changed.clone().into();
        Ok(changed)
    }
}
