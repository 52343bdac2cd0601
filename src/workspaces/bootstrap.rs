//! A first workspace and its key, for containers.

use uuid::Uuid;

use crate::auth::ApiKey;
use crate::db::{DatabaseError, Session};

/// Makes a workspace and its key where they are absent; `id` is the workspace's, should it be made.
/// A key that exists stays as it is: one that was revoked is not accepted again.
///
/// # Errors
/// Those of the database.
pub async fn bootstrap(
    session: &mut Session,
    id: Uuid,
    name: String,
    key: String,
) -> Result<(), DatabaseError> {
    session
        .write(move |connection| {
            Box::pin(async move {
                let key = ApiKey::new(&key);
                sqlx::query!(
                    "WITH made AS (
                         INSERT INTO workspaces (id, name) VALUES ($1, $2)
                         ON CONFLICT DO NOTHING RETURNING id
                     ), workspace AS (
                         SELECT id FROM made UNION ALL SELECT id FROM workspaces WHERE name = $2
                     )
                     INSERT INTO api_keys (id, workspace_id, hash)
                     SELECT $3, id, $4 FROM workspace LIMIT 1 ON CONFLICT DO NOTHING",
                    id,
                    name,
                    key.id(),
                    key.hash()
                )
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
}

/// Makes a workspace.
///
/// # Errors
/// Those of the database: `workspaces_name_key` where another has the name.
pub async fn create(session: &mut Session, id: Uuid, name: String) -> Result<(), DatabaseError> {
    session
        .write(move |connection| {
            Box::pin(async move {
                sqlx::query!(
                    "INSERT INTO workspaces (id, name) VALUES ($1, $2)",
                    id,
                    name
                )
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
}
