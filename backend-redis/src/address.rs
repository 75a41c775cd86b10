//! Connecting by an address such as `redis://127.0.0.1?namespace=mygame`.

use std::{fmt, str::FromStr};

use playerdata_core::backend::Result;
use redis::{Client, IntoConnectionInfo as _, RedisError};
use thiserror::Error;
use url::Url;

use crate::{InvalidNamespace, RedisBackend, RedisOptions, keys::Keys};

/// Where players are, as one line of text:
/// `redis://[[USER]:PASSWORD@]HOST[:PORT][,HOST[:PORT]…][/DATABASE][?namespace=NAMESPACE]`.
///
/// Several hosts are nodes of one Cluster. `rediss://` is the same by TLS.
/// `redis+sentinel://[[USER]:PASSWORD@]HOST[:PORT][,…]/NAME[/DATABASE]` names
/// Sentinels, at port 26379 if it says no other, and what they call the
/// primary; user and password are the primary's, and those of the Sentinels
/// are the parameters `sentinel_user` and `sentinel_password`.
/// `rediss+sentinel://` is the same by TLS, to the Sentinels too.
///
/// The namespace is a parameter, so that all that a program has to know fits
/// its command line. In users and passwords what means something in a URL
/// (`/`, `?`, `#`, `@`, `:`, `%`) is percent-encoded: `%2F` for a slash. Shown,
/// an address is without them.
///
/// ```
/// use playerdata_redis::RedisUrl;
///
/// let url: RedisUrl = "redis://:secret@10.0.0.7?namespace=mygame".parse()?;
/// assert_eq!(url.to_string(), "redis://10.0.0.7?namespace=mygame");
/// assert!("redis://10.0.0.7?nmaespace=mygame".parse::<RedisUrl>().is_err());
/// let url: RedisUrl = "redis+sentinel://10.0.0.7,10.0.0.8/mymaster".parse()?;
/// # Ok::<(), playerdata_redis::InvalidUrl>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl {
    /// One for each host, without the namespace, as the client crate takes
    /// them.
    urls: Vec<Url>,
    sentinel: Option<Primary>,
    namespace: Option<String>,
}

/// What the hosts are asked for if they are Sentinels.
#[derive(Clone, PartialEq, Eq)]
struct Primary {
    name: String,
    /// How it is connected to; the host is a Sentinel's.
    url: Url,
}

/// What is wrong with the address of a server.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum InvalidUrl {
    /// It is not a URL.
    #[error("it is not a URL")]
    NoUrl(#[from] url::ParseError),
    /// It is not a URL, and the part before the host seems to be why.
    #[error(
        "its user or password has a character with a special meaning in a URL: \
         it has to be percent-encoded, such as %2F for a slash"
    )]
    NotEncoded,
    /// It is a URL of something else.
    #[error("its scheme is {scheme:?}, and should be redis, rediss or redis+sentinel")]
    NoRedis {
        /// The scheme that it has.
        scheme: String,
    },
    /// The client crate refuses it.
    #[error("the client can't use it")]
    Unusable(#[from] RedisError),
    /// It names Sentinels, but not what they call the primary.
    #[error("it does not say what the Sentinels call the primary: …/NAME")]
    NoPrimary,
    /// It sets something that does not exist.
    #[error(
        "it sets {name:?}, and only namespace, protocol and, with Sentinels, sentinel_user \
         and sentinel_password can be set"
    )]
    UnknownSetting {
        /// What it sets.
        name: String,
    },
    /// The namespace can't be one.
    #[error(transparent)]
    Namespace(#[from] InvalidNamespace),
}

/// A URL whose host may be several.
struct Parts<'a> {
    scheme: &'a str,
    credentials: &'a str,
    hosts: Vec<&'a str>,
    /// From the path on.
    rest: &'a str,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> std::result::Result<Self, InvalidUrl> {
        let (scheme, after) = text
            .split_once("://")
            .ok_or(url::ParseError::RelativeUrlWithoutBase)?;
        let end = after.find(['/', '?', '#']).unwrap_or(after.len());
        let (authority, rest) = after.split_at(end);
        let (credentials, hosts) = match authority.rsplit_once('@') {
            Some((credentials, hosts)) => (credentials, hosts),
            None => ("", authority),
        };
        // `redis://:pa/ss@host` ends in the middle of the password.
        if credentials.contains('@') || (credentials.is_empty() && rest.contains('@')) {
            return Err(InvalidUrl::NotEncoded);
        }
        Ok(Self {
            scheme,
            credentials,
            hosts: hosts.split(',').collect(),
            rest,
        })
    }

    /// The URL of one of the hosts.
    fn url(&self, scheme: &str, host: &str) -> std::result::Result<Url, InvalidUrl> {
        let at = if self.credentials.is_empty() { "" } else { "@" };
        let text = format!("{scheme}://{}{at}{host}{}", self.credentials, self.rest);
        Ok(Url::parse(&text)?)
    }
}

