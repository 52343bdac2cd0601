//! Making workspaces, from the command line and for containers.

use uuid::Uuid;

use super::name::WorkspaceName;
use super::store::{self, ListedWorkspace};
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

/// Makes a workspace.
///
/// # Errors
/// Those of the database: `workspaces_name_key` where another has the name.
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

/// Gives a workspace another name; false if no workspace has the first one.
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

/// All workspaces by name.
///
/// # Errors
/// Returns the [`DatabaseError`] of a read.
pub async fn list(session: &mut Session) -> Result<Vec<ListedWorkspace>, DatabaseError> {
    session
        .read(|connection| Box::pin(store::list(connection)))
        .await
}

/// The id of the workspace with this name, if there is one.
///
/// # Errors
/// Those of the database.
pub async fn find(session: &mut Session, name: &str) -> Result<Option<Uuid>, DatabaseError> {
    let name = name.to_owned();
    session
        .read(|connection| {
            let name = name.clone();
            Box::pin(async move { store::find(connection, &name).await })
        })
        .await
}
