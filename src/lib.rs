//! Dossier: an open, self-hosted server for KYB/KYC case intake.
//!
//! The modules of this crate, the lowest layer first. A module imports only modules before it in this list:
//! - [`clock`] and [`ids`]: the current time and new ids.
//! - [`json`]: writing JSON responses and rows.
//! - [`validation`]: reading a JSON body with all its errors; pure.
//! - [`schema`]: declaring the objects of requests with their JSON Schema.
//! - [`values`]: validated values, one per file; `parse` is their only constructor.
//! - [`destinations`]: the addresses that webhooks may be sent to.
//! - [`metrics`](mod@metrics): the metrics of one process.
//! - [`traces`](mod@traces): the spans of one process.
//! - [`db`]: connections, units of work, migrations; no tables.
//! - [`local_postgres`]: starting and stopping a PostgreSQL on this machine.
//! - [`http`]: request bodies, problem documents, request ids; no features.
//! - [`idempotency`]: idempotency keys and their stored responses.
//! - [`auth`]: API keys and their workspaces.
//! - [`events`]: the activities and events of a change, written in its transaction.
//! - [`state`]: the state that all handlers share.
//! - [`config`]: settings, commands and environment variables; [`telemetry`]: logs and the export of spans.
//! - [`writes`]: the transaction of a request with its activities, events and idempotency key.
//! - [`versions`]: the lock, the version and `If-Match` of a case.
//! - [`tags`], [`users`], [`spaces`], [`custom_properties`], [`templates`], [`relations`], [`case_parts`],
//!   [`companies`], [`individuals`], [`cases`], [`activities`], [`webhooks`], [`workspaces`], [`health`]: the features.
//! - [`workers`]: background work; [`openapi`]: the OpenAPI document; [`reference`](mod@reference): the pages.
//! - [`app`]: the server; [`cli`]: the command line.

pub mod activities;
pub mod app;
pub mod auth;
pub mod case_parts;
pub mod cases;
pub mod cli;
pub mod clock;
pub mod companies;
pub mod config;
pub mod custom_properties;
pub mod db;
pub mod destinations;
pub mod events;
pub mod health;
pub mod http;
pub mod idempotency;
pub mod ids;
pub mod individuals;
pub mod json;
pub mod local_postgres;
pub mod metrics;
pub mod openapi;
pub mod reference;
pub mod relations;
pub mod schema;
pub mod spaces;
pub mod state;
pub mod tags;
pub mod telemetry;
pub mod templates;
pub mod traces;
pub mod users;
pub mod validation;
pub mod values;
pub mod versions;
pub mod webhooks;
pub mod workers;
pub mod workspaces;
pub mod writes;
