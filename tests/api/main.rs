//! Behaviour through HTTP: the real server on a free port, against a real PostgreSQL.

mod cases;
mod command_line;
mod envelope;
mod failures;
mod support;
