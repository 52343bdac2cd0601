//! The SQL of activities and their seals.

use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Seal;

/// An activity in the form that a seal covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRow {
    pub id: Uuid,
    pub case_id: Uuid,
    /// All columns as a string; `None` if the row does not exist.
    pub content: Option<String>,
}

impl SealedRow {
    /// The SHA-256 of the row; empty if the row does not exist.
    pub fn digest(&self) -> Vec<u8> {
        match &self.content {
            Some(content) => Sha256::digest(content).to_vec(),
            None => Vec::new(),
        }
    }
}

/// The workspaces with unsealed activities.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn unsealed(connection: &mut PgConnection) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT id FROM workspaces AS w
         WHERE EXISTS (SELECT FROM unsealed_activities AS u WHERE u.workspace_id = w.id)"
    )
    .fetch_all(connection)
    .await
}

/// Locks the chain of a workspace until the transaction ends. Returns `false` if another transaction holds the lock.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn lock_chain(
    connection: &mut PgConnection,
    workspace_id: Uuid,
) -> Result<bool, sqlx::Error> {
    let locked = sqlx::query_scalar!(
        "SELECT id FROM workspaces WHERE id = $1 FOR NO KEY UPDATE SKIP LOCKED",
        workspace_id
    );
    Ok(locked.fetch_optional(connection).await?.is_some())
}

/// Removes up to `most` ids from the queue of unsealed activities, oldest first, and returns their rows. The ids are
/// passed to the DELETE as an array: a join can be planned as a scan of the table with all its dead rows.
///
/// # Errors
/// Returns `sqlx::Error` if a statement fails.
pub async fn take_unsealed(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    most: i64,
) -> Result<Vec<SealedRow>, sqlx::Error> {
    let taken = sqlx::query!(
        "WITH taken AS (
             DELETE FROM unsealed_activities
             WHERE workspace_id = $1 AND activity_id = ANY (ARRAY(
                 SELECT activity_id FROM unsealed_activities WHERE workspace_id = $1
                 ORDER BY activity_id LIMIT $2))
             RETURNING activity_id, case_id)
         SELECT activity_id, case_id FROM taken ORDER BY activity_id",
        workspace_id,
        most
    )
    .fetch_all(&mut *connection)
    .await?;
    let ids: Vec<_> = taken.iter().map(|it| it.activity_id).collect();
    let case_ids: Vec<_> = taken.iter().map(|it| it.case_id).collect();
    rows(connection, workspace_id, &ids, &case_ids).await
}

/// Activities in the form that a seal covers, in the given order.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn rows(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    ids: &[Uuid],
    case_ids: &[Uuid],
) -> Result<Vec<SealedRow>, sqlx::Error> {
    sqlx::query_file_as!(
        SealedRow,
        "src/activities/rows.sql",
        workspace_id,
        ids,
        case_ids
    )
    .fetch_all(connection)
    .await
}

/// The last seal of a workspace. Returns `None` if it has no seal.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn last_seal(
    connection: &mut PgConnection,
    workspace_id: Uuid,
) -> Result<Option<Seal>, sqlx::Error> {
    sqlx::query_as!(
        Seal,
        "SELECT sequence, activity_ids, case_ids, row_digests, previous, digest, sealed_at
         FROM activity_seals WHERE workspace_id = $1 ORDER BY sequence DESC LIMIT 1",
        workspace_id
    )
    .fetch_optional(connection)
    .await
}

/// The first seal of a workspace after a sequence number. Returns `None` after the last one.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn seal_after(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    sequence: i64,
) -> Result<Option<Seal>, sqlx::Error> {
    sqlx::query_as!(
        Seal,
        "SELECT sequence, activity_ids, case_ids, row_digests, previous, digest, sealed_at
         FROM activity_seals WHERE workspace_id = $1 AND sequence > $2 ORDER BY sequence LIMIT 1",
        workspace_id,
        sequence
    )
    .fetch_optional(connection)
    .await
}

/// Adds a seal to the chain of a workspace.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn insert_seal(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    seal: &Seal,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO activity_seals (workspace_id, sequence, activity_ids, case_ids, row_digests,
             previous, digest, sealed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        workspace_id,
        seal.sequence,
        &seal.activity_ids,
        &seal.case_ids,
        &seal.row_digests,
        seal.previous,
        seal.digest,
        seal.sealed_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// All workspaces: id and name.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn workspaces(connection: &mut PgConnection) -> Result<Vec<(Uuid, String)>, sqlx::Error> {
    let rows = sqlx::query!("SELECT id, name FROM workspaces ORDER BY name")
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// Counts the activities of a workspace that wait for the next seal.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn count_unsealed(
    connection: &mut PgConnection,
    workspace_id: Uuid,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM activities AS a JOIN unsealed_activities AS u
           ON u.workspace_id = a.workspace_id AND u.activity_id = a.id AND u.case_id = a.case_id
           WHERE a.workspace_id = $1"#,
        workspace_id
    )
    .fetch_one(connection)
    .await
}

/// Activities of a workspace that are neither sealed nor waiting for a seal.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn unknown_activities(
    connection: &mut PgConnection,
    workspace_id: Uuid,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT a.id FROM activities AS a
         LEFT JOIN (SELECT m.id, m.case_id FROM activity_seals AS e,
                 unnest(e.activity_ids, e.case_ids) AS m (id, case_id)
             WHERE e.workspace_id = $1) AS s ON s.id = a.id AND s.case_id = a.case_id
         LEFT JOIN unsealed_activities AS u
             ON u.workspace_id = $1 AND u.activity_id = a.id AND u.case_id = a.case_id
         WHERE a.workspace_id = $1 AND s.id IS NULL AND u.activity_id IS NULL ORDER BY a.id",
        workspace_id
    )
    .fetch_all(connection)
    .await
}
