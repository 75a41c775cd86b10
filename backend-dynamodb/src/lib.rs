//! The backend of `playerdata` on DynamoDB, for games at the scale where
//! nobody wants to run a database.
//!
//! One table holds everything. A save is one conditional `PutItem`, charged
//! exactly like an unconditional one of the same item: the slot item carries
//! the claim, and the condition checks it. The design, what each operation
//! costs and the needed permissions are in `docs/dynamodb.md`.
//!
//! ```no_run
//! use playerdata_dynamodb::{DynamoDbBackend, DynamoDbOptions};
//!
//! # async fn start(config: aws_sdk_dynamodb::Config) -> playerdata_core::backend::Result<()> {
//! // `config` is the SDK's, or an `&SdkConfig` from the crate `aws-config`.
//! let backend = DynamoDbBackend::from_config(config, DynamoDbOptions::new("players"))?;
//! backend.check_table().await?;
//! # Ok(())
//! # }
//! ```
//!
//! | feature | adds |
//! | --- | --- |
//! | `connect` | `DynamoDbUrl`, which connects by an address, with credentials and region found as the AWS tools find them; takes a C compiler |

mod backend;
#[cfg(feature = "connect")]
mod connect;
#[cfg(feature = "connect")]
mod credentials;
mod ending;
mod erase;
mod error;
mod hazards;
mod item;
mod lease;
mod lock;
mod mail;
mod notices;
mod options;
mod players;
mod resend;
mod schema;
mod service;
mod size;
mod slot;
mod table;
mod trade;
mod transaction;
mod version;

pub use backend::DynamoDbBackend;
#[cfg(feature = "connect")]
pub use connect::{DynamoDbUrl, InvalidUrl};
pub use options::DynamoDbOptions;
pub use schema::{TableFault, UnfitTable};

/// The SDK that this backend is built on.
pub use aws_sdk_dynamodb;

/// The README's code is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
