//! Starts a server for one test and calls it over HTTP.

use std::time::Duration;

use axum::Router;
use dossier::app;
use dossier::auth::ApiKey;
use dossier::db::{Database, Session, Timeouts};
use dossier::destinations::Destinations;
use dossier::http::Limits;
use dossier::ids::IdSource;
use dossier::local_postgres::LocalPostgres;
use dossier::metrics::Metrics;
use dossier::state::AppState;
use dossier::workers::{self, Workers};
use dossier::workspaces::{FIXED_KEY, apply_sandbox};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use tempfile::TempDir;

use super::poll::poll;
use super::proxy::Proxy;
use super::response::TestResponse;
use super::server::{TestDatabase, directory, processes};
use super::timeouts::{client, deadline, limits, timeouts};
use super::{logs, openapi};

/// Settings that a test can change.
pub struct TestSettings {
    pub pool_size: u32,
    pub limits: Limits,
    /// The defaults of a real server ([`Timeouts::default`]) end a wait that the test causes. On a busy
    /// machine they also end other waits: send the other requests of the test with
    /// [`send_with_retries`].
    pub timeouts: Timeouts,
    pub destinations: Destinations,
    /// Text in a database response that the [`Proxy`] can drop.
    pub lost_response: Option<&'static str>,
    /// Extra routes, served beside the operations of the API.
    pub extra: Router<AppState>,
}

impl Default for TestSettings {
    fn default() -> Self {
        Self {
            pool_size: 10,
            limits: limits(),
            timeouts: timeouts(),
            destinations: Destinations::Anywhere,
            lost_response: None,
            extra: Router::new(),
        }
    }
}

/// Where a test stores its data.
enum Storage {
    /// A database on the server that all tests share.
    Shared(Box<TestDatabase>),
    /// A cluster for this test only, which the test can freeze and stop.
    Own {
        cluster: Option<LocalPostgres>,
        directory: TempDir,
    },
}

/// A running server with its sandbox workspace.
pub struct TestApp {
    pub database: Database,
    workers: Option<Workers>,
    proxy: Option<Proxy>,
    _log_guard: logs::LogGuard,
    storage: Storage,
    base: String,
    client: reqwest::Client,
}

impl TestApp {
    pub async fn start() -> Self {
        Self::start_with(TestSettings::default()).await
    }

    pub async fn start_with(settings: TestSettings) -> Self {
        let storage = Storage::Shared(Box::new(TestDatabase::create().await));
        Self::serve(storage, settings).await
    }

    /// Starts a server with other limits.
    pub async fn start_with_limits(limits: Limits) -> Self {
        Self::start_with(TestSettings {
            limits,
            ..TestSettings::default()
        })
        .await
    }

    /// Starts a server behind a proxy that can drop a database response with this text.
    pub async fn start_with_lost_response(text: &'static str) -> Self {
        Self::start_with(TestSettings {
            lost_response: Some(text),
            ..TestSettings::default()
        })
        .await
    }

    /// Starts a server on its own cluster, which the test can stop or freeze.
    pub async fn start_on_own_cluster() -> Self {
        let settings = TestSettings {
            timeouts: Timeouts::default(),
            ..TestSettings::default()
        };
        Self::start_on_own_cluster_with(settings).await
    }

    pub async fn start_on_own_cluster_with(settings: TestSettings) -> Self {
        let directory = directory();
        let cluster = Some(cluster(&directory).await);
        let storage = Storage::Own { cluster, directory };
        Self::serve(storage, settings).await
    }

