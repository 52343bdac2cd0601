//! Tests of the API over HTTP: a real server on a free port, with a real PostgreSQL.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]
#![expect(clippy::too_many_lines, reason = "a test is one scenario")]

mod activities;
mod architecture;
mod batch;
mod case_filters;
mod case_lifecycle;
mod case_parts;
mod cases;
mod command_line;
mod connections;
mod containers;
mod documents;
mod duplicate_relations;
mod encodings;
mod external_ids;
mod failover;
mod failures;
mod framing;
mod group_commit;
mod hostile_bodies;
mod idempotency;
mod import;
mod inserts;
mod invisible_characters;
mod isolation;
mod largest_case;
mod lists;
mod metrics;
mod overload;
mod phone_numbers;
mod plans;
mod proxies_and_caches;
mod rate_limits;
mod reference;
mod references;
mod requests;
mod round_trip;
mod serve;
mod shutdown;
mod snapshots;
mod startup;
mod support;
mod tag_labels;
mod tenancy;
mod timestamps;
mod traces;
mod unknown_outcomes;
mod urls;
mod webhook_deletion;
mod webhook_destinations;
mod webhook_queues;
mod webhook_replay;
mod webhook_secrets;
mod webhooks;
mod workers;
mod workspace_data;
mod workspace_file;
