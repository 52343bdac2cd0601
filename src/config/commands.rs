//! The commands of `dossier` and their arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use secrecy::SecretString;

use super::{DatabaseSettings, LogSettings, ServerSettings};

/// An open, self-hosted server for KYB/KYC case intake.
///
/// Without a command, it serves the API. Without DATABASE_URL, it starts a private PostgreSQL with a sandbox to try it
/// out. Set each setting as an option, in the environment, or in a file named .env.
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
    /// Returns the command; without one, `serve`.
    pub fn into_command(self) -> Command {
        self.command
            .unwrap_or_else(|| Command::Serve(Box::new(self.server)))
    }
}

/// The commands of `dossier`.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Serve the API (the default command).
    Serve(Box<ServerSettings>),
    /// Bring the schema of the database up to date.
    Migrate(DatabaseSettings),
    /// Import a file of cases into a server.
    ///
    /// The file is NDJSON: one case a line, in the format of POST /cases, with an external_id. A case with a history
    /// also has created_at and reviews. After a crash, or with corrected lines, run the import again: it creates no
    /// case twice.
    ///
    /// Rejected lines are written to a file, each with all its errors. The exit code is 0 if every line is stored (in a
    /// dry run: valid), 1 if some lines were rejected, and 2 if the import stopped.
    Import(ImportCommand),
    /// Manage workspaces, the tenants of a server.
    #[command(subcommand)]
    Workspace(WorkspaceCommand),
    /// Manage the API keys of a workspace.
    #[command(subcommand)]
    ApiKey(ApiKeyCommand),
    /// Verify the audit log.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Print the OpenAPI 3.1 document as JSON.
    Openapi,
}

impl Command {
    /// Whether the command starts a private PostgreSQL on this machine.
    pub fn starts_postgres(&self) -> bool {
        matches!(self, Self::Serve(settings) if settings.database.database_url.is_none())
    }

    /// Returns the URL of the collector of traces, if the command has traces.
    pub fn otlp_endpoint(&self) -> Option<&str> {
        match self {
            // Compose files write an unset variable as an empty one.
            Self::Serve(settings) => settings
                .otlp_endpoint
                .as_deref()
                .filter(|it| !it.is_empty()),
            _ => None,
        }
    }
}

/// The arguments of `dossier import`.
#[derive(Debug, Clone, Args)]
pub struct ImportCommand {
    /// The file, of any size, or - for standard input.
    pub file: PathBuf,
    /// The server, such as http://127.0.0.1:8080.
    #[arg(long, env = "DOSSIER_URL", hide_env_values = true)]
    pub url: String,
    /// An API key of the workspace.
    #[arg(long, env = "DOSSIER_KEY", hide_env_values = true)]
    pub key: SecretString,
    /// Validate every line and store nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// The file for rejected lines [default: the name of the file with .rejected.ndjson].
    #[arg(long, value_name = "FILE")]
    pub rejected: Option<PathBuf>,
    /// Number of batches that are sent at the same time.
    #[arg(long, value_name = "COUNT", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub connections: u8,
    /// Print the summary as JSON.
    #[arg(long)]
    pub json: bool,
}

/// The commands of `dossier workspace`.
#[derive(Debug, Clone, Subcommand)]
pub enum WorkspaceCommand {
    /// Create a workspace.
    Create {
        /// The name, which must be unique.
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
    /// Rename a workspace. Its keys and its data do not change.
    Rename {
        /// The current name.
        from: String,
        /// The new name, which must be unique.
        to: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        database: DatabaseSettings,
    },
    /// Apply a configuration file of templates, tags, users, spaces and custom properties to a workspace. Entries that
    /// the file does not name do not change. Applying a file again changes nothing.
    Apply {
        /// A YAML file, or a TOML file with a name in .toml.
        file: PathBuf,
        /// The name of the workspace.
        #[arg(long)]
        workspace: String,
        /// Print the changes and change nothing.
        #[arg(long)]
        dry_run: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        database: DatabaseSettings,
    },
}

/// The commands of `dossier audit`.
#[derive(Debug, Clone, Subcommand)]
pub enum AuditCommand {
    /// Verify activities against their seals. Report each that was changed, removed or inserted.
    Verify {
        /// The name of a workspace [default: all workspaces].
        #[arg(long)]
        workspace: Option<String>,
        /// The head from an earlier verification, SEQUENCE:DIGEST, which the chain must contain.
        #[arg(long)]
        head: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        database: DatabaseSettings,
    },
}

/// The commands of `dossier api-key`.
#[derive(Debug, Clone, Subcommand)]
pub enum ApiKeyCommand {
    /// Create a key. It is shown once and stored as a hash.
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