    async fn serve(storage: Storage, settings: TestSettings) -> Self {
        logs::capture();
        let limits = settings.limits;
        let options = storage.options();
        let proxy = settings
            .lost_response
            .map(|text| Proxy::start(&options, text));
        let options = match &proxy {
            Some(proxy) => proxy.options(options),
            None => options,
        };
        let database = Database::new(options, settings.pool_size, settings.timeouts);
        database.migrate().await.expect("migrations");
        let applied = database
            .unit(deadline(), async move |mut session: Session| {
                apply_sandbox(&mut session, FIXED_KEY, &IdSource::default()).await
            })
            .await;
        applied.expect("the sandbox");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let metrics = metrics();
        let database = database.with_wait_metrics(metrics.waits("requests"));
        let state = app::state(database.clone(), limits, settings.destinations, metrics);
        let operations = app::operations();
        let background = database.with_pool_size(2);
        let retention = Duration::from_secs(60 * 60);
        let workers = workers::start(&state, &background, retention);
        tokio::spawn(app::serve(
            listener,
            app::router(operations.merge(settings.extra.into()), state.clone())
                .expect("a reference"),
            state,
            std::future::pending(),
        ));
        Self {
            database,
            workers: Some(workers),
            proxy,
            _log_guard: logs::LogGuard,
            storage,
            base,
            client: client(),
        }
    }

    /// Starts another server with empty caches over the same data.
    pub async fn restart(mut self) -> Self {
        if let Some(workers) = self.workers.take() {
            workers.stop().await;
        }
        self.database.close().await;
        Self::serve(self.storage, TestSettings::default()).await
    }

    /// Stops the workers: nothing is delivered, sealed or purged any more.
    pub async fn stop_workers(&mut self) {
        if let Some(workers) = self.workers.take() {
            workers.stop().await;
        }
    }

    /// Starts new workers over the same data, as another server does. Returns their metrics.
    pub fn start_workers(&mut self) -> Metrics {
        let (background, metrics) = (self.database.with_pool_size(2), metrics());
        let (limits, destinations) = (Limits::default(), Destinations::Anywhere);
        let state = app::state(background.clone(), limits, destinations, metrics.clone());
        let retention = Duration::from_secs(60 * 60);
        self.workers = Some(workers::start(&state, &background, retention));
        metrics
    }

    /// Stops the cluster of this test.
    pub fn stop_cluster(&mut self) {
        match &mut self.storage {
            Storage::Own { cluster, .. } => drop(cluster.take()),
            Storage::Shared(_) => panic!("all tests share this cluster"),
        }
    }

    /// Starts the cluster of this test again.
    pub async fn start_cluster(&mut self) {
        match &mut self.storage {
            Storage::Own {
                cluster: it,
                directory,
            } => *it = Some(cluster(directory).await),
            Storage::Shared(_) => panic!("all tests share this cluster"),
        }
    }

    /// Sends a signal to every process of the cluster of this test.
    pub fn signal_postgres(&self, signal: Signal) {
        let Storage::Own { directory, .. } = &self.storage else {
            panic!("all tests share this cluster");
        };
        for pid in processes(directory.path()) {
            match kill(Pid::from_raw(pid), signal) {
                // A process of a connection or of autovacuum can end in between.
                Ok(()) | Err(Errno::ESRCH) => {}
                Err(error) => panic!("{signal} to {pid}: {error}"),
            }
        }
    }

    /// Returns the log of the cluster of this test.
    pub fn postgres_log(&self) -> String {
        match &self.storage {
            Storage::Own { directory, .. } => {
                let log = directory.path().join("postgres.log");
                std::fs::read_to_string(log).expect("the log")
            }
            Storage::Shared(_) => panic!("all tests share this cluster"),
        }
    }

    /// Returns the URL of the test database.
    pub fn database_url(&self) -> String {
        self.storage.options().to_url_lossy().to_string()
    }

    /// Opens a connection to the test database, independent of the server's pool.
    pub async fn connect(&self) -> PgConnection {
        self.storage
            .options()
            .connect()
            .await
            .expect("a connection")
    }

    /// Opens a second pool to the test database, as another server does.
    pub fn second_pool(&self, size: u32) -> Database {
        self.database.with_pool_size(size)
    }

    /// Returns the proxy that can drop a database response.
    #[track_caller]
    pub fn proxy(&self) -> &Proxy {
        self.proxy.as_ref().expect("`lost_response` is set")
    }

    /// Returns the host and port of the server.
    pub fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub async fn send(&self, request: RequestBuilder) -> TestResponse {
        send(request).await
    }

    /// Creates a case in the sandbox with [`send_with_retries`].
    pub async fn create_with_retries(&self, body: &Value) -> TestResponse {
        let request = self.request(Method::POST, "/cases").bearer_auth(FIXED_KEY);
        send_with_retries(request.json(body)).await.expect(201)
    }

