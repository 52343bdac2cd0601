//! `POST /cases`.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::gather::Gather;
use super::new_rows::NewRows;
use super::references::{self, Lookups};
use super::remembered::Remembered;
use super::view::CaseView;
use super::{CaseDraft, CaseRequest, Known, created, store};
use crate::db::{Database, DatabaseError, Deadline, Session};
use crate::events::{Author, Events};
use crate::http::{Answer, JsonBody, Limits, Prefix, Problem, Query, described};
use crate::idempotency::{Claim, IdempotencyKey};
use crate::parameters;
use crate::validation;
use crate::writes::Write;

/// How often a create starts again because something that it refers to changed between its read
/// and its write.
const ATTEMPTS: usize = 3;

/// What creates share in one server.
#[derive(Debug, Clone, Default)]
pub struct Creates {
    remembered: Remembered,
    gather: Gather,
}

parameters!(Parameters, {
    let about = "Checks everything and keeps nothing: 200 instead of 201, no `Location`, and an \
                 `Idempotency-Key` is not used up.";
    vec![described::flag("dry_run", about)]
});

/// Creates a case with everything that belongs to it, or says everything that is wrong.
///
/// # Errors
/// Every problem that a create can have; after any of them nothing was stored, or it says so.
#[utoipa::path(
    post,
    path = "/cases",
    operation_id = "create_case",
    description = include_str!("create.md"),
    tag = "Cases",
    params(Parameters, IdempotencyKey),
    request_body = CaseRequest<'static>,
    responses(
        (
            status = 201,
            description = "The whole case.",
            body = CaseView<'static>,
            headers(("ETag"), ("Location")),
        ),
        (
            status = 200,
            description = "Of a dry run: the case as it would be. Nothing is kept.",
            body = CaseView<'static>,
        ),
    ),
)]
pub async fn create(
    write: Write,
    State(limits): State<Limits>,
    Extension(creates): Extension<Creates>,
    Prefix(prefix): Prefix,
    RawQuery(query): RawQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let mut query = Query::new(query.as_deref());
    let is_dry_run = query.flag("dry_run");
    query.finish()?;
    let mut draft = Some(parse(&body, write.now)?);
    let claim = write.claim(&body);
    let mut attempt = || NewCase {
        author: write.author(),
        events: write.events.clone(),
        database: write.database.clone(),
        deadline: write.deadline,
        creates: creates.clone(),
        gathered: limits.gathered,
        claim: claim.clone(),
        prefix,
        draft: draft.take(),
        body: body.clone(),
    };
    if is_dry_run {
        return Ok(attempt().check().await?.into_response());
    }
    write.once(claim.as_ref(), || attempt().store()).await
}

fn parse(body: &[u8], now: DateTime<Utc>) -> Result<CaseDraft, Problem> {
    let sent = validation::read(body).map_err(Problem::Malformed)?;
    Ok(CaseDraft::parse(sent, now))
}

/// A case on its way into the database.
struct NewCase {
    author: Author,
    events: Events,
    database: Database,
    deadline: Deadline,
    creates: Creates,
    gathered: usize,
    claim: Option<Claim>,
    prefix: &'static str,
    /// What the body says, until a try has used it up.
    draft: Option<CaseDraft>,
    body: Bytes,
}

impl NewCase {
    /// What storing would answer, with 200 and without a place and a version: nothing is kept, the
    /// key of the request neither.
    async fn check(mut self) -> Result<Answer, Problem> {
        let (database, deadline) = (self.database.clone(), self.deadline);
        let check = async move |mut session: Session| {
            let draft = self.take_draft()?;
            let workspace_id = self.author.workspace_id;
            let lookups = Lookups::of(&draft);
            let known = references::read(&mut session, workspace_id, &lookups).await?;
            let case = draft.finish(known, &self.body, &self.author.ids, self.author.now)?;
            Answer::json(StatusCode::OK, &CaseView::new(&case, true))
        };
        database.unit(deadline, check).await
    }

    /// One write where what the request refers to is remembered, perhaps with other cases; else a
    /// read of it and a write.
    async fn store(mut self) -> Result<Answer, Problem> {
        if let Some(answer) = self.store_as_remembered().await? {
            return Ok(answer);
        }
        let (database, deadline) = (self.database.clone(), self.deadline);
        let store = async move |session: Session| self.store_as_read(session).await;
        database.unit(deadline, store).await
    }

    /// The answer, where the references that are remembered still stand. A fault that they show is
    /// not told: the read that follows finds all of them.
    async fn store_as_remembered(&mut self) -> Result<Option<Answer>, Problem> {
        let workspace_id = self.author.workspace_id;
        let draft = self.take_draft()?;
        let known = self
            .creates
            .remembered
            .of(workspace_id, &Lookups::of(&draft));
        let Some(known) = known.filter(|_| draft.is_faultless()) else {
            self.draft = Some(draft);
            return Ok(None);
        };
        let place = (workspace_id, known.version);
        let Ok(rows) = self.rows(draft, known) else {
            return Ok(None);
        };
        let answer = rows.answer.clone();
        let (database, deadline) = (&self.database, self.deadline);
        let gather = &self.creates.gather;
        let written = gather.write(database, place, self.gathered, deadline, rows);
        Ok(written.await?.then_some(answer))
    }

    /// Reads what the request refers to, and writes. What was read and is gone by the write is the
    /// reason for another read, which says what is wrong now.
    async fn store_as_read(mut self, mut session: Session) -> Result<Answer, Problem> {
        let workspace_id = self.author.workspace_id;
        let mut more = 1..ATTEMPTS;
        loop {
            let draft = self.take_draft()?;
            let lookups = Lookups::of(&draft);
            let known = references::read(&mut session, workspace_id, &lookups).await?;
            let rows = self.rows(draft, known.clone())?;
            let answer = rows.answer.clone();
            let insert = session.write(|connection| {
                Box::pin(
                    async move { store::insert(connection, workspace_id, &[rows], None).await },
                )
            });
            match insert.await {
                Ok(_) => {
                    self.creates.remembered.keep(workspace_id, &lookups, known);
                    return Ok(answer);
                }
                Err(error) if is_overtaken(&error) && more.next().is_some() => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// What the body says, read again where a try has used it up.
    fn take_draft(&mut self) -> Result<CaseDraft, Problem> {
        let draft = self.draft.take().map(Ok);
        draft.unwrap_or_else(|| parse(&self.body, self.author.now))
    }

    /// Everything that the case leaves.
    fn rows(&self, draft: CaseDraft, known: Known) -> Result<NewRows, Problem> {
        let endpoints = Arc::clone(&known.endpoints);
        let case = draft.finish(known, &self.body, &self.author.ids, self.author.now)?;
        let (id, version) = (case.header.id, case.header.version);
        let view = CaseView::new(&case, true);
        let record = created(&case, &view, &self.author, &endpoints)?;
        if record.is_awaited {
            self.events.leave();
        }
        let answer = Answer::json(StatusCode::CREATED, &view)?
            .at(format!("{}/cases/{id}", self.prefix))
            .versioned(version);
        NewRows::new(case, record, self.claim.clone(), answer).map_err(Problem::Corrupt)
    }
}

fn is_overtaken(error: &DatabaseError) -> bool {
    error.is_deadlock() || error.constraint().is_some_and(store::is_overtaken)
}
