//! `dossier serve`.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use secrecy::ExposeSecret;

use super::listen::{listen, listen_for_metrics};
use super::stop::{Signals, until_told};
use super::{deadline, open_to_serve, told};
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

/// How many connections the workers have.
const BACKGROUND: u32 = 3;

/// How long the connections of the workers have to become free once these have ended.
const CLOSE: Duration = Duration::from_secs(2);

/// Serves until it is told to stop by SIGTERM or SIGINT.
///
/// # Errors
/// One line that says what to do.
pub async fn run(settings: &ServerSettings) -> Result<(), String> {
    let (listener, address) = listen(settings).await?;
    let for_metrics = listen_for_metrics(settings).await?;
    let metrics = Metrics::new().map_err(told)?;
    let mut signals = Signals::new().map_err(told)?;
    // It may wait for a database that recovers.
    let (cluster, database) = tokio::select! {
        opened = open_to_serve(settings) => opened?,
        () = signals.next() => return Ok(()),
    };
    let background = database.beside(BACKGROUND);
    let database = database.counting(metrics.waits("requests"));
    let background = background.counting(metrics.waits("workers"));
    // Who tries it out has receivers on the same machine.
    let destinations = match &cluster {
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
        .behind(front)
        .with_ids(settings.ids);
    if cluster.is_some() {
        make_sandbox(settings, &state).await?;
        if settings.sandbox_key.is_none() {
            state = state.with_known_key(FIXED_KEY);
        }
        greet(address, state.known_key.is_some());
    }
    make_first_workspace(settings, &state).await?;
    for renamed in renamed_variables() {
        tracing::warn!("{renamed}");
    }
    tracing::info!(%address, "serving");
    let keys_kept = Duration::from_secs(settings.idempotency_hours * 60 * 60);
    let workers = workers::start(&state, &background, keys_kept);
    let measured = for_metrics.map(|listener| {
        let router = app::metrics(&state, &background);
        tokio::spawn(async move { axum::serve(listener, router).await })
    });
    let workers_end = async move {
        workers.stop().await;
        // What they have begun in the database ends by its own deadline, which is later.
        let closed = tokio::time::timeout(CLOSE, background.close());
        if closed.await.is_err() {
            tracing::warn!(
                "the database was still at work for the workers when the server stopped"
            );
        }
    };
    let served = until_told(listener, state, workers_end, signals).await;
    if let Some(measured) = measured {
        measured.abort();
    }
    drop(cluster);
    served
}

/// The limits that the settings name. The sandbox is for trying out: it counts nothing unless told.
fn limits(settings: &ServerSettings) -> Limits {
    let of_a_server = |quota| settings.database.database_url.as_ref().map(|_| quota);
    let reads = settings.rate_limit_read.or(of_a_server(12_000));
    let writes = settings.rate_limit_write.or(of_a_server(6_000));
    let in_flight = usize::try_from(settings.max_in_flight).unwrap_or(usize::MAX);
    Limits {
        body: settings.body_limit,
        request: Duration::from_secs(settings.request_timeout),
        reads: reads.and_then(NonZeroU32::new),
        writes: writes.and_then(NonZeroU32::new),
        in_flight: app::in_flight_at_most(in_flight),
        group_size: usize::try_from(settings.group_size).unwrap_or(usize::MAX),
        grace: Duration::from_secs(settings.stop_grace),
    }
}

async fn make_sandbox(settings: &ServerSettings, state: &AppState) -> Result<(), String> {
    let key = match &settings.sandbox_key {
        Some(key) => checked(key.expose_secret(), "DOSSIER_SANDBOX_KEY")?,
        None => FIXED_KEY.to_owned(),
    };
    let ids = state.ids.clone();
    let make = async move |mut session: Session| apply_sandbox(&mut session, &key, &ids).await;
    match state.database.unit(deadline(), make).await {
        // Who tries things out may have made by hand what its file names: that stays as it is.
        Err(SandboxError::Apply(ApplyError::Conflicts(found))) => {
            eprintln!("The sandbox stays as it is: {}", found.join(" "));
            Ok(())
        }
        made => made.map_err(told),
    }
}

async fn make_first_workspace(settings: &ServerSettings, state: &AppState) -> Result<(), String> {
    let (Some(name), Some(key)) = (&settings.bootstrap_workspace, &settings.bootstrap_key) else {
        return Ok(());
    };
    let name = WorkspaceName::parse(name)
        .map_err(|error| format!("DOSSIER_BOOTSTRAP_WORKSPACE: {error}"))?;
    let key = checked(key.expose_secret(), "DOSSIER_BOOTSTRAP_KEY")?;
    let id = state.ids.next(chrono::Utc::now());
    let make = async move |mut session: Session| bootstrap(&mut session, id, name, key).await;
    state.database.unit(deadline(), make).await.map_err(told)
}

/// A key that somebody chose: long enough not to be guessed, and fit for a header.
fn checked(key: &str, setting: &str) -> Result<String, String> {
    if key.len() < 16 || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!(
            "{setting} needs at least 16 visible ASCII characters"
        ));
    }
    Ok(key.to_owned())
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
    println!("  -H \"Authorization: Bearer {key}\" -H 'Content-Type: application/json' \\");
    println!("  -d '{{\"name\": \"Acme\", \"companies\": [{{\"name\": \"Acme SAS\"}}]}}'\n");
}
