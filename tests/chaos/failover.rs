//! A standby is promoted under load, because the primary is lost or its address moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use sqlx::AssertSqlSafe;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use crate::support::{
    Client, Instance, Ledger, Load, LoadResult, Server, directory, run_alone, wait_until_idle,
};

const CLIENTS: usize = 16;
/// Upper bound between the promotion and the first acknowledged case.
const MAX_RECOVERY: Duration = Duration::from_secs(2);

async fn run(instance: &Instance, statement: &str) {
    let mut connection = instance.connect().await;
    let statement = sqlx::raw_sql(AssertSqlSafe(statement));
    statement
        .execute(&mut connection)
        .await
        .expect("the statement");
}

/// A primary and a synchronous standby, which receives every case before it is acknowledged.
async fn synchronous_pair() -> (Instance, Instance) {
    let primary = Instance::primary();
    let standby = primary.standby();
    run(&primary, "ALTER SYSTEM SET synchronous_standby_names = '*'").await;
    run(&primary, "SELECT pg_reload_conf()").await;
    let mut connection = primary.connect().await;
    let started = Instant::now();
    loop {
        let state: Option<String> =
            sqlx::query_scalar("SELECT sync_state FROM pg_stat_replication")
                .fetch_optional(&mut connection)
                .await
                .expect("the standbys");
        if state.as_deref() == Some("sync") {
            return (primary, standby);
        }
        assert!(started.elapsed() < Duration::from_secs(30), "{state:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Promotes the standby. Returns the time until the first case was acknowledged.
async fn promote(standby: &Instance, load: &Load) -> Duration {
    let started = Instant::now();
    run(standby, "SELECT pg_promote()").await;
    let promoted = started.elapsed();
    load.wait_for_cases(1).await;
    let time = started.elapsed();
    println!("promoted after {promoted:?}, the first case was acknowledged after {time:?}");
    time
}

/// Waits until the server reports that no session can write.
async fn wait_until_read_only(client: &Client) {
    let reports = async {
        while client.get_once("/readyz").await.body["type"] != "/problems/read-only" {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let reported = tokio::time::timeout(Duration::from_secs(30), reports).await;
    reported.expect("the server reports that it is read-only");
}

/// Asserts that each acknowledged case is stored on the promoted server.
async fn assert_nothing_is_lost(
    promoted: &Instance,
    server: &mut Server,
    client: &Client,
    name: &str,
    result: &LoadResult,
) {
    assert!(server.is_ready().await && server.is_running());
    assert!(!server.log().contains("a panic"), "{}", server.log());
    let options = promoted.options();
    wait_until_idle(&options).await;
    let mut ledger = Ledger::read(&options, name).await;
    let others = ledger.assert_contains(&result.acknowledged).await;
    assert_eq!(others, 0, "cases that were not acknowledged");
    ledger.assert_readable(client, &result.acknowledged).await;
    println!(
        "{name}: {} acknowledged, 0 lost, 0 duplicates",
        result.acknowledged.len()
    );
}

/// The machine of the primary is lost, and its standby is promoted after a while, as a manager such as
/// Patroni does.
#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_standby_has_every_acknowledged_case() {
    let _turn = run_alone().await;
    let (primary, standby) = synchronous_pair().await;
    let url = format!(
        "postgres://postgres@127.0.0.1:{},127.0.0.1:{}/postgres?sslmode=disable&target_session_attrs=read-write",
        primary.port(),
        standby.port()
    );
    let logs = directory();
    let mut server = Server::with_database(&url, logs.path(), &[]).await;
    let process = server.process_id();
    let client = Client::new(server.base());
    client.create_tags().await;
    let load = Load::start(client.clone(), "failover", CLIENTS);
    load.wait_for_cases(200).await;
    primary.kill();
    wait_until_read_only(&client).await;
    // Until the promotion, clients receive 503 with `Retry-After`.
    load.wait_for_retry_responses(CLIENTS).await;
    let time = promote(&standby, &load).await;
    load.wait_for_cases(200).await;
    let result = load.finish().await;
    assert!(time < MAX_RECOVERY, "{time:?}");
    assert_eq!(server.process_id(), process, "the server was restarted");
    assert_nothing_is_lost(&standby, &mut server, &client, "failover", &result).await;
}

/// An address that forwards new connections to one server, and later to another. Open connections stay.
struct Address {
    port: u16,
    target_port: Arc<AtomicU16>,
}

impl Address {
    async fn forwarding_to(port: u16) -> Self {
        let target_port = Arc::new(AtomicU16::new(port));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let target = Arc::clone(&target_port);
        tokio::spawn(async move {
            while let Ok((mut client_stream, _)) = listener.accept().await {
                let port = target.load(Ordering::SeqCst);
                tokio::spawn(async move {
                    // A connection to a server that is down is closed.
                    if let Ok(mut server_stream) = TcpStream::connect(("127.0.0.1", port)).await {
                        let _ = copy_bidirectional(&mut client_stream, &mut server_stream).await;
                    }
                });
            }
        });
        Self { port, target_port }
    }

    fn target_port(&self, port: u16) {
        self.target_port.store(port, Ordering::SeqCst);
    }
}

/// The URL has one host. Its address moves from the primary, which becomes a standby, to the promoted server.
/// Sessions opened before the move stay connected to the wrong server.
#[tokio::test(flavor = "multi_thread")]
async fn no_read_only_session_remains_after_the_address_moves() {
    let _turn = run_alone().await;
    let (first, second) = synchronous_pair().await;
    let address = Address::forwarding_to(first.port()).await;
    let url = format!(
        "postgres://postgres@127.0.0.1:{}/postgres?sslmode=disable",
        address.port
    );
    let logs = directory();
    let mut server = Server::with_database(&url, logs.path(), &[]).await;
    let process = server.process_id();
    let client = Client::new(server.base());
    client.create_tags().await;
    let load = Load::start(client.clone(), "moved", CLIENTS);
    load.wait_for_cases(200).await;
    first.stop();
    first.demote(&second);
    first.start();
    // The address still belongs to the standby, under full load.
    wait_until_read_only(&client).await;
    load.wait_for_retry_responses(CLIENTS).await;
    run(&second, "SELECT pg_promote()").await;
    address.target_port(second.port());
    let time = load.wait_for_cases(1).await;
    println!("moved: the first case was acknowledged {time:?} after the address had moved");
    load.wait_for_cases(200).await;
    let result = load.finish().await;
    assert!(time < MAX_RECOVERY, "{time:?}");
    assert_eq!(server.process_id(), process, "the server was restarted");
    assert_nothing_is_lost(&second, &mut server, &client, "moved", &result).await;
}
