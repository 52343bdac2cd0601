//! The commands of `dossier`, each with what it needs.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use secrecy::SecretString;

use super::{DatabaseSettings, LogSettings, ServerSettings};

/// An open, self-hosted server for KYB/KYC case intake.
///
/// Without a command it serves; without a database it starts a private PostgreSQL with a sandbox to try
/// it out. Each setting can be given as an option or in the environment, also by a file named .env.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, max_term_width = 100)]
pub struct Settings {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    server: ServerSettings,
    #[command(flatten)]
    pub logs: LogSettings,
}

impl Settings {
    /// What to do: without a command, serve.
    pub fn into_command(self) -> Command {
        self.command
            .unwrap_or_else(|| Command::Serve(Box::new(self.server)))
    }
}

/// The commands of `dossier`.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Serve the API; this is what happens without a command.
    Serve(Box<ServerSettings>),
    /// Bring the schema of the database up to date.
    Migrate(DatabaseSettings),
    /// Send a file of cases to a server, each line once.
    ///
    /// The file is NDJSON: one case a line, as POST /cases takes it, with an external_id, and with
    /// created_at and reviews where it has a history. Run it again after a crash, or with lines that
    /// were put right: it goes on where it stopped, and creates nothing twice.
    ///
    /// Rejected lines are written to a file, with everything that is wrong with them. The exit code is 0
    /// when every line is stored (could be, of a dry run), 1 when some were rejected, and 2 when the
    /// import could not go on.
    Import(ImportCommand),
    /// Workspaces: the tenants.
    #[command(subcommand)]
    Workspace(WorkspaceCommand),
    /// The API keys of a workspace.
    #[command(subcommand)]
    ApiKey(ApiKeyCommand),
    /// What was done, and whether anybody changed it since.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Print the description of every operation (OpenAPI 3.1) as JSON.
    Openapi,
}

impl Command {
    /// Whether it runs the database too, on the same machine.
    pub fn starts_postgres(&self) -> bool {
        matches!(self, Self::Serve(settings) if settings.database.database_url.is_none())
    }

    /// Where the traces of this command go, if it has any.
    pub fn otlp_endpoint(&self) -> Option<&str> {
        match self {
            // As compose files have it, empty is none.
            Self::Serve(settings) => settings
                .otlp_endpoint
                .as_deref()
                .filter(|it| !it.is_empty()),
            _ => None,
        }
    }
}

/// What is imported, and where to.
#[derive(Debug, Clone, Args)]
pub struct ImportCommand {
    /// The file, of any size; - for standard input.
    pub file: PathBuf,
    /// The server, such as http://127.0.0.1:8080.
    #[arg(long, env = "DOSSIER_URL", hide_env_values = true)]
    pub url: String,
    /// An API key of the workspace.
    #[arg(long, env = "DOSSIER_KEY", hide_env_values = true)]
    pub key: SecretString,
    /// Check every line and store nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Where to write rejected lines [default: the file's name with .rejected.ndjson].
    #[arg(long, value_name = "FILE")]
    pub rejected: Option<PathBuf>,
    /// How many batches are under way at once.
    #[arg(long, value_name = "COUNT", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub connections: u8,
    /// Print what became of the import as JSON.
    #[arg(long)]
    pub json: bool,
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
        #[command(flatten)]
        database: DatabaseSettings,
    },
    /// List the workspaces.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        database: DatabaseSettings,
    },
    /// Give a workspace another name. Its keys and its data stay as they are.
    Rename {
        /// Its name so far.
        from: String,
        /// Its new name, which no other workspace has.
        to: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        database: DatabaseSettings,
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
        #[command(flatten)]
        database: DatabaseSettings,
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
        #[command(flatten)]
        database: DatabaseSettings,
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
        #[command(flatten)]
        database: DatabaseSettings,
    },
    /// List the keys of a workspace by their ids.
    List {
        /// The name of the workspace.
        #[arg(long)]
        workspace: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        database: DatabaseSettings,
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
        #[command(flatten)]
        database: DatabaseSettings,
    },
}
