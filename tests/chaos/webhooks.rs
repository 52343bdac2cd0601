//! Receivers of webhooks that misbehave in every way at once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};
use sqlx::{ConnectOptions, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::support::{Client, LONG, Latencies, Server, alone, case, directory};

/// Rounds with and without the bad receivers, in turn.
const ROUNDS: usize = 5;
/// How many cases each client posts in a round, and how long it waits before each: a steady load, so
/// that the two kinds of rounds are asked for the same.
const CASES: usize = 12;
const CLIENTS: usize = 4;
const PAUSE: Duration = Duration::from_millis(120);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Good,
    Hangs,
    Drips,
    Redirects,
    Fails,
    Gone,
    Dies,
}

const BAD: [Manner; 6] = [
    Manner::Hangs,
    Manner::Drips,
    Manner::Redirects,
    Manner::Fails,
    Manner::Gone,
    Manner::Dies,
];

/// A receiver over bare sockets, since what it answers is not always HTTP.
#[derive(Debug, Clone)]
struct Receiver {
    manner: Manner,
    url: String,
    /// Where the redirect leads.
    target: String,
    /// From when on it behaves.
    is_healed: Arc<AtomicBool>,
    requests: Arc<AtomicUsize>,
    /// When each case's event was taken first, by the name of the case, and how late that was.
    taken: Arc<Mutex<HashMap<String, Duration>>>,
}

impl Receiver {
    async fn start(manner: Manner, target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let receiver = Self {
            manner,
            url: format!("http://{address}/{manner:?}"),
            target: target.to_owned(),
            is_healed: Arc::default(),
            requests: Arc::default(),
            taken: Arc::default(),
        };
        let own = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let own = own.clone();
                // A connection that the server gives up ends in an error here.
                tokio::spawn(async move { own.serve(stream).await });
            }
        });
        receiver
    }

    async fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let body = read(&mut stream).await?;
        self.requests.fetch_add(1, Ordering::SeqCst);
        let is_healed = self.is_healed.load(Ordering::SeqCst);
        let answer = match self.manner {
            _ if is_healed => self.take(&body),
            Manner::Good => self.take(&body),
            Manner::Hangs => std::future::pending().await,
            Manner::Drips => {
                let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n";
                stream.write_all(head).await?;
                loop {
                    stream.write_all(b".").await?;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
            Manner::Redirects => format!("307 Temporary Redirect\r\nlocation: {}", self.target),
            Manner::Fails => "500 Internal Server Error".to_owned(),
            Manner::Gone => "410 Gone".to_owned(),
            Manner::Dies => {
                let half = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhal";
                return stream.write_all(half).await;
            }
        };
        let answer = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await
    }

    fn take(&self, body: &[u8]) -> String {
        let body: Value = serde_json::from_slice(body).expect("JSON");
        let name = body["case"]["name"].as_str().expect("a name").to_owned();
        let sent = body["context"]["timestamp"].as_u64().expect("a moment");
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let late = now
            .expect("a time")
            .saturating_sub(Duration::from_millis(sent));
        let mut taken = self.taken.lock().expect("nobody panicked");
        taken.entry(name).or_insert(late);
        "204 No Content".to_owned()
    }

    fn taken(&self) -> HashMap<String, Duration> {
        self.taken.lock().expect("nobody panicked").clone()
    }
}

/// The body of the only request of a connection.
async fn read(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut read = Vec::new();
    loop {
        let head = read.windows(4).position(|it| it == b"\r\n\r\n");
        if let Some((head, body)) = head.and_then(|it| read.split_at_checked(it + 4)) {
            let head = String::from_utf8_lossy(head).to_lowercase();
            let length = head
                .split_once("content-length:")
                .map_or("0", |(_, rest)| rest);
            let length = length.lines().next().and_then(|it| it.trim().parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Ok(body.to_owned());
            }
        }
        if stream.read_buf(&mut read).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// A webhook of a receiver.
struct Hook {
    id: String,
    receiver: Receiver,
}

async fn subscribe(client: &Client, receiver: Receiver) -> Hook {
    let body = json!({"url": receiver.url, "events": ["Case.Created"]});
    let made = client.post("/webhooks", &body).await.expect(201);
    let id = made.body["id"].as_str().expect("an id").to_owned();
    Hook { id, receiver }
}

async fn switch(client: &Client, hooks: &[Hook], status: &str) {
    for hook in hooks {
        let path = format!("/webhooks/{}", hook.id);
        let body = json!({"status": status});
        client.patch(&path, &body).await.expect(200);
    }
}

/// Posts the cases of one round; the latencies.
async fn round(client: &Client, name: &str) -> Latencies {
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let (client, name) = (client.clone(), format!("{name}-{number}"));
        clients.spawn(async move {
            let mut took = Vec::new();
            for place in 0..CASES {
                tokio::time::sleep(PAUSE).await;
                let case = case(&format!("{name}-{place}"));
                took.push(client.post("/cases", &case).await.expect(201).took);
            }
            took
        });
    }
    let mut latencies = Latencies::default();
    while let Some(took) = clients.join_next().await {
        latencies.extend(took.expect("a client ends"));
    }
    latencies
}

/// Of a webhook: how many events have a log, how many of these an attempt, how many are delivered.
async fn logs(connection: &mut PgConnection, hook: &Hook) -> (i64, i64, i64) {
    sqlx::query_as(
        "SELECT count(*), count(*) FILTER (WHERE EXISTS (
                SELECT FROM webhook_log_attempts AS a
                WHERE a.workspace_id = l.workspace_id AND a.log_id = l.id)),
            count(*) FILTER (WHERE state = 'delivered')
         FROM webhook_logs AS l WHERE webhook_id::text = $1",
    )
    .bind(&hook.id)
    .fetch_one(connection)
    .await
    .expect("the counts")
}

