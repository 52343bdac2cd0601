//! `POST /cases`.

use std::sync::Arc;

use axum::Extension;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::references::{self, Lookups};
use super::remembered::Remembered;
use super::store::{self, NewRows};
use super::view::CaseView;
use super::{CaseDraft, Known, created};
use crate::db::{DatabaseError, Session, row_json};
use crate::events::{Author, Events};
use crate::http::{Answer, JsonBody, NoQuery, Prefix, Problem};
use crate::idempotency::Claim;
use crate::validation;
use crate::writes::Write;

/// How often a create starts again because something that it refers to changed between its read
/// and its write.
const ATTEMPTS: usize = 3;

/// Creates a case with everything that belongs to it, or says everything that is wrong.
///
/// # Errors
/// Every problem that a create can have; after any of them nothing was stored, or it says so.
pub async fn create(
    write: Write,
    Extension(remembered): Extension<Remembered>,
    Prefix(prefix): Prefix,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let mut draft = Some(parse(&body, write.now)?);
    let claim = write.claim(&body);
    let attempt = || {
        let new = NewCase {
            author: write.author(),
            events: write.events.clone(),
            remembered: remembered.clone(),
            claim: claim.clone(),
            prefix,
            draft: draft.take(),
            body: body.clone(),
        };
        let create = async move |session: Session| new.store(session).await;
        write.database.unit(write.deadline, create)
    };
    write.once(claim.as_ref(), attempt).await
}

fn parse(body: &[u8], now: DateTime<Utc>) -> Result<CaseDraft, Problem> {
    let sent = validation::read(body).map_err(Problem::Malformed)?;
    Ok(CaseDraft::parse(sent, now))
}

/// A case on its way into the database.
struct NewCase {
    author: Author,
    events: Events,
    remembered: Remembered,
    claim: Option<Claim>,
    prefix: &'static str,
    /// What the body says, until a try has used it up.
    draft: Option<CaseDraft>,
    body: Bytes,
}

impl NewCase {
    /// One write of all rows where what the request refers to is remembered; else one read of it and
    /// one write. What was read and is gone by the write is the reason for another read, which says
    /// what is wrong now.
    async fn store(mut self, mut session: Session) -> Result<Answer, Problem> {
        if let Some(answer) = self.store_as_remembered(&mut session).await? {
            return Ok(answer);
        }
        let workspace_id = self.author.workspace_id;
        let mut more = 1..ATTEMPTS;
        loop {
            let draft = self.take_draft()?;
            let lookups = Lookups::of(&draft);
            let known = references::read(&mut session, workspace_id, &lookups).await?;
            let rows = self.rows(draft, known.clone(), None)?;
            match write(&mut session, workspace_id, rows).await {
                Ok(Some(answer)) => {
                    self.remembered.keep(workspace_id, &lookups, known);
                    return Ok(answer);
                }
                Err(error) if !is_overtaken(&error) || more.next().is_none() => {
                    return Err(error.into());
                }
                Ok(None) | Err(_) => {}
            }
        }
    }

    /// The answer, where the references that are remembered still stand. A fault that they show is
    /// not told: the read that follows finds all of them.
    async fn store_as_remembered(
        &mut self,
        session: &mut Session,
    ) -> Result<Option<Answer>, Problem> {
        let workspace_id = self.author.workspace_id;
        let draft = self.take_draft()?;
        let known = self.remembered.of(workspace_id, &Lookups::of(&draft));
        let Some(known) = known.filter(|_| draft.is_faultless()) else {
            self.draft = Some(draft);
            return Ok(None);
        };
        let version = Some(known.version);
        let Ok(rows) = self.rows(draft, known, version) else {
            return Ok(None);
        };
        match write(session, workspace_id, rows).await {
            Err(error) if is_overtaken(&error) => Ok(None),
            written => Ok(written?),
        }
    }

    /// What the body says, read again where a try has used it up.
    fn take_draft(&mut self) -> Result<CaseDraft, Problem> {
        let draft = self.draft.take().map(Ok);
        draft.unwrap_or_else(|| parse(&self.body, self.author.now))
    }

    /// Everything that the case leaves.
    fn rows(
        &self,
        draft: CaseDraft,
        known: Known,
        reference_version: Option<i64>,
    ) -> Result<NewRows, Problem> {
        let endpoints = Arc::clone(&known.endpoints);
        let case = draft.finish(known, &self.body, &self.author.ids, self.author.now)?;
        let (id, version) = (case.header.id, case.header.version);
        let view = CaseView::new(&case, true);
        let record = created(&case, &view, &self.author, &endpoints)?;
        if record.is_awaited {
            self.events.leave();
        }
        Ok(NewRows {
            answer: Answer::json(StatusCode::CREATED, &view)?
                .at(format!("{}/cases/{id}", self.prefix))
                .versioned(version),
            case: row_json(&case).map_err(Problem::Corrupt)?,
            record: record.rows,
            claim: self.claim.clone(),
            is_alone: !record.is_awaited && case.is_alone(),
            reference_version,
        })
    }
}

/// The answer, once everything is stored; none where the references are no longer those with which
/// it was checked.
async fn write(
    session: &mut Session,
    workspace_id: Uuid,
    rows: NewRows,
) -> Result<Option<Answer>, DatabaseError> {
    let insert =
        session.write(|connection| Box::pin(store::insert(connection, workspace_id, rows)));
    insert.await
}

fn is_overtaken(error: &DatabaseError) -> bool {
    error.is_deadlock() || error.constraint().is_some_and(store::is_overtaken)
}
