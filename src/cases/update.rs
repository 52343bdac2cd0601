//! `PATCH /cases/{id}`.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::{Case, CaseHeader, Status};
use super::references::{self, References};
use super::required;
use super::store;
use super::update_request::{CaseChanges, CaseUpdateRequest};
use super::updated::updated;
use super::view::CaseRowView;
use crate::custom_properties::{self, Target};
use crate::http::{JsonBody, NoQuery, Parsed, Problem, ProblemType, WriteResponse, run_in_place};
use crate::parse_body;
use crate::templates::TemplateRules;
use crate::validation::{Change, Code, Fault, Scope, Violations};
use crate::versions::{CaseReference, IfMatch, lock};
use crate::writes::{Outcome, Write};

/// Updates a case. Absent fields stay unchanged, and `null` clears a field. Custom properties are merged; metadata is
/// replaced.
///
/// # Errors
/// Returns 400, 401, 404, 409, 412 or a database error. Nothing was changed, unless it is `outcome-unknown`.
#[utoipa::path(
    patch,
    path = "/cases/{case}",
    operation_id = "update_case",
    tag = "Cases",
    params(CaseReference, IfMatch),
    request_body(
        content = CaseUpdateRequest<'static>,
        example = json!(
            {"name": "Acme Group", "assignee_id": "0198a000-0000-4000-8000-000000000302"}
        ),
    ),
    responses(
        (status = 200, description = "The case.", body = CaseRowView<'static>, headers(("ETag"))),
    ),
)]
pub async fn update(
    write: Write,
    reference: CaseReference,
    if_match: IfMatch,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let work = Work {
        workspace_id: write.workspace_id,
        reference,
        if_match,
        request: parse_body!(
            write.compute,
            body.clone(),
            CaseUpdateRequest<'_>,
            CaseUpdateRequest::parse
        )?,
        now: write.now,
    };
    write
        .run(&body, work, |connection, work| {
            Box::pin(async move {
                let depends_on_references = work.request.value.depends_on_references();
                let (before, case, references) = change(connection, work).await?;
                let view = CaseRowView::new(&case, Some(&references.definitions));
                let response =
                    WriteResponse::json(StatusCode::OK, &view)?.with_version(case.version);
                let changes = updated(&before, &case).map_err(Problem::Encode)?;
                let version = depends_on_references.then_some(references.version);
                let outcome = Outcome::from(response).checked_with(version);
                Ok(changes.into_iter().fold(outcome, Outcome::change))
            })
        })
        .await
}

struct Work {
    workspace_id: Uuid,
    reference: CaseReference,
    if_match: IfMatch,
    request: Parsed<CaseChanges>,
    now: DateTime<Utc>,
}

/// Updates the case. Returns it before and after, and the references with which it was checked.
async fn change(
    connection: &mut PgConnection,
    work: Arc<Work>,
) -> Result<(CaseHeader, CaseHeader, References), Problem> {
    let workspace_id = work.workspace_id;
    let locked = lock(connection, workspace_id, &work.reference, &work.if_match).await?;
    let mut case = store::header(connection, workspace_id, locked.id).await?;
    let before = case.clone();
    let changes = &work.request.value;
    let keys = changes.reference_keys(&case);
    let mut references = references::read_in(connection, workspace_id, &keys).await?;
    // The header was read before.
    references.version = locked.reference_version;
    let mut violations = work.request.violations();
    let taken = references.external_id_case.filter(|it| *it != case.id);
    let checked = check(changes, &references, &mut violations);
    if let (Some(case_id), true) = (taken, violations.is_empty()) {
        return Err(Problem::ExternalIdTaken { case_id });
    }
    if let Some(case_id) = taken {
        Scope::root(&mut violations)
            .key("external_id")
            .refuse(Fault::external_id_taken(case_id));
    }
    work.request.refuse(violations)?;
    if changes.status == Some(Status::Draft) && case.status != Status::Draft {
        return Err(back_to_draft(case.status));
    }
    let is_opened = case.status == Status::Draft && changes.status == Some(Status::Open);
    case.apply(changes, &references);
    custom_properties::merge(&mut case.custom_properties, checked);
    if let (true, Some(rules)) = (is_opened, &references.template) {
        require(connection, &work, &case, rules).await?;
    }
    case.version += 1;
    case.updated_at = case.updated_at.max(work.now);
    case.last_activity_at = case.last_activity_at.max(work.now);
    store::update(connection, workspace_id, &case).await?;
    Ok((before, case, references))
}

/// Refuses to open a draft without the fields that its template requires. Pointers are relative to the case.
async fn require(
    connection: &mut PgConnection,
    work: &Work,
    header: &CaseHeader,
    rules: &TemplateRules,
) -> Result<(), Problem> {
    if rules.required.is_empty() {
        return Ok(());
    }
    let reference = CaseReference::by_id(header.id);
    let found = store::find(connection, work.workspace_id, &reference).await?;
    let found = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
    // The transaction holds a lock: do not wait for a turn.
    let violations = run_in_place(found.len(), || {
        let mut case: Case = serde_json::from_str(&found)?;
        case.header = header.clone();
        let mut violations = Violations::default();
        let (key, required) = (&rules.template.key, &rules.required);
        required::require(key, required, &case, &mut violations)?;
        Ok(violations)
    });
    work.request.refuse(violations.map_err(Problem::Encode)?)
}

/// Refuses references that the workspace does not have. Returns the valid custom properties.
fn check(
    changes: &CaseChanges,
    references: &References,
    violations: &mut Violations,
) -> std::collections::BTreeMap<String, Option<serde_json::Value>> {
    let mut scope = Scope::root(violations);
    if let Some(reference) = changes.template.set() {
        references::template(reference, references, &mut scope);
    }
    if let Some(id) = changes.assignee_id.set() {
        references::assignee(*id, references, &mut scope);
    }
    let given = &changes.custom_properties;
    custom_properties::check(given, Target::Case, &references.definitions, &mut scope)
}

impl CaseHeader {
    /// Applies valid changes, whose references are resolved.
    fn apply(&mut self, changes: &CaseChanges, references: &References) {
        if let Some(name) = &changes.name {
            self.name.clone_from(name);
        }
        if let Some(status) = changes.status {
            self.status = status;
            // A review belongs to the status that it set.
            self.review = None;
        }
        self.external_id = changes.external_id.apply(self.external_id.take());
        match &changes.template {
            Change::Keep => {}
            Change::Clear => self.template = None,
            Change::Set(_) => {
                self.template = references.template.as_ref().map(|it| it.template.clone());
            }
        }
        match &changes.assignee_id {
            Change::Keep => {}
            Change::Clear => self.assignee = None,
            Change::Set(_) => self.assignee.clone_from(&references.assignee),
        }
        match &changes.metadata {
            Change::Keep => {}
            Change::Clear => self.metadata = None,
            Change::Set(metadata) => self.metadata = Some(metadata.iter().cloned().collect()),
        }
    }
}

fn back_to_draft(status: Status) -> Problem {
    let message = format!(
        "A case that was opened cannot become a draft; this case is {}. Omit status, or set it to open.",
        status.as_str()
    );
    let fault = Fault::new(Code::StatusTransition, message).with_allowed(["open"]);
    Problem::conflict("/status", fault)
}
