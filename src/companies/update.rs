//! `PATCH /companies/{id}`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::create::answer;
use super::store::{self, FoundCompany};
use super::{CompanyChanges, CompanyRequest};
use crate::auth::Caller;
use crate::custom_properties::{self, Target};
use crate::db::{Database, Deadline};
use crate::http::{Id, JsonBody, NoQuery, Parsed, Problem, with_etag};
use crate::parsed;
use crate::validation::{Scope, overlay};
use crate::values::now;
use crate::versions::{CaseReference, IfMatch, lock, touch};

struct Work {
    workspace_id: Uuid,
    id: Uuid,
    if_match: IfMatch,
    request: Parsed<CompanyChanges>,
    now: DateTime<Utc>,
}

/// Changes a company: what is absent stays, `null` clears; custom properties, address and bank
/// account are merged.
///
/// # Errors
/// 400, 401, 404, 412 and what the database can have.
pub async fn update(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    Id(id): Id,
    if_match: IfMatch,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let work = Work {
        workspace_id: caller.workspace_id,
        id,
        if_match,
        request: parsed!(body, CompanyRequest<'_>, CompanyRequest::parse_changes)?,
        now: now(),
    };
    let found = database
        .transaction(deadline, work, |connection, work| {
            Box::pin(change(connection, work))
        })
        .await?;
    Ok(with_etag(found.version, answer(&found)))
}

async fn change(connection: &mut PgConnection, work: Arc<Work>) -> Result<FoundCompany, Problem> {
    let workspace_id = work.workspace_id;
    let case_id = store::case_of(connection, workspace_id, work.id).await?;
    let reference = CaseReference::by_id(case_id);
    lock(connection, workspace_id, &reference, &work.if_match).await?;
    let mut found = store::read(connection, workspace_id, work.id).await?;
    let changes = &work.request.value;
    let mut violations = work.request.violations();
    let mut scope = Scope::root(&mut violations);
    let given = &changes.draft.custom_properties;
    let checked = custom_properties::check(given, Target::Company, &found.definitions, &mut scope);
    work.request.refuse(violations)?;
    let stored = &mut found.company;
    stored.company = overlay(&stored.company, &changes.draft.company, &changes.sent)
        .map_err(Problem::Corrupt)?;
    custom_properties::merge(&mut stored.custom_properties, checked);
    stored.updated_at = work.now;
    store::save(connection, workspace_id, stored).await?;
    found.version = touch(connection, workspace_id, case_id, work.now).await?;
    Ok(found)
}
