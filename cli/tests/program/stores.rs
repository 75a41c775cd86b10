//! Cases that run on every store.

/// Makes a test of each case on each store: `on_every_store! { a_case, another }`.
///
/// A case is a function that takes an empty folder on the store.
macro_rules! on_every_store {
    ($($case:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test] fn $case() {
                super::$case(&playerdata_process::Folder::on(playerdata_process::Store::sqlite()));
            })+
        }

        crate::stores::on_every_server! { $($case),+ }

        #[cfg(feature = "redis")]
        mod redis_cluster {
            $(#[test]
            fn $case() {
                super::$case(&playerdata_process::Folder::on(playerdata_process::Store::redis_cluster()));
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
            fn $case() {
                super::$case(&playerdata_process::Folder::on(playerdata_process::Store::redis()));
            })+
        }

        #[cfg(feature = "dynamodb")]
        mod dynamodb {
            $(#[test] fn $case() {
                super::$case(&playerdata_process::Folder::on(playerdata_process::Store::dynamodb()));
            })+
        }
    };
}

pub(crate) use {on_every_server, on_every_store};
