//! Behaviour through HTTP: the real server on a free port, against a real PostgreSQL.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

mod architecture;
mod case_life;
mod cases;
mod command_line;
mod containers;
mod envelope;
mod failures;
mod lists;
mod round_trip;
mod serve;
mod support;
mod workspace_file;