#[tokio::test(flavor = "multi_thread")]
async fn receivers_that_misbehave_hold_up_nobody_and_lose_nothing() {
    let _alone = alone().await;
    let data = directory();
    // Receivers on this machine are called by a server with a private cluster alone.
    let server = Server::private(data.path(), &[]).await;
    let client = Client::new(server.base());
    client.make_tags().await;
    let target = Receiver::start(Manner::Good, "").await;
    let good = Receiver::start(Manner::Good, "").await;
    let good = subscribe(&client, good).await;
    let mut bad = Vec::new();
    for manner in BAD {
        let receiver = Receiver::start(manner, &target.url).await;
        bad.push(subscribe(&client, receiver).await);
    }
    // As many that behave: what more receivers cost by their number is not what bad ones cost.
    let mut more = Vec::new();
    for _ in BAD {
        let receiver = Receiver::start(Manner::Good, "").await;
        more.push(subscribe(&client, receiver).await);
    }
    let mut connection = server.cluster().connect().await.expect("a connection");

    // The first rounds warm up all; what a slower machine of the moment does, it does to all.
    let mut kinds = [(); 3].map(|()| Latencies::default());
    for number in 0..=ROUNDS {
        switch(&client, &bad, "offline").await;
        switch(&client, &more, "offline").await;
        let alone = round(&client, &format!("alone-{number}")).await;
        switch(&client, &more, "online").await;
        let behaving = round(&client, &format!("behaving-{number}")).await;
        switch(&client, &more, "offline").await;
        switch(&client, &bad, "online").await;
        let misbehaving = round(&client, &format!("misbehaving-{number}")).await;
        // The good one has everything while the bad ones go on.
        let so_far = 3 * (number + 1) * CLIENTS * CASES;
        let delivered = until(|| good.receiver.taken().len() == so_far);
        assert!(
            delivered.await,
            "{} of {so_far}",
            good.receiver.taken().len()
        );
        if number > 0 {
            for (kind, took) in kinds.iter_mut().zip([alone, behaving, misbehaving]) {
                kind.extend(took);
            }
        }
    }
    let [alone, behaving, misbehaving] = kinds;
    let ratio = |to: &Latencies| misbehaving.median().as_secs_f64() / to.median().as_secs_f64();
    println!("webhooks: POST /cases with one good receiver: {alone}");
    println!(
        "webhooks: POST /cases with {} more good ones: {behaving}",
        BAD.len()
    );
    println!(
        "webhooks: POST /cases with {} bad ones instead: {misbehaving}",
        BAD.len()
    );
    println!(
        "webhooks: ratio of the medians, bad ones to none: {:.2}, to as many good ones: {:.2}",
        ratio(&alone),
        ratio(&behaving)
    );

    let events = (ROUNDS + 1) * CLIENTS * CASES;
    for kind in ["alone", "behaving", "misbehaving"] {
        let mut late = Latencies::default();
        let of_kind = good.receiver.taken().into_iter();
        late.extend(of_kind.filter_map(|(name, late)| name.starts_with(kind).then_some(late)));
        println!("webhooks: the good receiver is told, {kind}, after {late}");
    }
    for hook in &bad {
        let manner = hook.receiver.manner;
        let (all, attempted, delivered) = logs(&mut connection, hook).await;
        let requests = hook.receiver.requests.load(Ordering::SeqCst);
        println!("webhooks: {manner:?}: {all} logs, {attempted} attempted, {requests} requests");
        assert_eq!(delivered, 0, "{manner:?} has taken nothing");
        assert!(requests > 0, "{manner:?} was never called");
        match manner {
            // It is switched off by its first 410 in each round; what comes after is not kept.
            Manner::Gone => assert!(attempted > 0, "{manner:?}"),
            _ => assert_eq!(usize::try_from(all), Ok(events), "{manner:?}"),
        }
    }

    // Once they behave, each of them has everything that was kept for it.
    for hook in &bad {
        hook.receiver.is_healed.store(true, Ordering::SeqCst);
    }
    switch(&client, &bad, "online").await;
    let begun = Instant::now();
    for hook in &bad {
        loop {
            // What waits for a retry is due now, and what was refused for good is asked for again.
            let due = "UPDATE webhook_logs SET next_attempt_at = now() - interval '1 s',
                           state = 'pending', attempt_type = 'manual_retry'
                       WHERE state IN ('pending', 'failed') AND leased_until IS NULL
                           AND (state = 'failed' OR next_attempt_at > now())";
            let due = sqlx::raw_sql(due).execute(&mut connection).await;
            due.expect("the update");
            let (all, attempted, delivered) = logs(&mut connection, hook).await;
            if delivered == all {
                assert_eq!(attempted, all);
                break;
            }
            let manner = hook.receiver.manner;
            assert!(begun.elapsed() < LONG, "{manner:?}: {delivered} of {all}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    println!(
        "webhooks: healed: every log is delivered after {:.1?}",
        begun.elapsed()
    );
    assert_eq!(
        target.requests.load(Ordering::SeqCst),
        0,
        "a redirect was followed"
    );
    assert!(!server.log().contains("a panic"), "{}", server.log());
}

/// Whether it comes true within the time that a slow machine needs.
async fn until(condition: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while !condition() && begun.elapsed() < LONG {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    condition()
}
