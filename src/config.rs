//! Settings: the only reader of the environment.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use secrecy::SecretString;

/// An open, self-hosted server for KYB/KYC case intake.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Settings {
    /// What to do; without it, serve.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The database; without it, a private PostgreSQL is started.
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<SecretString>,
    /// Where to listen.
    #[arg(
        long,
        global = true,
        env = "DOSSIER_LISTEN",
        default_value = "127.0.0.1:8080"
    )]
    pub listen: SocketAddr,
    /// Where the private PostgreSQL keeps its data.
    #[arg(long, global = true, env = "DOSSIER_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// Whether a start brings the schema up to date, or leaves that to `dossier migrate`.
    #[arg(
        long,
        global = true,
        env = "DOSSIER_MIGRATE",
        value_enum,
        default_value = "on"
    )]
    pub migrate: Switch,
    /// How many connections to the database this server opens for requests at the most; what it does
    /// besides has three more.
    #[arg(long, global = true, env = "DOSSIER_POOL_SIZE", default_value_t = 10)]
    pub pool_size: u32,
    /// How many seconds a request may take, its body's arrival included.
    #[arg(
        long,
        global = true,
        env = "DOSSIER_REQUEST_TIMEOUT",
        default_value_t = 10,
        value_parser = clap::value_parser!(u64).range(1..=600)
    )]
    pub request_timeout: u64,
    /// The largest body of a request, in bytes.
    #[arg(
        long,
        global = true,
        env = "DOSSIER_BODY_LIMIT",
        default_value_t = 2 * 1024 * 1024
    )]
    pub body_limit: usize,
    /// How many hours the answer to a request with an Idempotency-Key is kept.
    #[arg(
        long,
        global = true,
        env = "DOSSIER_IDEMPOTENCY_HOURS",
        default_value_t = 24,
        value_parser = clap::value_parser!(u64).range(1..=24 * 365)
    )]
    pub idempotency_hours: u64,
    /// How many requests with GET or HEAD one key may send a minute, to each server; 0: as many as
    /// it likes. Without it, 12000 with DATABASE_URL, and 0 in the sandbox.
    #[arg(long, global = true, env = "DOSSIER_RATE_LIMIT_READ")]
    pub rate_limit_read: Option<u32>,
    /// How many other requests one key may send a minute, to each server; 0: as many as it likes.
    /// Without it, 6000 with DATABASE_URL, and 0 in the sandbox.
    #[arg(long, global = true, env = "DOSSIER_RATE_LIMIT_WRITE")]
    pub rate_limit_write: Option<u32>,
    /// How many requests are in flight in this server at the most; one beyond them is 503 at once.
    #[arg(
        long,
        global = true,
        env = "DOSSIER_MAX_IN_FLIGHT",
        default_value_t = 512,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    pub max_in_flight: u32,
    /// How many new cases that wait at the same time one statement writes at the most, each of them
    /// answered once all are committed, and alone where another is refused; 1: each has its own
    /// statement.
    #[arg(
        long,
        global = true,
        env = "DOSSIER_GATHERED",
        default_value_t = 16,
        value_parser = clap::value_parser!(u32).range(1..=1_000)
    )]
    pub gathered: u32,
    /// How many seconds new connections are still taken once the server was told to stop, and is not
    /// ready any more. Behind a load balancer: the time that passes between two of its probes.
    #[arg(
        long,
        global = true,
        env = "DOSSIER_STOP_GRACE",
        default_value_t = 1,
        value_parser = clap::value_parser!(u64).range(0..=600)
    )]
    pub stop_grace: u64,
    /// What to log, as a filter of tracing.
    #[arg(long, global = true, env = "DOSSIER_LOG", default_value = "info")]
    pub log: String,
    /// How to write log lines.
    #[arg(
        long,
        global = true,
        env = "DOSSIER_LOG_FORMAT",
        value_enum,
        default_value = "text"
    )]
    pub log_format: LogFormat,
    /// The key of the sandbox, where it is not the fixed one.
    #[arg(
        long,
        global = true,
        env = "DOSSIER_SANDBOX_KEY",
        hide_env_values = true
    )]
    pub sandbox_key: Option<SecretString>,
    /// With DATABASE_URL: a workspace that is made at start when absent.
    #[arg(
        long,
        global = true,
        env = "DOSSIER_BOOTSTRAP_WORKSPACE",
        requires = "bootstrap_key"
    )]
    pub bootstrap_workspace: Option<String>,
    /// The key of that workspace, of at least 16 characters.
    #[arg(
        long,
        global = true,
        env = "DOSSIER_BOOTSTRAP_KEY",
        hide_env_values = true,
        requires = "bootstrap_workspace"
    )]
    pub bootstrap_key: Option<SecretString>,
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

/// The commands of `dossier`.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Serve the API (also without a command).
    Serve,
    /// Bring the schema of the database up to date.
    Migrate,
    /// Workspaces: the tenants.
    #[command(subcommand)]
    Workspace(WorkspaceCommand),
    /// What was done, and whether anybody changed it since.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// The API keys of a workspace.
    #[command(subcommand)]
    ApiKey(ApiKeyCommand),
    /// Print the description of every operation (OpenAPI 3.1) as JSON.
    Openapi,
}

/// What can be done with workspaces.
#[derive(Debug, Clone, Subcommand)]
pub enum WorkspaceCommand {
    /// Make a workspace.
    Create {
        /// Its name, which no other workspace has.
        name: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make the templates, tags, users, spaces and custom properties of a workspace what a file
    /// says. What the file does not name stays as it is; run again, it changes nothing.
    Apply {
        /// A YAML file, or a TOML file with a name in .toml.
        file: PathBuf,
        /// The name of the workspace.
        #[arg(long)]
        workspace: String,
        /// Say what would change, and change nothing.
        #[arg(long)]
        dry_run: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// What can be done with activities.
#[derive(Debug, Clone, Subcommand)]
pub enum AuditCommand {
    /// Hold activities against their seals, and name each that was changed, removed or inserted.
    Verify {
        /// The name of a workspace; without it, all of them.
        #[arg(long)]
        workspace: Option<String>,
        /// A head that an earlier verification printed, SEQUENCE:DIGEST: the chain must have it.
        #[arg(long)]
        head: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// What can be done with API keys.
#[derive(Debug, Clone, Subcommand)]
pub enum ApiKeyCommand {
    /// Make a key. It is shown this once and stored as a hash.
    Create {
        /// The name of the workspace.
        #[arg(long)]
        workspace: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the keys of a workspace by their ids.
    List {
        /// The name of the workspace.
        #[arg(long)]
        workspace: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key.
    Revoke {
        /// The id of the key: its part between the underscores.
        id: String,
        /// The name of the workspace.
        #[arg(long)]
        workspace: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
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