/// What the parameters of an address set.
#[derive(Default)]
struct Parameters {
    namespace: Option<String>,
    protocol: Option<String>,
    sentinel_user: Option<String>,
    sentinel_password: Option<String>,
}

impl Parameters {
    fn of(url: &Url, by_sentinel: bool) -> std::result::Result<Self, InvalidUrl> {
        let mut parameters = Self::default();
        for (name, value) in url.query_pairs() {
            let parameter = match &*name {
                "namespace" => {
                    Keys::new(&value)?;
                    &mut parameters.namespace
                }
                "protocol" => &mut parameters.protocol,
                "sentinel_user" if by_sentinel => &mut parameters.sentinel_user,
                "sentinel_password" if by_sentinel => &mut parameters.sentinel_password,
                _ => {
                    let name = name.into_owned();
                    return Err(InvalidUrl::UnknownSetting { name });
                }
            };
            *parameter = Some(value.into_owned());
        }
        Ok(parameters)
    }

    /// The URL with no parameters but the client crate's.
    fn strip(&self, mut url: Url) -> Url {
        url.set_query(None);
        if let Some(protocol) = &self.protocol {
            url.query_pairs_mut().append_pair("protocol", protocol);
        }
        url
    }

    /// The URL of a Sentinel: without a database, and with its own credentials.
    fn sentinel(&self, url: &Url) -> std::result::Result<Url, InvalidUrl> {
        let mut url = url.clone();
        url.set_path("");
        if url.port().is_none() {
            url.set_port(Some(SENTINEL_PORT)).map_err(|()| unusable())?;
        }
        let user = self.sentinel_user.as_deref().unwrap_or_default();
        url.set_username(user).map_err(|()| unusable())?;
        let password = self.sentinel_password.as_deref();
        url.set_password(password).map_err(|()| unusable())?;
        Ok(url)
    }
}

/// Where a Sentinel is unless it is said.
const SENTINEL_PORT: u16 = 26_379;

fn unusable() -> InvalidUrl {
    InvalidUrl::NoUrl(url::ParseError::EmptyHost)
}

impl FromStr for RedisUrl {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> std::result::Result<Self, InvalidUrl> {
        let parts = Parts::of(text)?;
        let (scheme, by_sentinel) = match parts.scheme {
            scheme @ ("redis" | "rediss") => (scheme, false),
            "redis+sentinel" => ("redis", true),
            "rediss+sentinel" => ("rediss", true),
            other => {
                let scheme = other.to_owned();
                return Err(InvalidUrl::NoRedis { scheme });
            }
        };
        let urls = parts.hosts.iter().map(|host| parts.url(scheme, host));
        let urls = urls.collect::<std::result::Result<Vec<_>, _>>();
        let given = match urls {
            // The port is where a password with a colon or a slash breaks off.
            Err(InvalidUrl::NoUrl(url::ParseError::InvalidPort)) if text.contains('@') => {
                return Err(InvalidUrl::NotEncoded);
            }
            urls => urls?,
        };
        let parameters = Parameters::of(&given[0], by_sentinel)?;
        let stripped = given.into_iter().map(|url| parameters.strip(url));
        let mut urls: Vec<_> = stripped.collect();
        let mut sentinel = None;
        if by_sentinel {
            let primary = Primary::of(&urls[0])?;
            primary.url.clone().into_connection_info()?;
            sentinel = Some(primary);
            let sentinels = urls.iter().map(|url| parameters.sentinel(url));
            urls = sentinels.collect::<std::result::Result<_, _>>()?;
        }
        for url in &urls {
            url.clone().into_connection_info()?;
        }
        Ok(Self {
            urls,
            sentinel,
            namespace: parameters.namespace,
        })
    }
}

