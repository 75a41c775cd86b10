//! The stores that the same cases run on.
//!
//! A further store takes a function here that gives one of a test's own, and a
//! module in the macros below.
#![cfg_attr(not(feature = "redis"), allow(dead_code))] // Others need less.

use std::{any::Any, cell::Cell};

/// A store of a test's own.
pub(crate) struct Store {
    /// What `--store` says; nothing for the default, a file in the folder.
    address: Option<String>,
    /// Stopped when it is dropped.
    server: Cell<Option<Box<dyn Any>>>,
}

impl Store {
    /// The default.
    pub(crate) fn sqlite() -> Self {
        Self {
            address: None,
            server: Cell::new(None),
        }
    }

    /// One that needs no server of the test's own.
    pub(crate) fn at(address: String) -> Self {
        Self {
            address: Some(address),
            server: Cell::new(None),
        }
    }

    /// One that ends with `server`.
    pub(crate) fn on(server: impl Any, address: String) -> Self {
        Self {
            address: Some(address),
            server: Cell::new(Some(Box::new(server))),
        }
    }

    pub(crate) fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    /// Stops it for good, if it is a server of the test's own.
    pub(crate) fn stop(&self) {
        let server = self.server.take();
        assert!(server.is_some(), "there is a server to stop");
    }
}

#[cfg(feature = "redis")]
mod redis {
    use playerdata::{IdSource as _, RandomIds};
    use playerdata_redis_server::{TestServer, shared_cluster};
    use tokio::runtime::Runtime;

    use super::Store;

    fn runtime() -> Runtime {
        Runtime::new().expect("a runtime can be made")
    }

    impl Store {
        /// A server of its own, whose log is on disk before it answers.
        pub(crate) fn redis() -> Self {
            let server = runtime().block_on(TestServer::start(&[]));
            let address = server.url();
            Self::on(server, address)
        }

        /// The Cluster that tests share, in a namespace of its own.
        pub(crate) fn redis_cluster() -> Self {
            let urls = runtime().block_on(shared_cluster());
            let namespace = RandomIds.next_id();
            Self::at(format!("{}?namespace=test-{namespace}", urls[0]))
        }
    }
}

#[cfg(feature = "dynamodb")]
impl Store {
    /// A table in an emulator of its own.
    pub(crate) fn dynamodb() -> Self {
        let emulator = playerdata_dynamodb_emulator::Emulator::start();
        let address = format!("dynamodb://players?endpoint={}", emulator.url());
        Self::on(emulator, address)
    }
}

/// Makes a test of each case on each store: `on_every_store! { a_case, another }`.
///
/// A case is a function that takes an empty folder on the store.
macro_rules! on_every_store {
    ($($case:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test] fn $case() {
                super::$case(&crate::process::Folder::on(crate::stores::Store::sqlite()));
            })+
        }

        crate::stores::on_every_server! { $($case),+ }

        #[cfg(feature = "redis")]
        mod redis_cluster {
            $(#[test]
            #[cfg_attr(no_redis_server, ignore = "no redis-server or valkey-server")]
            fn $case() {
                super::$case(&crate::process::Folder::on(crate::stores::Store::redis_cluster()));
            })+
        }
    };
}

/// The same on each store that is a server of the test's own.
macro_rules! on_every_server {
    ($($case:ident),+ $(,)?) => {
        #[cfg(feature = "redis")]
        mod redis {
            $(#[test]
            #[cfg_attr(no_redis_server, ignore = "no redis-server or valkey-server")]
            fn $case() {
                super::$case(&crate::process::Folder::on(crate::stores::Store::redis()));
            })+
        }

        #[cfg(feature = "dynamodb")]
        mod dynamodb {
            $(#[test] fn $case() {
                super::$case(&crate::process::Folder::on(crate::stores::Store::dynamodb()));
            })+
        }
    };
}

pub(crate) use {on_every_server, on_every_store};
