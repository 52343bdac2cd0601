//! Webhook receivers that misbehave in different ways at the same time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};
use sqlx::{ConnectOptions, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::support::{Client, LONG, Latencies, Server, case, directory, run_alone};

/// Rounds with and without the misbehaving receivers, alternating.
const ROUNDS: usize = 5;
/// Cases per client and round, and the pause before each: a steady load, equal in all rounds.
const CASES: usize = 12;
const CLIENTS: usize = 4;
const PAUSE: Duration = Duration::from_millis(120);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behavior {
    Good,
    Hangs,
    Drips,
    Redirects,
    Fails,
    Gone,
    Dies,
}

const MISBEHAVING: [Behavior; 6] = [
    Behavior::Hangs,
    Behavior::Drips,
    Behavior::Redirects,
    Behavior::Fails,
    Behavior::Gone,
    Behavior::Dies,
];

/// A receiver over raw sockets, since some responses are not valid HTTP.
#[derive(Debug, Clone)]
struct Receiver {
    behavior: Behavior,
    url: String,
    /// Target of the redirect.
    target: String,
    /// Whether it accepts deliveries from now on.
    is_recovered: Arc<AtomicBool>,
    requests: Arc<AtomicUsize>,
    /// The delay of each case's first delivery, by the name of the case.
    delays: Arc<Mutex<HashMap<String, Duration>>>,
}

impl Receiver {
    async fn start(behavior: Behavior, target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let receiver = Self {
            behavior,
            url: format!("http://{address}/{behavior:?}"),
            target: target.to_owned(),
            is_recovered: Arc::default(),
            requests: Arc::default(),
            delays: Arc::default(),
        };
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serving.clone();
                // Connections that the server closes end in an error here.
                tokio::spawn(async move { serving.serve(stream).await });
            }
        });
        receiver
    }

    async fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let body = read(&mut stream).await?;
        self.requests.fetch_add(1, Ordering::SeqCst);
        let is_recovered = self.is_recovered.load(Ordering::SeqCst);
        let response = match self.behavior {
            _ if is_recovered => self.accept(&body),
            Behavior::Good => self.accept(&body),
            Behavior::Hangs => std::future::pending().await,
            Behavior::Drips => {
                let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n";
                stream.write_all(head).await?;
                loop {
                    stream.write_all(b".").await?;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
            Behavior::Redirects => format!("307 Temporary Redirect\r\nlocation: {}", self.target),
            Behavior::Fails => "500 Internal Server Error".to_owned(),
            Behavior::Gone => "410 Gone".to_owned(),
            Behavior::Dies => {
                let incomplete = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhal";
                return stream.write_all(incomplete).await;
            }
        };
        let response =
            format!("HTTP/1.1 {response}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(response.as_bytes()).await
    }

    fn accept(&self, body: &[u8]) -> String {
        let body: Value = serde_json::from_slice(body).expect("JSON");
        let name = body["case"]["name"].as_str().expect("a name").to_owned();
        let sent = body["context"]["timestamp"].as_u64().expect("a timestamp");
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let delay = now
            .expect("a time")
            .saturating_sub(Duration::from_millis(sent));
        let mut delays = self.delays.lock().expect("no panic");
        delays.entry(name).or_insert(delay);
        "204 No Content".to_owned()
    }

    fn delays(&self) -> HashMap<String, Duration> {
        self.delays.lock().expect("no panic").clone()
    }
}

/// Reads the body of the only request of a connection.
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
    let created = client.post("/webhooks", &body).await.expect(201);
    let id = created.body["id"].as_str().expect("an id").to_owned();
    Hook { id, receiver }
}

async fn set_status(client: &Client, hooks: &[Hook], status: &str) {
    for hook in hooks {
        let path = format!("/webhooks/{}", hook.id);
        let body = json!({"status": status});
        client.patch(&path, &body).await.expect(200);
    }
}

/// Creates the cases of a round and returns the latencies.
async fn run_round(client: &Client, name: &str) -> Latencies {
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let (client, name) = (client.clone(), format!("{name}-{number}"));
        clients.spawn(async move {
            let mut time = Vec::new();
            for number in 0..CASES {
                tokio::time::sleep(PAUSE).await;
                let case = case(&format!("{name}-{number}"));
                time.push(client.post("/cases", &case).await.expect(201).latency);
            }
            time
        });
    }
    let mut latencies = Latencies::default();
    while let Some(time) = clients.join_next().await {
        latencies.extend(time.expect("no panic"));
    }
    latencies
}

