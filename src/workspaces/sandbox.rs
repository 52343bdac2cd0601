//! The workspace named Sandbox, so that the first request can use everything.

use thiserror::Error;
use uuid::Uuid;

use super::file::Format;
use super::{ApplyError, FileError, WorkspaceFile, apply, find, store};
use crate::auth::ApiKey;
use crate::db::{DatabaseError, Session};
use crate::ids::IdSource;

/// The key of the sandbox, while only this machine can reach the server.
pub const FIXED_KEY: &str = "dossier_sandbox";
/// The name of the sandbox.
const NAME: &str = "Sandbox";
const ID: Uuid = Uuid::from_u128(0x0198_a000_0000_4000_8000_0000_0000_0001);
/// What it has, as a file that anybody can apply to a workspace.
const FILE: &str = include_str!("../../docs/sandbox.yaml");

/// Why there is no sandbox.
#[derive(Debug, Error)]
pub enum SandboxError {
    #[error("the file of the sandbox: {0}")]
    File(#[from] FileError),
    #[error("the sandbox: {0}")]
    Apply(#[from] ApplyError),
    #[error("the database did not do its part")]
    Database(#[from] DatabaseError),
}

/// Makes the sandbox what its file says and gives it a key; the fixed key of earlier starts is no
/// longer accepted where another is set.
///
/// # Errors
/// [`SandboxError`].
pub async fn apply_sandbox(
    session: &mut Session,
    key: &str,
    ids: &IdSource,
) -> Result<(), SandboxError> {
    let file = WorkspaceFile::parse(FILE, Format::Yaml)?;
    let is_fixed = key == FIXED_KEY;
    let key = ApiKey::new(key);
    session
        .write(|connection| {
            Box::pin(async move { store::ensure(connection, ID, NAME, &key).await })
        })
        .await?;
    // A sandbox of an earlier version has another id.
    let id = find(session, NAME).await?.unwrap_or(ID);
    if !is_fixed {
        let fixed = ApiKey::new(FIXED_KEY);
        session
            .write(|connection| {
                Box::pin(async move { store::forget_key(connection, id, &fixed).await })
            })
            .await?;
    }
    apply(session, id, file, ids, false).await?;
    Ok(())
}
