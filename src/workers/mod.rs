//! Background workers: deliveries, seals, and the removal of old rows. Several servers on one database share the work.

mod expired_rows;
mod failure;
mod purge;
mod seal;
mod start;

pub use start::{Workers, start};
