//! All SQL of individuals.

use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::StoredIndividual;
use crate::custom_properties::Definitions;
use crate::http::{Problem, ProblemType};
use crate::relations::StoredRelation;

/// An individual with what its answer shows.
#[derive(Debug, Deserialize)]
pub struct FoundIndividual {
    pub individual: StoredIndividual,
    /// The relations that it holds.
    pub relations: Vec<StoredRelation>,
    /// The main company of its case.
    pub main: Option<Uuid>,
    pub definitions: Definitions,
    /// The version of its case.
    pub version: i64,
}

/// An individual by its id, if the workspace has it, as JSON of a [`FoundIndividual`].
///
/// # Errors
/// Those of the database.
pub async fn find(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
) -> Result<Option<Value>, sqlx::Error> {
    sqlx::query_file_scalar!("src/individuals/find.sql", workspace_id, id)
        .fetch_optional(connection)
        .await
}

/// An individual of a locked case.
///
/// # Errors
/// 404 and those of the database.
pub async fn read(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
) -> Result<FoundIndividual, Problem> {
    let found = find(connection, workspace_id, id).await?;
    let found = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
    serde_json::from_value(found).map_err(Problem::Decode)
}

/// The case of an individual.
///
/// # Errors
/// 404 and those of the database.
pub async fn case_of(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
) -> Result<Uuid, Problem> {
    let found = sqlx::query_scalar!(
        "SELECT case_id FROM individuals WHERE workspace_id = $1 AND id = $2",
        workspace_id,
        id
    )
    .fetch_optional(connection)
    .await?;
    found.ok_or(Problem::Plain(ProblemType::NotFound))
}

/// Writes an individual of a locked case: a new one, or what became of one that is there.
///
/// # Errors
/// Those of the database.
pub async fn save(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    individual: &StoredIndividual,
) -> Result<(), sqlx::Error> {
    sqlx::query_file!("src/individuals/save.sql", workspace_id, json!(individual))
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes an individual of a locked case; the relations that it holds go too.
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
        "DELETE FROM individuals WHERE workspace_id = $1 AND case_id = $2 AND id = $3",
        workspace_id,
        case_id,
        id
    )
    .execute(connection)
    .await?;
    Ok(())
}
