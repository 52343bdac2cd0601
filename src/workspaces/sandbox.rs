//! The sandbox: a workspace with example data for the first requests.

use thiserror::Error;
use uuid::Uuid;

use super::file::Format;
use super::{ApplyError, FileError, WorkspaceFile, apply, find, store};
use crate::auth::ApiKey;
use crate::db::{DatabaseError, Session};
use crate::ids::IdSource;

/// The fixed API key of the sandbox. The server accepts it only on a loopback address.
pub const FIXED_KEY: &str = "dossier_sandbox";
/// The name of the sandbox.
const NAME: &str = "Sandbox";
const ID: Uuid = Uuid::from_u128(0x0198_a000_0000_4000_8000_0000_0000_0001);
/// The configuration file of the sandbox.
const FILE: &str = include_str!("../../docs/sandbox.yaml");

/// Why the sandbox could not be created.
#[derive(Debug, Error)]
pub enum SandboxError {
    #[error("the configuration file of the sandbox: {0}")]
    File(#[from] FileError),
    #[error("the sandbox: {0}")]
    Apply(#[from] ApplyError),
    #[error("the database failed")]
    Database(#[from] DatabaseError),
}

/// Creates the sandbox with its key, and applies its file. If another key is set, the fixed key of earlier starts is
/// deleted.
///
/// # Errors
/// Returns [`SandboxError`] if the file cannot be applied or the database fails.
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
    // The sandbox of an earlier version has another id.
    let id = find(session, NAME).await?.unwrap_or(ID);
    if !is_fixed {
        let fixed = ApiKey::new(FIXED_KEY);
        session
            .write(|connection| {
                Box::pin(async move { store::delete_key(connection, id, &fixed).await })
            })
            .await?;
    }
    apply(session, id, file, ids, false).await?;
    Ok(())
}
