//! Connecting by an address such as `dynamodb://players?region=eu-west-1`.

use std::{net::IpAddr, str::FromStr, time::Duration};

use aws_config::{
    BehaviorVersion, Region,
    environment::EnvironmentVariableCredentialsProvider,
    meta::{credentials::CredentialsProviderChain, region::RegionProviderChain},
    profile::ProfileFileCredentialsProvider,
};
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_dynamodb::{
    Config,
    config::{Builder, Credentials},
};
use playerdata_core::backend::Result;
use thiserror::Error;
use url::{Host, Url};

use crate::{backend::DynamoDbBackend, credentials::PatientCredentials, options::DynamoDbOptions};

/// How long credentials for an emulator are looked for.
const LOCAL_CREDENTIALS_TAKE_AT_MOST: Duration = Duration::from_secs(2);

/// The region that is used for an emulator if none is set. It does not matter.
const REGION_OF_EMULATORS: &str = "us-east-1";

/// Where a table is, as one line of text:
/// `dynamodb://TABLE[?region=REGION][&endpoint=URL]`.
///
/// Region and credentials are found as the AWS tools find them: environment,
/// profile files (single sign-on, `credential_process` and assumed roles
/// included), and what the machine in the cloud is given. An endpoint is set
/// for an emulator; if it is on this machine, and no credentials can be had
/// from environment or profile files, made-up ones are used, which emulators
/// take.
///
/// ```
/// use playerdata_dynamodb::DynamoDbUrl;
///
/// let url: DynamoDbUrl = "dynamodb://players?endpoint=http://127.0.0.1:8000".parse()?;
/// assert_eq!(url.table(), "players");
/// assert!("dynamodb://players?regoin=eu-west-1".parse::<DynamoDbUrl>().is_err());
/// # Ok::<(), playerdata_dynamodb::InvalidUrl>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DynamoDbUrl {
    table: String,
    region: Option<String>,
    endpoint: Option<Url>,
}

/// What is wrong with the address of a table.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidUrl {
    /// It is not an address at all.
    #[error("{url:?} is not the address of a table: {source}")]
    NoUrl {
        /// The text given.
        url: String,
        /// What is wrong with it.
        source: url::ParseError,
    },
    /// It is not of the form `dynamodb://TABLE`.
    #[error("{url:?} is not the address of a table: it should be dynamodb://TABLE")]
    NoTable {
        /// The text given.
        url: String,
    },
    /// It sets something that does not exist.
    #[error("{name:?} can't be set in the address of a table: only region and endpoint can")]
    UnknownSetting {
        /// What it sets.
        name: String,
    },
    /// It has credentials in it, or its endpoint has. They are found as the AWS
    /// tools find them; those in the address would be ignored, and seen by
    /// whoever sees the address.
    #[error("the address of a table takes no credentials: leave them to the environment")]
    Credentials,
    /// The endpoint is not a URL.
    #[error("{endpoint:?} is not an endpoint: {source}")]
    NoEndpoint {
        /// The text given.
        endpoint: String,
        /// What is wrong with it.
        source: url::ParseError,
    },
}

impl FromStr for DynamoDbUrl {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> std::result::Result<Self, InvalidUrl> {
        let url = Url::parse(text).map_err(|source| InvalidUrl::NoUrl {
            url: text.to_owned(),
            source,
        })?;
        if has_credentials(&url) {
            return Err(InvalidUrl::Credentials);
        }
        let table = url.host_str().filter(|host| !host.is_empty());
        let Some(table) = table.filter(|_| {
            url.scheme() == "dynamodb"
                && url.port().is_none()
                && url.fragment().is_none()
                && matches!(url.path(), "" | "/")
        }) else {
            return Err(InvalidUrl::NoTable {
                url: text.to_owned(),
            });
        };
        let mut parsed = Self {
            table: table.to_owned(),
            region: None,
            endpoint: None,
        };
        for (name, value) in url.query_pairs() {
            match &*name {
                "region" => parsed.region = Some(value.into_owned()),
                "endpoint" => {
                    let endpoint = Url::parse(&value).map_err(|source| InvalidUrl::NoEndpoint {
                        endpoint: value.clone().into_owned(),
                        source,
                    });
                    let endpoint = endpoint?;
                    if has_credentials(&endpoint) {
                        return Err(InvalidUrl::Credentials);
                    }
                    parsed.endpoint = Some(endpoint);
                }
                _ => {
                    return Err(InvalidUrl::UnknownSetting {
                        name: name.into_owned(),
                    });
                }
            }
        }
        Ok(parsed)
    }
}

