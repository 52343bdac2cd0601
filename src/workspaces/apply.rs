//! Applying a configuration file to a workspace.

use chrono::Utc;
use thiserror::Error;
use uuid::Uuid;

use super::{Line, Plan, Rows, WorkspaceFile, store};
use crate::db::{DatabaseError, Session};
use crate::ids::IdSource;

/// Why a file was not applied. Nothing was changed.
#[derive(Debug, Error)]
pub enum ApplyError {
    #[error("{}", .0.join("\n"))]
    Conflicts(Vec<String>),
    #[error(
        "two entries exchange their names, or another client has just changed this workspace ({0}). \
         Nothing was changed; check with --dry-run and try again"
    )]
    Conflict(String),
    #[error("the database failed")]
    Database(#[from] DatabaseError),
    #[error("the stored data cannot be decoded")]
    Decode(#[from] serde_json::Error),
}

/// Applies a file to a workspace. A dry run only returns the changes.
///
/// # Errors
/// Returns [`ApplyError::Conflicts`] if the file contradicts the workspace, [`ApplyError::Conflict`] if a unique name
/// is taken at the write, and the error of the database or of decoding its rows.
pub async fn apply(
    session: &mut Session,
    workspace_id: Uuid,
    file: WorkspaceFile,
    ids: &IdSource,
    dry_run: bool,
) -> Result<Vec<Line>, ApplyError> {
    if !dry_run {
        session.require_write_access().await?;
    }
    let stored = session
        .read(|connection| Box::pin(store::contents(connection, workspace_id)))
        .await?;
    let stored: Rows = serde_json::from_value(stored)?;
    let plan = Plan::new(file, &stored, ids, Utc::now());
    if !plan.conflicts.is_empty() {
        return Err(ApplyError::Conflicts(plan.conflicts));
    }
    if dry_run || plan.rows == Rows::default() {
        return Ok(plan.lines);
    }
    let rows = serde_json::to_value(&plan.rows)?;
    let written = session
        .write(|connection| {
            Box::pin(async move { store::apply(connection, workspace_id, &rows).await })
        })
        .await;
    match written {
        Ok(()) => Ok(plan.lines),
        Err(error) => Err(match error.constraint() {
            Some(constraint) => ApplyError::Conflict(constraint.to_owned()),
            None => error.into(),
        }),
    }
}
