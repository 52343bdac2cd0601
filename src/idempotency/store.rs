//! The SQL of idempotency keys.

use axum::http::StatusCode;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Claim;
use crate::http::WriteResponse;

/// The stored hash and response of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResponse {
    pub request_hash: Vec<u8>,
    /// `None` after the case in the response was deleted.
    pub response: Option<WriteResponse>,
}

/// Stores the response of a key in the transaction of the request. Waits for another transaction that has inserted the
/// same key.
///
/// # Errors
/// Returns the error of the statement; it names `idempotency_keys_pkey` if the key exists.
pub async fn insert(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    claim: &Claim,
    case_id: Option<Uuid>,
    response: &WriteResponse,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO idempotency_keys
             (workspace_id, key, request_hash, case_id, status, location, version, body, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        workspace_id,
        claim.key,
        claim.request_hash.as_slice(),
        case_id,
        i16::try_from(response.status.as_u16()).unwrap_or_default(),
        response.location,
        response.version,
        &response.body[..],
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Finds the stored response of a key.
///
/// # Errors
/// Returns the error of the statement, or of decoding its row.
pub async fn find(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    key: &str,
) -> Result<Option<StoredResponse>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT key, request_hash, status, location, version, body FROM idempotency_keys
         WHERE workspace_id = $1 AND key = $2",
        workspace_id,
        key
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(StoredResponse::from))
}

/// Finds the stored responses of several keys.
///
/// # Errors
/// Returns the error of the statement, or of decoding its rows.
pub async fn find_all(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    keys: &[String],
) -> Result<Vec<(String, StoredResponse)>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT key, request_hash, status, location, version, body FROM idempotency_keys
         WHERE workspace_id = $1 AND key = ANY($2)",
        workspace_id,
        keys
    )
    .fetch_all(connection)
    .await?;
    let rows = rows.into_iter().map(|row| (row.key.clone(), row.into()));
    Ok(rows.collect())
}

/// A row of `idempotency_keys`.
struct Row {
    key: String,
    request_hash: Vec<u8>,
    status: i16,
    location: Option<String>,
    version: Option<i64>,
    body: Option<Vec<u8>>,
}

impl From<Row> for StoredResponse {
    fn from(row: Row) -> Self {
        Self {
            request_hash: row.request_hash,
            response: row.body.map(|body| WriteResponse {
                status: u16::try_from(row.status)
                    .ok()
                    .and_then(|status| StatusCode::from_u16(status).ok())
                    .unwrap_or_default(),
                location: row.location,
                version: row.version,
                body: Bytes::from(body),
            }),
        }
    }
}

/// Erases the stored responses that contain data of a case. Their keys remain.
///
/// # Errors
/// Returns the error of the statement.
pub async fn erase_responses(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    case_id: Uuid,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE idempotency_keys SET body = NULL, location = NULL
         WHERE workspace_id = $1 AND case_id = $2",
        workspace_id,
        case_id
    )
    .execute(connection)
    .await?;
    Ok(())
}
