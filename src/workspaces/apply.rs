//! Making a workspace what a file says.

use chrono::Utc;
use thiserror::Error;
use uuid::Uuid;

use super::{Line, Plan, Rows, WorkspaceFile, store};
use crate::db::{DatabaseError, Session};
use crate::ids::IdSource;

/// Why a workspace is not what the file says. Nothing was changed.
#[derive(Debug, Error)]
pub enum ApplyError {
    #[error("{}", .0.join("\n"))]
    Conflicts(Vec<String>),
    #[error(
        "two entries exchange their names, or somebody else has just changed this workspace ({0}). \
         Nothing was changed; look at --dry-run and try again"
    )]
    Overtaken(String),
    #[error("the database did not do its part")]
    Database(#[from] DatabaseError),
    #[error("what the database holds cannot be read")]
    Decode(#[from] serde_json::Error),
}

/// Makes a workspace what a file says; a dry run only says what that would change.
///
/// # Errors
/// [`ApplyError`].
pub async fn apply(
    session: &mut Session,
    workspace_id: Uuid,
    file: WorkspaceFile,
    ids: &IdSource,
    dry_run: bool,
) -> Result<Vec<Line>, ApplyError> {
    if !dry_run {
        session.to_write().await?;
    }
    let there = session
        .read(|connection| Box::pin(store::contents(connection, workspace_id)))
        .await?;
    let there: Rows = serde_json::from_value(there)?;
    let plan = Plan::new(file, &there, ids, Utc::now());
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
            Some(constraint) => ApplyError::Overtaken(constraint.to_owned()),
            None => error.into(),
        }),
    }
}
