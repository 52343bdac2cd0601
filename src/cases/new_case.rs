//! A case on its way into the database: alone, or an item of a batch.

use std::cell::LazyCell;
use std::sync::Arc;

use axum::http::StatusCode;
use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::batch_view::ItemView;
use super::gather::GroupCommit;
use super::new_rows::CaseRows;
use super::references::{self, ReferenceKeys};
use super::remembered::ReferenceCache;
use super::view::CaseView;
use super::{Case, CaseDraft, Digest, References, created, store};
use crate::db::{Database, DatabaseError, Deadline, Session};
use crate::events::{Author, Events};
use crate::http::{Problem, ProblemType, WriteResponse};
use crate::idempotency::Claim;
use crate::metrics::Metrics;
use crate::validation::{self, Mode};
use crate::writes::{Compute, Write};

/// How often a create starts again because a constraint says that something was taken or deleted between
/// its read and its write.
const ATTEMPTS: usize = 3;

/// What creates share in one server.
#[derive(Debug, Clone, Default)]
pub struct CaseWriter {
    remembered: ReferenceCache,
    gather: GroupCommit,
}

/// How a case arrives: what it may say, and what its answer shows.
#[derive(Debug, Clone, Copy)]
pub enum Arrival {
    /// In a request of its own, whose answer is the case, at a path with this prefix.
    Alone { prefix: &'static str },
    /// In a batch, whose answer has its id. With an external id its digest is kept.
    InBatch { digest: Option<Digest> },
}

impl Arrival {
    fn mode(self) -> Mode {
        match self {
            Self::Alone { .. } => Mode::Create,
            Self::InBatch { .. } => Mode::Part,
        }
    }

    fn digest(self) -> Option<Digest> {
        match self {
            Self::Alone { .. } => None,
            Self::InBatch { digest } => digest,
        }
    }

    fn response(self, case: &Case) -> Result<WriteResponse, Problem> {
        let id = case.header.id;
        match self {
            Self::Alone { prefix } => {
                let response =
                    WriteResponse::json(StatusCode::CREATED, &CaseView::new(case, true))?;
                let response = response.at(format!("{prefix}/cases/{id}"));
                Ok(response.versioned(case.header.version))
            }
            Self::InBatch { .. } => WriteResponse::json(StatusCode::CREATED, &ItemView::made(id)),
        }
    }
}

/// What whoever sent a case is told once it is stored.
enum Told {
    /// An answer that is stored with it, for the key of the request, or that is an id and no more.
    Made(WriteResponse),
    /// One that is made then, of the case: a large one would stand beside all of its rows until they are
    /// written.
    Later(Box<Case>),
}

/// Reads one case.
///
/// # Errors
/// Only if it is not JSON.
pub fn parse(body: &[u8], mode: Mode, now: DateTime<Utc>) -> Result<CaseDraft, Problem> {
    let sent = validation::read(body).map_err(Problem::Malformed)?;
    Ok(CaseDraft::parse(sent, mode, now))
}

/// A case on its way into the database.
pub struct CreateAttempt {
    author: Author,
    events: Events,
    database: Database,
    deadline: Deadline,
    metrics: Metrics,
    compute: Compute,
    creates: CaseWriter,
    group_size: usize,
    claim: Option<Claim>,
    arrival: Arrival,
    /// How many bytes of a request come with it: the size of its batch, or its own.
    weight: usize,
    /// What the body says, until a try has used it up.
    draft: Option<CaseDraft>,
    body: Bytes,
}

impl CreateAttempt {
    /// What a body says, on the way of its request.
    pub fn of(
        write: &Write,
        creates: &CaseWriter,
        arrival: Arrival,
        draft: Option<CaseDraft>,
        body: Bytes,
    ) -> Self {
        Self {
            author: write.author(),
            events: write.events.clone(),
            database: write.database.clone(),
            deadline: write.deadline,
            metrics: write.metrics.clone(),
            compute: write.compute.clone(),
            creates: creates.clone(),
            group_size: 1,
            claim: None,
            arrival,
            weight: body.len(),
            draft,
            body,
        }
    }

    /// The same, written with up to this many cases by one statement, itself included.
    #[must_use]
    pub fn with_group_size(self, group_size: usize) -> Self {
        Self { group_size, ..self }
    }

    /// The same, as part of a batch of so many bytes.
    #[must_use]
    pub fn weighing(self, weight: usize) -> Self {
        Self { weight, ..self }
    }

    /// The same, done once in the name of a key, if there is one.
    #[must_use]
    pub fn claiming(self, claim: Option<Claim>) -> Self {
        Self { claim, ..self }
    }

    /// What storing would answer, with 200 and without a place and a version: nothing is kept, the
    /// key of the request neither.
    ///
    /// # Errors
    /// Those of storing.
    pub async fn check(mut self) -> Result<WriteResponse, Problem> {
        let (database, deadline) = (self.database.clone(), self.deadline);
        let check = async move |mut session: Session| {
            let draft = self.take_draft().await?;
            let workspace_id = self.author.workspace_id;
            let lookups = ReferenceKeys::of(&draft);
            let known = references::read(&mut session, workspace_id, &lookups).await?;
            let size = self.size(&draft);
            let response = || {
                let case = draft.finish(known, &self.body, &self.author.ids, self.author.now)?;
                match self.arrival {
                    Arrival::Alone { .. } => {
                        WriteResponse::json(StatusCode::OK, &CaseView::new(&case, true))
                    }
                    Arrival::InBatch { .. } => {
                        WriteResponse::json(StatusCode::OK, &ItemView::possible())
                    }
                }
            };
            let turn = self
                .compute
                .turn_without_connection(&mut session, size)
                .await?;
            turn.run(response)
        };
        database.unit(deadline, check).await
    }

