//! The SQL of API keys.

use chrono::{DateTime, Utc};
use rand::distr::{Alphanumeric, SampleString};
use serde::Serialize;
use sqlx::PgConnection;

use super::{ApiKey, Caller};
use crate::db::{DatabaseError, Session};

/// A key in a list, without its secret, which is not stored.
#[derive(Debug, Clone, Serialize)]
pub struct StoredKey {
    pub id: String,
    pub created_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
}

/// Finds the caller of a key. Returns `None` if the key is unknown or revoked.
///
/// # Errors
/// Returns the error of the statement.
pub async fn find(
    connection: &mut PgConnection,
    key: &ApiKey,
) -> Result<Option<Caller>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT w.id, w.name, k.hash FROM api_keys AS k JOIN workspaces AS w
           ON w.id = k.workspace_id WHERE k.id = $1 AND k.revoked_at IS NULL"#,
        key.id()
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.filter(|row| key.matches(&row.hash)).map(|row| Caller {
        workspace_id: row.id,
        workspace_name: row.name.into(),
        api_key_id: key.id().into(),
    }))
}

/// Creates a key `dossier_ID_SECRET` for the workspace with this name. The secret has 40 letters and digits (238 bits),
/// so a fast hash is safe. Returns `None` if there is no such workspace.
///
/// # Errors
/// Returns the [`DatabaseError`] of a write.
pub async fn create(
    session: &mut Session,
    workspace: String,
) -> Result<Option<String>, DatabaseError> {
    let id = Alphanumeric.sample_string(&mut rand::rng(), 12);
    let secret = Alphanumeric.sample_string(&mut rand::rng(), 40);
    let text = format!("dossier_{id}_{secret}");
    let key = ApiKey::new(&text);
    let inserted = session
        .write(move |connection| {
            Box::pin(async move {
                sqlx::query!(
                    "INSERT INTO api_keys (id, workspace_id, hash)
                     SELECT $1, id, $2 FROM workspaces WHERE name = $3",
                    key.id(),
                    key.hash(),
                    workspace
                )
                .execute(connection)
                .await
            })
        })
        .await?;
    Ok((inserted.rows_affected() == 1).then_some(text))
}

/// Returns the keys of the workspace with this name, oldest first.
///
/// # Errors
/// Returns the [`DatabaseError`] of a read.
pub async fn list(
    session: &mut Session,
    workspace: String,
) -> Result<Vec<StoredKey>, DatabaseError> {
    session
        .read(|connection| {
            let workspace = workspace.clone();
            Box::pin(async move {
                sqlx::query_as!(
                    StoredKey,
                    "SELECT k.id, k.created_at, k.revoked_at FROM api_keys AS k
                     JOIN workspaces AS w ON w.id = k.workspace_id
                     WHERE w.name = $1 ORDER BY k.created_at, k.id",
                    workspace
                )
                .fetch_all(connection)
                .await
            })
        })
        .await
}

/// Revokes a key of the workspace with this name. Returns `false` if there is no such active key.
///
/// # Errors
/// Returns the [`DatabaseError`] of a write.
pub async fn revoke(
    session: &mut Session,
    workspace: String,
    id: String,
) -> Result<bool, DatabaseError> {
    let revoked = session
        .write(move |connection| {
            Box::pin(async move {
                sqlx::query!(
                    "UPDATE api_keys AS k SET revoked_at = now() FROM workspaces AS w
                     WHERE w.id = k.workspace_id AND w.name = $1 AND k.id = $2
                         AND k.revoked_at IS NULL",
                    workspace,
                    id
                )
                .execute(connection)
                .await
            })
        })
        .await?;
    Ok(revoked.rows_affected() == 1)
}
