//! Clients that retry until they succeed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{Acknowledged, KEY, LONG, Latencies};

/// Pause before a retry, far shorter than `Retry-After` asks for.
const PAUSE: Duration = Duration::from_millis(30);

/// A response.
#[derive(Debug)]
pub struct Response {
    pub status: StatusCode,
    pub retry_after: Option<String>,
    /// Whether the response replays an earlier request with the same key.
    pub is_replayed: bool,
    pub body: Value,
    pub latency: Duration,
}

impl Response {
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self
    }

    /// Returns `true` for 503 or 409 with `Retry-After`.
    pub fn asks_for_retry(&self) -> bool {
        [409, 503].contains(&self.status.as_u16()) && self.retry_after.is_some()
    }

    /// Returns status and type, for example `503 /problems/busy`.
    pub fn kind(&self) -> String {
        format!(
            "{} {}",
            self.status.as_u16(),
            self.body["type"].as_str().unwrap_or("")
        )
    }
}

/// A client of one server.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
}

impl Client {
    pub fn new(base: String) -> Self {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(20));
        let http = http.build().expect("a client");
        Self { http, base }
    }

    /// Sends a request once. Returns an error if there is no response.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> Result<Response, reqwest::Error> {
        let started = Instant::now();
        let request = self.http.request(method, format!("{}{path}", self.base));
        let mut request = request.bearer_auth(KEY);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status();
        let retry_after = response.headers().get("retry-after");
        let retry_after = retry_after
            .and_then(|it| it.to_str().ok())
            .map(str::to_owned);
        let is_replayed = response.headers().contains_key("idempotent-replayed");
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        let latency = started.elapsed();
        Ok(Response {
            status,
            retry_after,
            is_replayed,
            body,
            latency,
        })
    }

    pub async fn get(&self, path: &str) -> Response {
        self.send_with_retries(Method::GET, path, None, &Value::Null)
            .await
    }

    /// Sends a GET request once; the response can ask for a retry.
    pub async fn get_once(&self, path: &str) -> Response {
        let sent = self.send(Method::GET, path, None, &Value::Null).await;
        sent.expect("an response")
    }

    /// Sends a POST request with a new idempotency key.
    pub async fn post(&self, path: &str, body: &Value) -> Response {
        let key = format!("{:032x}", rand::random::<u128>());
        self.send_with_retries(Method::POST, path, Some(&key), body)
            .await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Response {
        self.send_with_retries(Method::PATCH, path, None, body)
            .await
    }

    /// Sends a request until the response is not 503, which a busy machine can cause.
    async fn send_with_retries(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> Response {
        let started = Instant::now();
        loop {
            let sent = self.send(method.clone(), path, key, body).await;
            let response = sent.expect("an response");
            if response.status != 503 || started.elapsed() > LONG {
                return response;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Creates the tags that [`case`] uses, if they do not exist.
    pub async fn create_tags(&self) {
        for label in ["VIP", "High risk"] {
            let created = self.post("/tags", &json!({"label": label})).await;
            assert!(
                [201, 400, 409].contains(&created.status.as_u16()),
                "{}",
                created.body
            );
        }
    }
}

/// The result of a load.
#[derive(Debug, Default)]
pub struct LoadResult {
    pub acknowledged: Vec<Acknowledged>,
    /// Latencies of successful responses.
    pub stored: Latencies,
    /// Number of these that were replays: an earlier request had stored the case without a response.
    pub replayed: usize,
    /// Latencies of responses that ask for a retry.
    pub retries: Latencies,
    /// Number of responses that ask for a retry, by kind.
    pub kinds: BTreeMap<String, usize>,
}

/// Clients that create complete cases, each with an idempotency key and retries until it is stored.
pub struct Load {
    name: &'static str,
    tasks: JoinSet<()>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    /// Requests without a response.
    without_response: AtomicUsize,
    stored: AtomicUsize,
    retry_responses: AtomicUsize,
    result: Mutex<LoadResult>,
}

impl Load {
    /// Starts the clients. Every other client adds a company to each case: a transaction of several
    /// statements, where the create is one statement.
    pub fn start(client: Client, name: &'static str, clients: usize) -> Self {
        let shared: Arc<Shared> = Arc::default();
        let mut tasks = JoinSet::new();
        for number in 0..clients {
            let (shared, client) = (Arc::clone(&shared), client.clone());
            tasks.spawn(async move {
                for round in 0.. {
                    if shared.stop.load(Ordering::SeqCst) {
                        break;
                    }
                    let name = format!("{name}-{number}-{round}");
                    shared.create_case(&client, name, number % 2 == 1).await;
                }
            });
        }
        Self {
            name,
            tasks,
            shared,
        }
    }

    /// Returns the number of cases acknowledged so far.
    pub fn stored(&self) -> usize {
        self.shared.stored.load(Ordering::SeqCst)
    }

    /// Returns the number of responses so far that asked for a retry.
    pub fn retry_responses(&self) -> usize {
        self.shared.retry_responses.load(Ordering::SeqCst)
    }

    /// Waits for this many more responses that ask for a retry.
    pub async fn wait_for_retry_responses(&self, count: usize) {
        let (started, before) = (Instant::now(), self.retry_responses());
        while self.retry_responses() < before + count {
            assert!(started.elapsed() < LONG, "no response asks for a retry");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until this many more cases are acknowledged. Returns how long that took.
    pub async fn wait_for_cases(&self, count: usize) -> Duration {
        let (started, before) = (Instant::now(), self.stored());
        while self.stored() < before + count {
            assert!(started.elapsed() < LONG, "no more cases are stored");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        started.elapsed()
    }

    /// Stops the clients after their current requests, and prints and returns the result.
    pub async fn finish(mut self) -> LoadResult {
        self.shared.stop.store(true, Ordering::SeqCst);
        while let Some(ended) = self.tasks.join_next().await {
            ended.expect("no panic");
        }
        let mut result = self.shared.result.lock().expect("no panic");
        let result = std::mem::take(&mut *result);
        println!(
            "{}: {} cases acknowledged, {} requests without a response, {} replayed; stored: {}; \
             retries: {} {:?}",
            self.name,
            result.acknowledged.len(),
            self.shared.without_response.load(Ordering::SeqCst),
            result.replayed,
            result.stored,
            result.retries,
            result.kinds
        );
        result
    }
}

impl Shared {
    async fn create_case(&self, client: &Client, name: String, add: bool) {
        let response = self
            .until_stored(client, "/cases", &name, &case(&name))
            .await;
        let id = response.body["id"].as_str().expect("an id").to_owned();
        if add {
            let company = json!({"case_id": id, "type": "affiliated", "name": "Added"});
            let key = format!("{name}-added");
            self.until_stored(client, "/companies", &key, &company)
                .await;
        }
        let mut result = self.result.lock().expect("no panic");
        let case = response.body;
        result.acknowledged.push(Acknowledged {
            name,
            id,
            case,
            has_added_company: add,
        });
        self.stored.fetch_add(1, Ordering::SeqCst);
    }

    async fn until_stored(&self, client: &Client, path: &str, key: &str, body: &Value) -> Response {
        let started = Instant::now();
        loop {
            assert!(started.elapsed() < LONG, "{key} is not stored");
            match client.send(Method::POST, path, Some(key), body).await {
                Ok(response) if response.status == 201 => {
                    let mut result = self.result.lock().expect("no panic");
                    result.stored.add(response.latency);
                    result.replayed += usize::from(response.is_replayed);
                    return response;
                }
                Ok(response) => {
                    assert!(
                        response.asks_for_retry(),
                        "{key}: {} {}",
                        response.status,
                        response.body
                    );
                    self.retry_responses.fetch_add(1, Ordering::SeqCst);
                    let mut result = self.result.lock().expect("no panic");
                    result.retries.add(response.latency);
                    *result.kinds.entry(response.kind()).or_default() += 1;
                }
                Err(_) => {
                    self.without_response.fetch_add(1, Ordering::SeqCst);
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// A complete case: two companies, two individuals, four relations, two tags. It has no external id, which
/// would prevent duplicates where the idempotency key fails to.
pub fn case(name: &str) -> Value {
    json!({
        "name": name, "tags": ["VIP", "High risk"], "metadata": {"run": "chaos"},
        "companies": [
            {"name": "Acme SAS", "ref": "main", "country": "FR"},
            {"name": "Holding", "type": "affiliated", "ref": "holding",
             "relations": [{"roles": ["shareholder"], "ownership_percentage": 60}]}
        ],
        "individuals": [
            {"first_name": "Ada", "last_name": "A", "roles": ["shareholder"],
             "relations": [{"source_company_ref": "holding", "position": "Chair"}]},
            {"first_name": "Bo", "last_name": "B",
             "relations": [{"roles": ["legal_representative"]}]}
        ]
    })
}
