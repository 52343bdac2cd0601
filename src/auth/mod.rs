//! API keys: from the headers of a request to the workspace that it may touch.

mod key;

pub use key::{ApiKey, credentials};

use sqlx::PgConnection;
use uuid::Uuid;

/// Who calls: a workspace, and nothing beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub workspace_id: Uuid,
    pub workspace_name: String,
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
        workspace_name: row.name,
    }))
}
