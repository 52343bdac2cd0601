//! `PATCH /templates/{id}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use sqlx::PgConnection;

use super::request::{TemplateRequest, TemplateUpdateRequest};
use super::resolve::TemplateInput;
use super::{StoredTemplate, TemplateView, store};
use crate::auth::Caller;
use crate::clock::now;
use crate::db::{Database, Deadline};
use crate::http::{Id, JsonBody, NoQuery, Problem, ProblemType};
use crate::lock_row;
use crate::parse_body;
use crate::validation::Mode;
use crate::writes::Compute;

/// Changes or archives a template. Cases that have it keep it.
///
/// # Errors
/// Returns 400, 401, 404, 409 or a database error.
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
    let input = TemplateInput {
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
        .transaction(deadline, input, |connection, input| {
            Box::pin(change(connection, input))
        })
        .await?;
    Ok(Json(TemplateView::new(&stored)).into_response())
}

async fn change(
    connection: &mut PgConnection,
    input: Arc<TemplateInput>,
) -> Result<StoredTemplate, Problem> {
    lock_row!("templates", connection, input.workspace_id, input.id).await?;
    let found = store::find(connection, input.workspace_id, input.id).await?;
    let found = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
    let mut stored: StoredTemplate = serde_json::from_value(found).map_err(Problem::Decode)?;
    let (draft, defaults) = input.resolve(connection).await?;
    if draft.defaults.is_some() {
        stored.rules.defaults = defaults;
    }
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
        Some(true) => stored.archived_at.or(Some(input.now)),
        Some(false) => None,
        None => stored.archived_at,
    };
    stored.updated_at = input.now;
    store::save(connection, input.workspace_id, &stored).await?;
    Ok(stored)
}
