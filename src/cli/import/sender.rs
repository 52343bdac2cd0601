//! Sending batches until each of their lines has a result.

use std::time::{Duration, Instant};

use reqwest::header::{
    AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT,
};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::Value;

use super::super::told;
use super::batch::{Batch, Next};
use super::lines::{Line, State, nameless, too_long};
use super::progress::Progress;
use crate::config::ImportCommand;
use crate::http::{Place, ProblemError};
use crate::validation::{Budget, Violation};

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How long a server that stores nothing is waited for.
const PATIENCE: Duration = Duration::from_secs(120);
/// The first wait before a batch is sent again; each is twice the one before.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// The longest of them, but for what a server asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How often a line is sent whose result is that the server is at fault.
const FAULTS: usize = 4;

/// What became of a line.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Its case is stored now, or could be.
    Stored,
    /// Its case is there already.
    ThereAlready,
    /// It was refused.
    Rejected(Refusal),
}

/// Why a line was refused, as the server says it.
#[derive(Debug, Clone, Deserialize)]
pub struct Refusal {
    pub status: u16,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Of a request as a whole.
    title: Option<String>,
    pub detail: Option<String>,
    #[serde(default)]
    pub errors: Vec<Value>,
}

/// Lines with what became of them.
#[derive(Debug, Default)]
pub struct Checked(pub Vec<(Line, Outcome)>);

/// What a batch is answered.
#[derive(Debug, Deserialize)]
struct Results {
    results: Vec<ItemResult>,
}

#[derive(Debug, Deserialize)]
struct ItemResult {
    id: Option<String>,
    #[serde(flatten)]
    refusal: Refusal,
}

/// What one request came to.
enum Answer {
    /// A result for each of its lines.
    Results(Vec<ItemResult>),
    /// It is too large, or nothing that the server takes as a batch.
    Unfit(Refusal),
    /// Not now: why, and how long to wait.
    NotNow(String, Option<Duration>),
    /// Never: why.
    Never(String),
}

/// Sends batches to one server.
pub struct Sender {
    client: Client,
    url: Url,
}

impl Sender {
    /// To the server that the command names.
    ///
    /// # Errors
    /// One line, of a URL or a key that is none.
    pub fn new(command: &ImportCommand) -> Result<Self, String> {
        let url = format!("{}/cases/batch", command.url.trim_end_matches('/'));
        let url = Url::parse(&url).ok();
        // What stands in front of the host would be repeated in messages.
        let is_plain = |it: &Url| it.username().is_empty() && it.password().is_none();
        let is_http = |it: &Url| matches!(it.scheme(), "http" | "https") && it.has_host();
        let url = url.filter(|it| is_http(it) && is_plain(it));
        let url = url.ok_or_else(|| {
            // It is not repeated: it may have a password.
            "the URL is not that of a server, without a user, such as http://127.0.0.1:8080; set --url"
                .to_owned()
        })?;
        let key = format!("Bearer {}", command.key.expose_secret());
        let mut key = HeaderValue::try_from(key)
            .map_err(|_| "the key has characters that no key has; set --key".to_owned())?;
        key.set_sensitive(true);
        let agent = HeaderValue::from_static(concat!("dossier/", env!("CARGO_PKG_VERSION")));
        let json = HeaderValue::from_static("application/json");
        let headers = [
            (AUTHORIZATION, key),
            (USER_AGENT, agent),
            (CONTENT_TYPE, json),
        ];
        // It fails where one is installed already, which does as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .default_headers(HeaderMap::from_iter(headers))
            .timeout(TIMEOUT)
            // A redirected POST would become a GET.
            .redirect(redirect::Policy::none())
            .build()
            .map_err(told)?;
        Ok(Self { client, url })
    }

    /// Sends lines until each has a result.
    ///
    /// # Errors
    /// One line: why it cannot go on.
    pub async fn send(&self, next: Next, progress: &Progress) -> Result<Checked, String> {
        let batch = match next {
            Next::Batch(batch) => batch,
            Next::Unsendable(line) => return Ok(Checked(vec![unsendable(line)])),
        };
        // What was too large for the server is sent in halves, the first of them on top.
        let mut parts = vec![batch];
        let mut checked = Checked::default();
        while let Some(batch) = parts.pop() {
            let mut part = Part::new(batch);
            self.send_part(&mut part, progress).await?;
            parts.extend(part.halves());
            checked.0.extend(part.done());
        }
        Ok(checked)
    }

