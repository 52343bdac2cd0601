//! Making workspaces, from the command line and for containers.

use uuid::Uuid;

use super::store;
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
    name: String,
    key: String,
) -> Result<(), DatabaseError> {
    let key = ApiKey::new(&key);
    session
        .write(|connection| {
            Box::pin(async move { store::ensure(connection, id, &name, &key).await })
        })
        .await
}

/// Makes a workspace.
///
/// # Errors
/// Those of the database: `workspaces_name_key` where another has the name.
pub async fn create(session: &mut Session, id: Uuid, name: String) -> Result<(), DatabaseError> {
    session
        .write(|connection| Box::pin(async move { store::insert(connection, id, &name).await }))
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
