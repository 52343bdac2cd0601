//! The SQL of versions.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{CaseReference, IfMatch};
use crate::http::{Problem, ProblemType};

/// A case that no other transaction can change before this one ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Locked {
    pub id: Uuid,
    pub version: i64,
}

/// Locks a case. Every write to a case or to a part of it begins with this, so that writers wait
/// for each other here and nowhere else.
///
/// # Errors
/// 404, 412 where the request was made for another version, and those of the database.
pub async fn lock(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    reference: &CaseReference,
    if_match: &IfMatch,
) -> Result<Locked, Problem> {
    let found = sqlx::query_as!(
        Locked,
        "SELECT id, version FROM cases
         WHERE workspace_id = $1 AND (id = $2 OR external_id = $3)
         ORDER BY (id = $2) DESC NULLS LAST LIMIT 1 FOR UPDATE",
        workspace_id,
        reference.id(),
        reference.external_id_for_write()
    )
    .fetch_optional(connection)
    .await?;
    let locked = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
    match if_match.refusal(locked.version) {
        None => Ok(locked),
        Some(kind) => Err(Problem::Plain(kind)),
    }
}

/// Adds one to the version of a locked case; the new version.
///
/// # Errors
/// Those of the database.
pub async fn touch(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    case_id: Uuid,
    now: DateTime<Utc>,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        "UPDATE cases SET version = version + 1, last_activity_at = greatest(last_activity_at, $3)
         WHERE workspace_id = $1 AND id = $2 RETURNING version",
        workspace_id,
        case_id,
        now
    )
    .fetch_one(connection)
    .await
}
