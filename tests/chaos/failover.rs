//! A standby is promoted under load: the primary is lost, or its address moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use sqlx::AssertSqlSafe;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Client, Instance, Ledger, Load, Seen, Server, alone, directory, is_idle};

const CLIENTS: usize = 16;
/// How long a case may take to be acknowledged after the promotion.
const SOON: Duration = Duration::from_secs(2);

async fn run(instance: &Instance, statement: &str) {
    let mut connection = instance.connect().await;
    let statement = sqlx::raw_sql(AssertSqlSafe(statement));
    statement
        .execute(&mut connection)
        .await
        .expect("the statement");
}

/// A primary and a standby that has every case before it is acknowledged.
async fn pair() -> (Instance, Instance) {
    let primary = Instance::primary();
    let standby = primary.standby();
    run(&primary, "ALTER SYSTEM SET synchronous_standby_names = '*'").await;
    run(&primary, "SELECT pg_reload_conf()").await;
    let mut connection = primary.connect().await;
    let begun = Instant::now();
    loop {
        let state: Option<String> =
            sqlx::query_scalar("SELECT sync_state FROM pg_stat_replication")
                .fetch_optional(&mut connection)
                .await
                .expect("its standbys");
        if state.as_deref() == Some("sync") {
            return (primary, standby);
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{state:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Promotes the standby; how long after the call the first case was acknowledged.
async fn promoted(standby: &Instance, load: &Load) -> Duration {
    let begun = Instant::now();
    run(standby, "SELECT pg_promote()").await;
    let promoted = begun.elapsed();
    load.more(1).await;
    let took = begun.elapsed();
    println!("promoted after {promoted:?}, the first case was acknowledged after {took:?}");
    took
}

/// Waits until the server says that it has no session that can write.
async fn is_read_only(client: &Client) {
    let says_so = async {
        while client.get_once("/readyz").await.body["type"] != "/problems/read-only" {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let said = tokio::time::timeout(Duration::from_secs(30), says_so).await;
    said.expect("the server says that it is read-only");
}

/// That each acknowledged case is there, on the server that was promoted.
async fn nothing_is_lost(
    promoted: &Instance,
    server: &mut Server,
    client: &Client,
    name: &str,
    seen: &Seen,
) {
    assert!(server.is_ready().await && server.is_running());
    assert!(!server.log().contains("a panic"), "{}", server.log());
    let options = promoted.options();
    is_idle(&options).await;
    let mut ledger = Ledger::read(&options, name).await;
    let others = ledger.holds(&seen.acknowledged).await;
    assert_eq!(others, 0, "cases that nobody was told of");
    ledger.is_read_through(client, &seen.acknowledged).await;
    println!(
        "{name}: {} acknowledged, 0 lost, 0 twice",
        seen.acknowledged.len()
    );
}

/// The machine of the primary is lost, and its standby is promoted after a while, as a manager such as Patroni
/// does it.
#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_is_promoted_under_load_has_every_acknowledged_case() {
    let _alone = alone().await;
    let (primary, standby) = pair().await;
    let url = format!(
        "postgres://postgres@127.0.0.1:{},127.0.0.1:{}/postgres?sslmode=disable&target_session_attrs=read-write",
        primary.port(),
        standby.port()
    );
    let logs = directory();
    let mut server = Server::over(&url, logs.path(), &[]).await;
    let process = server.process_id();
    let client = Client::new(server.base());
    client.make_tags().await;
    let load = Load::start(client.clone(), "failover", CLIENTS);
    load.more(200).await;
    primary.kill();
    is_read_only(&client).await;
    // A manager takes its time: clients are told "not now" meanwhile.
    load.more_told_later(CLIENTS).await;
    let took = promoted(&standby, &load).await;
    load.more(200).await;
    let seen = load.finish().await;
    assert!(took < SOON, "{took:?}");
    assert_eq!(server.process_id(), process, "one process throughout");
    nothing_is_lost(&standby, &mut server, &client, "failover", &seen).await;
}

/// An address that leads to one server, and to another after it has moved. What is open stays open.
struct Address {
    port: u16,
    leads_to: Arc<AtomicU16>,
}

impl Address {
    async fn of(port: u16) -> Self {
        let leads_to = Arc::new(AtomicU16::new(port));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let target = Arc::clone(&leads_to);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let port = target.load(Ordering::SeqCst);
                tokio::spawn(async move {
                    // A server that is down closes what leads to it.
                    if let Ok(mut far) = TcpStream::connect(("127.0.0.1", port)).await {
                        let _ = copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
        });
        Self { port, leads_to }
    }

    fn leads_to(&self, port: u16) {
        self.leads_to.store(port, Ordering::SeqCst);
    }
}

/// One host in the URL, whose address moves from the primary, which becomes a standby, to the server that was
/// promoted. Sessions that the server has opened before the move lead to the wrong one for good.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_moves_leaves_no_session_that_cannot_write() {
    let _alone = alone().await;
    let (first, second) = pair().await;
    let address = Address::of(first.port()).await;
    let url = format!(
        "postgres://postgres@127.0.0.1:{}/postgres?sslmode=disable",
        address.port
    );
    let logs = directory();
    let mut server = Server::over(&url, logs.path(), &[]).await;
    let process = server.process_id();
    let client = Client::new(server.base());
    client.make_tags().await;
    let load = Load::start(client.clone(), "moved", CLIENTS);
    load.more(200).await;
    first.stop();
    first.demote(&second);
    first.start();
    // The address still leads there: sessions of a standby, under the full load.
    is_read_only(&client).await;
    load.more_told_later(CLIENTS).await;
    run(&second, "SELECT pg_promote()").await;
    address.leads_to(second.port());
    let took = load.more(1).await;
    println!("moved: the first case was acknowledged {took:?} after the address had moved");
    load.more(200).await;
    let seen = load.finish().await;
    assert!(took < SOON, "{took:?}");
    assert_eq!(server.process_id(), process, "one process throughout");
    nothing_is_lost(&second, &mut server, &client, "moved", &seen).await;
}
