//! Starts a server and waits until it stores a case.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::client::{Load, Shape};
use crate::process::{Program, Server, counts_statements};
use crate::support;

/// Setting of PostgreSQL that counts statements, if the extension is installed.
const COUNTING: &str = "shared_preload_libraries = 'pg_stat_statements'\n";

/// How long the starts took, until the first case was stored.
#[derive(Debug, Clone, Copy)]
pub struct Starts {
    /// On an empty data directory.
    pub first: Duration,
    /// On an existing data directory.
    pub again: Duration,
}

/// Starts a server twice: on an empty data directory, and again on the same one.
pub async fn start(program: &Program) -> (Server, Starts) {
    let directory = tempfile::tempdir().expect("a folder");
    // If the benchmark runs as root, PostgreSQL runs as another user, who must be able to reach its data.
    let permissions = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(directory.path(), permissions).expect("permissions");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let (server, first) = start_once(program, directory, port).await;
    let directory = server.stop();
    if counts_statements() {
        let file = directory.path().join("postgres/postgresql.auto.conf");
        let mut settings = std::fs::read_to_string(&file).expect("the settings");
        settings.push_str(COUNTING);
        std::fs::write(file, settings).expect("the settings");
    }
    let (server, again) = start_once(program, directory, port).await;
    if counts_statements() {
        server.execute("CREATE EXTENSION pg_stat_statements").await;
    }
    (server, Starts { first, again })
}

/// Starts a server. Returns how long it took until a case was stored.
async fn start_once(program: &Program, directory: TempDir, port: u16) -> (Server, Duration) {
    let started = Instant::now();
    let server = Server::spawn(program, directory, port);
    while !Load::once(port, &support::minimal(), Shape::Create).await {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "the server does not store a case"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    (server, started.elapsed())
}
