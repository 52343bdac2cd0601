//! All SQL of cases.

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::versions::CaseReference;

/// Stores a whole case with one statement.
///
/// # Errors
/// Those of the database; a named constraint says which rule a race has broken.
pub async fn insert(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    case: Value,
) -> Result<(), sqlx::Error> {
    sqlx::query_file!("src/cases/insert.sql", workspace_id, case)
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether a constraint stands for something that can change between the read of the references and
/// the write: a second read finds the same fault, and says at which place of the request it is.
pub fn is_overtaken(constraint: &str) -> bool {
    matches!(
        constraint,
        "cases_external_id_key"
            | "cases_template_fkey"
            | "cases_assignee_fkey"
            | "cases_space_fkey"
            | "case_tags_tag_fkey"
    )
}

/// A whole case by its id or external id, if the workspace has it.
///
/// # Errors
/// Those of the database.
pub async fn find(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    reference: &CaseReference,
) -> Result<Option<Value>, sqlx::Error> {
    let (id, external_id) = (reference.id(), reference.external_id());
    sqlx::query_file_scalar!("src/cases/find.sql", workspace_id, id, external_id)
        .fetch_optional(connection)
        .await
}
