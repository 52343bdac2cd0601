//! All SQL of relations.

use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Members, StoredRelation};
use crate::http::Problem;

/// What a locked case has for relations.
///
/// # Errors
/// Those of the database, and a row that cannot be read.
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

/// A relation of a locked case.
///
/// # Errors
/// Those of the database, and a row that cannot be read.
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

/// Writes relations of a locked case: new ones, and what became of those that are there.
///
/// # Errors
/// Those of the database; a named constraint says which rule is broken.
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

/// Deletes a relation of a locked case; false if it has no such relation.
///
/// # Errors
/// Those of the database.
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
