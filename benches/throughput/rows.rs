//! Converts the rows of a case into a statement that inserts the same rows for a new case.

use std::collections::HashMap;

use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection, Row};

/// The tables that a create writes to, in the order of their foreign keys.
const TABLES: [&str; 8] = [
    "cases",
    "case_tags",
    "companies",
    "individuals",
    "relations",
    "activities",
    "unsealed_activities",
    "outbox",
];

/// Prefix of the new ids. It differs from that of the server's ids, which begin with the time.
const FIRST: i64 = 0x01a0_0000_0000_0000;

/// The generated ids of a case, with their index.
type Ids = HashMap<String, usize>;

/// Returns a statement that inserts the rows of a stored case as a new case, and the number of rows. Ids
/// increase as those of the server do.
pub async fn statement(connection: &mut PgConnection, case_id: &str) -> (String, usize) {
    let mut ids = Ids::new();
    ids.insert(case_id.to_owned(), 0);
    let (mut parts, mut count) = (Vec::new(), 0);
    for table in TABLES {
        let key = if table == "cases" { "id" } else { "case_id" };
        let rows = rows(connection, table, key, case_id).await;
        for row in &rows {
            for column in ["id", "activity_id"] {
                if let Some(id) = row[column].as_str() {
                    let next = ids.len();
                    ids.entry(id.to_owned()).or_insert(next);
                }
            }
        }
        if rows.is_empty() {
            continue;
        }
        count += rows.len();
        let columns = columns(connection, table).await;
        let names: Vec<_> = columns
            .iter()
            .map(|(name, _)| format!("\"{name}\""))
            .collect();
        let rows = rows.iter().map(|row| {
            let values = columns
                .iter()
                .map(|(name, kind)| value(&row[name], kind, &ids));
            format!("({})", values.collect::<Vec<_>>().join(", "))
        });
        let rows = rows.collect::<Vec<_>>().join(", ");
        parts.push(format!(
            "INSERT INTO {table} ({}) VALUES {rows}",
            names.join(", ")
        ));
    }
    let last = parts.pop().expect("a case has rows");
    let first = parts.iter().enumerate();
    let first: Vec<_> = first
        .map(|(index, part)| format!("p{index} AS ({part})"))
        .collect();
    (format!("WITH {} {last};", first.join(", ")), count)
}

async fn rows(connection: &mut PgConnection, table: &str, key: &str, case_id: &str) -> Vec<Value> {
    let select = format!("SELECT to_jsonb(t) FROM {table} AS t WHERE {key} = '{case_id}'");
    let rows = sqlx::query_scalar(AssertSqlSafe(select)).fetch_all(connection);
    rows.await.expect("the rows")
}

async fn columns(connection: &mut PgConnection, table: &str) -> Vec<(String, String)> {
    let rows = sqlx::query(
        "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute
         WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
    );
    let rows = rows
        .bind(table)
        .fetch_all(connection)
        .await
        .expect("the columns");
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

fn value(value: &Value, kind: &str, ids: &Ids) -> String {
    let text = match value {
        Value::Null => return "NULL".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match ids.get(&text) {
        // Sixteen increasing digits, and sixteen that differ between clients.
        Some(index) => format!(
            "(lpad(to_hex({FIRST} + :n::bigint * 64 + {index}), 16, '0') \
             || lpad(to_hex(:client_id::bigint), 16, '8'))::uuid"
        ),
        // pgbench treats a colon before a letter as a variable.
        None => format!(
            "E'{}'::{kind}",
            text.replace('\\', "\\\\")
                .replace('\'', "''")
                .replace(':', "\\x3a")
        ),
    }
}
