//! The state that all creates share.

use std::sync::Arc;

use super::attempt::{Attempt, AttemptError, Source};
use super::create_request::CreateRequest;
use super::group_commit::GroupCommit;
use super::origin::Origin;
use crate::cases::references::{self, ReferenceCache};
use crate::db::Session;
use crate::http::Problem;
use crate::idempotency::Claim;
use crate::writes::Write;

/// The most attempts that end with [`AttemptError::Overtaken`] before the create fails.
const ATTEMPTS: usize = 3;

/// Creates cases. A server process has one.
#[derive(Debug, Clone)]
pub struct CaseWriter {
    references: ReferenceCache,
    group_commit: GroupCommit,
}

impl CaseWriter {
    /// Combines up to `group_size` concurrent creates of a workspace into one statement.
    pub fn new(group_size: usize) -> Self {
        Self {
            references: ReferenceCache::default(),
            group_commit: GroupCommit::new(group_size),
        }
    }

    /// The most cases of one statement.
    pub fn group_size(&self) -> usize {
        self.group_commit.size()
    }

    /// Checks a case and stores nothing, not even the idempotency key.
    ///
    /// # Errors
    /// Returns the problems that [`CaseWriter::store`] returns before it writes.
    pub async fn check<O: Origin>(
        &self,
        write: &Write,
        request: Arc<CreateRequest<O>>,
    ) -> Result<O::Response, Problem> {
        let (database, deadline) = (write.database.clone(), write.deadline);
        let write = write.clone();
        let check = async move |mut session: Session| {
            let draft = request.take_or_parse(&write).await?;
            let keys = draft.reference_keys();
            let references = references::read(&mut session, write.workspace_id, &keys).await?;
            let size = request.size(&draft);
            let turn = write
                .compute
                .turn_without_connection(&mut session, size)
                .await?;
            turn.run(|| {
                let case = draft.finish(references, &request.body, &write.ids, write.now)?;
                request.origin.dry_run_response(&case)
            })
        };
        Box::pin(database.unit(deadline, check)).await
    }

    /// Stores a case. If its references are in the cache, the group commit writes it, perhaps together with other
    /// cases. If that attempt needs a read, another one reads the references and writes the case by itself.
    ///
    /// # Errors
    /// Returns the problem of the request, or a database error. Nothing was stored, unless it is
    /// [`crate::db::DatabaseError::OutcomeUnknown`].
    pub async fn store<O: Origin>(
        &self,
        write: &Write,
        request: &Arc<CreateRequest<O>>,
        claim: Option<&Claim>,
    ) -> Result<O::Response, Problem> {
        let mut attempt = Attempt {
            cache: &self.references,
            group_commit: &self.group_commit,
            write,
            request,
            claim,
            source: Source::Cache,
        };
        match attempt.run().await {
            Err(AttemptError::NeedsRead) => {}
            result => return result.map_err(Problem::from),
        }
        // Boxed: it is rare, and would make the futures of all creates larger.
        Box::pin(self.clone().read_and_store(write, request, claim)).await
    }

    async fn read_and_store<O: Origin>(
        self,
        write: &Write,
        request: &Arc<CreateRequest<O>>,
        claim: Option<&Claim>,
    ) -> Result<O::Response, Problem> {
        let (database, deadline) = (write.database.clone(), write.deadline);
        let (write, request, claim) = (write.clone(), Arc::clone(request), claim.cloned());
        let store = async move |mut session: Session| {
            let mut attempt = Attempt {
                cache: &self.references,
                group_commit: &self.group_commit,
                write: &write,
                request: &request,
                claim: claim.as_ref(),
                source: Source::Database(&mut session),
            };
            let mut retries = 1..ATTEMPTS;
            loop {
                match attempt.run().await {
                    // The references changed again. The deadline bounds these retries.
                    Err(AttemptError::NeedsRead) if !deadline.has_passed() => {}
                    Err(AttemptError::Overtaken(_)) if retries.next().is_some() => {}
                    result => return result.map_err(Problem::from),
                }
            }
        };
        database.unit(deadline, store).await
    }
}
