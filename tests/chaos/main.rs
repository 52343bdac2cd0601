//! Tests under failures: the server or its PostgreSQL is killed, the disk is full, clients disconnect,
//! webhook receivers misbehave. Every acknowledged case must be stored completely.
//!
//! These tests take minutes and print measurements, so that only one runs at a time.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]
#![expect(clippy::too_many_lines, reason = "a test is one scenario")]

mod disk;
mod failover;
mod kills;
mod pool;
mod storm;
mod support;
mod webhooks;
