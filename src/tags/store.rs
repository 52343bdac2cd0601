//! The SQL of tags.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Tag;
use crate::db::lock_workspace;
use crate::http::Problem;
use crate::lock_row;
use crate::validation::{Code, Fault};
use crate::values::TagLabel;

/// Finds a tag by its id.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
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

/// Locks the workspace and counts its tags, so that no other transaction adds one until this one ends.
///
/// # Errors
/// Returns `sqlx::Error` if a statement fails.
pub async fn count_locked(
    connection: &mut PgConnection,
    workspace_id: Uuid,
) -> Result<i64, sqlx::Error> {
    lock_workspace(connection, workspace_id).await?;
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM tags WHERE workspace_id = $1"#,
        workspace_id
    )
    .fetch_one(connection)
    .await
}

/// Checks that no other tag has the label, regardless of case.
///
/// # Errors
/// Returns 409 if another tag has it, or a database error.
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

/// Inserts a tag.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails: it violates `tags_folded_label_key` if another tag has the label.
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

/// Changes the label of a tag. Returns `None` if the workspace has no such tag.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails: it violates `tags_folded_label_key` if another tag has the label.
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

/// Deletes a tag and removes it from its cases, whose versions it increments. Returns `false` if the workspace has no
/// such tag.
///
/// # Errors
/// Returns `sqlx::Error` if a statement fails.
pub async fn delete(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    // From here on no other transaction adds the tag to a case.
    lock_row!("tags", connection, workspace_id, id).await?;
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
