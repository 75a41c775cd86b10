//! An emulator of DynamoDB with an empty table, to try the library without an
//! account: `cargo run -p playerdata-dynamodb --example emulator`.
//!
//! It listens on this machine only, keeps everything in memory, and runs until
//! it is stopped (Ctrl-C).

use std::{env, error::Error, future, process::ExitCode};

use aws_sdk_dynamodb::{
    Config,
    config::{BehaviorVersion, Credentials, Region},
};
use playerdata_dynamodb::{DynamoDbBackend, DynamoDbOptions};
use playerdata_dynamodb_emulator::Emulator;

const USAGE: &str = "usage: emulator [TABLE [PORT]]\n\
     The table is \"players\" and the port 8000 if not given; port 0 is any free one.";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let (table, port) = match arguments[..] {
        [] => ("players", Ok(8_000)),
        [table] if !table.starts_with('-') => (table, Ok(8_000)),
        [table, port] => (table, port.parse()),
        _ => ("", "".parse::<u16>()),
    };
    let Ok(port) = port else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(table, port).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("emulator: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(table: &str, port: u16) -> Result<(), Box<dyn Error>> {
    let emulator = Emulator::start_on(port)?;
    let endpoint = emulator.url();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(&endpoint)
        .credentials_provider(Credentials::new(
            "emulator", "emulator", None, None, "made up",
        ));
    let backend = DynamoDbBackend::from_config(config.build(), DynamoDbOptions::new(table))?;
    backend.create_table().await?;

    println!("dynamodb://{table}?endpoint={endpoint}");
    future::pending().await
}
