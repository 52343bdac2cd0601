//! What can be set, in groups: a command has those that it needs.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use ipnet::IpNet;
use secrecy::SecretString;

use super::ListenAddress;
use crate::destinations::AllowedDestinations;
use crate::http::{Origin, PublicUrl};
use crate::values::IdVersion;

/// Which database, and who brings its schema up to date.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Database")]
pub struct DatabaseSettings {
    /// The database, such as postgres://user:password@host/database, or with several hosts
    /// postgres://user:password@host1,host2/database?target_session_attrs=read-write; without it, a private
    /// PostgreSQL is started.
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<SecretString>,
    /// Where the private PostgreSQL keeps its data [default: /var/lib/dossier as root, else the user's
    /// data folder].
    #[arg(long, value_name = "FOLDER", env = "DOSSIER_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// Whether a start brings the schema up to date, or leaves that to `dossier migrate`.
    #[arg(
        long,
        value_name = "SWITCH",
        env = "DOSSIER_MIGRATE",
        value_enum,
        default_value = "on"
    )]
    pub migrate: Switch,
}

/// How a server listens, what it takes at the most, and what it makes when it starts.
#[derive(Debug, Clone, Args)]
pub struct ServerSettings {
    #[command(flatten)]
    pub database: DatabaseSettings,
    /// How many connections to the database are opened for requests at the most; what a server does
    /// besides has three more.
    #[arg(
        long,
        value_name = "COUNT",
        env = "DOSSIER_POOL_SIZE",
        default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..=10_000)
    )]
    pub pool_size: u32,
    /// Where to listen: an IP address or host name, and a port. `:8080` is every address of the machine.
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "DOSSIER_LISTEN",
        default_value = "127.0.0.1:8080",
        help_heading = "Server"
    )]
    pub listen: ListenAddress,
    /// Where metrics can be read (`GET /metrics`, Prometheus), without a key; without it, nowhere.
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "DOSSIER_METRICS_LISTEN",
        help_heading = "Server"
    )]
    pub metrics_listen: Option<ListenAddress>,
    /// The URL under which clients find the server, if a proxy serves it under another host or below a path, such as
    /// `https://example.com/kyb`.
    #[arg(
        long,
        value_name = "URL",
        env = "DOSSIER_PUBLIC_URL",
        help_heading = "Server"
    )]
    pub public_url: Option<PublicUrl>,
    /// The version that new ids say they have: v4 is for clients whose validators do not know version 7.
    #[arg(
        long,
        value_name = "VERSION",
        env = "DOSSIER_IDS",
        value_enum,
        default_value = "v7",
        help_heading = "Server"
    )]
    pub ids: IdVersion,
    /// The networks of proxies whose X-Forwarded-Prefix is believed, separated by commas, such as 10.0.0.0/8.
    #[arg(
        long,
        value_name = "NETWORKS",
        env = "DOSSIER_TRUSTED_PROXIES",
        value_delimiter = ',',
        help_heading = "Server"
    )]
    pub trusted_proxies: Vec<IpNet>,
    /// The origins whose web pages may call the API (CORS), separated by commas, such as
    /// `https://desk.example.com`; * for every origin. Without it, none.
    #[arg(
        long,
        value_name = "ORIGINS",
        env = "DOSSIER_CORS_ORIGINS",
        value_delimiter = ',',
        help_heading = "Server"
    )]
    pub cors_origins: Vec<Origin>,
    /// How many seconds new connections are still taken once the server was told to stop, and is not
    /// ready any more. Behind a load balancer: the time that passes between two of its probes.
    #[arg(
        long,
        value_name = "SECONDS",
        env = "DOSSIER_STOP_GRACE",
        default_value_t = 1,
        value_parser = clap::value_parser!(u64).range(0..=600),
        help_heading = "Server"
    )]
    pub stop_grace: u64,
    /// Networks and host names inside the network that webhooks may be sent to besides public addresses, also over
    /// http, separated by commas, such as 10.20.0.0/16,hooks.internal. The sandbox sends them anywhere.
    #[arg(
        long,
        value_name = "LIST",
        env = "DOSSIER_WEBHOOK_ALLOW",
        help_heading = "Server"
    )]
    pub webhook_allow: Option<AllowedDestinations>,
    /// How many seconds a request may take, its body's arrival included.
    #[arg(
        long,
        value_name = "SECONDS",
        env = "DOSSIER_REQUEST_TIMEOUT",
        default_value_t = 10,
        value_parser = clap::value_parser!(u64).range(1..=600),
        help_heading = "Limits"
    )]
    pub request_timeout: u64,
    /// The largest body of a request, in bytes.
    #[arg(
        long,
        value_name = "BYTES",
        env = "DOSSIER_BODY_LIMIT",
        default_value_t = 2 * 1024 * 1024,
        help_heading = "Limits"
    )]
    pub body_limit: usize,
    /// How many requests are in flight in this server at the most; one beyond them is 503 at once.
    #[arg(
        long,
        value_name = "COUNT",
        env = "DOSSIER_MAX_IN_FLIGHT",
        default_value_t = 512,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000),
        help_heading = "Limits"
    )]
    pub max_in_flight: u32,
    /// How many requests with GET or HEAD one key may send a minute, to each server; 0: as many as it
    /// likes [default: 12000 with DATABASE_URL, 0 in the sandbox].
    #[arg(
        long,
        value_name = "COUNT",
        env = "DOSSIER_RATE_LIMIT_READ",
        help_heading = "Limits"
    )]
    pub rate_limit_read: Option<u32>,
    /// How many other requests one key may send a minute, to each server; 0: as many as it likes
    /// [default: 6000 with DATABASE_URL, 0 in the sandbox].
    #[arg(
        long,
        value_name = "COUNT",
        env = "DOSSIER_RATE_LIMIT_WRITE",
        help_heading = "Limits"
    )]
    pub rate_limit_write: Option<u32>,
    /// How many hours the answer to a request with an Idempotency-Key is kept.
    #[arg(
        long,
        value_name = "HOURS",
        env = "DOSSIER_IDEMPOTENCY_HOURS",
        default_value_t = 24,
        value_parser = clap::value_parser!(u64).range(1..=24 * 365),
        help_heading = "Limits"
    )]
    pub idempotency_hours: u64,
    /// Maximum number of concurrent creates that are combined into one INSERT; 1 disables the group
    /// commit.
    #[arg(
        long,
        alias = "gathered",
        value_name = "COUNT",
        env = "DOSSIER_GROUP_SIZE",
        default_value_t = 16,
        value_parser = clap::value_parser!(u32).range(1..=1_000),
        help_heading = "Limits"
    )]
    pub group_size: u32,
    /// With DATABASE_URL: a workspace that is made at start when absent.
    #[arg(
        long,
        value_name = "NAME",
        env = "DOSSIER_BOOTSTRAP_WORKSPACE",
        requires = "bootstrap_key",
        help_heading = "First workspace"
    )]
    pub bootstrap_workspace: Option<String>,
    /// The key of that workspace, of at least 16 characters.
    #[arg(
        long,
        value_name = "KEY",
        env = "DOSSIER_BOOTSTRAP_KEY",
        hide_env_values = true,
        requires = "bootstrap_workspace",
        help_heading = "First workspace"
    )]
    pub bootstrap_key: Option<SecretString>,
    /// Without DATABASE_URL: the key of the sandbox, where it is not the fixed one.
    #[arg(
        long,
        value_name = "KEY",
        env = "DOSSIER_SANDBOX_KEY",
        hide_env_values = true,
        help_heading = "First workspace"
    )]
    pub sandbox_key: Option<SecretString>,
    /// Where a collector takes traces (OTLP over HTTP), such as http://localhost:4318; without it, there
    /// are none. OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER and OTEL_BSP_* hold too.
    #[arg(
        long,
        value_name = "URL",
        env = "OTEL_EXPORTER_OTLP_ENDPOINT",
        help_heading = "Logs and traces"
    )]
    pub otlp_endpoint: Option<String>,
}

/// What is logged, and how.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Logs and traces")]
pub struct LogSettings {
    /// What to log, as a filter of tracing: error, warn, info, debug, or dossier=debug,sqlx=warn.
    #[arg(
        long,
        global = true,
        value_name = "FILTER",
        env = "DOSSIER_LOG",
        default_value = "info"
    )]
    pub log: String,
    /// How to write log lines [default: text on a terminal, json elsewhere].
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        env = "DOSSIER_LOG_FORMAT",
        value_enum
    )]
    pub log_format: Option<LogFormat>,
}

/// Whether something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    On,
    Off,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// Root's data lies in /var/lib, a user's in the folder for the user's data.
pub fn data_directory() -> PathBuf {
    if nix::unistd::Uid::effective().is_root() {
        return PathBuf::from("/var/lib/dossier");
    }
    let home = std::env::var_os("HOME").map_or_else(std::env::temp_dir, PathBuf::from);
    std::env::var_os("XDG_DATA_HOME")
        .map_or_else(|| home.join(".local/share"), PathBuf::from)
        .join("dossier")
}
