//! PostgreSQL for tests: one server per run, one database per test.
//!
//! `DATABASE_URL` names the server; without it, the run starts a private cluster.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use dossier::local_postgres::LocalPostgres;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor};
use tempfile::TempDir;

/// The database of one test, dropped when the test ends.
pub struct TestDatabase {
    pub options: PgConnectOptions,
    name: String,
}

impl TestDatabase {
    pub async fn create() -> Self {
        Self::create_with_options("").await
    }

    /// Creates a database with an encoding other than UTF-8.
    pub async fn with_encoding(encoding: &str) -> Self {
        let options =
            format!("ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
        Self::create_with_options(&options).await
    }

    async fn create_with_options(options: &str) -> Self {
        let ids = dossier::ids::IdSource::default();
        let name = format!("dossier_test_{}", ids.next(chrono::Utc::now()).simple());
        execute(server(), format!("CREATE DATABASE {name} {options}")).await;
        Self {
            options: server().clone().database(&name),
            name,
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let name = std::mem::take(&mut self.name);
        let drop_database = std::thread::spawn(move || {
            block_on(execute(server(), format!("DROP DATABASE {name} (FORCE)")));
        });
        // A test that fails has reported it already.
        let _ = drop_database.join();
    }
}

async fn execute(server: &PgConnectOptions, statement: String) {
    let mut connection = server.connect().await.expect("a connection");
    let result = connection.execute(AssertSqlSafe(statement)).await;
    result.expect("the statement");
}

fn block_on(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(work);
}

/// The server that all tests of the run share.
fn server() -> &'static PgConnectOptions {
    static SERVER: OnceLock<PgConnectOptions> = OnceLock::new();
    SERVER.get_or_init(|| match std::env::var("DATABASE_URL") {
        Ok(url) => url.parse().expect("DATABASE_URL is a URL of PostgreSQL"),
        Err(_) => private_cluster(),
    })
}

/// Starts a cluster that is stopped when this process ends, even if it crashes.
fn private_cluster() -> PgConnectOptions {
    let directory = directory().keep();
    let cluster = LocalPostgres::start(&directory).expect("a cluster");
    stop_with_this_process(&cluster, &directory);
    let options = cluster.options("postgres");
    disable_durability(options.clone());
    // Rust does not drop statics: the watcher process stops the cluster.
    std::mem::forget(cluster);
    options
}

/// Turns off durability, which makes the tests several times as fast. Tests of crashes have their own
/// clusters.
fn disable_durability(options: PgConnectOptions) {
    let changing = std::thread::spawn(move || {
        block_on(async {
            for statement in [
                "ALTER SYSTEM SET fsync = off",
                "ALTER SYSTEM SET synchronous_commit = off",
                "SELECT pg_reload_conf()",
            ] {
                execute(&options, statement.to_owned()).await;
            }
        });
    });
    changing.join().expect("settings");
}

/// Starts a shell that waits until this process ends, which closes the shell's standard input; it then stops
/// PostgreSQL and removes the data.
fn stop_with_this_process(cluster: &LocalPostgres, directory: &Path) {
    let script = "cat >/dev/null; kill -QUIT \"$1\"; rm -rf \"$2\" \"$3\"";
    let watcher = Command::new("sh")
        .args(["-c", script, "sh", &cluster.process_id().to_string()])
        .arg(directory)
        .arg(cluster.socket())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    std::mem::forget(watcher.expect("a shell"));
}

/// Creates a folder for a cluster. If the tests run as root, PostgreSQL runs as another user, who must be
/// able to reach its data.
pub fn directory() -> TempDir {
    let directory = tempfile::tempdir().expect("a folder for the cluster");
    fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).expect("permissions");
    directory
}

/// Returns the process ids of the postmaster and its children.
pub fn processes(directory: &Path) -> Vec<i32> {
    let file: PathBuf = directory.join("postgres/postmaster.pid");
    let text = fs::read_to_string(file).expect("a pid file");
    let postmaster: i32 = text
        .lines()
        .next()
        .and_then(|it| it.parse().ok())
        .expect("a pid");
    let children = fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children"));
    let children = children.unwrap_or_default();
    let children = children
        .split_whitespace()
        .filter_map(|pid| pid.parse().ok());
    std::iter::once(postmaster).chain(children).collect()
}
