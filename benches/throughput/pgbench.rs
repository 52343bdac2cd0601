//! pgbench, which shows what PostgreSQL can do with nothing in front of it.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use sqlx::postgres::PgConnectOptions;

use crate::client::{Load, Shape};
use crate::process::{Server, folders};
use crate::rows;

/// How many times it ran.
static RUNS: AtomicU64 = AtomicU64::new(0);

/// A script of one statement.
pub struct Pgbench {
    script: PathBuf,
    options: PgConnectOptions,
    /// How many rows it writes.
    pub rows: usize,
}

impl Pgbench {
    /// Writes the rows that the server writes for a payload.
    pub async fn writing(server: &Server, name: &str, payload: &Value) -> Self {
        assert!(Load::once(server.port, payload, Shape::Create).await);
        let mut connection = server.connect().await;
        let case_id = last_case(&mut connection).await;
        let (statement, rows) = rows::statement(&mut connection, &case_id).await;
        let script = format!("\\set n :n + 1\n{statement}\n");
        Self::new(server, name, &script, rows)
    }

    /// Reads a case with the server's own query.
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

    /// Transactions a second.
    pub fn run(&self, connections: usize, time: Duration) -> f64 {
        let socket = self.options.get_socket().expect("a socket");
        // Each run has numbers of its own, whoever ran before.
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
        let said = String::from_utf8_lossy(&output.stdout);
        let rate = said.lines().find_map(|it| it.strip_prefix("tps = "));
        let rate = rate.and_then(|it| it.split_whitespace().next()?.parse().ok());
        let is_whole = output.status.success() && said.contains("failed transactions: 0 ");
        let Some(rate) = rate.filter(|_| is_whole) else {
            let complaint = String::from_utf8_lossy(&output.stderr);
            panic!("pgbench failed: {said} {complaint}");
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

/// Beside the other programs of PostgreSQL, where it is not on the path.
fn program() -> PathBuf {
    let mut programs = folders("--bindir", "bin").map(|it| it.join("pgbench"));
    let is_there = programs.find(|it| it.is_file());
    is_there.unwrap_or_else(|| PathBuf::from("pgbench"))
}
