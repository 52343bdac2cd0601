//! `dossier serve`.

use std::net::SocketAddr;
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::signal::unix::{SignalKind, signal};

use super::{deadline, open};
use crate::app;
use crate::config::Settings;
use crate::db::Session;
use crate::http::Limits;
use crate::state::AppState;
use crate::workspaces::{FIXED_KEY, apply_sandbox, bootstrap};

/// Serves until it is told to stop by SIGTERM or SIGINT.
///
/// # Errors
/// One line that says what to do.
pub async fn run(settings: &Settings) -> Result<(), String> {
    let listener = tokio::net::TcpListener::bind(settings.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", settings.listen))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    if settings.database_url.is_none()
        && !address.ip().is_loopback()
        && settings.sandbox_key.is_none()
    {
        return Err(format!(
            "the sandbox's fixed key is for this machine alone, and {address} can be reached from \
             others. Set DOSSIER_SANDBOX_KEY, or DATABASE_URL"
        ));
    }
    let (cluster, database) = open(settings).await?;
    let limits = Limits {
        body: settings.body_limit,
        request: Duration::from_secs(settings.request_timeout),
    };
    let state = AppState::new(database, limits);
    if cluster.is_some() {
        let key = settings
            .sandbox_key
            .as_ref()
            .map_or(FIXED_KEY, |key| key.expose_secret());
        let key = key.to_owned();
        state
            .database
            .unit(deadline(), async move |mut session: Session| {
                apply_sandbox(&mut session, &key).await
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
            .unit(deadline(), async move |mut session: Session| {
                bootstrap(&mut session, id, name, key).await
            })
            .await
            .map_err(|error| error.to_string())?;
    }
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let stop = async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    };
    let served = app::serve(
        listener,
        app::router(app::operations(), state.clone()),
        stop,
    )
    .await;
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
