//! The settings, in groups. Each command has the groups that it needs.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use ipnet::IpNet;
use secrecy::SecretString;

use super::ListenAddress;
use crate::destinations::AllowedDestinations;
use crate::http::{Origin, PublicUrl};
use crate::ids::IdVersion;

/// The database and its migrations.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Database")]
pub struct DatabaseSettings {
    /// The URL of the database, such as postgres://user:password@host/database, or with several hosts
    /// postgres://user:password@host1,host2/database?target_session_attrs=read-write. Without it, a private
    /// PostgreSQL is started.
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<SecretString>,
    /// The data folder of the private PostgreSQL [default: /var/lib/dossier for root, otherwise the
    /// data folder of the user].
    #[arg(long, value_name = "FOLDER", env = "DOSSIER_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// Whether a start runs the migrations. If off, run `dossier migrate`.
    #[arg(
        long,
        value_name = "SWITCH",
        env = "DOSSIER_MIGRATE",
        value_enum,
        default_value = "on"
    )]
    pub migrate: Switch,
}

/// The settings of `dossier serve`.
#[derive(Debug, Clone, Args)]
pub struct ServerSettings {
    #[command(flatten)]
    pub database: DatabaseSettings,
    /// Maximum number of database connections for requests. Background workers use three more.
    #[arg(
        long,
        value_name = "COUNT",
        env = "DOSSIER_POOL_SIZE",
        default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..=10_000)
    )]
    pub pool_size: u32,
    /// The address to listen on: an IP address or host name, and a port. `:8080` means every address of the machine.
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "DOSSIER_LISTEN",
        default_value = "127.0.0.1:8080",
        help_heading = "Server"
    )]
    pub listen: ListenAddress,
    /// The address for metrics (`GET /metrics`, Prometheus), which need no key. Without it, there are no metrics.
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "DOSSIER_METRICS_LISTEN",
        help_heading = "Server"
    )]
    pub metrics_listen: Option<ListenAddress>,
    /// The URL of the server for clients, if a proxy serves it under another host or below a path, such as
    /// `https://example.com/kyb`.
    #[arg(
        long,
        value_name = "URL",
        env = "DOSSIER_PUBLIC_URL",
        help_heading = "Server"
    )]
    pub public_url: Option<PublicUrl>,
    /// The UUID version in new ids. Use v4 for clients whose validators refuse version 7.
    #[arg(
        long,
        value_name = "VERSION",
        env = "DOSSIER_IDS",
        value_enum,
        default_value = "v7",
        help_heading = "Server"
    )]
    pub ids: IdVersion,
    /// The networks of proxies whose X-Forwarded-Prefix is trusted, separated by commas, such as 10.0.0.0/8.
    #[arg(
        long,
        value_name = "NETWORKS",
        env = "DOSSIER_TRUSTED_PROXIES",
        value_delimiter = ',',
        help_heading = "Server"
    )]
    pub trusted_proxies: Vec<IpNet>,
    /// The origins whose web pages may call the API (CORS), separated by commas, such as
    /// `https://desk.example.com`, or * for every origin. Without it, no origin may.
    #[arg(
        long,
        value_name = "ORIGINS",
        env = "DOSSIER_CORS_ORIGINS",
        value_delimiter = ',',
        help_heading = "Server"
    )]
    pub cors_origins: Vec<Origin>,
    /// Seconds during which a stopping server still accepts connections, while /readyz reports that it is not ready.
    /// Behind a load balancer, set the time between two of its probes.
    #[arg(
        long,
        value_name = "SECONDS",
        env = "DOSSIER_STOP_GRACE",
        default_value_t = 1,
        value_parser = clap::value_parser!(u64).range(0..=600),
        help_heading = "Server"
    )]
    pub stop_grace: u64,
    /// Private networks and host names that may receive webhooks, also over http, separated by commas, such as
    /// 10.20.0.0/16,hooks.internal. Public addresses are always allowed; the sandbox allows every address.
    #[arg(
        long,
        value_name = "LIST",
        env = "DOSSIER_WEBHOOK_ALLOW",
        help_heading = "Server"
    )]
    pub webhook_allow: Option<AllowedDestinations>,
    /// Maximum duration of a request in seconds, including the time to receive its body.
    #[arg(
        long,
        value_name = "SECONDS",
        env = "DOSSIER_REQUEST_TIMEOUT",
        default_value_t = 10,
        value_parser = clap::value_parser!(u64).range(1..=600),
        help_heading = "Limits"
    )]
    pub request_timeout: u64,
    /// Maximum size of a request body, in bytes.
    #[arg(
        long,
        value_name = "BYTES",
        env = "DOSSIER_BODY_LIMIT",
        default_value_t = 2 * 1024 * 1024,
        help_heading = "Limits"
    )]
    pub body_limit: usize,
    /// Maximum number of concurrent requests in this server. Further requests get 503 at once.
    #[arg(
        long,
        value_name = "COUNT",
        env = "DOSSIER_MAX_IN_FLIGHT",
        default_value_t = 512,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000),
        help_heading = "Limits"
    )]
    pub max_in_flight: u32,
    /// Maximum number of GET and HEAD requests of one key per minute and server; 0 disables the limit
    /// [default: 12000 with DATABASE_URL, 0 in the sandbox].
    #[arg(
        long,
        value_name = "COUNT",
        env = "DOSSIER_RATE_LIMIT_READ",
        help_heading = "Limits"
    )]
    pub rate_limit_read: Option<u32>,
    /// Maximum number of other requests of one key per minute and server; 0 disables the limit
    /// [default: 6000 with DATABASE_URL, 0 in the sandbox].
    #[arg(
        long,
        value_name = "COUNT",
        env = "DOSSIER_RATE_LIMIT_WRITE",
        help_heading = "Limits"
    )]
    pub rate_limit_write: Option<u32>,
    /// Hours for which the response to a request with an Idempotency-Key is stored.
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
    /// With DATABASE_URL: a workspace to create at the start if it does not exist.
    #[arg(
        long,
        value_name = "NAME",
        env = "DOSSIER_BOOTSTRAP_WORKSPACE",
        requires = "bootstrap_key",
        help_heading = "First workspace"
    )]
    pub bootstrap_workspace: Option<String>,
    /// The API key of that workspace, of at least 16 characters.
    #[arg(
        long,
        value_name = "KEY",
        env = "DOSSIER_BOOTSTRAP_KEY",
        hide_env_values = true,
        requires = "bootstrap_workspace",
        help_heading = "First workspace"
    )]
    pub bootstrap_key: Option<SecretString>,
    /// Without DATABASE_URL: the API key of the sandbox, instead of the fixed one.
    #[arg(
        long,
        value_name = "KEY",
        env = "DOSSIER_SANDBOX_KEY",
        hide_env_values = true,
        help_heading = "First workspace"
    )]
    pub sandbox_key: Option<SecretString>,
    /// The URL of a collector of traces (OTLP over HTTP), such as http://localhost:4318. Without it, there are no
    /// traces. OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER and OTEL_BSP_* also apply.
    #[arg(
        long,
        value_name = "URL",
        env = "OTEL_EXPORTER_OTLP_ENDPOINT",
        help_heading = "Logs and traces"
    )]
    pub otlp_endpoint: Option<String>,
}

/// The settings of logs.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Logs and traces")]
pub struct LogSettings {
    /// The log filter: error, warn, info, debug, or by target, such as dossier=debug,sqlx=warn.
    #[arg(
        long,
        global = true,
        value_name = "FILTER",
        env = "DOSSIER_LOG",
        default_value = "info"
    )]
    pub log: String,
    /// The format of log lines [default: text on a terminal, otherwise json].
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        env = "DOSSIER_LOG_FORMAT",
        value_enum
    )]
    pub log_format: Option<LogFormat>,
}

/// A setting that is on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    On,
    Off,
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// Returns the default data folder: in /var/lib for root, otherwise in the data folder of the user.
pub fn data_directory() -> PathBuf {
    if nix::unistd::Uid::effective().is_root() {
        return PathBuf::from("/var/lib/dossier");
    }
    let home = std::env::var_os("HOME").map_or_else(std::env::temp_dir, PathBuf::from);
    std::env::var_os("XDG_DATA_HOME")
        .map_or_else(|| home.join(".local/share"), PathBuf::from)
        .join("dossier")
}
