//! Programs that a newcomer to playerdata runs; they are in the `examples`
//! folder.

/// The code in the documents is compiled. (That in
/// `docs/writing-a-backend.md` is by the crate of the conformance suite.)
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../../README.md")]
    mod readme {}

    #[doc = include_str!("../../docs/economy.md")]
    mod economy {}

    #[doc = include_str!("../../docs/sqlite.md")]
    mod sqlite {}

    #[cfg(feature = "redis")]
    #[doc = include_str!("../../docs/redis.md")]
    mod redis {}

    #[cfg(feature = "dynamodb")]
    #[doc = include_str!("../../docs/dynamodb.md")]
    mod dynamodb {}
}
