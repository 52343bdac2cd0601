//! `POST /templates`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::request::{TemplateDraft, TemplateRequest};
use super::{StoredTemplate, Template, TemplateRules, TemplateView, resolve, store};
use crate::auth::Caller;
use crate::db::Deadline;
use crate::http::{JsonBody, NoQuery, Parsed, Prefix, Problem, ProblemType};
use crate::parsed;
use crate::state::AppState;
use crate::validation::Mode;
use crate::values::now;

struct Work {
    workspace_id: Uuid,
    id: Uuid,
    request: Parsed<TemplateDraft>,
    now: DateTime<Utc>,
}

/// Adds a template to the workspace.
///
/// # Errors
/// 400, 401, 409 and what the database can have.
pub async fn create(
    State(state): State<AppState>,
    caller: Caller,
    deadline: Deadline,
    Prefix(prefix): Prefix,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let now = now();
    let work = Work {
        workspace_id: caller.workspace_id,
        id: state.ids.next(now),
        request: parsed!(
            body,
            TemplateRequest<'_>,
            |request: TemplateRequest<'_>, scope| { request.parse(Mode::Create, scope) }
        )?,
        now,
    };
    let stored = state
        .database
        .transaction(deadline, work, |connection, work| {
            Box::pin(add(connection, work))
        })
        .await?;
    let location = format!("{prefix}/templates/{}", stored.rules.template.id);
    let view = Json(TemplateView::new(&stored));
    Ok((StatusCode::CREATED, [(LOCATION, location)], view).into_response())
}

async fn add(connection: &mut PgConnection, work: Arc<Work>) -> Result<StoredTemplate, Problem> {
    let draft = work.request.value.clone();
    let mut violations = work.request.violations();
    let defaults = draft.defaults.unwrap_or_default();
    let required = draft.required.unwrap_or_default();
    let workspace_id = work.workspace_id;
    let defaults = resolve(
        connection,
        workspace_id,
        &defaults,
        &required,
        &mut violations,
    )
    .await?;
    work.request.refuse(violations)?;
    let (Some(key), Some(name)) = (draft.key, draft.name) else {
        // Without a fault both are there.
        return Err(Problem::Plain(ProblemType::InternalError));
    };
    let template = Template {
        id: work.id,
        name,
        key: key.as_str().to_owned(),
    };
    let stored = StoredTemplate {
        rules: TemplateRules {
            template,
            defaults,
            required,
        },
        description: draft.description.apply(None),
        created_at: work.now,
        updated_at: work.now,
        archived_at: draft.archived.unwrap_or_default().then_some(work.now),
    };
    store::save(connection, work.workspace_id, &stored).await?;
    Ok(stored)
}
