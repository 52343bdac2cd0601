//! One attempt to store a case.

use std::cell::LazyCell;
use std::sync::Arc;

use uuid::Uuid;

use super::create_request::CreateRequest;
use super::draft::CaseDraft;
use super::group_commit::GroupCommit;
use super::insert;
use super::origin::Origin;
use super::record::record;
use super::rows::CaseRows;
use crate::cases::model::Case;
use crate::cases::references::{self, ReferenceCache, ReferenceKeys, References};
use crate::cases::view::CaseView;
use crate::db::{DatabaseError, Session};
use crate::http::{Problem, ProblemType};
use crate::idempotency::Claim;
use crate::writes::Write;

/// Where an attempt reads the references of the case, and how it writes the case.
pub enum Source<'s> {
    /// References from the cache; written by the group commit.
    Cache,
    /// References from the database; the session then writes the case by itself.
    Database(&'s mut Session),
}

/// Why an attempt has stored nothing.
pub enum AttemptError {
    /// The references are not in the cache or have changed, the case has errors, or its group was refused. The next
    /// attempt reads the references.
    NeedsRead,
    /// A concurrent change broke a constraint or caused a deadlock, or the connection is replaced. The next attempt
    /// reads the new state.
    Overtaken(DatabaseError),
    /// Any other error. It is final.
    Failed(Problem),
}

impl From<Problem> for AttemptError {
    fn from(problem: Problem) -> Self {
        Self::Failed(problem)
    }
}

impl From<DatabaseError> for AttemptError {
    fn from(error: DatabaseError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<AttemptError> for Problem {
    fn from(error: AttemptError) -> Self {
        match error {
            AttemptError::NeedsRead => Self::Plain(ProblemType::Busy),
            AttemptError::Overtaken(error) => error.into(),
            AttemptError::Failed(problem) => problem,
        }
    }
}

/// The inputs of an attempt.
pub struct Attempt<'a, O> {
    pub cache: &'a ReferenceCache,
    pub group_commit: &'a GroupCommit,
    pub write: &'a Write,
    pub request: &'a CreateRequest<O>,
    pub claim: Option<&'a Claim>,
    pub source: Source<'a>,
}

/// The response to the create of a case that is not stored yet.
enum Response<R> {
    Ready(R),
    /// Made from the case after it is stored.
    Deferred(Box<Case>),
}

impl<O: Origin> Attempt<'_, O> {
    /// Runs the attempt once.
    ///
    /// # Errors
    /// Returns an [`AttemptError`]. Nothing was stored, unless it contains [`DatabaseError::OutcomeUnknown`].
    pub async fn run(&mut self) -> Result<O::Response, AttemptError> {
        let draft = self.request.take_or_parse(self.write).await?;
        let keys = draft.reference_keys();
        let references = match self.references(&keys, &draft).await {
            Ok(references) => references,
            Err(error) => {
                self.request.put_back(draft);
                return Err(error);
            }
        };
        let version = references.version;
        let to_cache = self.reads_database().then(|| references.clone());
        let (rows, response) = self.rows(draft, references).await?;
        let has_deliveries = rows.record.has_deliveries;
        self.insert(version, rows).await?;
        if has_deliveries {
            self.write.recorder.expect_deliveries();
        }
        if let Some(references) = to_cache {
            self.cache
                .insert(self.write.workspace_id, &keys, references);
        }
        self.respond(response).await.map_err(AttemptError::Failed)
    }

    fn reads_database(&self) -> bool {
        matches!(self.source, Source::Database(_))
    }

    async fn references(
        &mut self,
        keys: &ReferenceKeys,
        draft: &CaseDraft,
    ) -> Result<References, AttemptError> {
        let workspace_id = self.write.workspace_id;
        match &mut self.source {
            // An invalid case needs the candidates for suggestions, which are not cached.
            Source::Cache if !draft.is_valid() => Err(AttemptError::NeedsRead),
            Source::Cache => {
                let cached = self.cache.get(workspace_id, keys);
                cached.ok_or(AttemptError::NeedsRead)
            }
            Source::Database(session) => {
                session.require_write_access().await?;
                Ok(references::read(session, workspace_id, keys).await?)
            }
        }
    }

