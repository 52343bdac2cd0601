//! Individuals that were created before the main company of their case. They hold the details of their relation to it.

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::StoredCompany;
use crate::relations::StoredRelation;

/// Inserts relations of individuals to the first main company of their case, which is locked, and clears the pending
/// details of these individuals.
///
/// # Errors
/// Returns the error of a statement.
pub async fn attach(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    company: &StoredCompany,
    relations: &[StoredRelation],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE individuals SET roles = '[]', \"position\" = NULL, ownership_percentage = NULL,
             voting_rights_percentage = NULL, updated_at = $4
         WHERE workspace_id = $1 AND case_id = $2 AND id = ANY ($3)",
        workspace_id,
        company.case_id,
        &relations
            .iter()
            .filter_map(|it| it.from_individual_id)
            .collect::<Vec<_>>(),
        company.created_at
    )
    .execute(&mut *connection)
    .await?;
    crate::relations::store::save(connection, workspace_id, relations).await
}

/// Reads the individuals of a locked case that have pending details, with these, as JSON.
///
/// # Errors
/// Returns the error of the statement.
pub async fn find(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    case_id: Uuid,
) -> Result<Vec<Value>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT jsonb_build_object('id', id, 'roles', roles, 'position', "position",
               'ownership_percentage', ownership_percentage,
               'voting_rights_percentage', voting_rights_percentage) AS "pending!"
           FROM individuals
           WHERE workspace_id = $1 AND case_id = $2 AND (roles <> '[]' OR num_nonnulls("position",
               ownership_percentage, voting_rights_percentage) > 0)
           ORDER BY id"#,
        workspace_id,
        case_id
    )
    .fetch_all(connection)
    .await
}
