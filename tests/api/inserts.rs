//! The two statements that insert new cases: for cases without parts, both write the same rows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use crate::support::{TestApp, execute};

const FULL: &str = include_str!("../../src/cases/create/insert.sql");
const HEADER_ONLY: &str = include_str!("../../src/cases/create/insert_header.sql");

const WORKSPACE: Uuid = Uuid::from_u128(0x0198_a000_0000_4000_8000_0000_0000_0001);
const TIME: &str = "2024-05-01T08:00:00.123Z";
/// The tables that the statements write to.
const WRITTEN: [&str; 5] = [
    "activities",
    "cases",
    "idempotency_keys",
    "outbox",
    "unsealed_activities",
];

fn id(number: u128) -> String {
    Uuid::from_u128(number).to_string()
}

fn two(row: impl Fn(u128) -> Value) -> String {
    json!([row(1), row(2)]).to_string()
}

/// Two cases without parts. In the rows of the first, every column has a value.
fn cases() -> String {
    two(|number| {
        let mut case = json!({"id": id(number), "name": format!("Case {number}"),
            "status": "approved", "custom_properties": {"note": "x"}, "created_at": TIME,
            "updated_at": "2024-06-01T08:00:00.456Z"});
        if number == 1 {
            case["external_id"] = json!("one");
            case["template_id"] = json!("0198a000-0000-4000-8000-000000000101");
            case["assignee_id"] = json!("0198a000-0000-4000-8000-000000000301");
            case["space_slug"] = json!("space_Sandbox00001");
            case["metadata"] = json!({"a": "b"});
            case["item_digest"] = json!("\\x0123");
        }
        case
    })
}

fn activities() -> String {
    two(|number| {
        json!({"id": id(10 + number), "case_id": id(number), "company_id": id(20),
        "individual_id": id(30), "type": "api__created__case", "api_key_id": "a key",
        "context": {"case": {}}, "changes": [{"name": "name"}], "created_at": TIME})
    })
}

fn events() -> String {
    two(|number| {
        json!({"id": id(40 + number), "case_id": id(number), "company_id": id(20),
        "individual_id": id(30), "event": "Case.Created", "sub_event": "Case.InfoUpdated",
        "version": 3, "subject": {"name": "x"}, "case_context": {"id": "x"},
        "created_at": TIME})
    })
}

/// Executes a statement and rolls it back. Returns whether it wrote anything, and the rows of every table
/// after it.
async fn run(
    connection: &mut PgConnection,
    statement: &'static str,
    version: Option<Uuid>,
) -> (bool, BTreeMap<String, Vec<Value>>) {
    execute(connection, "BEGIN").await;
    let query = sqlx::query(statement).bind(WORKSPACE);
    let query = query.bind(cases()).bind(activities()).bind(events());
    let query = if statement == FULL {
        // The deliveries, of which a case without webhooks has none.
        query.bind("[]")
    } else {
        query
    };
    let query = query
        .bind(["key"])
        .bind([b"hash".to_vec()])
        .bind([Uuid::from_u128(1)])
        .bind(["/cases/1"])
        .bind([b"body".to_vec()])
        .bind([chrono::DateTime::UNIX_EPOCH])
        .bind(version);
    let written = query.execute(&mut *connection).await;
    let written = written.expect("the statement").rows_affected() > 0;
    let tables = rows(connection).await;
    execute(connection, "ROLLBACK").await;
    (written, tables)
}

/// Returns the rows of every table.
async fn rows(connection: &mut PgConnection) -> BTreeMap<String, Vec<Value>> {
    let names = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";
    let names: Vec<String> = sqlx::query_scalar(names)
        .fetch_all(&mut *connection)
        .await
        .expect("the tables");
    let mut tables = BTreeMap::new();
    for name in names {
        let rows = format!("SELECT to_jsonb(t) FROM {name} AS t ORDER BY to_jsonb(t)::text");
        let rows = sqlx::query_scalar(AssertSqlSafe(rows));
        let rows = rows.fetch_all(&mut *connection).await.expect("the rows");
        tables.insert(name, rows);
    }
    tables
}

