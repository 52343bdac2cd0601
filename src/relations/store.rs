//! The SQL of relations.

use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Members, StoredRelation};
use crate::http::Problem;

/// Reads the companies, individuals and relations of a locked case.
///
/// # Errors
/// Returns the error of the statement, or `Problem::Decode`.
pub async fn members(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    case_id: Uuid,
) -> Result<Members, Problem> {
    let found = sqlx::query_file_scalar!("src/relations/members.sql", workspace_id, case_id)
        .fetch_one(connection)
        .await?;
    serde_json::from_value(found).map_err(Problem::Decode)
}

/// Reads a relation of a locked case.
///
/// # Errors
/// Returns the error of the statement, or `Problem::Decode`.
pub async fn find(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    case_id: Uuid,
    id: Uuid,
) -> Result<Option<StoredRelation>, Problem> {
    let found = sqlx::query_scalar!(
        r#"SELECT to_jsonb(r) AS "relation!" FROM relations AS r
           WHERE r.workspace_id = $1 AND r.case_id = $2 AND r.id = $3"#,
        workspace_id,
        case_id,
        id
    )
    .fetch_optional(connection)
    .await?;
    found
        .map(|found| serde_json::from_value(found).map_err(Problem::Decode))
        .transpose()
}

/// Inserts or updates relations of a locked case.
///
/// # Errors
/// Returns the error of the statement. A named constraint tells which rule is broken.
pub async fn save(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    relations: &[StoredRelation],
) -> Result<(), sqlx::Error> {
    sqlx::query_file!("src/relations/save.sql", workspace_id, json!(relations))
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes a relation of a locked case. Returns false if the case has no such relation.
///
/// # Errors
/// Returns the error of the statement.
pub async fn delete(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    case_id: Uuid,
    id: Uuid,
) -> Result<bool, sqlx::Error> {
    let deleted = sqlx::query!(
        "DELETE FROM relations WHERE workspace_id = $1 AND case_id = $2 AND id = $3",
        workspace_id,
        case_id,
        id
    )
    .execute(connection)
    .await?;
    Ok(deleted.rows_affected() == 1)
}
