//! Comparison of the acknowledged cases with the database.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};
use serde_json::Value;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, FromRow, PgConnection};

use super::{Client, LONG};

/// A case whose creation was acknowledged.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    /// Name of the case, which is also its idempotency key.
    pub name: String,
    pub id: String,
    /// The body of the response.
    pub case: Value,
    /// Whether the creation of one more company was acknowledged.
    pub has_added_company: bool,
}

/// The stored rows of a case.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Stored {
    pub id: String,
    pub name: String,
    pub companies: i64,
    pub individuals: i64,
    pub relations: i64,
    pub tags: i64,
    pub created_case: i64,
    pub created_company: i64,
    pub case_events: i64,
    pub events: i64,
    pub keys: i64,
}

/// The stored cases of a load.
pub struct Ledger {
    connection: PgConnection,
    pub stored: Vec<Stored>,
}

/// Cases whose names have a prefix, with the number of their parts.
const CASES: &str = "
    SELECT c.id::text AS id, c.name,
        (SELECT count(*) FROM companies AS x
            WHERE x.workspace_id = c.workspace_id AND x.case_id = c.id) AS companies,
        (SELECT count(*) FROM individuals AS x
            WHERE x.workspace_id = c.workspace_id AND x.case_id = c.id) AS individuals,
        (SELECT count(*) FROM relations AS x
            WHERE x.workspace_id = c.workspace_id AND x.case_id = c.id) AS relations,
        (SELECT count(*) FROM case_tags AS x
            WHERE x.workspace_id = c.workspace_id AND x.case_id = c.id) AS tags,
        (SELECT count(*) FROM activities AS x
            WHERE x.workspace_id = c.workspace_id AND x.case_id = c.id
                AND x.type = 'api__created__case') AS created_case,
        (SELECT count(*) FROM activities AS x
            WHERE x.workspace_id = c.workspace_id AND x.case_id = c.id
                AND x.type = 'api__created__company') AS created_company,
        (SELECT count(*) FROM outbox AS x
            WHERE x.workspace_id = c.workspace_id AND x.case_id = c.id
                AND x.event = 'Case.Created') AS case_events,
        (SELECT count(*) FROM outbox AS x
            WHERE x.workspace_id = c.workspace_id AND x.case_id = c.id) AS events,
        (SELECT count(*) FROM idempotency_keys AS x
            WHERE x.workspace_id = c.workspace_id AND x.case_id = c.id) AS keys
    FROM cases AS c WHERE c.name LIKE $1 || '%'";

/// Rows whose case does not exist, by table. These tests never delete a case.
const ORPHANS: &str = "
    SELECT x.name, x.case_id::text FROM (
        SELECT 'companies' AS name, workspace_id, case_id FROM companies
        UNION ALL SELECT 'individuals', workspace_id, case_id FROM individuals
        UNION ALL SELECT 'relations', workspace_id, case_id FROM relations
        UNION ALL SELECT 'case_tags', workspace_id, case_id FROM case_tags
        UNION ALL SELECT 'activities', workspace_id, case_id FROM activities
        UNION ALL SELECT 'outbox', workspace_id, case_id FROM outbox
        UNION ALL SELECT 'webhook_logs', workspace_id, case_id FROM webhook_logs
        UNION ALL SELECT 'idempotency_keys', workspace_id, case_id FROM idempotency_keys
            WHERE case_id IS NOT NULL
    ) AS x WHERE NOT EXISTS (
        SELECT FROM cases AS c WHERE c.workspace_id = x.workspace_id AND c.id = x.case_id)
    LIMIT 5";

impl Ledger {
    /// Reads the cases whose names begin with `prefix`.
    pub async fn read(options: &PgConnectOptions, prefix: &str) -> Self {
        let mut connection = options.connect().await.expect("a connection");
        let stored = sqlx::query_as(CASES)
            .bind(prefix)
            .fetch_all(&mut connection)
            .await;
        let stored = stored.expect("the cases");
        Self { connection, stored }
    }

    /// Asserts that every acknowledged case is stored completely and once. Returns the number of other cases.
    pub async fn assert_contains(&mut self, acknowledged: &[Acknowledged]) -> usize {
        let orphans: Vec<(String, String)> = sqlx::query_as(ORPHANS)
            .fetch_all(&mut self.connection)
            .await
            .expect("the rows");
        assert!(orphans.is_empty(), "rows of no case: {orphans:?}");
        let mut by_name: HashMap<&str, Vec<&Stored>> = HashMap::new();
        for stored in &self.stored {
            by_name.entry(&stored.name).or_default().push(stored);
        }
        for case in acknowledged {
            let name = case.name.as_str();
            let found = by_name.remove(name).unwrap_or_default();
            assert_eq!(found, [&complete(case)], "the rows of {name}");
        }
        by_name.len()
    }

    /// Asserts that GET returns each acknowledged case as the create did.
    pub async fn assert_readable(&self, client: &Client, acknowledged: &[Acknowledged]) {
        let reads = stream::iter(acknowledged).for_each_concurrent(8, async |case| {
            let read = client.get(&format!("/cases/{}", case.id)).await.expect(200);
            if case.has_added_company {
                let companies = read.body["companies"].as_array().map(Vec::len);
                assert_eq!(companies, Some(3), "{}", case.name);
            } else {
                assert_eq!(read.body, case.case, "{}", case.name);
            }
        });
        reads.await;
    }
}

fn complete(case: &Acknowledged) -> Stored {
    let added = i64::from(case.has_added_company);
    Stored {
        id: case.id.clone(),
        name: case.name.clone(),
        companies: 2 + added,
        individuals: 2,
        relations: 4,
        tags: 2,
        created_case: 1,
        created_company: added,
        case_events: 1,
        // Events of the case's initial parts are not stored without a webhook for them.
        events: 1 + added,
        keys: 1 + added,
    }
}

/// Waits until the server has no open transaction, and fails if one stays open.
pub async fn wait_until_idle(options: &PgConnectOptions) {
    let mut connection = options.connect().await.expect("a connection");
    let started = Instant::now();
    loop {
        let open: Vec<(String, String)> = sqlx::query_as(
            "SELECT state, left(query, 60) FROM pg_stat_activity
             WHERE application_name = 'dossier' AND xact_start IS NOT NULL",
        )
        .fetch_all(&mut connection)
        .await
        .expect("the sessions");
        if open.is_empty() {
            return;
        }
        assert!(started.elapsed() < LONG, "{open:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
