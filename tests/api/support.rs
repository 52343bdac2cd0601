//! A server of its own for each test, over a private cluster of its own.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use dossier::app;
use dossier::db::cluster::Cluster;
use dossier::db::{Database, Session};
use dossier::state::AppState;
use dossier::values::IdSource;
use dossier::workspaces::{FIXED_KEY, apply_sandbox};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;
use tempfile::TempDir;

pub struct TestApp {
    pub cluster: Option<Cluster>,
    pub directory: TempDir,
    base: String,
    client: reqwest::Client,
}

/// What was answered.
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl TestApp {
    pub async fn start() -> Self {
        let directory = tempfile::tempdir().expect("a folder for the cluster");
        // As root, the cluster runs as another user, who must reach its data.
        fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).expect("permissions");
        Self::start_in(directory).await
    }

    pub async fn start_in(directory: TempDir) -> Self {
        let path = directory.path().to_owned();
        let cluster = tokio::task::spawn_blocking(move || Cluster::start(&path)).await;
        let cluster = cluster.expect("the start ends").expect("a cluster");
        let database = Database::new(cluster.options("postgres"), 10);
        database.migrate().await.expect("migrations");
        let applied = database
            .unit(async move |mut session: Session| apply_sandbox(&mut session, FIXED_KEY).await);
        applied.await.expect("the sandbox");
        let state = AppState {
            database,
            ids: IdSource::default(),
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(app::serve(
            listener,
            app::router(state),
            std::future::pending(),
        ));
        Self {
            cluster: Some(cluster),
            directory,
            base,
            client: reqwest::Client::new(),
        }
    }

    /// Stops the cluster and starts another server over the same data.
    pub async fn restart(mut self) -> Self {
        drop(self.cluster.take());
        Self::start_in(self.directory).await
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Answer {
            status,
            headers,
            body,
        }
    }

    pub async fn post_as(&self, key: &str, body: impl Into<String>) -> Answer {
        let request = self.request(Method::POST, "/cases").bearer_auth(key);
        self.send(
            request
                .header("content-type", "application/json")
                .body(body.into()),
        )
        .await
    }

    pub async fn post(&self, body: impl Into<String>) -> Answer {
        self.post_as(FIXED_KEY, body).await
    }

    pub async fn get_as(&self, key: &str, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).bearer_auth(key))
            .await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.get_as(FIXED_KEY, path).await
    }

    /// A second workspace with the key that is given, made by SQL.
    pub async fn add_workspace(&self, key: &str) {
        use sqlx::{ConnectOptions, Executor};
        let options = self
            .cluster
            .as_ref()
            .expect("a running cluster")
            .options("postgres");
        let mut connection = options.connect().await.expect("a connection");
        let statement = "INSERT INTO workspaces (id, name) VALUES (gen_random_uuid(), 'Other')";
        connection.execute(statement).await.expect("a workspace");
        let key = dossier::auth::ApiKey::new(key);
        let row = sqlx::query(
            "INSERT INTO api_keys (id, workspace_id, hash)
             SELECT $1, id, $2 FROM workspaces WHERE name = 'Other'",
        );
        let row = row.bind(key.id()).bind(key.hash()).execute(&mut connection);
        row.await.expect("a key");
    }

    /// The process ids of Postgres: the postmaster and its children.
    pub fn postgres(&self) -> Vec<i32> {
        let file: PathBuf = self.directory.path().join("postgres/postmaster.pid");
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
}

impl Answer {
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self
    }

    /// Pointer and code of each error, in order.
    pub fn errors(&self) -> Vec<(&str, &str)> {
        let errors = self.body["errors"].as_array().expect("errors");
        errors
            .iter()
            .map(|it| {
                (
                    it["pointer"].as_str().unwrap_or(""),
                    it["code"].as_str().unwrap_or(""),
                )
            })
            .collect()
    }
}