    /// Sends a part until each of its lines has a result, or it is too large.
    async fn send_part(&self, part: &mut Part, progress: &Progress) -> Result<(), String> {
        let mut waits = Waits::new();
        while !part.open.is_empty() {
            let why = match self.post(&part.rest()).await {
                Answer::Results(results) if results.len() == part.open.len() => {
                    let before = part.open.len();
                    let why = part.take(results);
                    if part.open.len() < before {
                        waits = Waits::new();
                    }
                    why.map(|why| (why, None))
                }
                Answer::Results(_) => {
                    return Err(format!("{} answered for other lines", self.url));
                }
                Answer::Unfit(refusal) => {
                    part.refuse(refusal);
                    return Ok(());
                }
                Answer::NotNow(why, wait) => Some((why, wait)),
                Answer::Never(why) => return Err(why),
            };
            if let Some((why, wait)) = why {
                waits.next(&why, wait, progress).await?;
            }
        }
        Ok(())
    }

    async fn post(&self, batch: &Batch) -> Answer {
        let mut url = self.url.clone();
        if batch.is_dry_run {
            url.set_query(Some("dry_run=true"));
        }
        let sent = self.client.post(url).body(batch.body()).send().await;
        match sent {
            Ok(response) => self.read(response).await,
            Err(error) => Answer::NotNow(self.unreachable(error), None),
        }
    }

    async fn read(&self, response: Response) -> Answer {
        let (status, wait) = (response.status(), retry_after(response.headers()));
        let body = match response.bytes().await {
            Ok(body) => body,
            Err(error) => return Answer::NotNow(self.unreachable(error), None),
        };
        if status == StatusCode::OK {
            return match serde_json::from_slice::<Results>(&body) {
                Ok(Results { results }) => Answer::Results(results),
                Err(_) => Answer::Never(format!("{} is not a server of Dossier", self.url)),
            };
        }
        let problem = serde_json::from_slice::<Refusal>(&body).unwrap_or(Refusal {
            status: status.as_u16(),
            kind: None,
            title: None,
            detail: None,
            errors: Vec::new(),
        });
        match status.as_u16() {
            400 | 413 => Answer::Unfit(problem),
            status if is_not_now(status) || status == 500 => {
                Answer::NotNow(self.said(problem), wait)
            }
            _ => Answer::Never(self.said(problem)),
        }
    }

    fn said(&self, problem: Refusal) -> String {
        let Refusal {
            status,
            title,
            detail,
            ..
        } = problem;
        // In short, where what to do is for whoever sends a request.
        let told = if is_not_now(status) { title } else { detail };
        let detail = told.unwrap_or_else(|| "it is not a server of Dossier".to_owned());
        format!(
            "{} answered {status}: {}",
            self.url,
            detail.trim_end_matches('.')
        )
    }

    fn unreachable(&self, error: reqwest::Error) -> String {
        // The URL stands in front already.
        format!(
            "{} cannot be reached: {}",
            self.url,
            told(error.without_url())
        )
    }
}

/// Lines that are sent until each has a result.
struct Part {
    batch: Batch,
    outcomes: Vec<Option<Outcome>>,
    /// The places of those without one.
    open: Vec<usize>,
    /// How often the server was at fault.
    faults: usize,
}

impl Part {
    fn new(batch: Batch) -> Self {
        let count = batch.lines.len();
        Self {
            batch,
            outcomes: vec![None; count],
            open: (0..count).collect(),
            faults: 0,
        }
    }

    /// The lines without a result.
    fn rest(&self) -> Batch {
        let lines = self.open.iter();
        let lines = lines.filter_map(|it| self.batch.lines.get(*it).cloned());
        Batch {
            lines: lines.collect(),
            is_dry_run: self.batch.is_dry_run,
        }
    }

    /// Takes the results of the lines without one. Some may be none: why.
    fn take(&mut self, results: Vec<ItemResult>) -> Option<String> {
        self.faults += usize::from(results.iter().any(|it| it.refusal.status == 500));
        let mut why = None;
        for (place, result) in std::mem::take(&mut self.open).into_iter().zip(results) {
            let is_open = match result.refusal.status {
                500 => self.faults < FAULTS,
                409 => result.is_for_later(),
                status => is_not_now(status),
            };
            if is_open {
                let status = result.refusal.status;
                let said = result.refusal.detail;
                why = Some(said.unwrap_or_else(|| format!("a line was answered with {status}")));
                self.open.push(place);
            } else {
                let outcome = self.outcome(place, result);
                self.settle(place, outcome);
            }
        }
        why
    }

