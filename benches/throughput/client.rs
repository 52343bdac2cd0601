//! HTTP clients with little overhead that send one request after the other.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::support::KEY;

/// The kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Create,
    /// A create with a new idempotency key.
    CreateOnce,
    /// A create with a new external id.
    CreateNamed,
    /// Reads the same case repeatedly.
    Read,
}

/// A number of clients, each with one connection.
pub struct Load {
    port: u16,
    connections: usize,
    body: Arc<str>,
    shape: Shape,
    /// Path to read, if it is not a new case.
    path: Option<String>,
}

/// The result of a run.
#[derive(Debug, Default)]
pub struct LoadResult {
    /// Latencies of the successful requests.
    pub latencies: Vec<Duration>,
}

/// Makes idempotency keys and external ids unique.
static NEXT_KEY: AtomicU64 = AtomicU64::new(0);

impl Load {
    pub fn new(port: u16, connections: usize, payload: &Value, shape: Shape) -> Self {
        Self {
            port,
            connections,
            body: payload.to_string().into(),
            shape,
            path: None,
        }
    }

    /// Sets the path to read.
    pub fn reading(self, path: &str) -> Self {
        Self {
            path: Some(path.to_owned()),
            ..self
        }
    }

    /// Sends one request. Returns `true` if it created a case.
    pub async fn once(port: u16, payload: &Value, shape: Shape) -> bool {
        let Ok(mut client) = Client::connect(port).await else {
            return false;
        };
        let response = client.send(&request(shape, "", &payload.to_string())).await;
        response.is_ok_and(|(status, _)| status == 201)
    }

    /// Sends requests for this long.
    pub async fn run(&self, time: Duration) -> LoadResult {
        let path = match (self.shape, &self.path) {
            (Shape::Read, Some(path)) => path.clone(),
            (Shape::Read, None) => self.one_case().await,
            (Shape::Create | Shape::CreateOnce | Shape::CreateNamed, _) => String::new(),
        };
        let until = Instant::now() + time;
        let mut clients = JoinSet::new();
        for _ in 0..self.connections {
            let (port, shape) = (self.port, self.shape);
            let (body, path) = (Arc::clone(&self.body), path.clone());
            clients.spawn(async move { run_client(port, shape, &path, &body, until).await });
        }
        let mut result = LoadResult::default();
        while let Some(latencies) = clients.join_next().await {
            result.latencies.extend(latencies.expect("no panic"));
        }
        result
    }

    /// Sends this many requests and returns how long that took.
    pub async fn count(&self, requests: usize) -> Duration {
        let started = Instant::now();
        let mut clients = JoinSet::new();
        let remaining = Arc::new(AtomicUsize::new(requests));
        for _ in 0..self.connections {
            let (port, shape) = (self.port, self.shape);
            let (body, remaining) = (Arc::clone(&self.body), Arc::clone(&remaining));
            let take = |left: usize| left.checked_sub(1);
            clients.spawn(async move {
                let mut client = Client::connect(port).await.expect("a connection");
                while remaining
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
                    .is_ok()
                {
                    let response = client.send(&request(shape, "", &body)).await;
                    let (status, body) = response.expect("a response");
                    assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
                }
            });
        }
        clients.join_all().await;
        started.elapsed()
    }

    async fn one_case(&self) -> String {
        let mut client = Client::connect(self.port).await.expect("a connection");
        let request = request(Shape::Create, "", &self.body);
        let (status, body) = client.send(&request).await.expect("a response");
        assert_eq!(status, 201);
        let case: Value = serde_json::from_slice(&body).expect("JSON");
        format!("/cases/{}", case["id"].as_str().expect("an id"))
    }
}

async fn run_client(
    port: u16,
    shape: Shape,
    path: &str,
    body: &str,
    until: Instant,
) -> Vec<Duration> {
    let mut client = Client::connect(port).await.expect("a connection");
    let mut latencies = Vec::new();
    let expected = if shape == Shape::Read { 200 } else { 201 };
    while Instant::now() < until {
        let request = request(shape, path, body);
        let started = Instant::now();
        let (status, response) = client.send(&request).await.expect("a response");
        if status == 503 {
            // An overloaded machine: the request is not counted.
            continue;
        }
        assert_eq!(status, expected, "{}", String::from_utf8_lossy(&response));
        latencies.push(started.elapsed());
    }
    latencies
}

fn request(shape: Shape, path: &str, body: &str) -> Vec<u8> {
    let head = match shape {
        Shape::Read => format!("GET {path} HTTP/1.1\r\n"),
        Shape::Create | Shape::CreateNamed => "POST /cases HTTP/1.1\r\n".to_owned(),
        Shape::CreateOnce => {
            let key = NEXT_KEY.fetch_add(1, Ordering::Relaxed);
            let run = std::process::id();
            format!("POST /cases HTTP/1.1\r\nIdempotency-Key: \"bench-{run}-{key}\"\r\n")
        }
    };
    let body = match shape {
        Shape::Read => Cow::Borrowed(""),
        Shape::Create | Shape::CreateOnce => Cow::Borrowed(body),
        Shape::CreateNamed => {
            let name = NEXT_KEY.fetch_add(1, Ordering::Relaxed);
            let rest = body.strip_prefix('{').expect("an object");
            Cow::Owned(format!("{{\"external_id\":\"posted-{name}\",{rest}"))
        }
    };
    let rest = format!(
        "Host: localhost\r\nAuthorization: Bearer {KEY}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    (head + &rest).into_bytes()
}

/// A keep-alive connection.
struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    async fn connect(port: u16) -> std::io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(64 * 1024),
        })
    }

    /// Returns status and body of the response, which must have a Content-Length.
    async fn send(&mut self, request: &[u8]) -> std::io::Result<(u16, Vec<u8>)> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let end = self.buffer.windows(4).position(|it| it == b"\r\n\r\n");
            let Some(end) = end else { continue };
            let head = String::from_utf8_lossy(&self.buffer[..end]).to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|it| it.strip_prefix("content-length: "));
            let length = length.and_then(|it| it.parse::<usize>().ok()).unwrap_or(0);
            while self.buffer.len() < end + 4 + length {
                self.stream.read_buf(&mut self.buffer).await?;
            }
            let status = head.get(9..12).and_then(|it| it.parse().ok()).unwrap_or(0);
            return Ok((status, self.buffer[end + 4..].to_vec()));
        }
    }
}
