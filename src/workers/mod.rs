//! What a server does besides answering: deliveries, seals, and removing what is old. Any number
//! of servers over one database share it.

mod failure;
mod purge;
mod seal;
mod start;

pub use start::{Workers, start};
