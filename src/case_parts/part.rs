//! A part of a case.

use std::future::Future;

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::events::{Change, Event, Subject};
use crate::http::{Problem, ProblemType, WriteResponse};
use crate::versions::{CaseReference, IfMatch, Locked, lock};

/// A company or an individual, with everything that its response shows.
pub trait CasePart: DeserializeOwned + Send + Sync + 'static {
    /// The activity and the event of a deletion.
    const DELETED: (&'static str, Event);
    /// The activity and the event of a part that became relevant.
    const RELEVANT: (&'static str, Event);
    /// The activity and the event of a part that is no longer relevant.
    const NOT_RELEVANT: (&'static str, Event);

    /// Reads a part as JSON. Returns `None` if the workspace has no part with this id.
    ///
    /// # Errors
    /// Returns the error of the statement.
    fn find(
        connection: &mut PgConnection,
        workspace_id: Uuid,
        id: Uuid,
    ) -> impl Future<Output = Result<Option<Value>, sqlx::Error>> + Send;

    /// Reads the id of the case of a part.
    ///
    /// # Errors
    /// Returns the error of the statement.
    fn find_case(
        connection: &mut PgConnection,
        workspace_id: Uuid,
        id: Uuid,
    ) -> impl Future<Output = Result<Option<Uuid>, sqlx::Error>> + Send;

    /// Inserts or updates the part. Its case is locked.
    ///
    /// # Errors
    /// Returns the error of the statement.
    fn save(
        &self,
        connection: &mut PgConnection,
        workspace_id: Uuid,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// Deletes the part with its relations. Its case is locked.
    ///
    /// # Errors
    /// Returns the error of the statement.
    fn delete(
        &self,
        connection: &mut PgConnection,
        workspace_id: Uuid,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// The part as the subject of a change.
    fn subject(&self) -> Subject;

    /// The id of the case.
    fn case_id(&self) -> Uuid;

    /// The version of the case.
    fn version(&self) -> i64;

    /// Sets the version of the case.
    fn set_version(&mut self, version: i64);

    /// Sets whether the part is relevant.
    fn set_relevant(&mut self, is_relevant: bool, now: DateTime<Utc>);

    /// The fields that the event of a deletion shows.
    fn tombstone(&self) -> Value;

    /// The response that shows the part.
    ///
    /// # Errors
    /// Returns `Problem::Encode` if the part has no JSON form.
    fn response(&self, status: StatusCode) -> Result<WriteResponse, Problem>;

    /// A change of the part, with its activity.
    fn change(&self, activity: &'static str) -> Change {
        Change::new(self.case_id(), self.subject(), self.version(), activity)
    }
}

/// Locks the case of a part.
///
/// # Errors
/// Returns a problem with the status 404 if the workspace has no such part, and the problems of [`lock`].
pub async fn lock_case_of<P: CasePart>(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
    if_match: &IfMatch,
) -> Result<Locked, Problem> {
    let case_id = P::find_case(connection, workspace_id, id).await?;
    let case_id = case_id.ok_or(Problem::Plain(ProblemType::NotFound))?;
    let reference = CaseReference::by_id(case_id);
    lock(connection, workspace_id, &reference, if_match).await
}

/// Reads a part inside a transaction. After [`lock_case_of`] it can be gone: the lock may have waited for its deletion.
///
/// # Errors
/// Returns a problem with the status 404 if the workspace has no such part, `Problem::Decode`, and the error of the
/// statement.
pub async fn read<P: CasePart>(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
) -> Result<P, Problem> {
    let found = P::find(connection, workspace_id, id).await?;
    let found = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
    serde_json::from_value(found).map_err(Problem::Decode)
}
