//! Idempotency keys: a request that is sent again has the answer of the first time.

mod batch_lease;
mod claim;
mod execute_once;
mod key;
mod retention;
mod store;

pub use batch_lease::{BatchLease, expire_leases};
pub use claim::Claim;
pub use execute_once::{Executed, Once, Replay, RunningKeys, once, replayed};
pub use key::IdempotencyKey;
pub use retention::{overdue, purge};
pub use store::{StoredResponse, erase, find_all, insert};
