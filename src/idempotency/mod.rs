//! Idempotency keys: a repeated request is not executed again and returns the first response.

mod batch_lease;
mod claim;
mod execute_once;
mod key;
mod retention;
mod store;

pub use batch_lease::{BatchLease, remove_expired_leases};
pub use claim::Claim;
pub use execute_once::{Executed, IdempotencyContext, Replay, RunningKeys, execute_once, replay};
pub use key::IdempotencyKey;
pub use retention::{overdue, purge};
pub use store::{StoredResponse, erase_responses, find_all, insert};
