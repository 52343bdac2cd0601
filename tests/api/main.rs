//! Behaviour through HTTP: the real server on a free port, against a real PostgreSQL.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]
#![expect(clippy::too_many_lines, reason = "a story is told in one piece")]

mod activities;
mod architecture;
mod batch;
mod case_filters;
mod case_life;
mod cases;
mod command_line;
mod connections;
mod containers;
mod documents;
mod encodings;
mod envelope;
mod external_ids;
mod failover;
mod failures;
mod framing;
mod gather;
mod hostile;
mod idempotency;
mod import;
mod inserts;
mod intermediaries;
mod invisible;
mod isolation;
mod labels;
mod largest_case;
mod lists;
mod metrics;
mod moments;
mod outcomes;
mod overload;
mod parts;
mod phones;
mod plans;
mod rates;
mod reference;
mod references;
mod round_trip;
mod serve;
mod several_relations;
mod snapshots;
mod starting;
mod stop;
mod support;
mod tenancy;
mod traces;
mod web_addresses;
mod webhook_deletion;
mod webhook_destinations;
mod webhook_queues;
mod webhook_replay;
mod webhook_secrets;
mod webhooks;
mod workers;
mod workspace_data;
mod workspace_file;
