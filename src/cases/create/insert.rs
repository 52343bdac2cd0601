//! The statement that writes new cases.

use chrono::{DateTime, Utc};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo};
use sqlx::{Connection, Encode, PgConnection, Postgres, Type};
use uuid::Uuid;

use super::rows::CaseRows;
use crate::json::Rows;

/// After a statement of more bytes than this, the connection releases its buffers.
const LARGE: usize = 512 * 1024;

/// Writes new cases of one workspace with one statement: all of them, or none. Returns false and writes nothing if the
/// references of the workspace no longer have the version with which the cases were checked.
///
/// The rows are dropped before the statement is sent: large ones would otherwise be in memory twice.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails: it names the constraint that a concurrent change broke.
pub async fn insert(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    cases: Vec<CaseRows>,
    version: Uuid,
) -> Result<bool, sqlx::Error> {
    let keys = KeyRows::of(&cases);
    let case_rows = JsonArray::of(&cases, |it| &it.case);
    let activities = JsonArray::of(&cases, |it| &it.record.activities);
    let events = JsonArray::of(&cases, |it| &it.record.events);
    let insert = if cases.iter().all(|it| it.is_header_only) {
        sqlx::query_file!(
            "src/cases/create/insert_header.sql",
            workspace_id,
            case_rows as _,
            activities as _,
            events as _,
            &keys.keys as _,
            &keys.hashes as _,
            &keys.case_ids,
            &keys.locations as _,
            &keys.bodies as _,
            &keys.created_at,
            version,
        )
    } else {
        sqlx::query_file!(
            "src/cases/create/insert.sql",
            workspace_id,
            case_rows as _,
            activities as _,
            events as _,
            JsonArray::of(&cases, |it| &it.record.deliveries) as _,
            &keys.keys as _,
            &keys.hashes as _,
            &keys.case_ids,
            &keys.locations as _,
            &keys.bodies as _,
            &keys.created_at,
            version,
        )
    };
    let is_large = cases.iter().map(CaseRows::size).sum::<usize>() > LARGE;
    drop(keys);
    drop(cases);
    let inserted = insert.execute(&mut *connection).await;
    if is_large {
        connection.shrink_buffers();
    }
    Ok(inserted?.rows_affected() > 0)
}

/// Whether a change between the read of the references and the write can break this constraint. The next attempt reads
/// the new state, and returns an error with its location in the request.
pub fn is_overtaken(constraint: &str) -> bool {
    matches!(
        constraint,
        "cases_external_id_key"
            | "cases_template_fkey"
            | "cases_assignee_fkey"
            | "cases_space_fkey"
            | "case_tags_tag_fkey"
            | "webhook_logs_webhook_fkey"
    )
}

/// The rows of several cases in one table, as a parameter: a JSON array that is written directly into the buffer of the
/// statement.
#[derive(Debug)]
struct JsonArray<'c>(&'c [CaseRows], fn(&CaseRows) -> &Rows);

impl<'c> JsonArray<'c> {
    fn of(cases: &'c [CaseRows], rows: fn(&CaseRows) -> &Rows) -> Self {
        Self(cases, rows)
    }

    fn parts(&self) -> impl Iterator<Item = &[u8]> {
        let parts = self.0.iter().map(|it| self.1(it).as_bytes());
        parts.filter(|it| !it.is_empty())
    }
}

impl Type<Postgres> for JsonArray<'_> {
    fn type_info() -> PgTypeInfo {
        <str as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for JsonArray<'_> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.push(b'[');
        for (index, part) in self.parts().enumerate() {
            if index > 0 {
                buffer.push(b',');
            }
            buffer.extend_from_slice(part);
        }
        buffer.push(b']');
        Ok(IsNull::No)
    }

    fn size_hint(&self) -> usize {
        // One comma or bracket for each part, and room for the length of the parameter, which sqlx adds. One byte too
        // few would copy the whole buffer.
        self.parts().map(|it| it.len() + 1).sum::<usize>() + 64
    }
}

/// The rows of the idempotency keys, as columns.
#[derive(Debug, Default)]
struct KeyRows<'c> {
    keys: Vec<&'c str>,
    hashes: Vec<&'c [u8]>,
    case_ids: Vec<Uuid>,
    locations: Vec<Option<&'c str>>,
    bodies: Vec<&'c [u8]>,
    created_at: Vec<DateTime<Utc>>,
}

impl<'c> KeyRows<'c> {
    /// The rows of the requests that have an idempotency key.
    fn of(cases: &'c [CaseRows]) -> Self {
        let mut rows = Self::default();
        for case in cases {
            let Some((claim, response)) = &case.stored_response else {
                continue;
            };
            rows.keys.push(&claim.key);
            rows.hashes.push(&claim.request_hash);
            rows.case_ids.push(case.id);
            rows.locations.push(response.location.as_deref());
            rows.bodies.push(&response.body);
            rows.created_at.push(case.written_at);
        }
        rows
    }
}
