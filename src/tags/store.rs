//! All SQL of tags.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Tag;
use crate::http::Problem;
use crate::validation::{Code, Fault};
use crate::values::TagLabel;

/// A tag by its id, if the workspace has it.
///
/// # Errors
/// Those of the database.
pub async fn find(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
) -> Result<Option<Tag>, sqlx::Error> {
    sqlx::query_as!(
        Tag,
        "SELECT id, label, created_at FROM tags WHERE workspace_id = $1 AND id = $2",
        workspace_id,
        id
    )
    .fetch_optional(connection)
    .await
}

/// How many tags a workspace has. Until the transaction ends nobody else adds one.
///
/// # Errors
/// Those of the database.
pub async fn count_locked(
    connection: &mut PgConnection,
    workspace_id: Uuid,
) -> Result<i64, sqlx::Error> {
    sqlx::query!(
        "SELECT id FROM workspaces WHERE id = $1 FOR NO KEY UPDATE",
        workspace_id
    )
    .fetch_optional(&mut *connection)
    .await?;
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM tags WHERE workspace_id = $1"#,
        workspace_id
    )
    .fetch_one(connection)
    .await
}

/// Refuses a label that another tag has, compared without case.
///
/// # Errors
/// 409 and those of the database.
pub async fn check_label(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
    label: &TagLabel,
) -> Result<(), Problem> {
    let taken = sqlx::query!(
        "SELECT id, label FROM tags WHERE workspace_id = $1 AND folded_label = $2 AND id <> $3",
        workspace_id,
        &*TagLabel::fold(label.as_str()),
        id
    )
    .fetch_optional(connection)
    .await?;
    match taken {
        None => Ok(()),
        Some(other) => {
            let message = format!("The tag {} has this label: {}.", other.id, other.label);
            let fault = Fault::new(Code::DuplicateValue, message);
            Err(Problem::conflict("/label", fault))
        }
    }
}

/// Adds a tag.
///
/// # Errors
/// Those of the database; `tags_folded_label_key` where another has the label.
pub async fn insert(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
    label: &TagLabel,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO tags (workspace_id, id, label, folded_label, created_at)
         VALUES ($1, $2, $3, $4, $5)",
        workspace_id,
        id,
        label.as_str(),
        &*TagLabel::fold(label.as_str()),
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Changes the label of a tag, if the workspace has it.
///
/// # Errors
/// Those of the database; `tags_folded_label_key` where another has the label.
pub async fn rename(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
    label: &TagLabel,
) -> Result<Option<Tag>, sqlx::Error> {
    sqlx::query_as!(
        Tag,
        "UPDATE tags SET label = $3, folded_label = $4 WHERE workspace_id = $1 AND id = $2
         RETURNING id, label, created_at",
        workspace_id,
        id,
        label.as_str(),
        &*TagLabel::fold(label.as_str())
    )
    .fetch_optional(connection)
    .await
}

/// Deletes a tag; the cases that have it lose it, which is a write to each of them. False if the
/// workspace has no such tag.
///
/// # Errors
/// Those of the database.
pub async fn delete(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    // From here on no case gets the tag any more.
    sqlx::query!(
        "SELECT id FROM tags WHERE workspace_id = $1 AND id = $2 FOR UPDATE",
        workspace_id,
        id
    )
    .fetch_optional(&mut *connection)
    .await?;
    sqlx::query!(
        "UPDATE cases SET version = version + 1, last_activity_at = greatest(last_activity_at, $3)
         WHERE workspace_id = $1 AND id IN (
             SELECT c.id FROM cases AS c JOIN case_tags AS t
                 ON t.workspace_id = c.workspace_id AND t.case_id = c.id
             WHERE c.workspace_id = $1 AND t.tag_id = $2 ORDER BY c.id FOR UPDATE OF c)",
        workspace_id,
        id,
        now
    )
    .execute(&mut *connection)
    .await?;
    let deleted = sqlx::query!(
        "DELETE FROM tags WHERE workspace_id = $1 AND id = $2",
        workspace_id,
        id
    )
    .execute(connection)
    .await?;
    Ok(deleted.rows_affected() == 1)
}
