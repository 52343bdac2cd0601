//! All SQL of companies.

use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::StoredCompany;
use crate::custom_properties::Definitions;
use crate::http::{Problem, ProblemType};
use crate::relations::StoredRelation;

/// A company with what its answer shows.
#[derive(Debug, Deserialize)]
pub struct FoundCompany {
    pub company: StoredCompany,
    /// The relations that it holds.
    pub relations: Vec<StoredRelation>,
    pub definitions: Definitions,
    /// The version of its case.
    pub version: i64,
}

/// A company by its id, if the workspace has it, as JSON of a [`FoundCompany`].
///
/// # Errors
/// Those of the database.
pub async fn find(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
) -> Result<Option<Value>, sqlx::Error> {
    sqlx::query_file_scalar!("src/companies/find.sql", workspace_id, id)
        .fetch_optional(connection)
        .await
}

/// A company of a locked case.
///
/// # Errors
/// 404 and those of the database.
pub async fn read(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
) -> Result<FoundCompany, Problem> {
    let found = find(connection, workspace_id, id).await?;
    let found = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
    serde_json::from_value(found).map_err(Problem::Decode)
}

/// The case of a company.
///
/// # Errors
/// 404 and those of the database.
pub async fn case_of(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
) -> Result<Uuid, Problem> {
    let found = sqlx::query_scalar!(
        "SELECT case_id FROM companies WHERE workspace_id = $1 AND id = $2",
        workspace_id,
        id
    )
    .fetch_optional(connection)
    .await?;
    found.ok_or(Problem::Plain(ProblemType::NotFound))
}

/// Writes a company of a locked case: a new one, or what became of one that is there.
///
/// # Errors
/// Those of the database; `companies_main_key` for a second main company.
pub async fn save(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    company: &StoredCompany,
) -> Result<(), sqlx::Error> {
    sqlx::query_file!("src/companies/save.sql", workspace_id, json!(company))
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes a company of a locked case; the relations with it go too.
///
/// # Errors
/// Those of the database.
pub async fn delete(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    case_id: Uuid,
    id: Uuid,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM companies WHERE workspace_id = $1 AND case_id = $2 AND id = $3",
        workspace_id,
        case_id,
        id
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes what the individuals of a locked case carry their relations to its first main company;
/// the ids of the relations are given, one for each individual that carries something.
///
/// # Errors
/// Those of the database.
pub async fn adopt_carried(
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

/// The individuals of a locked case that carry something, with what they carry, as JSON.
///
/// # Errors
/// Those of the database.
pub async fn carriers(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    case_id: Uuid,
) -> Result<Vec<Value>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT jsonb_build_object('id', id, 'roles', roles, 'position', "position",
               'ownership_percentage', ownership_percentage,
               'voting_rights_percentage', voting_rights_percentage) AS "carrier!"
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
