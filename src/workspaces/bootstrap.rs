//! Creating, renaming and listing workspaces.

use uuid::Uuid;

use super::name::WorkspaceName;
use super::store::{self, ListedWorkspace};
use crate::auth::ApiKey;
use crate::db::{DatabaseError, Session};

/// Creates a workspace with the given id and its key, if they do not exist. An existing key does not change, so a
/// revoked key stays revoked.
///
/// # Errors
/// Returns the [`DatabaseError`] of a write.
pub async fn bootstrap(
    session: &mut Session,
    id: Uuid,
    name: WorkspaceName,
    key: String,
) -> Result<(), DatabaseError> {
    let key = ApiKey::new(&key);
    session
        .write(|connection| {
            Box::pin(async move { store::ensure(connection, id, name.as_str(), &key).await })
        })
        .await
}

/// Creates a workspace.
///
/// # Errors
/// Returns [`DatabaseError::Refused`] with `workspaces_name_key` if another workspace has the name, and every other
/// [`DatabaseError`] of a write.
pub async fn create(
    session: &mut Session,
    id: Uuid,
    name: WorkspaceName,
) -> Result<(), DatabaseError> {
    session
        .write(|connection| {
            Box::pin(async move { store::insert(connection, id, name.as_str()).await })
        })
        .await
}

/// Renames a workspace. Returns `false` if no workspace has the name `from`.
///
/// # Errors
/// Returns [`DatabaseError::Refused`] with `workspaces_name_key` if another workspace has the new name, and every other
/// [`DatabaseError`] of a write.
pub async fn rename(
    session: &mut Session,
    from: String,
    to: WorkspaceName,
) -> Result<bool, DatabaseError> {
    session
        .write(|connection| {
            Box::pin(async move { store::rename(connection, &from, to.as_str()).await })
        })
        .await
}

/// Returns all workspaces in the order of their names.
///
/// # Errors
/// Returns the [`DatabaseError`] of a read.
pub async fn list(session: &mut Session) -> Result<Vec<ListedWorkspace>, DatabaseError> {
    session
        .read(|connection| Box::pin(store::list(connection)))
        .await
}

/// Returns the id of the workspace with this name.
///
/// # Errors
/// Returns the [`DatabaseError`] of a read.
pub async fn find(session: &mut Session, name: &str) -> Result<Option<Uuid>, DatabaseError> {
    let name = name.to_owned();
    session
        .read(|connection| {
            let name = name.clone();
            Box::pin(async move { store::find(connection, &name).await })
        })
        .await
}
