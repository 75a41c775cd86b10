//! Connecting by an address such as `redis://127.0.0.1?namespace=mygame`.

use std::{fmt, str::FromStr};

use playerdata_core::backend::Result;
use redis::{IntoConnectionInfo as _, RedisError};
use thiserror::Error;
use url::Url;

use crate::{InvalidNamespace, RedisBackend, RedisOptions, keys::Keys};

/// Where players are, as one line of text:
/// `redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE][?namespace=NAMESPACE]`.
///
/// It is an URL of the client crate, with the namespace as a parameter, so that
/// all that a program has to be told fits its command line. `rediss://` is the
/// same by TLS. Shown, it is without the password.
///
/// ```
/// use playerdata_redis::RedisUrl;
///
/// let url: RedisUrl = "redis://:secret@10.0.0.7?namespace=mygame".parse()?;
/// assert_eq!(url.to_string(), "redis://10.0.0.7?namespace=mygame");
/// assert!("redis://10.0.0.7?nmaespace=mygame".parse::<RedisUrl>().is_err());
/// # Ok::<(), playerdata_redis::InvalidUrl>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl {
    /// Without the namespace.
    url: Url,
    namespace: Option<String>,
}

/// What is wrong with the address of a server.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum InvalidUrl {
    /// It is no URL.
    #[error("it is no URL")]
    NoUrl(#[from] url::ParseError),
    /// It is a URL of something else.
    #[error("its scheme is {scheme:?}, and should be redis or rediss")]
    NoRedis {
        /// The scheme that it has.
        scheme: String,
    },
    /// The client crate refuses it.
    #[error("the client can't use it")]
    Unusable(#[from] RedisError),
    /// It sets something that does not exist.
    #[error("it sets {name:?}, and only namespace and protocol can be set")]
    UnknownSetting {
        /// What it sets.
        name: String,
    },
    /// The namespace can't be one.
    #[error(transparent)]
    Namespace(#[from] InvalidNamespace),
}

impl FromStr for RedisUrl {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> std::result::Result<Self, InvalidUrl> {
        let given = Url::parse(text)?;
        if !matches!(given.scheme(), "redis" | "rediss") {
            let scheme = given.scheme().to_owned();
            return Err(InvalidUrl::NoRedis { scheme });
        }
        let mut url = given.clone();
        url.set_query(None);
        let mut namespace = None;
        for (name, value) in given.query_pairs() {
            match &*name {
                "namespace" => {
                    Keys::new(&value)?;
                    namespace = Some(value.into_owned());
                }
                "protocol" => _ = url.query_pairs_mut().append_pair(&name, &value),
                _ => {
                    let name = name.into_owned();
                    return Err(InvalidUrl::UnknownSetting { name });
                }
            }
        }
        url.clone().into_connection_info()?;
        Ok(Self { url, namespace })
    }
}

impl RedisUrl {
    /// Connects with options of one's own, but for a namespace that is in the
    /// address.
    ///
    /// # Errors
    ///
    /// Those of [`RedisBackend::connect_with`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it changes nothing in the store.
    pub async fn connect(&self, mut options: RedisOptions) -> Result<RedisBackend> {
        if let Some(namespace) = &self.namespace {
            options.namespace.clone_from(namespace);
        }
        RedisBackend::connect_with([self.url.as_str()], options).await
    }
}

/// Without user and password.
impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.url.host_str().unwrap_or_default();
        write!(f, "{}://{host}", self.url.scheme())?;
        if let Some(port) = self.url.port() {
            write!(f, ":{port}")?;
        }
        f.write_str(self.url.path())?;
        match &self.namespace {
            Some(namespace) => write!(f, "?namespace={namespace}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> RedisUrl {
        text.parse().unwrap()
    }

    #[test]
    fn the_namespace_is_taken_out_and_the_rest_is_the_client_s() {
        let url = parsed("redis://game:secret@[::1]:7000/2?protocol=resp3&namespace=my.game");
        assert_eq!(url.namespace.as_deref(), Some("my.game"));
        assert_eq!(
            url.url.as_str(),
            "redis://game:secret@[::1]:7000/2?protocol=resp3"
        );
        assert_eq!(parsed("redis://localhost").namespace, None);
    }

    #[test]
    fn a_password_is_shown_nowhere() {
        let url = parsed("redis://game:p%40ss@localhost:1/2?namespace=n");
        assert_eq!(url.to_string(), "redis://localhost:1/2?namespace=n");
        assert_eq!(
            format!("{url:?}"),
            "RedisUrl(redis://localhost:1/2?namespace=n)"
        );
        for bad in [
            "redis://game:p%40ss@localhost:port",
            "redis://game:p%40ss@localhost/players",
            "redis://game:p%40ss@localhost?x=y",
        ] {
            let error = bad.parse::<RedisUrl>().unwrap_err();
            let shown = format!("{error:?} {error}");
            assert!(!shown.contains("p%40ss"), "{shown}");
        }
    }

    #[test]
    fn what_is_no_address_is_told_why() {
        let why = |text: &str| text.parse::<RedisUrl>().unwrap_err();
        assert!(matches!(why("localhost"), InvalidUrl::NoUrl(_)));
        assert!(matches!(why("redis://h:99999"), InvalidUrl::NoUrl(_)));
        assert!(matches!(why("http://h"), InvalidUrl::NoRedis { .. }));
        assert!(matches!(why("redis://"), InvalidUrl::Unusable(_)));
        assert!(matches!(why("redis://h/players"), InvalidUrl::Unusable(_)));
        assert!(matches!(
            why("redis://h?protocol=9"),
            InvalidUrl::Unusable(_)
        ));
        assert!(matches!(
            why("redis://h?x=1"),
            InvalidUrl::UnknownSetting { .. }
        ));
        assert!(matches!(
            why("redis://h?namespace=a{b}"),
            InvalidUrl::Namespace(_)
        ));
    }
}
