//! Something between a server and its database that loses a response.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// A socket that leads to PostgreSQL. Armed, it cuts the connection instead of passing on the first
/// response with some text, which the database has committed by then; or it keeps the connection open
/// and passes on nothing more.
pub struct Proxy {
    directory: TempDir,
    is_armed: Arc<AtomicBool>,
    is_silent: Arc<AtomicBool>,
}

impl Proxy {
    /// In front of the database that the options name, waiting for `text`.
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
        let is_silent = Arc::new(AtomicBool::new(false));
        let silent = Arc::clone(&is_silent);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = UnixStream::connect(&target).await.expect("PostgreSQL");
                let (armed, silent) = (Arc::clone(&armed), Arc::clone(&silent));
                tokio::spawn(async move {
                    let (near_in, mut near_out) = near.into_split();
                    let (far_in, far_out) = far.into_split();
                    let never = Arc::new(AtomicBool::new(false));
                    tokio::select! {
                        () = pass(near_in, far_out, never, "") => {}
                        () = pass(far_in, &mut near_out, armed, text) => {
                            if silent.load(Ordering::SeqCst) {
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
            is_silent,
        }
    }

    /// The way through it.
    pub fn options(&self, options: PgConnectOptions) -> PgConnectOptions {
        options.socket(self.directory.path()).port(5432)
    }

    /// From here on the next such response is lost.
    pub fn arm(&self) {
        self.is_armed.store(true, Ordering::SeqCst);
    }

    /// From here on the next such response does not arrive, and nothing says so.
    pub fn arm_silently(&self) {
        self.is_silent.store(true, Ordering::SeqCst);
        self.arm();
    }

    /// Whether it still waits for one.
    pub fn is_armed(&self) -> bool {
        self.is_armed.load(Ordering::SeqCst)
    }
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    is_armed: Arc<AtomicBool>,
    text: &str,
) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let said = String::from_utf8_lossy(&bytes[..count]);
        if is_armed.load(Ordering::SeqCst)
            && said.contains(text)
            && is_armed.swap(false, Ordering::SeqCst)
        {
            return;
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
