//! Tests that break things: the real binary is killed, its PostgreSQL ends under it, its disk is
//! full, its clients leave, its receivers hang. What was acknowledged is there and whole.
//!
//! They take minutes and measure, so that each has the machine for itself.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]
#![expect(clippy::too_many_lines, reason = "a story is told in one piece")]

mod disk;
mod failover;
mod kills;
mod pool;
mod storm;
mod support;
mod webhooks;
