//! Opening the ports of a server.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;

use tokio::net::TcpListener;

use super::error_chain;
use crate::app;
use crate::config::{ListenAddress, ServerSettings};

/// Binds the address of the API. With the fixed key of the sandbox, only a loopback address is accepted.
///
/// # Errors
/// Returns one line that says what to do.
pub async fn listen(settings: &ServerSettings) -> Result<(TcpListener, SocketAddr), String> {
    let listener = bind(&settings.listen, "DOSSIER_LISTEN").await?;
    let address = listener.local_addr().map_err(error_chain)?;
    let has_fixed_key = settings.database.database_url.is_none() && settings.sandbox_key.is_none();
    if has_fixed_key && !address.ip().is_loopback() {
        return Err(format!(
            "the fixed key of the sandbox is allowed only on a loopback address, and other machines can reach \
             {address}. Set DOSSIER_SANDBOX_KEY, or DATABASE_URL"
        ));
    }
    Ok((listener, address))
}

/// Binds the address of the metrics, if one is set.
///
/// # Errors
/// Returns one line that says what to do.
pub async fn listen_for_metrics(settings: &ServerSettings) -> Result<Option<TcpListener>, String> {
    let Some(address) = &settings.metrics_listen else {
        return Ok(None);
    };
    let listener = bind(address, "DOSSIER_METRICS_LISTEN").await?;
    let address = listener.local_addr().map_err(error_chain)?;
    tracing::info!(metrics = %address, "metrics are available");
    Ok(Some(listener))
}

async fn bind(address: &ListenAddress, setting: &str) -> Result<TcpListener, String> {
    let addresses = address.resolve().await.map_err(|error| {
        format!(
            "cannot listen on {address} ({error}): set {setting} to a host that this machine knows"
        )
    })?;
    let mut failure = Error::from(ErrorKind::AddrNotAvailable);
    for candidate in addresses {
        match app::listen(candidate) {
            Ok(listener) => return Ok(listener),
            Err(error) => {
                // With the next address, clients of this one would reach the other program.
                let is_final =
                    [ErrorKind::AddrInUse, ErrorKind::PermissionDenied].contains(&error.kind());
                failure = error;
                if is_final {
                    break;
                }
            }
        }
    }
    Err(refused(address, setting, &failure))
}

fn refused(address: &ListenAddress, setting: &str, error: &Error) -> String {
    let what_to_do = match error.kind() {
        ErrorKind::AddrInUse => {
            format!("another program listens there; stop it, or set {setting} to another")
        }
        ErrorKind::AddrNotAvailable => {
            format!("this machine does not have that address; set {setting} to one that it has")
        }
        ErrorKind::PermissionDenied => {
            format!("this user may not open ports below 1024; set {setting} to a higher one")
        }
        _ => format!("set {setting} to another address"),
    };
    format!("cannot listen on {address} ({error}): {what_to_do}")
}
