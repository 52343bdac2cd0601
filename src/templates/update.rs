//! `PATCH /templates/{id}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::request::{TemplateDraft, TemplateRequest, TemplateUpdateRequest};
use super::{StoredTemplate, TemplateView, resolve, store};
use crate::auth::Caller;
use crate::clock::now;
use crate::db::{Database, Deadline};
use crate::http::{Id, JsonBody, NoQuery, Parsed, Problem, ProblemType};
use crate::parse_body;
use crate::validation::Mode;
use crate::writes::Compute;

struct Work {
    workspace_id: Uuid,
    id: Uuid,
    request: Parsed<TemplateDraft>,
    now: DateTime<Utc>,
}

/// Changes a template, or archives one: the cases that have it keep it.
///
/// # Errors
/// 400, 401, 404, 409 and what the database can have.
#[utoipa::path(
    patch,
    path = "/templates/{id}",
    operation_id = "update_template",
    tag = "Templates",
    params(Id),
    request_body(
        content = TemplateUpdateRequest,
        example = json!({"description": "For companies of the European Union."}),
    ),
    responses((status = 200, description = "The template.", body = TemplateView<'static>)),
)]
pub async fn update(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    compute: Compute,
    Id(id): Id,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let work = Work {
        workspace_id: caller.workspace_id,
        id,
        request: parse_body!(
            compute,
            body,
            TemplateRequest<'_>,
            |request: TemplateRequest<'_>, scope| { request.parse(Mode::Update, scope) }
        )?,
        now: now(),
    };
    let stored = database
        .transaction(deadline, work, |connection, work| {
            Box::pin(change(connection, work))
        })
        .await?;
    Ok(Json(TemplateView::new(&stored)).into_response())
}

async fn change(connection: &mut PgConnection, work: Arc<Work>) -> Result<StoredTemplate, Problem> {
    store::lock(connection, work.workspace_id, work.id).await?;
    let found = store::find(connection, work.workspace_id, work.id).await?;
    let found = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
    let mut stored: StoredTemplate = serde_json::from_value(found).map_err(Problem::Decode)?;
    let draft = work.request.value.clone();
    let mut violations = work.request.violations();
    let (sent, required) = (&draft.defaults, &draft.required);
    let defaults = sent.clone().unwrap_or_default();
    let required = required.as_deref().unwrap_or_default();
    let workspace_id = work.workspace_id;
    let defaults = resolve(
        connection,
        workspace_id,
        &defaults,
        required,
        &mut violations,
    )
    .await?;
    if sent.is_some() {
        stored.rules.defaults = defaults;
    }
    work.request.refuse(violations)?;
    let template = &mut stored.rules.template;
    if let Some(key) = draft.key {
        template.key = key.as_str().into();
    }
    if let Some(name) = draft.name {
        template.name = name;
    }
    if let Some(required) = draft.required {
        stored.rules.required = required;
    }
    stored.description = draft.description.apply(stored.description.take());
    stored.archived_at = match draft.archived {
        Some(true) => stored.archived_at.or(Some(work.now)),
        Some(false) => None,
        None => stored.archived_at,
    };
    stored.updated_at = work.now;
    store::save(connection, work.workspace_id, &stored).await?;
    Ok(stored)
}
