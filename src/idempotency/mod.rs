//! Idempotency keys: a request that is sent again has the answer of the first time.

mod claim;
mod key;
mod running;
mod settle;
mod store;

pub use claim::Claim;
pub use key::IdempotencyKey;
pub use running::{Entered, Running};
pub use settle::{Answered, Once, once, replayed};
pub use store::{Kept, erase, expire, find_all, insert};
