//! DynamoDB to test and to measure against, without an account: an emulator in
//! the process. And a meter, which keeps what each call was charged.
//!
//! With the variable [`ENDPOINT_VARIABLE`] set, that endpoint is used instead:
//! DynamoDB Local, or the service itself.

mod emulator;
mod endpoint;
mod meter;

pub use emulator::Emulator;
pub use endpoint::{ENDPOINT_VARIABLE, Endpoint};
pub use meter::{Charge, Meter};
