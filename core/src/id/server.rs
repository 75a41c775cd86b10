//! Who holds sessions.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Incarnation, ServerName};

/// One running process that holds sessions.
///
/// The name may be configured and then survives a restart; the incarnation is
/// fresh per start. A later incarnation of a name supersedes the former ones:
/// what those held can be taken over at once.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ServerId {
    /// Survives a restart if it was configured.
    pub name: ServerName,
    /// Distinguishes one run from the next.
    pub incarnation: Incarnation,
}

impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.name, self.incarnation)
    }
}