/// Returns for a webhook the number of deliveries, of attempted deliveries, and of delivered ones.
async fn delivery_counts(connection: &mut PgConnection, hook: &Hook) -> (i64, i64, i64) {
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
async fn misbehaving_receivers_do_not_block_others_and_lose_nothing() {
    let _turn = run_alone().await;
    let data = directory();
    // Only a server with a private cluster may call receivers on this machine.
    let server = Server::private(data.path(), &[]).await;
    let client = Client::new(server.base());
    client.create_tags().await;
    let target = Receiver::start(Behavior::Good, "").await;
    let good = Receiver::start(Behavior::Good, "").await;
    let good = subscribe(&client, good).await;
    let mut bad = Vec::new();
    for behavior in MISBEHAVING {
        let receiver = Receiver::start(behavior, &target.url).await;
        bad.push(subscribe(&client, receiver).await);
    }
    // As many well-behaved receivers, to separate the cost of misbehaviour from that of more receivers.
    let mut more = Vec::new();
    for _ in MISBEHAVING {
        let receiver = Receiver::start(Behavior::Good, "").await;
        more.push(subscribe(&client, receiver).await);
    }
    let mut connection = server.cluster().connect().await.expect("a connection");

    // The first round is a warm-up. The kinds alternate, so that a slow moment of the machine affects all of
    // them.
    let mut kinds = [(); 3].map(|()| Latencies::default());
    for number in 0..=ROUNDS {
        set_status(&client, &bad, "offline").await;
        set_status(&client, &more, "offline").await;
        let only_one = run_round(&client, &format!("alone-{number}")).await;
        set_status(&client, &more, "online").await;
        let behaving = run_round(&client, &format!("behaving-{number}")).await;
        set_status(&client, &more, "offline").await;
        set_status(&client, &bad, "online").await;
        let misbehaving = run_round(&client, &format!("misbehaving-{number}")).await;
        // The good receiver has received everything while the misbehaving ones are online.
        let so_far = 3 * (number + 1) * CLIENTS * CASES;
        let delivered = wait_until(|| good.receiver.delays().len() == so_far);
        assert!(
            delivered.await,
            "{} of {so_far}",
            good.receiver.delays().len()
        );
        if number > 0 {
            for (kind, time) in kinds.iter_mut().zip([only_one, behaving, misbehaving]) {
                kind.extend(time);
            }
        }
    }
    let [only_one, behaving, misbehaving] = kinds;
    let ratio = |to: &Latencies| misbehaving.median().as_secs_f64() / to.median().as_secs_f64();
    println!("webhooks: POST /cases with one good receiver: {only_one}");
    println!(
        "webhooks: POST /cases with {} more good ones: {behaving}",
        MISBEHAVING.len()
    );
    println!(
        "webhooks: POST /cases with {} misbehaving ones instead: {misbehaving}",
        MISBEHAVING.len()
    );
    println!(
        "webhooks: ratio of the medians, misbehaving ones to one good one: {:.2}, to as many good ones: {:.2}",
        ratio(&only_one),
        ratio(&behaving)
    );

    let events = (ROUNDS + 1) * CLIENTS * CASES;
    for kind in ["alone", "behaving", "misbehaving"] {
        let mut delays = Latencies::default();
        let of_kind = good.receiver.delays().into_iter();
        delays.extend(of_kind.filter_map(|(name, delay)| name.starts_with(kind).then_some(delay)));
        println!("webhooks: delay of the good receiver, {kind}: {delays}");
    }
    for hook in &bad {
        let behavior = hook.receiver.behavior;
        let (all, attempted, delivered) = delivery_counts(&mut connection, hook).await;
        let requests = hook.receiver.requests.load(Ordering::SeqCst);
        println!("webhooks: {behavior:?}: {all} logs, {attempted} attempted, {requests} requests");
        assert_eq!(delivered, 0, "{behavior:?} accepted nothing");
        assert!(requests > 0, "{behavior:?} was never called");
        match behavior {
            // The first 410 of a round disables the webhook, so that later events create no deliveries.
            Behavior::Gone => assert!(attempted > 0, "{behavior:?}"),
            _ => assert_eq!(usize::try_from(all), Ok(events), "{behavior:?}"),
        }
    }

    // Once the receivers recover, each one receives all its deliveries.
    for hook in &bad {
        hook.receiver.is_recovered.store(true, Ordering::SeqCst);
    }
    set_status(&client, &bad, "online").await;
    let started = Instant::now();
    for hook in &bad {
        loop {
            // Makes retries due and failed deliveries pending again.
            let due = "UPDATE webhook_logs SET next_attempt_at = now() - interval '1 s',
                           state = 'pending', attempt_type = 'manual_retry'
                       WHERE state IN ('pending', 'failed') AND leased_until IS NULL
                           AND (state = 'failed' OR next_attempt_at > now())";
            let due = sqlx::raw_sql(due).execute(&mut connection).await;
            due.expect("the update");
            let (all, attempted, delivered) = delivery_counts(&mut connection, hook).await;
            if delivered == all {
                assert_eq!(attempted, all);
                break;
            }
            let behavior = hook.receiver.behavior;
            assert!(
                started.elapsed() < LONG,
                "{behavior:?}: {delivered} of {all}"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    println!(
        "webhooks: recovered: everything is delivered after {:.1?}",
        started.elapsed()
    );
    assert_eq!(
        target.requests.load(Ordering::SeqCst),
        0,
        "a redirect was followed"
    );
    assert!(!server.log().contains("a panic"), "{}", server.log());
}

/// Waits until the condition holds, at most [`LONG`]. Returns whether it does.
async fn wait_until(condition: impl Fn() -> bool) -> bool {
    let started = Instant::now();
    while !condition() && started.elapsed() < LONG {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    condition()
}
