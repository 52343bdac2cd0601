//! All SQL of users.

use sqlx::PgConnection;
use uuid::Uuid;

use super::StoredUser;
use crate::http::Problem;
use crate::validation::{Code, Fault};

/// A user by its id, if the workspace has it.
///
/// # Errors
/// Those of the database.
pub async fn find(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
) -> Result<Option<StoredUser>, sqlx::Error> {
    sqlx::query_as!(
        StoredUser,
        "SELECT id, first_name, last_name, email, role, created_at, suspended_at FROM users
         WHERE workspace_id = $1 AND id = $2",
        workspace_id,
        id
    )
    .fetch_optional(connection)
    .await
}

/// Writes a user: a new one, or what became of one that is there.
///
/// # Errors
/// 409 where another has the address, and those of the database.
pub async fn save(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    user: &StoredUser,
) -> Result<(), Problem> {
    let taken = sqlx::query_scalar!(
        "SELECT id FROM users WHERE workspace_id = $1 AND email = $2 AND id <> $3",
        workspace_id,
        user.email,
        user.id
    )
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(other) = taken {
        let message = format!("The user {other} has this email. Give each user its own.");
        let fault = Fault::new(Code::DuplicateValue, message);
        return Err(Problem::conflict("/email", fault));
    }
    sqlx::query!(
        "INSERT INTO users
             (workspace_id, id, first_name, last_name, email, role, created_at, suspended_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT ON CONSTRAINT users_pkey DO UPDATE SET first_name = excluded.first_name,
             last_name = excluded.last_name, email = excluded.email, role = excluded.role,
             suspended_at = excluded.suspended_at",
        workspace_id,
        user.id,
        user.first_name,
        user.last_name,
        user.email,
        user.role,
        user.created_at,
        user.suspended_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Locks a row until the transaction ends, so that nobody changes it between its read and its write.
///
/// # Errors
/// Those of the database.
pub async fn lock(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "SELECT id FROM users WHERE workspace_id = $1 AND id = $2 FOR UPDATE",
        workspace_id,
        id
    )
    .fetch_optional(connection)
    .await?;
    Ok(())
}
