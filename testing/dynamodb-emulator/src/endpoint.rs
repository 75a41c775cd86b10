//! Where DynamoDB is: an emulator, unless the environment names another place.

use std::env;

use aws_sdk_dynamodb::{
    Config,
    config::{BehaviorVersion, Builder, Credentials, Region},
};

use crate::Emulator;

/// The environment variable that names an endpoint to use instead of an
/// emulator. Credentials and region are those of the usual variables.
pub const ENDPOINT_VARIABLE: &str = "PLAYERDATA_TEST_DYNAMODB_URL";

/// A place that answers as DynamoDB does.
#[derive(Debug)]
pub struct Endpoint {
    url: String,
    emulator: Option<Emulator>,
}

impl Endpoint {
    /// The place that the environment names, or else an emulator that ends
    /// with this value.
    ///
    /// # Panics
    ///
    /// If the system gives the emulator no port or no thread.
    #[must_use]
    pub fn open() -> Self {
        match env::var(ENDPOINT_VARIABLE) {
            Ok(url) => Self {
                url,
                emulator: None,
            },
            Err(_) => {
                let emulator = Emulator::start();
                Self {
                    url: emulator.url(),
                    emulator: Some(emulator),
                }
            }
        }
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether it is an emulator of this process, whose tables end with it.
    #[must_use]
    pub fn is_emulated(&self) -> bool {
        self.emulator.is_some()
    }

    /// The SDK's configuration for it.
    #[must_use]
    pub fn config(&self) -> Builder {
        let set = |name: &str, or: &str| env::var(name).unwrap_or_else(|_| or.to_owned());
        let credentials = Credentials::new(
            set("AWS_ACCESS_KEY_ID", "test"),
            set("AWS_SECRET_ACCESS_KEY", "test"),
            env::var("AWS_SESSION_TOKEN").ok(),
            None,
            "test",
        );
        Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(set("AWS_REGION", "us-east-1")))
            .endpoint_url(&self.url)
            .credentials_provider(credentials)
    }
}
