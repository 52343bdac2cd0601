//! The SQL of users.

use sqlx::PgConnection;
use uuid::Uuid;

use super::StoredUser;
use crate::http::Problem;
use crate::validation::{Code, Fault};

/// Finds a user by its id.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
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

/// Inserts or updates a user.
///
/// # Errors
/// Returns 409 if another user has the e-mail address, or a database error.
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
        let message = format!("The user {other} already has this email. Use a different one.");
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