    /// The rows of the case, and its response.
    async fn rows(
        &mut self,
        draft: CaseDraft,
        references: References,
    ) -> Result<(CaseRows, Response<O::Response>), AttemptError> {
        let size = self.request.size(&draft);
        let compute = &self.write.compute;
        let turn = match &mut self.source {
            Source::Cache => compute.turn(size).await?,
            Source::Database(session) => compute.turn_without_connection(session, size).await?,
        };
        let rows = turn.run(|| self.finish(draft, references));
        rows.map_err(|problem| match self.source {
            // The next attempt reads the references and finds every error.
            Source::Cache => AttemptError::NeedsRead,
            Source::Database(_) => AttemptError::Failed(problem),
        })
    }

    fn finish(
        &self,
        draft: CaseDraft,
        references: References,
    ) -> Result<(CaseRows, Response<O::Response>), Problem> {
        let write = self.write;
        let origin = &self.request.origin;
        let author = write.author();
        let endpoints = Arc::clone(&references.endpoints);
        let case = draft.finish(references, &self.request.body, &write.ids, write.now)?;
        let view = LazyCell::new(|| CaseView::new(&case, true));
        let record = record(&case, &view, &author, &endpoints)?;
        // The view borrows the case.
        drop(view);
        let response = if self.claim.is_some() || !O::SHOWS_CASE {
            Some(origin.response(&case)?)
        } else {
            None
        };
        let stored = match (self.claim, &response) {
            (Some(claim), Some(response)) => Some((claim.clone(), O::stored_form(response)?)),
            _ => None,
        };
        let rows = CaseRows::new(&case, origin.digest(), record, stored);
        let rows = rows.map_err(Problem::Encode)?;
        let deferred = || Response::Deferred(Box::new(case));
        Ok((rows, response.map_or_else(deferred, Response::Ready)))
    }

    async fn insert(&mut self, version: Uuid, rows: CaseRows) -> Result<(), AttemptError> {
        let write = self.write;
        let workspace_id = write.workspace_id;
        let is_stored = match &mut self.source {
            Source::Cache => {
                let queue = (workspace_id, version);
                let (database, deadline) = (&write.database, write.deadline);
                let write = self.group_commit.write(database, queue, deadline, rows);
                write.await?
            }
            Source::Database(session) => {
                let insert = session.write(|connection| {
                    Box::pin(insert::insert(
                        connection,
                        workspace_id,
                        vec![rows],
                        version,
                    ))
                });
                insert.await.map_err(|error| match error {
                    error if is_overtaken(&error) => AttemptError::Overtaken(error),
                    error => error.into(),
                })?
            }
        };
        is_stored.then_some(()).ok_or(AttemptError::NeedsRead)
    }

    /// The response of a stored case. From here on, no error may say that nothing was stored.
    async fn respond(&self, response: Response<O::Response>) -> Result<O::Response, Problem> {
        self.write.metrics.count_created_case();
        match response {
            Response::Ready(response) => Ok(response),
            Response::Deferred(case) => {
                let size = self.request.body.len();
                let turn = self.write.compute.turn_to_finish(size).await;
                let response = turn.run(|| self.request.origin.response(&case));
                response.map_err(|_| DatabaseError::OutcomeUnknown(None).into())
            }
        }
    }
}

/// Whether another read and write can succeed.
fn is_overtaken(error: &DatabaseError) -> bool {
    let is_replaced = matches!(error, DatabaseError::ReadOnly(Some(_)));
    is_replaced || error.is_deadlock() || error.constraint().is_some_and(insert::is_overtaken)
}