    /// One write where what the request refers to is remembered, perhaps with other cases; else a
    /// read of it and a write.
    ///
    /// # Errors
    /// Every problem that a create can have; after any of them nothing was stored, or it says so.
    pub async fn store(mut self) -> Result<WriteResponse, Problem> {
        if let Some(response) = self.store_as_remembered().await? {
            return Ok(response);
        }
        let (database, deadline) = (self.database.clone(), self.deadline);
        let store = async move |session: Session| self.store_as_read(session).await;
        // What is rare is not moved about with what is not.
        Box::pin(database.unit(deadline, store)).await
    }

    /// The answer, where the references that are remembered still stand. A fault that they show is
    /// not told: the read that follows finds all of them.
    async fn store_as_remembered(&mut self) -> Result<Option<WriteResponse>, Problem> {
        let workspace_id = self.author.workspace_id;
        let draft = self.take_draft().await?;
        let known = self
            .creates
            .remembered
            .of(workspace_id, &ReferenceKeys::of(&draft));
        let Some(known) = known.filter(|_| draft.is_faultless()) else {
            self.draft = Some(draft);
            return Ok(None);
        };
        let place = (workspace_id, known.version);
        let turn = self.compute.turn(self.body.len()).await?;
        let Ok((rows, told)) = turn.run(|| self.rows(draft, known)) else {
            return Ok(None);
        };
        let (database, deadline) = (&self.database, self.deadline);
        let gather = &self.creates.gather;
        let written = gather.write(database, place, self.group_size, deadline, rows);
        if written.await? {
            self.stored(told).await.map(Some)
        } else {
            Ok(None)
        }
    }

    /// Reads what the request refers to, and writes, which does nothing where anything of that has another
    /// version by then. That is the reason for another read, which says what is wrong now; so is what
    /// was taken meanwhile.
    async fn store_as_read(mut self, mut session: Session) -> Result<WriteResponse, Problem> {
        let workspace_id = self.author.workspace_id;
        let mut more = 1..ATTEMPTS;
        loop {
            session.require_write_access().await?;
            let draft = self.take_draft().await?;
            let lookups = ReferenceKeys::of(&draft);
            let known = references::read(&mut session, workspace_id, &lookups).await?;
            let version = Some(known.version);
            let size = self.size(&draft);
            let turn = self
                .compute
                .turn_without_connection(&mut session, size)
                .await?;
            let (rows, told) = turn.run(|| self.rows(draft, known.clone()))?;
            let insert = session.write(|connection| {
                Box::pin(async move {
                    store::insert(connection, workspace_id, vec![rows], version).await
                })
            });
            match insert.await {
                Ok(true) => {
                    self.creates.remembered.keep(workspace_id, &lookups, known);
                    return self.stored(told).await;
                }
                // What it refers to may change once more meanwhile, but hardly until its deadline.
                Ok(false) if !self.deadline.has_passed() => {}
                Ok(false) => return Err(Problem::Plain(ProblemType::Busy)),
                Err(error) if is_overtaken(&error) && more.next().is_some() => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// From how much input the work on a draft comes. Faults of a small item cost little by themselves, and
    /// those of a batch of such items as much as a large body.
    fn size(&self, draft: &CaseDraft) -> usize {
        if draft.is_faultless() {
            self.body.len()
        } else {
            self.weight
        }
    }

    /// What the body says, read again where a try has used it up.
    async fn take_draft(&mut self) -> Result<CaseDraft, Problem> {
        if let Some(draft) = self.draft.take() {
            return Ok(draft);
        }
        let parse = || parse(&self.body, self.arrival.mode(), self.author.now);
        self.compute.turn(self.body.len()).await?.run(parse)
    }

    /// Everything that the case leaves, and what is told of it.
    fn rows(&self, draft: CaseDraft, known: References) -> Result<(CaseRows, Told), Problem> {
        let endpoints = Arc::clone(&known.endpoints);
        let case = draft.finish(known, &self.body, &self.author.ids, self.author.now)?;
        let view = LazyCell::new(|| CaseView::new(&case, true));
        let record = created(&case, &view, &self.author, &endpoints)?;
        // The case, which it borrows, goes on.
        drop(view);
        if record.is_awaited {
            self.events.leave();
        }
        let made = match (&self.claim, self.arrival) {
            (None, Arrival::Alone { .. }) => None,
            (Some(_), _) | (_, Arrival::InBatch { .. }) => Some(self.arrival.response(&case)?),
        };
        let kept = self.claim.clone().zip(made.clone());
        let rows = CaseRows::new(&case, self.arrival.digest(), record, kept);
        let told = made.map_or_else(|| Told::Later(Box::new(case)), Told::Made);
        Ok((rows.map_err(Problem::Encode)?, told))
    }

    /// What is told of a case that is stored. Whatever goes wrong from now on, nobody may be told that it
    /// is not.
    async fn stored(&self, told: Told) -> Result<WriteResponse, Problem> {
        self.metrics.count_created_case();
        match told {
            Told::Made(response) => Ok(response),
            Told::Later(case) => {
                let turn = self.compute.turn_to_finish(self.body.len()).await;
                let response = turn.run(|| self.arrival.response(&case));
                response.map_err(|_| DatabaseError::OutcomeUnknown(None).into())
            }
        }
    }
}

/// Whether the next read and write may end otherwise: something was changed in between, or the connection could
/// not write any more and is replaced.
fn is_overtaken(error: &DatabaseError) -> bool {
    let is_replaced = matches!(error, DatabaseError::ReadOnly(Some(_)));
    is_replaced || error.is_deadlock() || error.constraint().is_some_and(store::is_overtaken)
}