    /// Takes the refusal of all lines without a result, if it is one line: more are sent in halves.
    fn refuse(&mut self, refusal: Refusal) {
        if let [place] = self.open[..] {
            self.open.clear();
            self.settle(place, Outcome::Rejected(refusal));
        }
    }

    fn settle(&mut self, place: usize, outcome: Outcome) {
        if let Some(settled) = self.outcomes.get_mut(place) {
            *settled = Some(outcome);
        }
    }

    fn outcome(&self, place: usize, result: ItemResult) -> Outcome {
        let line = self.batch.lines.get(place);
        let is_nameless = line.is_some_and(|it| matches!(it.state, State::Nameless));
        let ItemResult { id, mut refusal } = result;
        if is_nameless {
            if refusal.status == 200 {
                refusal = invalid();
            }
            refusal.errors.insert(0, error("/external_id", nameless()));
            return Outcome::Rejected(refusal);
        }
        match refusal.status {
            201 => Outcome::Stored,
            200 if self.batch.is_dry_run && id.is_none() => Outcome::Stored,
            200 => Outcome::ThereAlready,
            _ => Outcome::Rejected(refusal),
        }
    }

    /// What is still without a result, the second half first; nothing, if nothing is.
    fn halves(&self) -> Vec<Batch> {
        let mut first = self.rest();
        let is_dry_run = first.is_dry_run;
        let lines = first.lines.split_off(first.lines.len().div_ceil(2));
        let second = Batch { lines, is_dry_run };
        let halves = [second, first].into_iter();
        halves.filter(|it| !it.lines.is_empty()).collect()
    }

    /// The lines that have a result.
    fn done(self) -> impl Iterator<Item = (Line, Outcome)> {
        let lines = self.batch.lines.into_iter().zip(self.outcomes);
        lines.filter_map(|(line, outcome)| Some((line, outcome?)))
    }
}

impl ItemResult {
    /// Whether others were in the way.
    fn is_for_later(&self) -> bool {
        let for_later = ["/problems/request-in-progress", "/problems/busy"];
        let kind = self.refusal.kind.as_deref();
        kind.is_some_and(|kind| for_later.contains(&kind))
    }
}

fn is_not_now(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 502 | 503 | 504)
}

/// How long a server asks to be left alone (RFC 9110, section 10.2.3, in seconds).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(PATIENCE))
}

/// The refusal of a line in which no server has found anything.
fn invalid() -> Refusal {
    Refusal {
        status: 400,
        kind: Some("/problems/invalid-parameters".to_owned()),
        title: None,
        detail: Some("1 problem found. Nothing was stored.".to_owned()),
        errors: Vec::new(),
    }
}

fn error(pointer: &str, fault: crate::validation::Fault) -> Value {
    let pointer = pointer.to_owned();
    let error = ProblemError::new(
        Place::Body,
        &Violation { pointer, fault },
        &mut Budget::default(),
    );
    serde_json::to_value(error).unwrap_or_default()
}

/// A line that no server was asked about.
fn unsendable(line: Line) -> (Line, Outcome) {
    let (kind, detail) = match &line.state {
        State::Malformed(malformed) => (
            "/problems/malformed-body",
            format!("{malformed}. Nothing was stored."),
        ),
        State::TooLong | State::Whole | State::Nameless => {
            ("/problems/payload-too-large", too_long())
        }
    };
    let refusal = Refusal {
        status: if matches!(line.state, State::TooLong) {
            413
        } else {
            400
        },
        kind: Some(kind.to_owned()),
        title: None,
        detail: Some(detail),
        errors: Vec::new(),
    };
    (line, Outcome::Rejected(refusal))
}

/// The waits of a batch that makes no progress.
struct Waits {
    since: Instant,
    next: Duration,
}

impl Waits {
    fn new() -> Self {
        Self {
            since: Instant::now(),
            next: FIRST_WAIT,
        }
    }

    /// Waits, longer each time, a random part of it so that batches do not come back together.
    async fn next(
        &mut self,
        why: &str,
        asked: Option<Duration>,
        progress: &Progress,
    ) -> Result<(), String> {
        if self.since.elapsed() > PATIENCE {
            return Err(format!(
                "{why}; it was tried for {} seconds",
                PATIENCE.as_secs()
            ));
        }
        progress.wait(why);
        let wait = asked.unwrap_or(self.next).max(self.next);
        tokio::time::sleep(wait.mul_f64(0.5 + rand::random::<f64>() / 2.0)).await;
        self.next = (self.next * 2).min(LONGEST_WAIT);
        Ok(())
    }
}
