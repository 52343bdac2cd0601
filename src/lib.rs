//! Dossier: an open, self-hosted server for KYB/KYC case intake.
//!
//! The rooms of this crate, from the bottom up:
//! - [`clock`] and [`ids`]: the current time and new ids.
//! - [`json`]: answers and rows on their way out.
//! - [`validation`]: pure; how a JSON body is read so that every fault is found at once.
//! - [`values`]: validated values, one per file; `parse` is their only constructor.
//! - [`destinations`]: the addresses that webhooks may be sent to.
//! - [`metrics`](mod@metrics): what one process counts.
//! - [`traces`](mod@traces): the spans of what one process does.
//! - [`db`]: connections, units of work, migrations; no tables.
//! - [`local_postgres`]: starts and stops a PostgreSQL on this machine.
//! - [`http`]: bodies, problem documents, request ids; no feature.
//! - [`idempotency`]: the keys that make a repeated request have the answer of the first.
//! - [`auth`]: from a key to the workspace that a request may touch.
//! - [`events`]: the activities and events that a change leaves, written in its transaction.
//! - [`state`]: what every handler shares.
//! - [`writes`]: one write of a request: its transaction, with what it leaves besides its rows.
//! - [`versions`]: the lock, the version and `If-Match` of a case.
//! - [`tags`], [`templates`], [`users`], [`spaces`], [`custom_properties`], [`relations`], [`companies`],
//!   [`individuals`], [`cases`], [`workspaces`], [`health`]: the features. A request goes through `cases` in one direction:
//!   `request` (wire), `CaseDraft::parse`, `references`, `CaseDraft::finish`, `store`, `view`.
//! - [`activities`]: who did what, and the seals over it; [`webhooks`]: who is told of it, and how.
//! - [`workers`]: what a server does besides answering; [`reference`](mod@reference): what people and programs
//!   read of it.
//! - [`app`]: the whole server; [`telemetry`] writes its logs and hands over its spans, [`config`] reads the environment,
//!   [`cli`] is the command line.

pub mod activities;
pub mod app;
pub mod auth;
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
