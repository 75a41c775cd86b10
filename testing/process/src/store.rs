//! The stores that the same cases run on: a further one takes a function here
//! that gives a test one of its own.

use std::{any::Any, cell::Cell};

/// A store of a test's own.
pub struct Store {
    /// What `--store` says; nothing for the default, a file in the folder.
    address: Option<String>,
    /// Stopped when it is dropped.
    server: Cell<Option<Box<dyn Any>>>,
}

impl Store {
    /// The default.
    pub fn sqlite() -> Self {
        Self {
            address: None,
            server: Cell::new(None),
        }
    }

    /// One that needs no server of the test's own.
    pub fn at(address: String) -> Self {
        Self {
            address: Some(address),
            server: Cell::new(None),
        }
    }

    /// One that ends with `server`.
    pub fn on(server: impl Any, address: String) -> Self {
        Self {
            address: Some(address),
            server: Cell::new(Some(Box::new(server))),
        }
    }

    /// What `--store` takes; `None` for the default of the program.
    pub fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    /// Stops it for good, if it is a server of the test's own.
    pub fn stop(&self) {
        let server = self.server.take();
        assert!(server.is_some(), "there is a server to stop");
    }
}

#[cfg(feature = "redis")]
mod redis {
    use playerdata_core::{IdSource as _, RandomIds};
    use playerdata_redis_server::{TestServer, shared_cluster};
    use tokio::runtime::Runtime;

    use super::Store;

    fn runtime() -> Runtime {
        Runtime::new().expect("a runtime can be made")
    }

    impl Store {
        /// A server of its own, whose log is on disk before it answers.
        pub fn redis() -> Self {
            let server = runtime().block_on(TestServer::start(&[]));
            let address = server.url();
            Self::on(server, address)
        }

        /// The Cluster that tests share, in a namespace of its own.
        pub fn redis_cluster() -> Self {
            let urls = runtime().block_on(shared_cluster());
            let namespace = RandomIds.next_id();
            Self::at(format!("{}?namespace=test-{namespace}", urls[0]))
        }
    }
}

#[cfg(feature = "dynamodb")]
impl Store {
    /// A table in an emulator of its own.
    pub fn dynamodb() -> Self {
        let emulator = playerdata_dynamodb_emulator::Emulator::start();
        let address = format!("dynamodb://players?endpoint={}", emulator.url());
        Self::on(emulator, address)
    }
}
