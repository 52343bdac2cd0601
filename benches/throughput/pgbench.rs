//! pgbench, which measures PostgreSQL without the server.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use sqlx::postgres::PgConnectOptions;

use crate::client::{Load, Shape};
use crate::process::{Server, folders};
use crate::rows;

/// Number of runs so far.
static RUNS: AtomicU64 = AtomicU64::new(0);

/// A script with one statement.
pub struct Pgbench {
    script: PathBuf,
    options: PgConnectOptions,
    /// Number of rows that the script inserts.
    pub rows: usize,
}

impl Pgbench {
    /// A script that inserts the rows that the server inserts for a payload.
    pub async fn writing(server: &Server, name: &str, payload: &Value) -> Self {
        assert!(Load::once(server.port, payload, Shape::Create).await);
        let mut connection = server.connect().await;
        let case_id = last_case(&mut connection).await;
        let (statement, rows) = rows::statement(&mut connection, &case_id).await;
        let script = format!("\\set n :n + 1\n{statement}\n");
        Self::new(server, name, &script, rows)
    }

    /// A script that reads a case with the server's query.
    pub async fn reading(server: &Server, payload: &Value) -> Self {
        assert!(Load::once(server.port, payload, Shape::Create).await);
        let mut connection = server.connect().await;
        let case_id = last_case(&mut connection).await;
        let workspace: uuid::Uuid = sqlx::query_scalar("SELECT workspace_id FROM cases LIMIT 1")
            .fetch_one(&mut connection)
            .await
            .expect("a workspace");
        let query = include_str!("../../src/cases/find.sql");
        let query: Vec<_> = query.lines().filter(|it| !it.starts_with("--")).collect();
        let query = query
            .join(" ")
            .replace("$1", &format!("'{workspace}'"))
            .replace("$2", &format!("'{case_id}'"))
            .replace("$3", "NULL::text");
        Self::new(server, "read", &format!("{query};\n"), 0)
    }

    fn new(server: &Server, name: &str, text: &str, rows: usize) -> Self {
        let script = server.directory.path().join(format!("{name}.sql"));
        std::fs::write(&script, text).expect("a script");
        Self {
            script,
            options: server.options(),
            rows,
        }
    }

    /// Runs the script. Returns the transactions per second.
    pub fn run(&self, connections: usize, time: Duration) -> f64 {
        let socket = self.options.get_socket().expect("a socket");
        // Each run has its own range of numbers.
        let first = RUNS.fetch_add(1, Ordering::Relaxed) * 1_000_000_000;
        let output = Command::new(program())
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=1"])
            .arg(format!("--client={connections}"))
            .arg(format!("--time={}", time.as_secs()))
            .arg(format!("--define=n={first}"))
            .arg("--file")
            .arg(&self.script)
            .args(["--username=postgres", "--host"])
            .arg(socket)
            .arg("postgres")
            .output()
            .expect("pgbench runs");
        let stdout = String::from_utf8_lossy(&output.stdout);
        let rate = stdout.lines().find_map(|it| it.strip_prefix("tps = "));
        let rate = rate.and_then(|it| it.split_whitespace().next()?.parse().ok());
        let succeeded = output.status.success() && stdout.contains("failed transactions: 0 ");
        let Some(rate) = rate.filter(|_| succeeded) else {
            let stderr = String::from_utf8_lossy(&output.stderr);
            panic!("pgbench failed: {stdout} {stderr}");
        };
        rate
    }
}

async fn last_case(connection: &mut sqlx::PgConnection) -> String {
    let id: uuid::Uuid =
        sqlx::query_scalar("SELECT id FROM cases ORDER BY created_at DESC LIMIT 1")
            .fetch_one(connection)
            .await
            .expect("a case");
    id.to_string()
}

/// Returns the path of pgbench: in a folder of PostgreSQL, or on the PATH.
fn program() -> PathBuf {
    let mut programs = folders("--bindir", "bin").map(|it| it.join("pgbench"));
    let found = programs.find(|it| it.is_file());
    found.unwrap_or_else(|| PathBuf::from("pgbench"))
}
