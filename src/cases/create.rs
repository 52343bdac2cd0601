//! `POST /cases`.

use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::references::{self, Lookups};
use super::store::{self, NewRows};
use super::view::CaseView;
use super::{CaseDraft, created};
use crate::db::{DatabaseError, Session};
use crate::events::Author;
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
    Prefix(prefix): Prefix,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let mut draft = Some(parse(&body, write.now)?);
    let claim = write.claim(&body);
    let attempt = || {
        let new = NewCase {
            author: write.author(),
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
    claim: Option<Claim>,
    prefix: &'static str,
    /// What the body says, until a try has used it up.
    draft: Option<CaseDraft>,
    body: Bytes,
}

impl NewCase {
    /// One read of all references and one write of all rows, unless what was read is gone by the
    /// write: then another read says what is wrong now.
    async fn store(mut self, mut session: Session) -> Result<Answer, Problem> {
        let (workspace_id, now) = (self.author.workspace_id, self.author.now);
        let mut more = 1..ATTEMPTS;
        loop {
            let draft = match self.draft.take() {
                Some(draft) => draft,
                None => parse(&self.body, now)?,
            };
            let lookups = Lookups::of(&draft);
            let mut known = references::read(&mut session, workspace_id, lookups).await?;
            let endpoints = std::mem::take(&mut known.endpoints);
            let case = draft.finish(known, &self.body, &self.author.ids, now)?;
            let (id, version) = (case.header.id, case.header.version);
            let answer = Answer::json(StatusCode::CREATED, &CaseView::new(&case, true))?
                .at(format!("{}/cases/{id}", self.prefix))
                .versioned(version);
            let rows = NewRows {
                case: serde_json::to_value(&case).map_err(Problem::Corrupt)?,
                record: created(&case, &self.author, &endpoints)?,
                claim: self.claim.clone(),
                answer: answer.clone(),
            };
            let written = session
                .write(|connection| Box::pin(store::insert(connection, workspace_id, rows)))
                .await;
            match written {
                Ok(()) => return Ok(answer),
                Err(error) if is_overtaken(&error) && more.next().is_some() => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn is_overtaken(error: &DatabaseError) -> bool {
    error.is_deadlock() || error.constraint().is_some_and(store::is_overtaken)
}
