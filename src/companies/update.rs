//! `PATCH /companies/{id}`.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::CompanyView;
use super::part::FoundCompany;
use super::request::CompanyUpdateRequest;
use super::{CompanyChanges, CompanyRequest};
use crate::case_parts::{CasePart, lock_case_of, read};
use crate::custom_properties::{self, Target};
use crate::events::{Event, changed_fields};
use crate::http::{Id, JsonBody, NoQuery, Parsed, Problem};
use crate::parse_body;
use crate::validation::{Scope, overlay};
use crate::versions::{IfMatch, touch};
use crate::writes::{Outcome, Write};

struct Work {
    workspace_id: Uuid,
    id: Uuid,
    if_match: IfMatch,
    request: Parsed<CompanyChanges>,
    now: DateTime<Utc>,
}

/// Changes a company. Absent fields stay, `null` clears a field; custom properties, address and bank account are
/// merged.
///
/// # Errors
/// Returns a problem with the status 400, 404 or 412, or a [`crate::db::DatabaseError`] as `Problem::Database`.
#[utoipa::path(
    patch,
    path = "/companies/{id}",
    operation_id = "update_company",
    tag = "Companies",
    params(Id, IfMatch),
    request_body(
        content = CompanyUpdateRequest,
        example = json!({"commercial_name": "Acme", "address": {"city": "Lyon"}}),
    ),
    responses((status = 200, description = "The company.", body = CompanyView<'static>, headers(("ETag")))),
)]
pub async fn update(
    write: Write,
    Id(id): Id,
    if_match: IfMatch,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let work = Work {
        workspace_id: write.workspace_id,
        id,
        if_match,
        request: parse_body!(
            write.compute,
            body.clone(),
            CompanyRequest<'_>,
            CompanyRequest::parse_changes
        )?,
        now: write.now,
    };
    write
        .run(&body, work, |connection, work| {
            Box::pin(change(connection, work))
        })
        .await
}

async fn change(connection: &mut PgConnection, work: Arc<Work>) -> Result<Outcome, Problem> {
    let workspace_id = work.workspace_id;
    let case =
        lock_case_of::<FoundCompany>(connection, workspace_id, work.id, &work.if_match).await?;
    let mut found: FoundCompany = read(connection, workspace_id, work.id).await?;
    let changes = &work.request.value;
    let mut violations = work.request.violations();
    let mut scope = Scope::root(&mut violations);
    let given = &changes.draft.custom_properties;
    let checked = custom_properties::check(given, Target::Company, &found.definitions, &mut scope);
    work.request.refuse(violations)?;
    let before = found.company.clone();
    let stored = &mut found.company;
    stored.company =
        overlay(&stored.company, &changes.draft.company, &changes.sent).map_err(Problem::Encode)?;
    custom_properties::merge(&mut stored.custom_properties, checked);
    stored.updated_at = work.now;
    found.save(connection, workspace_id).await?;
    found.version = touch(connection, workspace_id, case.id, work.now).await?;
    let fields = changed_fields(&before, &found.company).map_err(Problem::Encode)?;
    let change = found.change("api__updated__company");
    let change = change
        .with_fields(fields)
        .with_event(Event::COMPANY_INFO_UPDATED);
    let outcome = Outcome::from(found.response(StatusCode::OK)?).change(change);
    let has_properties = !changes.draft.custom_properties.is_empty();
    Ok(outcome.checked_with(has_properties.then_some(case.reference_version)))
}
