//! Behaviour through HTTP: the real server on a free port, against a real PostgreSQL.

mod cases;
mod command_line;
mod envelope;
mod failures;
mod serve;
mod support;
mod workspace_file;
