//! Types as errors name them.

use std::{
    any,
    fmt::{self, Write},
};

/// The name of a Rust type, shown without the paths of its modules:
/// `Option<String>`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TypeName(&'static str);

impl TypeName {
    /// The name of `T`.
    #[must_use]
    pub fn of<T: ?Sized>() -> Self {
        Self(any::type_name::<T>())
    }
}

impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let in_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':');
        let mut rest = self.0;
        while !rest.is_empty() {
            let end = rest.find(|c| !in_path(c)).unwrap_or(rest.len());
            let (path, after) = rest.split_at(end);
            f.write_str(path.rsplit("::").next().unwrap_or(path))?;
            let mut after = after.chars();
            if let Some(between) = after.next() {
                f.write_char(between)?;
            }
            rest = after.as_str();
        }
        Ok(())
    }
}

impl fmt::Debug for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TypeName({self})")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::Value;

    use super::*;

    #[test]
    fn a_type_is_shown_without_its_modules() {
        assert_eq!(TypeName::of::<i64>().to_string(), "i64");
        assert_eq!(
            TypeName::of::<HashMap<String, (Option<u8>, [Value; 2])>>().to_string(),
            "HashMap<String, (Option<u8>, [Value; 2])>"
        );
    }
}