/// Whether somebody wrote credentials into it.
fn has_credentials(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

impl DynamoDbUrl {
    /// The name of the table.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    /// Whether the endpoint is on this machine, as an emulator's is.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self.endpoint.as_ref().and_then(Url::host) {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
            Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
            None => false,
        }
    }

    /// The defaults for that table, to be changed for
    /// [`connect_with`](Self::connect_with).
    #[must_use]
    pub fn options(&self) -> DynamoDbOptions {
        DynamoDbOptions::new(&self.table)
    }

    /// A backend on that table, with the defaults of [`DynamoDbOptions`].
    ///
    /// Looks for region and credentials, and sends nothing to DynamoDB yet.
    ///
    /// # Errors
    ///
    /// Those of [`DynamoDbBackend::new`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it changes nothing.
    pub async fn connect(&self) -> Result<DynamoDbBackend> {
        self.connect_with(self.options()).await
    }

    /// A backend with other [`options`](Self::options), on the table
    /// that they name; otherwise like [`connect`](Self::connect).
    ///
    /// # Errors
    ///
    /// Those of [`DynamoDbBackend::new`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it changes nothing.
    pub async fn connect_with(&self, options: DynamoDbOptions) -> Result<DynamoDbBackend> {
        let mut config = if self.is_local() {
            local_config(self.region.clone()).await
        } else {
            let mut loader = aws_config::defaults(BehaviorVersion::latest());
            if let Some(region) = self.region.clone() {
                loader = loader.region(Region::new(region));
            }
            let found = loader.load().await;
            let mut config = Builder::from(&found);
            if let Some(credentials) = found.credentials_provider() {
                config = config.credentials_provider(PatientCredentials::new(credentials));
            }
            config
        };
        if let Some(endpoint) = &self.endpoint {
            config = config.endpoint_url(endpoint.as_str());
        }
        DynamoDbBackend::from_config(config.build(), options)
    }
}

/// The configuration for an emulator, which needs neither region nor
/// credentials, but may keep apart what belongs to different ones.
async fn local_config(region: Option<String>) -> Builder {
    let region = RegionProviderChain::first_try(region.map(Region::new))
        .or_else(aws_config::environment::EnvironmentVariableRegionProvider::new())
        .or_else(REGION_OF_EMULATORS);
    let configured = CredentialsProviderChain::first_try(
        "environment",
        EnvironmentVariableCredentialsProvider::new(),
    )
    .or_else(
        "profile files",
        ProfileFileCredentialsProvider::builder().build(),
    );
    Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region.region().await)
        .credentials_provider(OrMadeUp(configured))
}

/// What is configured, or made-up credentials, whatever the reason that none
/// can be had: an emulator takes any.
#[derive(Debug)]
struct OrMadeUp(CredentialsProviderChain);

impl ProvideCredentials for OrMadeUp {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let configured = self.0.provide_credentials();
            match tokio::time::timeout(LOCAL_CREDENTIALS_TAKE_AT_MOST, configured).await {
                Ok(Ok(credentials)) => return Ok(credentials),
                Ok(Err(error)) => tracing::debug!(%error, "credentials are made up"),
                Err(late) => tracing::debug!(%late, "credentials are made up"),
            }
            Ok(Credentials::new(
                "emulator", "emulator", None, None, "made up",
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> std::result::Result<DynamoDbUrl, InvalidUrl> {
        text.parse()
    }

    #[test]
    fn an_address_names_table_region_and_endpoint() {
        let url = parse("dynamodb://Game_1.players?region=eu-west-1&endpoint=http://localhost:1/");
        let url = url.unwrap();
        assert_eq!(url.table(), "Game_1.players");
        assert_eq!(url.region.as_deref(), Some("eu-west-1"));
        assert_eq!(url.endpoint.unwrap().as_str(), "http://localhost:1/");
    }

    #[test]
    fn an_address_that_means_nothing_is_refused() {
        for (text, told) in [
            ("players", "relative URL"),
            ("dynamodb:players", "dynamodb://TABLE"),
            ("dynamodb://", "dynamodb://TABLE"),
            ("redis://players", "dynamodb://TABLE"),
            ("dynamodb://players/slots", "dynamodb://TABLE"),
            ("dynamodb://players:80", "dynamodb://TABLE"),
            ("dynamodb://players#eu", "dynamodb://TABLE"),
            ("dynamodb://players?table=x", "\"table\""),
            ("dynamodb://players?endpoint=here", "\"here\""),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }

    #[test]
    fn credentials_in_an_address_are_refused_and_not_repeated() {
        for text in [
            "dynamodb://KEY:SECRET@players",
            "dynamodb://KEY@players",
            "dynamodb://:SECRET@players",
            "dynamodb://KEY:SECRET@players/slots",
            "dynamodb://players?endpoint=http://KEY:SECRET@localhost:8000",
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error, InvalidUrl::Credentials, "{text}");
        }
    }

    #[test]
    fn made_up_credentials_are_for_this_machine_only() {
        let local = |endpoint| {
            let url = parse(&format!("dynamodb://t?endpoint={endpoint}"));
            url.unwrap().is_local()
        };
        assert!(local("http://127.0.0.1:8000"));
        assert!(local("http://localhost:8000"));
        assert!(local("http://[::1]:8000"));
        assert!(!local("https://dynamodb.eu-west-1.amazonaws.com"));
        assert!(!local("http://127.0.0.1.example.org"));
        assert!(!parse("dynamodb://t").unwrap().is_local());
    }
}
