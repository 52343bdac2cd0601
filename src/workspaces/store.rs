//! The SQL of workspaces and their configuration files.

use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::auth::ApiKey;

/// Inserts a workspace.
///
/// # Errors
/// Returns the error of the statement; it names `workspaces_name_key` if another workspace has the name.
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

/// Renames a workspace. Returns `false` if no workspace has the name `from`.
///
/// # Errors
/// Returns the error of the statement; it names `workspaces_name_key` if another workspace has the new name.
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
    /// The number of keys that are not revoked.
    pub keys: i64,
}

/// Returns all workspaces in the order of their names.
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

/// Returns the id of the workspace with this name.
///
/// # Errors
/// Returns the error of the statement.
pub async fn find(connection: &mut PgConnection, name: &str) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar!("SELECT id FROM workspaces WHERE name = $1", name)
        .fetch_optional(connection)
        .await
}

/// Inserts a workspace and its key if they do not exist. An existing key does not change, so a revoked key stays
/// revoked.
///
/// # Errors
/// Returns the error of the statement.
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

/// Returns the rows of a workspace that a file can describe, as JSON.
///
/// # Errors
/// Returns the error of the statement.
pub async fn contents(
    connection: &mut PgConnection,
    workspace_id: Uuid,
) -> Result<Value, sqlx::Error> {
    sqlx::query_file_scalar!("src/workspaces/contents.sql", workspace_id)
        .fetch_one(connection)
        .await
}

/// Writes rows of every kind in one statement.
///
/// # Errors
/// Returns the error of the statement; it names a constraint if another row has a unique name.
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

/// Deletes a key of a workspace.
///
/// # Errors
/// Returns the error of the statement.
pub async fn delete_key(
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
