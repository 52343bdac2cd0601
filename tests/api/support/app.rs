//! A server of its own for each test, called over HTTP.

use std::time::{Duration, Instant};

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
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use tempfile::TempDir;

use super::answer::Answer;
use super::patience::{LONG, client, deadline, limits, timeouts};
use super::proxy::Proxy;
use super::server::{TestDatabase, directory, processes};
use super::{described, logs};

/// What a test may want otherwise.
pub struct TestSettings {
    pub pool_size: u32,
    pub limits: Limits,
    /// Those of a real server ([`Timeouts::default`]) end a wait that a test makes; and on a busy machine also
    /// one that it does not make, so that its other requests are sent by [`TestApp::send_patiently`].
    pub timeouts: Timeouts,
    pub destinations: Destinations,
    /// The text of an answer of the database that can be lost on its way.
    pub losing: Option<&'static str>,
    /// Served beside the operations.
    pub extra: Router<AppState>,
}

impl Default for TestSettings {
    fn default() -> Self {
        Self {
            pool_size: 10,
            limits: limits(),
            timeouts: timeouts(),
            destinations: Destinations::Anywhere,
            losing: None,
            extra: Router::new(),
        }
    }
}

/// Where the data of a test lies.
enum Place {
    /// A database of the server that all tests share.
    Shared(Box<TestDatabase>),
    /// A cluster of the test's own, which it may freeze and stop.
    Alone {
        cluster: Option<LocalPostgres>,
        directory: TempDir,
    },
}

/// A running server with its sandbox.
pub struct TestApp {
    pub database: Database,
    workers: Option<Workers>,
    proxy: Option<Proxy>,
    _logs: logs::Checked,
    place: Place,
    base: String,
    client: reqwest::Client,
}

impl TestApp {
    pub async fn start() -> Self {
        Self::start_with(TestSettings::default()).await
    }

    pub async fn start_with(settings: TestSettings) -> Self {
        let place = Place::Shared(Box::new(TestDatabase::create().await));
        Self::serve(place, settings).await
    }

    /// With a cluster of its own, which the test stops or freezes.
    pub async fn start_alone() -> Self {
        let settings = TestSettings {
            timeouts: Timeouts::default(),
            ..TestSettings::default()
        };
        Self::start_alone_with(settings).await
    }

    pub async fn start_alone_with(settings: TestSettings) -> Self {
        let directory = directory();
        let cluster = Some(cluster(&directory).await);
        let place = Place::Alone { cluster, directory };
        Self::serve(place, settings).await
    }

