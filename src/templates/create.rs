//! `POST /templates`.

use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::request::{TemplateDraft, TemplateRequest};
use super::{StoredTemplate, Template, TemplateRules, TemplateView, resolve, store};
use crate::http::{JsonBody, NoQuery, Parsed, Prefix, Problem, ProblemType, WriteResponse};
use crate::idempotency::IdempotencyKey;
use crate::parse_body;
use crate::validation::Mode;
use crate::writes::{Outcome, Write};

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
#[utoipa::path(
    post,
    path = "/templates",
    operation_id = "create_template",
    tag = "Templates",
    params(IdempotencyKey),
    request_body(
        content = TemplateRequest<'static>,
        example = json!(
            {"key": "kyb_light", "name": "KYB light", "defaults": {"tags": ["VIP"]},
                "required": ["companies", "companies[].country"]}
        ),
    ),
    responses(
        (status = 201, description = "The template.", body = TemplateView<'static>, headers(("Location"))),
    ),
)]
pub async fn create(
    write: Write,
    Prefix(prefix): Prefix,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let now = write.now;
    let work = Work {
        workspace_id: write.workspace_id,
        id: write.ids.next(now),
        request: parse_body!(
            write.compute,
            body.clone(),
            TemplateRequest<'_>,
            |request: TemplateRequest<'_>, scope| { request.parse(Mode::Create, scope) }
        )?,
        now,
    };
    write
        .run(&body, work, move |connection, work| {
            Box::pin(async move {
                let stored = add(connection, &work).await?;
                let response =
                    WriteResponse::json(StatusCode::CREATED, &TemplateView::new(&stored))?;
                let location = format!("{prefix}/templates/{}", stored.rules.template.id);
                Ok(Outcome::from(response.at(location)))
            })
        })
        .await
}

async fn add(connection: &mut PgConnection, work: &Work) -> Result<StoredTemplate, Problem> {
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
        key: key.as_str().into(),
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
