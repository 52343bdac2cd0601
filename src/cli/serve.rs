//! `dossier serve`.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use secrecy::ExposeSecret;

use super::listen::{listen, listen_for_metrics};
use super::stop::{Signals, serve_until_signal};
use super::{deadline, error_chain, open_to_serve};
use crate::app;
use crate::config::{ServerSettings, renamed_variables};
use crate::db::Session;
use crate::destinations::Destinations;
use crate::http::{Front, Limits};
use crate::metrics::Metrics;
use crate::state::AppState;
use crate::workers;
use crate::workspaces::{
    ApplyError, FIXED_KEY, SandboxError, WorkspaceName, apply_sandbox, bootstrap,
};

/// Maximum number of connections of the workers.
const WORKER_CONNECTIONS: u32 = 3;

/// How long to wait for the connections of the workers to close after the workers have ended.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// Returns one line that says what to do.
pub async fn run(settings: &ServerSettings) -> Result<(), String> {
    let (listener, address) = listen(settings).await?;
    let metrics_listener = listen_for_metrics(settings).await?;
    let metrics = Metrics::new().map_err(error_chain)?;
    let mut signals = Signals::new().map_err(error_chain)?;
    // This may wait for a database that recovers.
    let (postgres, database) = tokio::select! {
        opened = open_to_serve(settings) => opened?,
        () = signals.next() => return Ok(()),
    };
    let background = database.with_pool_size(WORKER_CONNECTIONS);
    let database = database.with_wait_metrics(metrics.waits("requests"));
    let background = background.with_wait_metrics(metrics.waits("workers"));
    // Webhook receivers for the sandbox usually run on the same machine.
    let destinations = match &postgres {
        Some(_) => Destinations::Anywhere,
        None => Destinations::public_and(settings.webhook_allow.clone().unwrap_or_default()),
    };
    let limits = limits(settings);
    let front = Front {
        public_url: settings.public_url.clone(),
        trusted_proxies: settings.trusted_proxies.clone(),
        cors_origins: settings.cors_origins.clone(),
    };
    let mut state = app::state(database, limits, destinations, metrics)
        .with_front(front)
        .with_ids(settings.ids);
    if postgres.is_some() {
        create_sandbox(settings, &state).await?;
        if settings.sandbox_key.is_none() {
            state = state.with_sandbox_key(FIXED_KEY);
        }
        print_first_request(address, state.sandbox_key.is_some());
    }
    create_first_workspace(settings, &state).await?;
    for renamed in renamed_variables() {
        tracing::warn!("{renamed}");
    }
    tracing::info!(%address, "serving");
    let key_retention = Duration::from_secs(settings.idempotency_hours * 60 * 60);
    let workers = workers::start(&state, &background, key_retention);
    let metrics_server = metrics_listener.map(|listener| {
        let router = app::metrics(&state, &background);
        tokio::spawn(async move { axum::serve(listener, router).await })
    });
    let stop_workers = async move {
        workers.stop().await;
        // Work that the workers have begun in the database may take longer: it ends at its own deadline.
        let closed = tokio::time::timeout(CLOSE_TIMEOUT, background.close());
        if closed.await.is_err() {
            tracing::warn!("the server stopped before all database work of the workers had ended");
        }
    };
    let served = serve_until_signal(listener, state, stop_workers, signals).await;
    if let Some(server) = metrics_server {
        server.abort();
    }
    drop(postgres);
    served
}

/// Reads the limits of the settings. The sandbox has no rate limit unless one is set.
fn limits(settings: &ServerSettings) -> Limits {
    let default_quota = |quota| settings.database.database_url.as_ref().map(|_| quota);
    let reads = settings.rate_limit_read.or(default_quota(12_000));
    let writes = settings.rate_limit_write.or(default_quota(6_000));
    let in_flight = usize::try_from(settings.max_in_flight).unwrap_or(usize::MAX);
    Limits {
        body: settings.body_limit,
        request: Duration::from_secs(settings.request_timeout),
        reads: reads.and_then(NonZeroU32::new),
        writes: writes.and_then(NonZeroU32::new),
        in_flight: app::limit_in_flight(in_flight),
        group_size: usize::try_from(settings.group_size).unwrap_or(usize::MAX),
        grace: Duration::from_secs(settings.stop_grace),
    }
}

async fn create_sandbox(settings: &ServerSettings, state: &AppState) -> Result<(), String> {
    let key = match &settings.sandbox_key {
        Some(key) => validated(key.expose_secret(), "DOSSIER_SANDBOX_KEY")?,
        None => FIXED_KEY.to_owned(),
    };
    let ids = state.ids.clone();
    let create = async move |mut session: Session| apply_sandbox(&mut session, &key, &ids).await;
    match state.database.unit(deadline(), create).await {
        // Entries that were created by hand may conflict with the file. They stay as they are.
        Err(SandboxError::Apply(ApplyError::Conflicts(found))) => {
            eprintln!("The sandbox is unchanged: {}", found.join(" "));
            Ok(())
        }
        result => result.map_err(error_chain),
    }
}

async fn create_first_workspace(settings: &ServerSettings, state: &AppState) -> Result<(), String> {
    let (Some(name), Some(key)) = (&settings.bootstrap_workspace, &settings.bootstrap_key) else {
        return Ok(());
    };
    let name = WorkspaceName::parse(name)
        .map_err(|error| format!("DOSSIER_BOOTSTRAP_WORKSPACE: {error}"))?;
    let key = validated(key.expose_secret(), "DOSSIER_BOOTSTRAP_KEY")?;
    let id = state.ids.next(chrono::Utc::now());
    let create = async move |mut session: Session| bootstrap(&mut session, id, name, key).await;
    state
        .database
        .unit(deadline(), create)
        .await
        .map_err(error_chain)
}

/// Checks a key of the settings: it must be hard to guess and valid in a header.
fn validated(key: &str, setting: &str) -> Result<String, String> {
    if key.len() < 16 || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!(
            "{setting} needs at least 16 visible ASCII characters"
        ));
    }
    Ok(key.to_owned())
}

/// Prints a first request to paste.
fn print_first_request(address: SocketAddr, fixed_key: bool) {
    let key = if fixed_key {
        FIXED_KEY
    } else {
        "$DOSSIER_SANDBOX_KEY"
    };
    println!("Dossier listens on http://{address}. Create a first case:\n");
    println!("curl -i http://{address}/cases \\");
    println!("  -H \"Authorization: Bearer {key}\" -H 'Content-Type: application/json' \\");
    println!("  -d '{{\"name\": \"Acme\", \"companies\": [{{\"name\": \"Acme SAS\"}}]}}'\n");
}
