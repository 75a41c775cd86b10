//! Users and passwords that change while the program runs.

use std::{error::Error, fmt, sync::Arc};

use async_trait::async_trait;

/// Supplies the user and the password for a connection that is about to be
/// made: for services whose passwords are tokens that expire, and for secrets
/// that are replaced while the program runs.
///
/// ```
/// use playerdata_redis::{Credentials, CredentialsProvider, RedisOptions, UserPassword};
///
/// struct FromFile;
///
/// #[async_trait::async_trait]
/// impl CredentialsProvider for FromFile {
///     type Error = std::io::Error;
///
///     async fn credentials(&self) -> Result<UserPassword, std::io::Error> {
///         let password = std::fs::read_to_string("/run/secrets/redis")?;
///         Ok(UserPassword::new("game", password.trim_end()))
///     }
/// }
///
/// let mut options = RedisOptions::default();
/// options.credentials = Some(Credentials::new(FromFile));
/// ```
#[async_trait]
pub trait CredentialsProvider: Send + Sync + 'static {
    /// Why there are none.
    type Error: Error + Send + Sync + 'static;

    /// What the next connection is made with. It has a quarter of the
    /// operation's timeout, connecting included: what takes longer to get is
    /// to be kept, and replaced in good time.
    ///
    /// # Errors
    ///
    /// Whatever keeps the provider from answering; the connection is not made.
    ///
    /// # Cancel safety
    ///
    /// Its future is dropped when the time is over.
    async fn credentials(&self) -> Result<UserPassword, Self::Error>;
}

/// A user and a password.
#[derive(Clone, PartialEq, Eq)]
pub struct UserPassword {
    pub(crate) user: Option<String>,
    pub(crate) password: String,
}

impl UserPassword {
    /// Those of a user.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            user: Some(user.into()),
            password: password.into(),
        }
    }

    /// The password of the server's default user.
    pub fn password(password: impl Into<String>) -> Self {
        Self {
            user: None,
            password: password.into(),
        }
    }
}

/// Without the password.
impl fmt::Debug for UserPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("UserPassword");
        debug.field("user", &self.user).finish_non_exhaustive()
    }
}

/// A [`CredentialsProvider`], as the options have it. Two are equal if they are
/// the same provider.
#[derive(Clone)]
pub struct Credentials(Arc<dyn Provider>);

impl Credentials {
    /// Asks this provider.
    pub fn new(provider: impl CredentialsProvider) -> Self {
        Self(Arc::new(provider))
    }

    pub(crate) async fn get(&self) -> std::io::Result<UserPassword> {
        self.0.get().await
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

impl PartialEq for Credentials {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Credentials {}

/// A provider of whatever error, as the client crate takes errors.
#[async_trait]
trait Provider: Send + Sync {
    async fn get(&self) -> std::io::Result<UserPassword>;
}

#[async_trait]
impl<P: CredentialsProvider> Provider for P {
    async fn get(&self) -> std::io::Result<UserPassword> {
        self.credentials().await.map_err(std::io::Error::other)
    }
}
