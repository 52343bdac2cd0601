//! Idempotency keys: a request that is sent again has the answer of the first time.

mod claim;
mod key;
mod running;
mod settle;
mod store;

pub use claim::Claim;
pub use key::IdempotencyKey;
pub use running::{Entered, Running};
pub use settle::{Answered, Once, once};
pub use store::{erase, expire, insert};
