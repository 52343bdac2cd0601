//! Delivery: claiming what is due, sending it, and storing the result of each attempt.

mod attempt;
mod claim;
mod deliverer;
pub mod schedule;
mod slots;
pub mod store;
mod worker;

pub use claim::backlog;
pub use worker::deliver;
