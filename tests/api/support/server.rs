//! PostgreSQL for tests: one server a run, a database for each test.
//!
//! The server is that of `DATABASE_URL`, or a private cluster that the run starts.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use dossier::local_postgres::LocalPostgres;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor};
use tempfile::TempDir;

/// A database of a test's own, dropped with it.
pub struct TestDatabase {
    pub options: PgConnectOptions,
    name: String,
}

impl TestDatabase {
    pub async fn create() -> Self {
        Self::create_with("").await
    }

    /// One that does not store its text as UTF-8.
    pub async fn of_encoding(encoding: &str) -> Self {
        let how = format!("ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
        Self::create_with(&how).await
    }

    async fn create_with(how: &str) -> Self {
        let ids = dossier::ids::IdSource::default();
        let name = format!("dossier_test_{}", ids.next(chrono::Utc::now()).simple());
        execute(server(), format!("CREATE DATABASE {name} {how}")).await;
        Self {
            options: server().clone().database(&name),
            name,
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let name = std::mem::take(&mut self.name);
        let dropping = std::thread::spawn(move || {
            block_on(execute(server(), format!("DROP DATABASE {name} (FORCE)")));
        });
        // A test that fails has said so already.
        let _ = dropping.join();
    }
}

async fn execute(server: &PgConnectOptions, statement: String) {
    let mut connection = server.connect().await.expect("a connection");
    let done = connection.execute(AssertSqlSafe(statement)).await;
    done.expect("the statement");
}

fn block_on(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(work);
}

/// The server that every test of the run shares.
fn server() -> &'static PgConnectOptions {
    static SERVER: OnceLock<PgConnectOptions> = OnceLock::new();
    SERVER.get_or_init(|| match std::env::var("DATABASE_URL") {
        Ok(url) => url.parse().expect("DATABASE_URL is a URL of PostgreSQL"),
        Err(_) => private(),
    })
}

/// A cluster that ends with this process, however that ends.
fn private() -> PgConnectOptions {
    let directory = directory().keep();
    let cluster = LocalPostgres::start(&directory).expect("a cluster");
    watch(&cluster, &directory);
    let options = cluster.options("postgres");
    hurry(options.clone());
    // Statics are not dropped: from here on the watcher stops it.
    std::mem::forget(cluster);
    options
}

/// What most tests write need not outlast the machine: with nothing to wait for, they are several
/// times as fast. Those about crashes have clusters of their own.
fn hurry(options: PgConnectOptions) {
    let hurrying = std::thread::spawn(move || {
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
    hurrying.join().expect("settings");
}

/// Starts a shell that waits for the end of this process, which closes its input, and then stops
/// Postgres and removes its data.
fn watch(cluster: &LocalPostgres, directory: &Path) {
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

/// A folder for a cluster. As root, Postgres runs as another user, who must reach its data.
pub fn directory() -> TempDir {
    let directory = tempfile::tempdir().expect("a folder for the cluster");
    fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).expect("permissions");
    directory
}

/// The process ids of a cluster: the postmaster and its children.
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
