//! All SQL of workspaces and of what a file describes.

use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::auth::ApiKey;

/// Makes a workspace.
///
/// # Errors
/// Those of the database: `workspaces_name_key` where another has the name.
pub async fn insert(
    connection: &mut PgConnection,
    id: Uuid,
    name: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO workspaces (id, name) VALUES ($1, $2)",
        id,
        name
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives a workspace another name; false if no workspace has the first one.
///
/// # Errors
/// Returns the error of the statement: `workspaces_name_key` if another workspace has the new name.
pub async fn rename(
    connection: &mut PgConnection,
    from: &str,
    to: &str,
) -> Result<bool, sqlx::Error> {
    let renamed = sqlx::query!("UPDATE workspaces SET name = $2 WHERE name = $1", from, to);
    Ok(renamed.execute(connection).await?.rows_affected() > 0)
}

/// One workspace of a list.
#[derive(Debug, Clone, Serialize)]
pub struct ListedWorkspace {
    pub id: Uuid,
    pub name: String,
    /// How many keys it has that are not revoked.
    pub keys: i64,
}

/// All workspaces by name.
///
/// # Errors
/// Returns the error of the statement.
pub async fn list(connection: &mut PgConnection) -> Result<Vec<ListedWorkspace>, sqlx::Error> {
    sqlx::query_as!(
        ListedWorkspace,
        r#"SELECT w.id, w.name,
               (SELECT count(*) FROM api_keys AS k
                WHERE k.workspace_id = w.id AND k.revoked_at IS NULL) AS "keys!"
           FROM workspaces AS w ORDER BY w.name, w.id"#
    )
    .fetch_all(connection)
    .await
}

/// The id of the workspace with this name, if there is one.
///
/// # Errors
/// Those of the database.
pub async fn find(connection: &mut PgConnection, name: &str) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar!("SELECT id FROM workspaces WHERE name = $1", name)
        .fetch_optional(connection)
        .await
}

/// Makes a workspace and its key where they are absent. A key that is there stays as it is: one
/// that was revoked is not accepted again.
///
/// # Errors
/// Those of the database.
pub async fn ensure(
    connection: &mut PgConnection,
    id: Uuid,
    name: &str,
    key: &ApiKey,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH made AS (
             INSERT INTO workspaces (id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id
         ), workspace AS (
             SELECT id FROM made UNION ALL SELECT id FROM workspaces WHERE name = $2
         )
         INSERT INTO api_keys (id, workspace_id, hash)
         SELECT $3, id, $4 FROM workspace LIMIT 1 ON CONFLICT DO NOTHING",
        id,
        name,
        key.id(),
        key.hash().as_slice()
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Everything that a file can describe, as JSON.
///
/// # Errors
/// Those of the database.
pub async fn contents(
    connection: &mut PgConnection,
    workspace_id: Uuid,
) -> Result<Value, sqlx::Error> {
    sqlx::query_file_scalar!("src/workspaces/contents.sql", workspace_id)
        .fetch_one(connection)
        .await
}

/// Writes rows of every kind: all of them, or none.
///
/// # Errors
/// Those of the database; a named constraint where another has the name of a row.
pub async fn apply(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    rows: &Value,
) -> Result<(), sqlx::Error> {
    sqlx::query_file!("src/workspaces/apply.sql", workspace_id, rows)
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets a key of a workspace.
///
/// # Errors
/// Those of the database.
pub async fn forget_key(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    key: &ApiKey,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM api_keys WHERE workspace_id = $1 AND id = $2",
        workspace_id,
        key.id()
    )
    .execute(connection)
    .await?;
    Ok(())
}
