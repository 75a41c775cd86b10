//! Connecting by an address.
#![allow(clippy::unwrap_used)] // what a test can't go on without
#![cfg(feature = "connect")]

mod support;

use std::{env, fs, process::Command};

use playerdata_core::backend::{Backend, ErrorKind};
use playerdata_dynamodb::DynamoDbUrl;
use support::*;

#[tokio::test]
async fn an_address_with_an_endpoint_on_this_machine_needs_nothing_else() {
    let store = Store::without_table();
    let url = format!("dynamodb://{}?endpoint={}", store.table, store.endpoint());
    let url: DynamoDbUrl = url.parse().unwrap();
    let backend = url.connect().await.unwrap();
    let error = backend.check_table().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    backend.create_table().await.unwrap();
    backend.check_table().await.unwrap();
    acquired(&backend, &player("p"), &claimant(1), None).await;
    assert!(
        store
            .backend()
            .holder(&player("p"))
            .await
            .unwrap()
            .is_some()
    );
}

/// A profile whose credentials can't be had, on a machine of its own: this
/// test again, in a process with that profile.
#[tokio::test]
async fn an_emulator_is_reached_whatever_profile_is_configured() {
    const ENDPOINT: &str = "PLAYERDATA_TEST_ENDPOINT_OF_CHILD";
    const NAME: &str = "an_emulator_is_reached_whatever_profile_is_configured";
    if let Ok(endpoint) = env::var(ENDPOINT) {
        let url = format!("dynamodb://players?endpoint={endpoint}");
        let url: DynamoDbUrl = url.parse().unwrap();
        url.connect().await.unwrap().create_table().await.unwrap();
        return;
    }
    let store = Store::without_table();
    for (name, profile) in [
        ("process", "credential_process = /bin/false"),
        (
            "sso",
            "sso_start_url = https://127.0.0.1:1/start\nsso_region = us-east-1\n\
             sso_account_id = 123456789012\nsso_role_name = player",
        ),
    ] {
        let file = env::temp_dir().join(format!("{}-{name}", store.table));
        fs::write(&file, format!("[default]\n{profile}\n")).unwrap();
        let child = Command::new(env::current_exe().unwrap())
            .args(["--exact", NAME, "--nocapture"])
            .env(ENDPOINT, store.endpoint())
            .env("AWS_CONFIG_FILE", &file)
            .env("HOME", env::temp_dir())
            .env_remove("AWS_ACCESS_KEY_ID")
            .output()
            .unwrap();
        fs::remove_file(&file).unwrap();
        let told = String::from_utf8_lossy(&child.stdout).into_owned();
        assert!(child.status.success(), "{name}: {told}");
        assert!(told.contains("1 passed"), "{name}: {told}");
    }
}
