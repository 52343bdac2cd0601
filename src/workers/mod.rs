//! What a server does besides answering: deliveries, seals, and forgetting what is old. Any number
//! of servers over one database share it.

mod keep_house;
mod start;

pub use start::{Workers, start};