#[tokio::test]
async fn both_statements_write_the_same_rows() {
    let app = TestApp::start().await;
    let mut connection = app.connect().await;
    let before = rows(&mut connection).await;
    let current: Uuid =
        sqlx::query_scalar("SELECT version FROM reference_versions WHERE workspace_id = $1")
            .bind(WORKSPACE)
            .fetch_one(&mut connection)
            .await
            .expect("a version");
    for (version, is_current) in [
        (None, true),
        (Some(current), true),
        (Some(Uuid::nil()), false),
    ] {
        let full = run(&mut connection, FULL, version).await;
        let (written, tables) = run(&mut connection, HEADER_ONLY, version).await;
        assert_eq!((written, full.0), (is_current, is_current), "{version:?}");
        for (name, rows) in &tables {
            assert_eq!(rows, &full.1[name], "{name}, {version:?}");
        }
        let changed: BTreeSet<_> = tables
            .iter()
            .filter(|(name, rows)| before[*name] != **rows)
            .map(|(name, _)| name.as_str())
            .collect();
        if is_current {
            assert_eq!(changed, BTreeSet::from(WRITTEN));
        } else {
            assert_eq!(changed, BTreeSet::new());
        }
        // Without a version, the case has no version either.
        if version.is_some() && is_current {
            for name in WRITTEN {
                assert_every_column_has_a_value(name, &tables[name]);
            }
        }
    }
}

/// A statement could omit a column without a failure if all these rows had NULL in it.
#[track_caller]
fn assert_every_column_has_a_value(table: &str, rows: &[Value]) {
    let columns = rows[0].as_object().expect("a row").keys();
    for column in columns {
        let has_value = rows.iter().any(|row| !row[column].is_null());
        assert!(has_value, "{table}.{column} has no value in this test");
    }
}

/// Splits a statement into its named parts, each as one line. The last part has no name: its key is `""`.
fn parts(statement: &str) -> BTreeMap<String, String> {
    let lines = statement.lines().filter(|it| !it.starts_with("--"));
    let words: Vec<_> = lines.flat_map(str::split_whitespace).collect();
    let text = words.join(" ");
    let mut rest = text.strip_prefix("WITH ").expect("a WITH");
    let mut parts = BTreeMap::new();
    loop {
        let (name, _) = rest.split_once(' ').expect("a name");
        let mut depth = 0;
        let end = rest.find(|it| {
            depth += i32::from(it == '(') - i32::from(it == ')');
            it == ')' && depth == 0
        });
        let (part, after) = rest.split_at(end.expect("a closing bracket") + 1);
        parts.insert(name.to_owned(), part.to_owned());
        match after.strip_prefix(", ") {
            Some(next) => rest = next,
            None => {
                parts.insert(String::new(), after.trim_start().to_owned());
                return parts;
            }
        }
    }
}

#[test]
fn common_parts_of_both_statements_are_identical() {
    // Only the full statement has deliveries, as its fifth parameter.
    let renumbered = (5..=11).rev().fold(HEADER_ONLY.to_owned(), |text, number| {
        text.replace(&format!("${number}"), &format!("${}", number + 1))
    });
    let (full, header_only) = (parts(FULL), parts(&renumbered));
    assert!(header_only.len() >= 6, "{header_only:?}");
    for (name, part) in &header_only {
        if name != "case_rows" {
            assert_eq!(full.get(name), Some(part), "{name}");
        }
    }
    // The header-only statement reads the case rows where it inserts them.
    let inserted = |parts: &BTreeMap<String, String>| {
        let (insert, _) = parts["case_rows"].split_once(" SELECT ").expect("a SELECT");
        insert.to_owned()
    };
    assert_eq!(inserted(&full), inserted(&header_only));
    let read = |part: &str| {
        let (_, columns) = part.split_once(" AS c (").expect("columns");
        columns.trim_end_matches([')', ' ']).to_owned()
    };
    let (of_full, of_header_only) = (read(&full["new"]), read(&header_only["case_rows"]));
    assert!(
        of_full.starts_with(&of_header_only),
        "{of_full}\n{of_header_only}"
    );
}
