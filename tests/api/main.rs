//! Behaviour through HTTP: the real server on a free port, against a real PostgreSQL.

mod cases;
mod envelope;
mod failures;
mod support;