impl Primary {
    /// Reads the path of a Sentinel's URL: `/NAME[/DATABASE]`.
    fn of(url: &Url) -> std::result::Result<Self, InvalidUrl> {
        let path = url.path().trim_start_matches('/').to_owned();
        let (name, database) = path.split_once('/').unwrap_or((&path, ""));
        if name.is_empty() {
            return Err(InvalidUrl::NoPrimary);
        }
        let mut url = url.clone();
        url.set_path(database);
        let name = name.to_owned();
        Ok(Self { name, url })
    }
}

impl RedisUrl {
    /// Connects with the given options, except for a namespace that is in the
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
        let clients = self.clients().map_err(crate::backend::unusable)?;
        let Some(primary) = &self.sentinel else {
            return RedisBackend::from_clients(&clients, options).await;
        };
        let client = Client::open(primary.url.clone()).map_err(crate::backend::unusable)?;
        RedisBackend::from_sentinels(&clients, &primary.name, &client, options).await
    }

    /// Whether it names Sentinels.
    pub(crate) fn is_by_sentinel(&self) -> bool {
        self.sentinel.is_some()
    }

    /// The clients to its hosts.
    pub(crate) fn clients(&self) -> std::result::Result<Vec<Client>, RedisError> {
        self.urls.iter().cloned().map(Client::open).collect()
    }
}

/// Without users and passwords.
impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "://";
        f.write_str(self.urls[0].scheme())?;
        if self.is_by_sentinel() {
            f.write_str("+sentinel")?;
        }
        for url in &self.urls {
            write!(f, "{separator}{}", url.host_str().unwrap_or_default())?;
            if let Some(port) = url.port() {
                write!(f, ":{port}")?;
            }
            separator = ",";
        }
        match &self.sentinel {
            None => f.write_str(self.urls[0].path())?,
            Some(primary) => {
                let database = primary.url.path().trim_end_matches('/');
                write!(f, "/{}{database}", primary.name)?;
            }
        }
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
            url.urls[0].as_str(),
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
    fn several_hosts_are_nodes_of_one_cluster() {
        let url = parsed("redis://game:p%40ss@a:1,b,[::1]:3/?namespace=n");
        let urls: Vec<_> = url.urls.iter().map(Url::as_str).collect();
        let expected = [
            "redis://game:p%40ss@a:1/",
            "redis://game:p%40ss@b/",
            "redis://game:p%40ss@[::1]:3/",
        ];
        assert_eq!(urls, expected);
        assert_eq!(url.to_string(), "redis://a:1,b,[::1]:3/?namespace=n");
    }

    #[test]
    fn sentinels_have_a_port_and_credentials_of_their_own() {
        let text = "redis+sentinel://game:p%40ss@a,b:7/mymaster/2\
                    ?namespace=n&sentinel_password=s%2Fp";
        let url = parsed(text);
        let urls: Vec<_> = url.urls.iter().map(Url::as_str).collect();
        assert_eq!(urls, ["redis://:s%2Fp@a:26379", "redis://:s%2Fp@b:7"]);
        let primary = url.sentinel.as_ref().unwrap();
        assert_eq!(primary.name, "mymaster");
        let settings = primary.url.clone().into_connection_info().unwrap();
        assert_eq!(settings.redis_settings().db(), 2);
        assert_eq!(settings.redis_settings().password(), Some("p@ss"));
        let shown = format!("{url:?}");
        assert_eq!(
            shown,
            "RedisUrl(redis+sentinel://a:26379,b:7/mymaster/2?namespace=n)"
        );
        let nameless = "redis+sentinel://a".parse::<RedisUrl>();
        assert_eq!(nameless.unwrap_err(), InvalidUrl::NoPrimary);
    }

    #[test]
    fn a_raw_password_is_told_to_be_encoded() {
        for password in ["a/b", "a@b", "a#b", "a?b", "12/3"] {
            let text = format!("redis://game:{password}@localhost:1");
            let error = text.parse::<RedisUrl>().unwrap_err();
            assert_eq!(error, InvalidUrl::NotEncoded, "{text}");
            assert!(!error.to_string().contains(password), "{error}");
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
