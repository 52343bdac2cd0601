//! The SQL of case versions.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{CaseReference, IfMatch};
use crate::http::{Problem, ProblemType};
use crate::validation::{Code, Fault, Violation};

/// A locked case: no other transaction can change it before this one ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Locked {
    pub id: Uuid,
    pub version: i64,
    /// The version of the references of the workspace, read before anything that depends on them.
    pub reference_version: Uuid,
}

/// Locks a case. Every write to a case or a part of it starts with this, so concurrent writers wait only here.
///
/// # Errors
/// Returns a problem with the status 404 if there is no such case, `PreconditionFailed` or `WeakEntityTag` (412) if
/// `If-Match` does not match, and the error of the statement.
pub async fn lock(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    reference: &CaseReference,
    if_match: &IfMatch,
) -> Result<Locked, Problem> {
    let found = sqlx::query_as!(
        Locked,
        r#"SELECT id, version, (SELECT version FROM reference_versions WHERE workspace_id = $1)
             AS "reference_version!"
         FROM cases
         WHERE workspace_id = $1 AND (id = $2 OR external_id = $3)
         ORDER BY (id = $2) DESC NULLS LAST LIMIT 1 FOR UPDATE"#,
        workspace_id,
        reference.id(),
        reference.external_id_for_write()
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(locked) = found else {
        return Err(not_found(connection, workspace_id, reference).await?);
    };
    match if_match.refusal(locked.version) {
        None => Ok(locked),
        Some(kind) => Err(Problem::Plain(kind)),
    }
}

/// Returns the problem for a missing case. It explains a segment in the form of an id that is the external id of a
/// case.
///
/// # Errors
/// Returns the error of the statement.
async fn not_found(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    reference: &CaseReference,
) -> Result<Problem, sqlx::Error> {
    let fault = match (reference.id(), reference.external_id()) {
        (Some(id), Some(external_id)) => {
            external_id_fault(connection, workspace_id, id, external_id).await?
        }
        _ => None,
    };
    let pointer = String::new();
    Ok(match fault {
        Some(fault) => Problem::Missing(Box::new(Violation { pointer, fault })),
        None => Problem::Plain(ProblemType::NotFound),
    })
}

/// Returns a fault that names the case whose external id has the form of an id, if there is one.
///
/// # Errors
/// Returns the error of the statement.
pub async fn external_id_fault(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
    external_id: &str,
) -> Result<Option<Fault>, sqlx::Error> {
    let named = sqlx::query_scalar!(
        "SELECT id FROM cases WHERE workspace_id = $1 AND external_id = $2",
        workspace_id,
        external_id
    )
    .fetch_optional(connection)
    .await?;
    Ok(named.map(|named| {
        let message = format!(
            "No case has the id {id}. The case {named} has it as its external_id, but a write reads a value in the \
             form of an id as an id only: use the id of the case."
        );
        Fault::new(Code::CaseNotFound, message)
    }))
}

/// Increments the version of a locked case and returns the new version.
///
/// # Errors
/// Returns the error of the statement.
pub async fn touch(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    case_id: Uuid,
    now: DateTime<Utc>,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        "UPDATE cases SET version = version + 1, last_activity_at = greatest(last_activity_at, $3),
             reference_version = (SELECT version FROM reference_versions WHERE workspace_id = $1)
         WHERE workspace_id = $1 AND id = $2 RETURNING version",
        workspace_id,
        case_id,
        now
    )
    .fetch_one(connection)
    .await
}