    pub async fn post_as(&self, key: &str, body: impl Into<String>) -> TestResponse {
        let request = self.request(Method::POST, "/cases").bearer_auth(key);
        self.send(
            request
                .header("content-type", "application/json")
                .body(body.into()),
        )
        .await
    }

    pub async fn post(&self, body: impl Into<String>) -> TestResponse {
        self.post_as(FIXED_KEY, body).await
    }

    pub async fn get_as(&self, key: &str, path: &str) -> TestResponse {
        self.send(self.request(Method::GET, path).bearer_auth(key))
            .await
    }

    pub async fn get(&self, path: &str) -> TestResponse {
        self.get_as(FIXED_KEY, path).await
    }

    /// Sends JSON with the API key of the sandbox.
    pub async fn call(&self, method: Method, path: &str, body: &Value) -> TestResponse {
        let request = self.request(method, path).bearer_auth(FIXED_KEY);
        self.send(request.json(body)).await
    }

    /// Same as [`TestApp::call`], with an `If-Match` header.
    pub async fn call_if_match(
        &self,
        method: Method,
        path: &str,
        tag: &str,
        body: &Value,
    ) -> TestResponse {
        let request = self.request(method, path).bearer_auth(FIXED_KEY);
        self.send(request.header("if-match", tag).json(body)).await
    }

    /// Creates a case in the sandbox.
    pub async fn create(&self, body: &Value) -> TestResponse {
        self.call(Method::POST, "/cases", body).await.expect(201)
    }

    /// Adds a second workspace with this API key, by SQL.
    pub async fn add_workspace(&self, key: &str) {
        add_workspace(&mut self.connect().await, key).await;
    }
}

/// Adds a workspace with this API key.
pub async fn add_workspace(connection: &mut PgConnection, key: &str) {
    let (name, key) = (format!("Other {key}"), ApiKey::new(key));
    let row = sqlx::query(
        "WITH made AS (
             INSERT INTO workspaces (id, name) VALUES (gen_random_uuid(), $3) RETURNING id
         )
         INSERT INTO api_keys (id, workspace_id, hash) SELECT $1, id, $2 FROM made",
    );
    let row = row.bind(key.id()).bind(key.hash().as_slice()).bind(name);
    row.execute(connection).await.expect("a key");
}

impl Storage {
    fn options(&self) -> PgConnectOptions {
        match self {
            Self::Shared(database) => database.options.clone(),
            Self::Own { cluster, .. } => {
                let cluster = cluster.as_ref().expect("a running cluster");
                cluster.options("postgres")
            }
        }
    }
}

async fn cluster(directory: &TempDir) -> LocalPostgres {
    let path = directory.path().to_owned();
    let started = tokio::task::spawn_blocking(move || LocalPostgres::start(&path)).await;
    started.expect("no panic").expect("a cluster")
}

/// Sends a request and checks the response against the OpenAPI document.
pub async fn send(request: RequestBuilder) -> TestResponse {
    let (client, request) = request.build_split();
    let request = request.expect("a request");
    let (method, url) = (request.method().clone(), request.url().clone());
    let received = client.execute(request).await.expect("a response");
    let (status, headers) = (received.status(), received.headers().clone());
    let text = received.text().await.expect("a body");
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    let response = TestResponse {
        status,
        headers,
        body,
    };
    openapi::check(&method, url.path(), &response);
    response
}

/// Sends a request until the response is not 503, as a 503 asks for. For a server with real timeouts, which a busy
/// machine can exceed.
pub async fn send_with_retries(request: RequestBuilder) -> TestResponse {
    poll(async || {
        let request = request.try_clone().expect("a body that can be sent again");
        let response = send(request).await;
        if response.status != 503 {
            return Ok(response);
        }
        assert!(
            response.header("retry-after").is_some(),
            "{}",
            response.body
        );
        Err(response)
    })
    .await
}

/// Creates an empty set of metrics.
pub fn metrics() -> Metrics {
    Metrics::new().expect("metrics")
}
