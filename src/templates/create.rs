//! `POST /templates`.

use axum::http::StatusCode;
use axum::response::Response;
use sqlx::PgConnection;

use super::request::TemplateRequest;
use super::resolve::TemplateInput;
use super::{StoredTemplate, Template, TemplateRules, TemplateView, store};
use crate::http::{JsonBody, NoQuery, Prefix, Problem, ProblemType, WriteResponse};
use crate::idempotency::IdempotencyKey;
use crate::parse_body;
use crate::validation::Mode;
use crate::writes::{Outcome, Write};

/// Adds a template to the workspace.
///
/// # Errors
/// Returns 400, 401, 409 or a database error.
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
    let input = TemplateInput {
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
        .run(&body, input, move |connection, input| {
            Box::pin(async move {
                let stored = insert(connection, &input).await?;
                let response =
                    WriteResponse::json(StatusCode::CREATED, &TemplateView::new(&stored))?;
                let location = format!("{prefix}/templates/{}", stored.rules.template.id);
                Ok(Outcome::from(response.with_location(location)))
            })
        })
        .await
}

async fn insert(
    connection: &mut PgConnection,
    input: &TemplateInput,
) -> Result<StoredTemplate, Problem> {
    let (draft, defaults) = input.resolve(connection).await?;
    let (Some(key), Some(name)) = (draft.key, draft.name) else {
        // A valid request has both.
        return Err(Problem::Plain(ProblemType::InternalError));
    };
    let template = Template {
        id: input.id,
        name,
        key: key.as_str().into(),
    };
    let stored = StoredTemplate {
        rules: TemplateRules {
            template,
            defaults,
            required: draft.required.unwrap_or_default(),
        },
        description: draft.description.apply(None),
        created_at: input.now,
        updated_at: input.now,
        archived_at: draft.archived.unwrap_or_default().then_some(input.now),
    };
    store::save(connection, input.workspace_id, &stored).await?;
    Ok(stored)
}
