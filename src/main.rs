//! The `dossier` binary: serves over `DATABASE_URL`, or over a private cluster of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use dossier::app;
use dossier::db::cluster::Cluster;
use dossier::db::{Database, Session};
use dossier::state::AppState;
use dossier::values::IdSource;
use dossier::workspaces::{FIXED_KEY, bootstrap};
use secrecy::{ExposeSecret, SecretString};
use tokio::signal::unix::{SignalKind, signal};

/// An open, self-hosted server for KYB/KYC case intake.
#[derive(Debug, Parser)]
#[command(version)]
struct Settings {
    /// The database; without it, a private PostgreSQL is started.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<SecretString>,
    /// Where to listen.
    #[arg(long, env = "DOSSIER_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where the private PostgreSQL keeps its data.
    #[arg(long, env = "DOSSIER_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// How many connections to the database this server opens at the most.
    #[arg(long, env = "DOSSIER_POOL_SIZE", default_value_t = 10)]
    pool_size: u32,
    /// What to log, as a filter of tracing.
    #[arg(long, env = "DOSSIER_LOG", default_value = "info")]
    log: String,
    /// The key of the sandbox, where it is not the fixed one.
    #[arg(long, env = "DOSSIER_SANDBOX_KEY", hide_env_values = true)]
    sandbox_key: Option<SecretString>,
    /// With DATABASE_URL: a workspace that is made at start when absent.
    #[arg(long, env = "DOSSIER_BOOTSTRAP_WORKSPACE", requires = "bootstrap_key")]
    bootstrap_workspace: Option<String>,
    /// The key of that workspace, of at least 16 characters.
    #[arg(
        long,
        env = "DOSSIER_BOOTSTRAP_KEY",
        hide_env_values = true,
        requires = "bootstrap_workspace"
    )]
    bootstrap_key: Option<SecretString>,
}

#[tokio::main]
async fn main() -> ExitCode {
    // A missing .env is the usual case, and not a fault.
    let _ = dotenvy::dotenv();
    let settings = Settings::parse();
    tracing_subscriber::fmt()
        .with_env_filter(&settings.log)
        .with_writer(std::io::stderr)
        .init();
    match serve(settings).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("dossier: {message}");
            ExitCode::from(2)
        }
    }
}

async fn serve(settings: Settings) -> Result<(), String> {
    let listener = tokio::net::TcpListener::bind(settings.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", settings.listen))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let (cluster, options) = match &settings.database_url {
        Some(url) => {
            let options = url.expose_secret().parse();
            (
                None,
                options.map_err(|_| "DATABASE_URL is not a URL of PostgreSQL".to_owned())?,
            )
        }
        None => {
            if !address.ip().is_loopback() && settings.sandbox_key.is_none() {
                return Err(format!(
                    "the sandbox's fixed key is for this machine alone, and {address} can be \
                     reached from others. Set DOSSIER_SANDBOX_KEY, or DATABASE_URL"
                ));
            }
            let directory = settings.data_dir.clone().unwrap_or_else(data_directory);
            let started = tokio::task::spawn_blocking(move || Cluster::start(&directory)).await;
            let cluster = started.map_err(|error| error.to_string())?;
            let cluster = cluster.map_err(|error| error.to_string())?;
            let options = cluster.options("postgres");
            (Some(cluster), options)
        }
    };
    let state = AppState {
        database: Database::new(options, settings.pool_size),
        ids: IdSource::default(),
    };
    state
        .database
        .migrate()
        .await
        .map_err(|error| format!("cannot migrate: {error}"))?;
    if cluster.is_some() {
        let key = settings
            .sandbox_key
            .as_ref()
            .map_or(FIXED_KEY, |key| key.expose_secret());
        let key = key.to_owned();
        state
            .database
            .unit(async move |mut session: Session| {
                dossier::workspaces::apply_sandbox(&mut session, &key).await
            })
            .await
            .map_err(|error| error.to_string())?;
        greet(address, settings.sandbox_key.is_none());
    }
    if let (Some(name), Some(key)) = (&settings.bootstrap_workspace, &settings.bootstrap_key) {
        let (name, key) = (name.clone(), key.expose_secret().to_owned());
        if key.len() < 16 || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("DOSSIER_BOOTSTRAP_KEY needs at least 16 visible ASCII characters".into());
        }
        let id = state.ids.next(chrono::Utc::now());
        state
            .database
            .unit(async move |mut session: Session| bootstrap(&mut session, id, name, key).await)
            .await
            .map_err(|error| error.to_string())?;
    }
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let stop = async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    };
    let served = app::serve(listener, app::router(state.clone()), stop).await;
    state.database.close().await;
    drop(cluster);
    served.map_err(|error| error.to_string())
}

/// What a newcomer pastes first.
fn greet(address: SocketAddr, fixed_key: bool) {
    let key = if fixed_key {
        FIXED_KEY
    } else {
        "$DOSSIER_SANDBOX_KEY"
    };
    println!("Dossier listens on http://{address}. Create a first case:\n");
    println!("curl -i http://{address}/cases \\");
    println!("  -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\");
    println!("  -d '{{\"name\": \"Acme\", \"companies\": [{{\"name\": \"Acme SAS\"}}]}}'\n");
}

/// Root's in /var/lib, a user's in the folder for the user's data.
fn data_directory() -> PathBuf {
    if nix::unistd::Uid::effective().is_root() {
        return PathBuf::from("/var/lib/dossier");
    }
    let home = std::env::var_os("HOME").map_or_else(std::env::temp_dir, PathBuf::from);
    std::env::var_os("XDG_DATA_HOME")
        .map_or_else(|| home.join(".local/share"), PathBuf::from)
        .join("dossier")
}
