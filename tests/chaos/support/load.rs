//! Clients that do not give up.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{Acknowledged, KEY, LONG, Latencies};

/// The wait before another try: far less than Retry-After asks for, since this is chaos.
const PAUSE: Duration = Duration::from_millis(30);

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub retry_after: Option<String>,
    /// Whether it is the answer to an earlier request with the key.
    pub is_replayed: bool,
    pub body: Value,
    pub took: Duration,
}

impl Answer {
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self
    }

    /// Whether it says "not now" as documented: 503 or 409, and when to come again.
    pub fn is_later(&self) -> bool {
        [409, 503].contains(&self.status.as_u16()) && self.retry_after.is_some()
    }

    /// Status and type, such as `503 /problems/busy`.
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

    /// Sends once; an error where no answer came.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> Result<Answer, reqwest::Error> {
        let begun = Instant::now();
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
        let took = begun.elapsed();
        Ok(Answer {
            status,
            retry_after,
            is_replayed,
            body,
            took,
        })
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.until_answered(Method::GET, path, None, &Value::Null)
            .await
    }

    /// What the server answers now, "not now" included.
    pub async fn get_once(&self, path: &str) -> Answer {
        let sent = self.send(Method::GET, path, None, &Value::Null).await;
        sent.expect("an answer")
    }

    /// With a key of its own.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        let key = format!("{:032x}", rand::random::<u128>());
        self.until_answered(Method::POST, path, Some(&key), body)
            .await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.until_answered(Method::PATCH, path, None, body).await
    }

    /// Sends until the answer is not "not now": a machine that is busy may be too late for the server.
    async fn until_answered(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> Answer {
        let begun = Instant::now();
        loop {
            let sent = self.send(method.clone(), path, key, body).await;
            let answer = sent.expect("an answer");
            if answer.status != 503 || begun.elapsed() > LONG {
                return answer;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Makes the tags that cases name, where the workspace does not have them yet.
    pub async fn make_tags(&self) {
        for label in ["VIP", "High risk"] {
            let made = self.post("/tags", &json!({"label": label})).await;
            assert!(
                [201, 400, 409].contains(&made.status.as_u16()),
                "{}",
                made.body
            );
        }
    }
}

/// What a load has seen.
#[derive(Debug, Default)]
pub struct Seen {
    pub acknowledged: Vec<Acknowledged>,
    /// How long those answers took that were a success.
    pub stored: Latencies,
    /// How many of these were found by the key: an earlier request had stored it unheard.
    pub replayed: usize,
    /// How long "not now" took.
    pub later: Latencies,
    /// How often which "not now" was answered.
    pub kinds: BTreeMap<String, usize>,
}

/// Clients that post whole cases, each again and again with its key until it is stored.
pub struct Load {
    name: &'static str,
    tasks: JoinSet<()>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    /// Requests that had no answer.
    unanswered: AtomicUsize,
    stored: AtomicUsize,
    told_later: AtomicUsize,
    seen: Mutex<Seen>,
}

impl Load {
    /// So many clients. Every other one adds a company to each of its cases: a transaction of
    /// several statements, where the case itself is one statement.
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
                    shared.make(&client, name, number % 2 == 1).await;
                }
            });
        }
        Self {
            name,
            tasks,
            shared,
        }
    }

    /// How many cases were acknowledged so far.
    pub fn stored(&self) -> usize {
        self.shared.stored.load(Ordering::SeqCst)
    }

    /// How often a client was told "not now" so far.
    pub fn told_later(&self) -> usize {
        self.shared.told_later.load(Ordering::SeqCst)
    }

    /// Waits until clients were told "not now" so many times more.
    pub async fn more_told_later(&self, count: usize) {
        let (begun, before) = (Instant::now(), self.told_later());
        while self.told_later() < before + count {
            assert!(begun.elapsed() < LONG, "nobody is told");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until so many more cases were acknowledged; how long that took.
    pub async fn more(&self, count: usize) -> Duration {
        let (begun, before) = (Instant::now(), self.stored());
        while self.stored() < before + count {
            assert!(begun.elapsed() < LONG, "nothing is stored any more");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        begun.elapsed()
    }

    /// Lets every client finish what it has begun, and prints what they have seen.
    pub async fn finish(mut self) -> Seen {
        self.shared.stop.store(true, Ordering::SeqCst);
        while let Some(ended) = self.tasks.join_next().await {
            ended.expect("a client saw nothing wrong");
        }
        let mut seen = self.shared.seen.lock().expect("nobody panicked");
        let seen = std::mem::take(&mut *seen);
        println!(
            "{}: {} cases acknowledged, {} requests without an answer, {} found by their key; stored: {}; \
             later: {} {:?}",
            self.name,
            seen.acknowledged.len(),
            self.shared.unanswered.load(Ordering::SeqCst),
            seen.replayed,
            seen.stored,
            seen.later,
            seen.kinds
        );
        seen
    }
}

impl Shared {
    async fn make(&self, client: &Client, name: String, add: bool) {
        let answer = self
            .until_stored(client, "/cases", &name, &case(&name))
            .await;
        let id = answer.body["id"].as_str().expect("an id").to_owned();
        if add {
            let company = json!({"case_id": id, "type": "affiliated", "name": "Added"});
            let key = format!("{name}-added");
            self.until_stored(client, "/companies", &key, &company)
                .await;
        }
        let mut seen = self.seen.lock().expect("nobody panicked");
        let case = answer.body;
        seen.acknowledged.push(Acknowledged {
            name,
            id,
            case,
            is_added_to: add,
        });
        self.stored.fetch_add(1, Ordering::SeqCst);
    }

    async fn until_stored(&self, client: &Client, path: &str, key: &str, body: &Value) -> Answer {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < LONG, "{key} is not stored");
            match client.send(Method::POST, path, Some(key), body).await {
                Ok(answer) if answer.status == 201 => {
                    let mut seen = self.seen.lock().expect("nobody panicked");
                    seen.stored.add(answer.took);
                    seen.replayed += usize::from(answer.is_replayed);
                    return answer;
                }
                Ok(answer) => {
                    assert!(
                        answer.is_later(),
                        "{key}: {} {}",
                        answer.status,
                        answer.body
                    );
                    self.told_later.fetch_add(1, Ordering::SeqCst);
                    let mut seen = self.seen.lock().expect("nobody panicked");
                    seen.later.add(answer.took);
                    *seen.kinds.entry(answer.kind()).or_default() += 1;
                }
                Err(_) => {
                    self.unanswered.fetch_add(1, Ordering::SeqCst);
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// A whole case: two companies, two individuals, four relations, two tags. It has no external id,
/// which would keep a second one out where a key does not.
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
