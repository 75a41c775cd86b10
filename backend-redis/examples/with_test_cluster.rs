//! Starts the Cluster that the tests share, and runs a command with it:
//!
//! ```sh
//! cargo run -p playerdata-redis --example with_test_cluster -- \
//!     cargo nextest run -p playerdata-redis
//! ```
//!
//! Without it, every test process that needs a Cluster starts its own, which
//! takes two seconds. The Cluster ends with this program, however that ends.

use std::{
    env,
    process::{Command, ExitCode},
};

use playerdata_redis_server::{CLUSTER_VARIABLE, TestCluster};

#[tokio::main]
async fn main() -> ExitCode {
    let mut words = env::args_os().skip(1);
    let Some(program) = words.next() else {
        eprintln!("usage: with_test_cluster PROGRAM [ARGUMENT]...");
        return ExitCode::from(2);
    };
    let cluster = TestCluster::start().await;
    let mut command = Command::new(&program);
    command.args(words);
    command.env(CLUSTER_VARIABLE, cluster.urls().join(","));
    match command.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(status) => {
            let code = status.code().and_then(|code| code.try_into().ok());
            ExitCode::from(code.unwrap_or(1))
        }
        Err(error) => {
            eprintln!("{}: {error}", program.display());
            ExitCode::from(127)
        }
    }
}
