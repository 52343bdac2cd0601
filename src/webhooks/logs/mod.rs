//! The log of each delivery: its state, its payload and its attempts.

pub mod get;
pub mod list;
pub mod retry;
mod view;

pub use list::LOG_LISTING;
