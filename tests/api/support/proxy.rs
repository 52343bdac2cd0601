//! A proxy between a server and its database that can drop a response.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// Forwards a Unix socket to PostgreSQL. When armed, it does not forward the first response that contains the
/// text; the database has executed the statement by then. It then closes the connection, or keeps it open and
/// forwards nothing more.
pub struct Proxy {
    directory: TempDir,
    is_armed: Arc<AtomicBool>,
    is_keeping_open: Arc<AtomicBool>,
}

impl Proxy {
    /// Starts a proxy in front of the database; it drops responses that contain `text`.
    pub fn start(options: &PgConnectOptions, text: &'static str) -> Self {
        let directory = tempfile::tempdir().expect("a folder");
        let target = options
            .get_socket()
            .expect("a socket")
            .join(".s.PGSQL.5432");
        let listener =
            UnixListener::bind(directory.path().join(".s.PGSQL.5432")).expect("a socket");
        let is_armed = Arc::new(AtomicBool::new(false));
        let armed = Arc::clone(&is_armed);
        let is_keeping_open = Arc::new(AtomicBool::new(false));
        let keeps_open = Arc::clone(&is_keeping_open);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = UnixStream::connect(&target).await.expect("PostgreSQL");
                let (armed, keeps_open) = (Arc::clone(&armed), Arc::clone(&keeps_open));
                tokio::spawn(async move {
                    let (client_in, mut client_out) = client.into_split();
                    let (server_in, server_out) = server.into_split();
                    let never = Arc::new(AtomicBool::new(false));
                    tokio::select! {
                        () = forward(client_in, server_out, never, "") => {}
                        () = forward(server_in, &mut client_out, armed, text) => {
                            if keeps_open.load(Ordering::SeqCst) {
                                std::future::pending::<()>().await;
                            }
                        }
                    }
                });
            }
        });
        Self {
            directory,
            is_armed,
            is_keeping_open,
        }
    }

    /// Returns options that connect through this proxy.
    pub fn options(&self, options: PgConnectOptions) -> PgConnectOptions {
        options.socket(self.directory.path()).port(5432)
    }

    /// Drops the next matching response and closes its connection.
    pub fn arm(&self) {
        self.is_armed.store(true, Ordering::SeqCst);
    }

    /// Drops the next matching response and keeps its connection open.
    pub fn arm_without_closing(&self) {
        self.is_keeping_open.store(true, Ordering::SeqCst);
        self.arm();
    }

    /// Returns `true` until a response has been dropped.
    pub fn is_armed(&self) -> bool {
        self.is_armed.load(Ordering::SeqCst)
    }
}

async fn forward(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    is_armed: Arc<AtomicBool>,
    text: &str,
) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let text_of_response = String::from_utf8_lossy(&bytes[..count]);
        if is_armed.load(Ordering::SeqCst)
            && text_of_response.contains(text)
            && is_armed.swap(false, Ordering::SeqCst)
        {
            return;
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