    async fn serve(place: Place, settings: TestSettings) -> Self {
        logs::listen();
        let limits = settings.limits;
        let options = place.options();
        let proxy = settings.losing.map(|text| Proxy::start(&options, text));
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
        let kept = Duration::from_secs(60 * 60);
        let workers = workers::start(&state, &background, kept);
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
            _logs: logs::Checked,
            place,
            base,
            client: client(),
        }
    }

    /// Another server over the same data, which remembers nothing.
    pub async fn restart(mut self) -> Self {
        if let Some(workers) = self.workers.take() {
            workers.stop().await;
        }
        self.database.close().await;
        Self::serve(self.place, TestSettings::default()).await
    }

    /// Ends the workers: nothing is delivered, sealed or removed any more.
    pub async fn stop_workers(&mut self) {
        if let Some(workers) = self.workers.take() {
            workers.stop().await;
        }
    }

    /// Starts workers of another server over the same data; what they count.
    pub fn start_workers(&mut self) -> Metrics {
        let (background, metrics) = (self.database.with_pool_size(2), metrics());
        let (limits, destinations) = (Limits::default(), Destinations::Anywhere);
        let state = app::state(background.clone(), limits, destinations, metrics.clone());
        let kept = std::time::Duration::from_secs(60 * 60);
        self.workers = Some(workers::start(&state, &background, kept));
        metrics
    }

    /// Stops the test's own cluster.
    pub fn stop_cluster(&mut self) {
        match &mut self.place {
            Place::Alone { cluster, .. } => drop(cluster.take()),
            Place::Shared(_) => panic!("this cluster is everybody's"),
        }
    }

    /// Starts the test's own cluster again.
    pub async fn start_cluster(&mut self) {
        match &mut self.place {
            Place::Alone {
                cluster: it,
                directory,
            } => *it = Some(cluster(directory).await),
            Place::Shared(_) => panic!("this cluster is everybody's"),
        }
    }

    /// The process ids of the test's own cluster.
    pub fn postgres(&self) -> Vec<i32> {
        match &self.place {
            Place::Alone { directory, .. } => processes(directory.path()),
            Place::Shared(_) => panic!("this cluster is everybody's"),
        }
    }

    /// What the test's own cluster has logged.
    pub fn postgres_log(&self) -> String {
        match &self.place {
            Place::Alone { directory, .. } => {
                let log = directory.path().join("postgres.log");
                std::fs::read_to_string(log).expect("the log")
            }
            Place::Shared(_) => panic!("this cluster is everybody's"),
        }
    }

    /// The URL of the test's database.
    pub fn database_url(&self) -> String {
        self.place.options().to_url_lossy().to_string()
    }

    /// Runs statements in the test's database.
    pub async fn execute(&self, statements: &'static str) {
        let mut connection = self.connect().await;
        let done = sqlx::raw_sql(statements).execute(&mut connection).await;
        done.expect("the statements");
    }

    /// A connection to the test's database, beside those of the server.
    pub async fn connect(&self) -> PgConnection {
        self.place.options().connect().await.expect("a connection")
    }

    /// The connections of another server over the same data.
    pub fn beside(&self, size: u32) -> Database {
        self.database.with_pool_size(size)
    }

    /// What can lose an answer of the database.
    #[track_caller]
    pub fn proxy(&self) -> &Proxy {
        self.proxy.as_ref().expect("a test that loses answers")
    }

    /// Host and port of the server.
    pub fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        send(request).await
    }

    /// Sends again what was answered 503, as the answer asks: what a test needs from a server that gives up
    /// as soon as a real one, on a machine that may be busy.
    pub async fn send_patiently(&self, request: RequestBuilder) -> Answer {
        let begun = Instant::now();
        loop {
            let again = request.try_clone().expect("a body that can be sent again");
            let answer = send(again).await;
            if answer.status != 503 || begun.elapsed() > LONG {
                return answer;
            }
            assert!(answer.header("retry-after").is_some(), "{}", answer.body);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Creates a case of the sandbox, patiently; its answer.
    pub async fn create_patiently(&self, body: &Value) -> Answer {
        let request = self.request(Method::POST, "/cases").bearer_auth(FIXED_KEY);
        self.send_patiently(request.json(body)).await.expect(201)
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

    /// Sends JSON in the name of the sandbox.
    pub async fn call(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.request(method, path).bearer_auth(FIXED_KEY);
        self.send(request.json(body)).await
    }

    /// The same for one version of a case.
    pub async fn call_if(&self, method: Method, path: &str, tag: &str, body: &Value) -> Answer {
        let request = self.request(method, path).bearer_auth(FIXED_KEY);
        self.send(request.header("if-match", tag).json(body)).await
    }

    /// Creates a case of the sandbox; its answer.
    pub async fn create(&self, body: &Value) -> Answer {
        self.call(Method::POST, "/cases", body).await.expect(201)
    }

    /// A second workspace with the key that is given, made by SQL.
    pub async fn add_workspace(&self, key: &str) {
        add_workspace(&mut self.connect().await, key).await;
    }
}

/// Another workspace, with a key.
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

impl Place {
    fn options(&self) -> PgConnectOptions {
        match self {
            Self::Shared(database) => database.options.clone(),
            Self::Alone { cluster, .. } => {
                let cluster = cluster.as_ref().expect("a running cluster");
                cluster.options("postgres")
            }
        }
    }
}

async fn cluster(directory: &TempDir) -> LocalPostgres {
    let path = directory.path().to_owned();
    let started = tokio::task::spawn_blocking(move || LocalPostgres::start(&path)).await;
    started.expect("the start ends").expect("a cluster")
}

/// Sends a request, and holds the answer against the reference.
pub async fn send(request: RequestBuilder) -> Answer {
    let (client, request) = request.build_split();
    let request = request.expect("a request");
    let (method, url) = (request.method().clone(), request.url().clone());
    let response = client.execute(request).await.expect("an answer");
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.expect("a body");
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    let answer = Answer {
        status,
        headers,
        body,
    };
    described::check(&method, url.path(), &answer);
    answer
}

/// What a server counts.
pub fn metrics() -> Metrics {
    Metrics::new().expect("metrics")
}
