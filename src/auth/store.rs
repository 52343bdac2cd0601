//! All SQL of API keys.

use chrono::{DateTime, Utc};
use rand::distr::{Alphanumeric, SampleString};
use serde::Serialize;
use sqlx::PgConnection;

use super::{ApiKey, Caller};
use crate::db::{DatabaseError, Session};

/// A key as it is listed: without its secret, which nobody has.
#[derive(Debug, Clone, Serialize)]
pub struct StoredKey {
    pub id: String,
    pub created_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
}

/// The caller that a key belongs to, unless it is unknown or revoked.
///
/// # Errors
/// Those of the database.
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

/// Makes a key of the workspace with this name, if there is one: `dossier_ID_SECRET`, of which the
/// secret has 40 letters and digits (238 bits), so that a plain hash of it cannot be searched.
///
/// # Errors
/// Those of the database.
pub async fn create(
    session: &mut Session,
    workspace: String,
) -> Result<Option<String>, DatabaseError> {
    let id = Alphanumeric.sample_string(&mut rand::rng(), 12);
    let secret = Alphanumeric.sample_string(&mut rand::rng(), 40);
    let text = format!("dossier_{id}_{secret}");
    let key = ApiKey::new(&text);
    let made = session
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
    Ok((made.rows_affected() == 1).then_some(text))
}

/// The keys of the workspace with this name, oldest first.
///
/// # Errors
/// Those of the database.
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

/// Revokes a key of the workspace with this name; false if there is no such key to revoke.
///
/// # Errors
/// Those of the database.
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
